import type { Sound } from '../media-engine';
import { CLOCK_RATE } from '../sdp/audio-description';

/** Audio that repeats itself, as a function of time. */
export interface Loop {
  readonly seconds: number;
  /** The sample, from -1 to 1, at a time within the loop. */
  at(seconds: number): number;
}

export const FRAME_MS = 20;
export const FRAME_SAMPLES = (CLOCK_RATE * FRAME_MS) / 1_000;

/** ANSI T1.401 §6: 440 Hz and 480 Hz at -19 dBm each, two seconds in six. */
const RINGBACK_ON_S = 2;
const RINGBACK: Loop = {
  seconds: 6,
  at: (seconds) => (seconds < RINGBACK_ON_S ? 0.11 * (sine(440, seconds) + sine(480, seconds)) : 0),
};

const BEAT_S = 0.6;
const REST = 0;
/** Equal temperament: semitones above A3, 220 Hz. Four bars of broken chords: F, d minor, B flat, C. */
const NOTES: readonly (readonly number[])[] = [
  [-4, 0, 3, 8, 3, 0],
  [-7, -4, 0, 5, 0, -4],
  [-11, -7, -4, 1, -4, -7],
  [-9, -5, -2, 3, -2, REST],
];
const A3_HZ = 220;
const BEATS = NOTES.flat();
/** A plucked note fades by half in some 0.35 s, and is gone when its turn comes again. */
const DECAY_PER_S = 2;
const ATTACK_S = 0.02;
/** How long a note is heard under those that follow it. */
const RINGS_BEATS = 4;
const VOLUME = 0.06;

/** Written for this exchange; quiet, slow, and without a tune that could tire. */
const HOLD: Loop = {
  seconds: BEATS.length * BEAT_S,
  at: (seconds) => {
    const beat = Math.floor(seconds / BEAT_S);
    let sum = 0;
    for (let ago = 0; ago < RINGS_BEATS; ago++) {
      const index = (beat - ago + BEATS.length) % BEATS.length;
      sum += note(A3_HZ * 2 ** ((BEATS[index] ?? 0) / 12), seconds - (beat - ago) * BEAT_S);
    }
    return VOLUME * sum;
  },
};

/** The tone by which lines are measured (ITU-T O.6), some 16 dB below the level that is used for that. */
const TONE: Loop = { seconds: 1, at: (seconds) => 0.15 * sine(1_004, seconds) };

export const LOOPS: Readonly<Record<Sound, Loop>> = { hold: HOLD, ringback: RINGBACK, tone: TONE };

/** Frames after which a sound begins again. */
export function framesOf({ seconds }: Loop): number {
  return Math.round((seconds * 1_000) / FRAME_MS);
}

/** The samples of one frame. */
export function frameOf(loop: Loop, frame: number): Float32Array {
  const first = (frame % framesOf(loop)) * FRAME_SAMPLES;
  return Float32Array.from({ length: FRAME_SAMPLES }, (_, i) => loop.at((first + i) / CLOCK_RATE));
}

/** One plucked note, so long after it was struck: a tone, its octave softly, and both fade. */
function note(hertz: number, seconds: number): number {
  const attack = Math.min(1, seconds / ATTACK_S);
  const left = 1 - seconds / (RINGS_BEATS * BEAT_S);
  const fade = Math.exp(-DECAY_PER_S * seconds) * Math.max(0, left);
  return attack * fade * (sine(hertz, seconds) + 0.3 * sine(2 * hertz, seconds));
}

function sine(hertz: number, seconds: number): number {
  return Math.sin(2 * Math.PI * hertz * seconds);
}
