import type { BidQuality } from '../domain';

/** Factor of a bid whose record is that of its campaign, or that has none. */
export const EVEN_FACTOR = 2 ** 20;
const MAX_FACTOR = 2 ** 30;

/** Rings and answers of the campaign's mean that every bid starts with: its own record counts as it grows past them. */
const PRIOR_RINGS = 20;
const PRIOR_ANSWERS = 10;
/** Counts are summed in thousandths, as integers: a sum must not hang on the order of its parts. */
const UNIT = 1_000;
/** Binary digits that a campaign's mean keeps: it moves in steps of 3 %, and seldom. */
const MEAN_BITS = 5;

/**
 * What the calls of the bids of one campaign came to. From it each bid gets a factor by which its
 * offer is worth more or less than an equal one: how likely its buyer answers and the call then
 * converts, against the campaign's mean. Bids with little of a record are drawn to that mean
 * (the beta-binomial posterior mean, with the campaign's rate as prior).
 *
 * All of it follows from the records that stand, and from nothing else: not from the order in which
 * they came.
 */
export class BidRecords {
  readonly #records: (BidQuality | undefined)[] = [];
  #size = 0;
  readonly #sums = { rings: 0, answers: 0, conversions: 0, connectedMs: 0, revenue: 0 };
  #means: Means = NO_MEANS;
  #weight = 0;
  /** What is worked out of a row is good while it carries this number. */
  #edition = 1;
  #editions: Uint32Array;
  #factors: Float64Array;
  #revenues: Float64Array;

  constructor(rows: number) {
    this.#editions = new Uint32Array(rows);
    this.#factors = new Float64Array(rows);
    this.#revenues = new Float64Array(rows);
  }

  /** Bids that have a record. */
  get size(): number {
    return this.#size;
  }

  /** Milliseconds an answered call of this campaign lasts, as far as known. */
  get meanConnectedMs(): number | undefined {
    return this.#means.connectedMs;
  }

  at(row: number): BidQuality | undefined {
    return this.#records[row];
  }

  put(row: number, record: BidQuality | undefined): void {
    const before = this.#records[row];
    this.#editions[row] = 0;
    if (before === record) return;
    this.#records[row] = record;
    if (before) this.#sum(before, -1);
    if (record) this.#sum(record, 1);
    const means = this.#meansNow();
    if (!sameMeans(means, this.#means)) {
      this.#means = means;
      this.#edition++;
    }
  }

  /** How much of a bid's worth its record decides from now on: 0 = price alone … 1 = all of it. */
  weigh(weight: number): void {
    if (weight === this.#weight) return;
    this.#weight = weight;
    this.#edition++;
  }

  /** True when every factor is {@link EVEN_FACTOR}. */
  get even(): boolean {
    return this.#size === 0 || this.#weight <= 0;
  }

  /** By what a bid's offer is multiplied when bids are compared: a positive integer. */
  factorAt(row: number): number {
    if (this.#editions[row] !== this.#edition) this.#refresh(row);
    return this.#factors[row] as number;
  }

  /** Revenue to be expected of ringing a bid's buyer once, in micro-units. */
  revenueAt(row: number): number {
    if (this.#editions[row] !== this.#edition) this.#refresh(row);
    return this.#revenues[row] as number;
  }

  grow(rows: number): void {
    const editions = new Uint32Array(rows);
    editions.set(this.#editions);
    this.#editions = editions;
    const factors = new Float64Array(rows);
    factors.set(this.#factors);
    this.#factors = factors;
    const revenues = new Float64Array(rows);
    revenues.set(this.#revenues);
    this.#revenues = revenues;
  }

  #refresh(row: number): void {
    const record = this.#records[row];
    this.#editions[row] = this.#edition;
    this.#factors[row] = this.even ? EVEN_FACTOR : factorOf(record, this.#means, this.#weight);
    this.#revenues[row] = revenueOf(record, this.#means);
  }

  #sum(record: BidQuality, sign: 1 | -1): void {
    const sums = this.#sums;
    this.#size += sign;
    sums.rings += sign * Math.round(record.rings * UNIT);
    sums.answers += sign * Math.round(record.answers * UNIT);
    sums.conversions += sign * Math.round(record.conversions * UNIT);
    sums.connectedMs += sign * Math.round(record.connectedMs);
    sums.revenue += sign * Math.round(record.revenue);
  }

  #meansNow(): Means {
    const { rings, answers, conversions, connectedMs, revenue } = this.#sums;
    return {
      answerRate: rings > 0 ? coarse(answers / rings) : 0,
      conversionRate: answers > 0 ? coarse(conversions / answers) : 0,
      revenuePerRing: rings > 0 ? coarse((revenue / rings) * UNIT) : 0,
      connectedMs: answers > 0 ? coarse((connectedMs / answers) * UNIT) : undefined,
    };
  }
}

/** Means of a campaign; 0 where nothing is known. */
interface Means {
  readonly answerRate: number;
  readonly conversionRate: number;
  readonly revenuePerRing: number;
  readonly connectedMs: number | undefined;
}

const NO_MEANS: Means = { answerRate: 0, conversionRate: 0, revenuePerRing: 0, connectedMs: undefined };

function sameMeans(a: Means, b: Means): boolean {
  return (
    a.answerRate === b.answerRate &&
    a.conversionRate === b.conversionRate &&
    a.revenuePerRing === b.revenuePerRing &&
    a.connectedMs === b.connectedMs
  );
}

function factorOf(record: BidQuality | undefined, means: Means, weight: number): number {
  if (!record) return EVEN_FACTOR;
  const answers = relative(record.answers, record.rings, means.answerRate, PRIOR_RINGS);
  const conversions = relative(record.conversions, record.answers, means.conversionRate, PRIOR_ANSWERS);
  const factor = Math.round((answers * conversions) ** weight * EVEN_FACTOR);
  return Math.min(Math.max(factor, 1), MAX_FACTOR);
}

/** A bid's rate as a multiple of the mean, drawn to 1 while there is little of it. */
function relative(hits: number, trials: number, mean: number, prior: number): number {
  if (mean <= 0) return 1;
  return (hits + prior * mean) / (trials + prior) / mean;
}

function revenueOf(record: BidQuality | undefined, { revenuePerRing }: Means): number {
  if (!record) return Math.round(revenuePerRing);
  return Math.round((record.revenue + PRIOR_RINGS * revenuePerRing) / (record.rings + PRIOR_RINGS));
}

/**
 * A mean in few digits. Factors of all bids are worked out anew when it moves, so it must not move
 * with every call.
 */
function coarse(mean: number): number {
  if (mean <= 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(mean)) - MEAN_BITS);
  return Math.round(mean / step) * step;
}
