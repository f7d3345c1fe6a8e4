/**
 * Places log-odds on the scale of scores: at each margin the score there, between them on a straight
 * line of log-odds, beyond them with slope 1. Strictly rising, so the order of calls is the model's.
 */
export interface Calibration {
  /** Rising. */
  readonly margins: readonly number[];
  /** Rising, between 0 and 1. */
  readonly scores: readonly number[];
}

export function logit(share: number): number {
  return Math.log(share / (1 - share));
}

export function sigmoid(margin: number): number {
  return 1 / (1 + Math.exp(-margin));
}

/** Compiled: no object is made when a call is scored. */
export class Scale {
  readonly #margins: Float64Array;
  readonly #logits: Float64Array;

  constructor({ margins, scores }: Calibration) {
    this.#margins = Float64Array.from(margins);
    this.#logits = Float64Array.from(scores, logit);
  }

  scoreOf(margin: number): number {
    const margins = this.#margins;
    const last = margins.length - 1;
    if (last < 0) return sigmoid(margin);
    let at = 0;
    while (at < last && margin > (margins[at + 1] as number)) at++;
    const from = margins[at] as number;
    const base = this.#logits[at] as number;
    if (at === last || margin < from) return sigmoid(base + margin - from);
    const slope = ((this.#logits[at + 1] as number) - base) / ((margins[at + 1] as number) - from);
    return sigmoid(base + (margin - from) * slope);
  }
}
