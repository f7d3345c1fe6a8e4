/** In dB of full scale. A line is taken for no quieter than this, nor its noise for louder than that. */
const QUIETEST_FLOOR = -55;
const LOUDEST_FLOOR = -42;
/** Speech is louder than the noise of its line by this. */
const ABOVE_FLOOR = 8;
/** Share of what is heard that is no louder than the noise: also who talks on dips between syllables. */
const QUIET_SHARE = 0.1;
/** Nothing at all, as before the first packet. */
const NO_LEVEL = -100;

/** The level of samples from -1 to 1, in dB of full scale. */
export function levelOf(samples: ArrayLike<number>): number {
  let energy = 0;
  for (let i = 0; i < samples.length; i++) energy += (samples[i] ?? 0) ** 2;
  return Math.max(NO_LEVEL, 10 * Math.log10(energy / Math.max(1, samples.length) + Number.MIN_VALUE));
}

/**
 * Which frames are speech, by the levels of all that was heard so far: the more is known of the noise of a line, the
 * better it is told from speech, also in what went before.
 */
export class SpeechFrames {
  readonly #levels: number[] = [];
  /** Since the first packet, from the lowest: before it nothing is known of a line. */
  readonly #sorted: number[] = [];

  add(level: number): void {
    this.#levels.push(level);
    if (this.#sorted.length === 0 && level <= NO_LEVEL) return;
    const above = this.#sorted.findIndex((each) => each > level);
    this.#sorted.splice(above < 0 ? this.#sorted.length : above, 0, level);
  }

  get count(): number {
    return this.#levels.length;
  }

  /** Of each frame, whether it is speech, as far as can be told by now. */
  get speech(): readonly boolean[] {
    const quiet = this.#sorted[Math.floor(this.#sorted.length * QUIET_SHARE)] ?? QUIETEST_FLOOR;
    const threshold = Math.min(LOUDEST_FLOOR, Math.max(QUIETEST_FLOOR, quiet)) + ABOVE_FLOOR;
    return this.#levels.map((level) => level > threshold);
  }
}
