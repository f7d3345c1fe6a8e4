import type { Clip, PromptStore } from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import type { AudioCodec } from '../sdp/audio-description';
import { AUDIO_CODECS } from '../sdp/audio-description';
import { G711_SILENCE } from './g711';
import { FRAME_MS, FRAME_SAMPLES } from './score';

const MAX_CLIPS = 16;
const MAX_MS = 600_000;
const MAX_FRAMES = MAX_MS / FRAME_MS;

/** Octets in each encoding, of the same length; undefined for silence. */
type Octets = Readonly<Record<AudioCodec, Buffer>> | undefined;

interface Part {
  readonly octets: Octets;
  /** Frames of 20 ms. */
  readonly frames: number;
}

const SILENCE: Readonly<Record<AudioCodec, Buffer>> = {
  PCMU: Buffer.alloc(FRAME_SAMPLES, G711_SILENCE.PCMU),
  PCMA: Buffer.alloc(FRAME_SAMPLES, G711_SILENCE.PCMA),
};

/** Clips one after the other, frame by frame, and how far they have been played. */
export class Reel {
  readonly #parts: readonly Part[];
  #part = 0;
  /** Frames of the present part that were played. */
  #played = 0;

  private constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** @throws MediaUnavailable for a prompt that there is not, more than sixteen clips, or more than ten minutes */
  static of(clips: readonly Clip[], prompts: PromptStore | undefined): Reel {
    if (clips.length > MAX_CLIPS) throw new MediaUnavailable(`more than ${MAX_CLIPS} clips at once`);
    const parts = clips.map((clip) => (typeof clip === 'string' ? promptOf(clip, prompts) : silence(clip)));
    const frames = parts.reduce((sum, part) => sum + part.frames, 0);
    if (!(frames <= MAX_FRAMES)) throw new MediaUnavailable(`more than ${MAX_MS / 60_000} minutes at once`);
    return new Reel(parts.filter((part) => part.frames > 0));
  }

  /** Nothing is left to be played. */
  get ended(): boolean {
    return this.#part >= this.#parts.length;
  }

  /** The next frame; silence when it has ended. It is a view: not to be written to. */
  next(codec: AudioCodec): Buffer {
    const octets = this.#parts[this.#part]?.octets;
    const at = this.#played * FRAME_SAMPLES;
    this.skip(1);
    return octets ? octets[codec].subarray(at, at + FRAME_SAMPLES) : SILENCE[codec];
  }

  /** So many frames are over without having been sent. */
  skip(frames: number): void {
    for (let left = frames; left > 0;) {
      const part = this.#parts[this.#part];
      if (!part) return;
      const taken = Math.min(left, part.frames - this.#played);
      left -= taken;
      this.#played += taken;
      if (this.#played < part.frames) return;
      this.#part++;
      this.#played = 0;
    }
  }
}

function promptOf(name: string, prompts: PromptStore | undefined): Part {
  const [PCMU, PCMA] = AUDIO_CODECS.map((codec) => prompts?.octets(name, codec));
  if (!PCMU || !PCMA) throw new MediaUnavailable(`there is no prompt ${name}`);
  return { octets: { PCMU, PCMA }, frames: PCMU.length / FRAME_SAMPLES };
}

function silence({ silenceMs }: Exclude<Clip, string>): Part {
  return { octets: undefined, frames: Math.ceil(silenceMs / FRAME_MS) };
}
