import type { MachineFinding } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';
import { FRAME_SAMPLES } from '../sounds/score';
import { cadenceOf } from './cadence';
import type { MachineTerms } from './machine-terms';
import { MACHINE_TERMS } from './machine-terms';
import { pureToneOf } from './pure-tone';
import { levelOf, SpeechFrames } from './speech-frames';

const FRAME_MS = (FRAME_SAMPLES * 1_000) / CLOCK_RATE;
/** A beep is of one pitch: from frame to frame it is off by no more. */
const SAME_PITCH_HZ = 20;

/**
 * Tells a machine from a person by the rhythm of what is said after an answer: a person says hello and waits, a machine
 * says nothing at first or talks on, and beeps. It knows no words and no language. What it is given is bounded by
 * {@link MachineTerms.maxMs}.
 */
export class MachineDetector {
  readonly #terms: MachineTerms;
  readonly #frame = new Float32Array(FRAME_SAMPLES);
  #filled = 0;
  readonly #frames = new SpeechFrames();
  /** The tone that is heard, and in how many frames on end. */
  #tone = { hertz: 0, frames: 0 };
  #finding: MachineFinding | undefined;

  constructor(terms: Partial<MachineTerms> = {}) {
    this.#terms = { ...MACHINE_TERMS, ...terms };
  }

  /** Milliseconds of audio after which it always came to something. */
  get maxMs(): number {
    return this.#terms.maxMs;
  }

  /** What it came to; undefined while it may be either. It stays what it was. */
  get finding(): MachineFinding | undefined {
    return this.#finding;
  }

  /**
   * Takes what follows.
   * @param samples - at 8 kHz, from -1 to 1
   */
  take(samples: ArrayLike<number>): MachineFinding | undefined {
    for (let i = 0; i < samples.length && !this.#finding; i++) {
      this.#frame[this.#filled++] = samples[i] ?? 0;
      if (this.#filled < FRAME_SAMPLES) continue;
      this.#filled = 0;
      this.#finding = this.#judge();
    }
    return this.#finding;
  }

  #judge(): MachineFinding | undefined {
    const { initialSilenceMs, greetingMs, pauseMs, maxWords, beepMs, maxMs } = this.#terms;
    this.#frames.add(levelOf(this.#frame));
    this.#listenForBeep();
    if (this.#tone.frames * FRAME_MS >= beepMs) return { verdict: 'machine', reason: 'beep' };
    const { words, spokenMs, silentMs } = cadenceOf(this.#frames.speech, FRAME_MS, this.#terms);
    if (words > maxWords) return { verdict: 'machine', reason: 'many_words' };
    if (spokenMs >= greetingMs) return { verdict: 'machine', reason: 'long_greeting' };
    if (words > 0 && silentMs >= pauseMs) return { verdict: 'person', reason: 'short_greeting' };
    if (words === 0 && silentMs >= initialSilenceMs) return { verdict: 'machine', reason: 'initial_silence' };
    return this.#frames.count * FRAME_MS >= maxMs ? { verdict: 'unsure', reason: 'time' } : undefined;
  }

  #listenForBeep(): void {
    const hertz = pureToneOf(this.#frame);
    if (hertz === undefined) {
      this.#tone = { hertz: 0, frames: 0 };
      return;
    }
    const same = Math.abs(hertz - this.#tone.hertz) <= SAME_PITCH_HZ;
    this.#tone = { hertz, frames: same ? this.#tone.frames + 1 : 1 };
  }
}
