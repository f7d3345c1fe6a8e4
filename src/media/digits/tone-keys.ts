import { CLOCK_RATE } from '../sdp/audio-description';

/** ITU-T Q.23: a key is one tone of each group. */
const LOW_HZ = [697, 770, 852, 941] as const;
const HIGH_HZ = [1_209, 1_336, 1_477, 1_633] as const;
const KEYS = ['123A', '456B', '789C', '*0#D'] as const;

/** Samples that are judged together, 12.75 ms: bins as wide as the tones may be off (Q.24 takes 1.5 % and 2 Hz). */
const BLOCK = 102;
/** From one block to the next: they overlap by half. */
const STEP = BLOCK / 2;
const MS_PER_STEP = (STEP * 1_000) / CLOCK_RATE;
/** Half the amplitude of a sine of 0 dBm0 is its height in a bin; full scale is +3.14 dBm0. */
const amplitude = (dbm0: number): number => 10 ** ((dbm0 - 3.14) / 20);
const ratio = (db: number): number => 10 ** (db / 10);
/** The weaker tone must have this; Q.24 takes -25 dBm and leaves below -55 dBm. */
const QUIETEST = ((amplitude(-36) * BLOCK) / 2) ** 2;
/** The high tone may be 4 dB stronger or 8 dB weaker than the low one (Q.24, AT&T); in a block they blur each other. */
const MOST_ABOVE = ratio(6);
const MOST_BELOW = ratio(10.5);
/** Others of its group are weaker than a tone by this. */
const CLEAR = ratio(7);
/** Share of all that is heard that the two tones have. Speech has other parts. */
const PURE = 0.7;
/** So many blocks on end begin a press: a tone of 40 ms has them, one of 23 ms has not (Q.24). */
const BEGINS = 4;
/** So many without it end one: a pause of 40 ms has them, an interruption of 10 ms has not (Q.24). */
const ENDS = 5;
const LONG_MS = 2_000;

/** Cosines of the recursion of Goertzel, and how it counts: `2 cos(2π f / f_s)`. */
const coefficient = (hertz: number): number => 2 * Math.cos((2 * Math.PI * hertz) / CLOCK_RATE);
const COEFFICIENTS = [...LOW_HZ, ...HIGH_HZ].map(coefficient);

/**
 * Hears keys by their tones (DTMF), for peers who send no telephone events. Each press is told once: when it ends,
 * or while it is held for long.
 */
export class ToneKeys {
  readonly #onPress: (key: string, durationMs: number) => void;
  readonly #block = new Float64Array(BLOCK);
  #filled = 0;
  #candidate: string | undefined;
  /** Blocks on end with the candidate. */
  #hits = 0;
  #press: { readonly key: string; blocks: number; misses: number; told: boolean } | undefined;

  constructor(onPress: (key: string, durationMs: number) => void) {
    this.#onPress = onPress;
  }

  /** @param samples - at 8 kHz, from -1 to 1 */
  take(samples: ArrayLike<number>): void {
    for (let i = 0; i < samples.length; i++) {
      this.#block[this.#filled++] = samples[i] ?? 0;
      if (this.#filled < BLOCK) continue;
      this.#judge(keyIn(this.#block));
      this.#block.copyWithin(0, STEP);
      this.#filled = BLOCK - STEP;
    }
  }

  /** Nothing follows: what was pressed has ended. */
  end(): void {
    this.#filled = 0;
    this.#judge(undefined);
    this.#finish();
  }

  #judge(key: string | undefined): void {
    this.#hits = key !== undefined && key === this.#candidate ? this.#hits + 1 : 1;
    this.#candidate = key;
    const press = this.#press;
    if (press && key === press.key) {
      press.blocks += press.misses + 1;
      press.misses = 0;
      if (lengthOf(press.blocks) >= LONG_MS) this.#tell();
      return;
    }
    const begins = key !== undefined && this.#hits >= BEGINS;
    if (press && (begins || ++press.misses >= ENDS)) this.#finish();
    if (begins) this.#press = { key, blocks: this.#hits, misses: 0, told: false };
  }

  #finish(): void {
    this.#tell();
    this.#press = undefined;
  }

  #tell(): void {
    const press = this.#press;
    if (!press || press.told) return;
    press.told = true;
    this.#onPress(press.key, Math.round(lengthOf(press.blocks)));
  }
}

/** Milliseconds of so many blocks on end. */
function lengthOf(blocks: number): number {
  return (blocks - 1) * MS_PER_STEP + (BLOCK * 1_000) / CLOCK_RATE;
}

/** The key that a block holds; undefined for none. */
function keyIn(block: Float64Array): string | undefined {
  let all = 0;
  for (let i = 0; i < BLOCK; i++) all += (block[i] ?? 0) ** 2;
  // Two tones at the least that is taken, all of it theirs.
  if (all * BLOCK < 4 * QUIETEST) return undefined;
  const energies = COEFFICIENTS.map((each) => energyIn(block, each));
  const [low, high] = [
    strongest(energies, 0, LOW_HZ.length),
    strongest(energies, LOW_HZ.length, energies.length),
  ];
  if (!low || !high || Math.min(low.energy, high.energy) < QUIETEST) return undefined;
  if (high.energy > low.energy * MOST_ABOVE || low.energy > high.energy * MOST_BELOW) return undefined;
  if (low.energy + high.energy < (PURE * all * BLOCK) / 2) return undefined;
  return KEYS[low.index]?.[high.index];
}

/** Of a group of tones the one that stands out; undefined where none does. */
function strongest(
  energies: readonly number[],
  from: number,
  to: number,
): { readonly index: number; readonly energy: number } | undefined {
  const group = energies.slice(from, to);
  const energy = Math.max(...group);
  const index = group.indexOf(energy);
  return group.every((each, at) => at === index || each * CLEAR < energy) ? { index, energy } : undefined;
}

/** Of one tone in a block, by Goertzel's algorithm: the square of its amplitude by half the block's length. */
function energyIn(block: Float64Array, coefficient: number): number {
  let before = 0;
  let last = 0;
  for (let i = 0; i < BLOCK; i++) {
    const next = (block[i] ?? 0) + coefficient * last - before;
    before = last;
    last = next;
  }
  return last * last + before * before - coefficient * last * before;
}
