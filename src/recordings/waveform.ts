import type { Waveform } from '../domain';
import type { RecordingFormat } from '../media';

const SAMPLES_PER_MS = 8;
const FIRST_STEP_MS = 100;
/** Steps there are at most; when there are more, two become one. */
const MAX_STEPS = 400;

/** Amplitudes of the octets of G.711, 0 … 255. */
const AMPLITUDES = { PCMU: table(muLaw), PCMA: table(aLaw) } as const;

/** Measures a recording as it comes, in memory that does not grow with it. */
export class WaveformMeter {
  readonly #amplitudes: Uint8Array;
  #caller: number[] = [];
  #other: number[] = [];
  #stepSamples = FIRST_STEP_MS * SAMPLES_PER_MS;
  #samples = 0;
  #peakCaller = 0;
  #peakOther = 0;

  constructor(encoding: RecordingFormat['encoding']) {
    this.#amplitudes = AMPLITUDES[encoding];
  }

  /** @param octets - pairs: first the caller's, then whom the caller speaks with */
  push(octets: Buffer): void {
    const amplitudes = this.#amplitudes;
    for (let at = 0; at + 1 < octets.length; at += 2) {
      const caller = amplitudes[octets[at] as number] as number;
      const other = amplitudes[octets[at + 1] as number] as number;
      if (caller > this.#peakCaller) this.#peakCaller = caller;
      if (other > this.#peakOther) this.#peakOther = other;
      if (++this.#samples === this.#stepSamples) this.#next();
    }
  }

  /** What was measured so far. */
  result(): Waveform {
    const open = this.#samples > 0;
    return {
      stepMs: this.#stepSamples / SAMPLES_PER_MS,
      caller: open ? [...this.#caller, this.#peakCaller] : [...this.#caller],
      other: open ? [...this.#other, this.#peakOther] : [...this.#other],
    };
  }

  #next(): void {
    this.#caller.push(this.#peakCaller);
    this.#other.push(this.#peakOther);
    this.#samples = this.#peakCaller = this.#peakOther = 0;
    if (this.#caller.length < MAX_STEPS) return;
    this.#caller = halved(this.#caller);
    this.#other = halved(this.#other);
    this.#stepSamples *= 2;
  }
}

function halved(peaks: readonly number[]): number[] {
  return Array.from({ length: peaks.length / 2 }, (_none, index) =>
    Math.max(peaks[2 * index] as number, peaks[2 * index + 1] as number),
  );
}

function table(magnitude: (octet: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_none, octet) =>
    Math.min(255, Math.round(magnitude(octet) / 128)),
  );
}

/** ITU-T G.711 §3.1, of 16 bits. */
function muLaw(octet: number): number {
  const bits = ~octet & 0x7f;
  return ((((bits & 0x0f) << 3) + 132) << (bits >> 4)) - 132;
}

/** ITU-T G.711 §3.2, of 16 bits. */
function aLaw(octet: number): number {
  const bits = (octet ^ 0x55) & 0x7f;
  const segment = bits >> 4;
  const step = ((bits & 0x0f) << 4) + 8;
  return segment === 0 ? step : (step + 256) << (segment - 1);
}
