import type { Bid, BidOutcome, BidOutcomes, IneligibleReason, LiveBid, Micros } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import type { BidBook, Tally } from '../market';
import { ELIGIBLE } from '../market';
import type { RingPlan } from './ring-plan';

const SAME_TARGET = INELIGIBLE_REASONS.indexOf('same_target');
const OVER_MAX_ATTEMPTS = INELIGIBLE_REASONS.indexOf('over_max_attempts');

/** The outcomes of a decision that looked at no bids. */
export const NO_OUTCOMES: BidOutcomes = { total: 0, counts: {}, listed: [] };

/** One bid as the decision found it. */
interface Found {
  readonly bid: Bid;
  /** NaN = its standing price. */
  readonly offer: number;
  /** Index in INELIGIBLE_REASONS; undefined of one in the plan. */
  readonly code: number | undefined;
}

/**
 * Outcomes kept as the decision found them, and written out only when somebody reads them. Bids are
 * immutable values, so a later change of the market does not change what is told.
 */
export class LazyBidOutcomes implements BidOutcomes {
  readonly total: number;
  /** Codes that left out any, each followed by how many. */
  readonly #counts: readonly number[];
  readonly #ranked: readonly Found[];
  readonly #others: readonly Found[];
  readonly #liveBids: readonly LiveBid[];

  private constructor(
    total: number,
    counts: readonly number[],
    ranked: readonly Found[],
    others: readonly Found[],
    liveBids: readonly LiveBid[],
  ) {
    this.total = total;
    this.#counts = counts;
    this.#ranked = ranked;
    this.#others = others;
    this.#liveBids = liveBids;
  }

  /**
   * Takes what the tally holds, which the next decision overwrites.
   *
   * @param eligible - bids that were eligible
   */
  static take(
    book: BidBook,
    tally: Tally,
    { rows, offers }: RingPlan,
    eligible: number,
    liveBids: readonly LiveBid[],
  ): LazyBidOutcomes {
    const { counts } = tally;
    const ranked = rows.map((row, index): Found => {
      return { bid: book.bidAt(row), offer: offers[index] as number, code: undefined };
    });
    if (!tally.listing) {
      // Which of the rest rang the same target is not looked up in a large book.
      counts[OVER_MAX_ATTEMPTS] = eligible - ranked.length;
      return new LazyBidOutcomes(book.size, nonZero(counts), ranked, NONE, liveBids);
    }
    const { target } = book.columns;
    const others: Found[] = [];
    for (const row of book.rows()) {
      if (rows.includes(row)) continue;
      let code = tally.codes[row] as number;
      if (code === ELIGIBLE) {
        code = rows.some((other) => target[other] === target[row]) ? SAME_TARGET : OVER_MAX_ATTEMPTS;
        counts[code] = (counts[code] as number) + 1;
      }
      others.push({ bid: book.bidAt(row), offer: tally.offers[row] as number, code });
    }
    return new LazyBidOutcomes(book.size, nonZero(counts), ranked, others, liveBids);
  }

  get counts(): Readonly<Partial<Record<IneligibleReason, number>>> {
    const counts: Partial<Record<IneligibleReason, number>> = {};
    for (let n = 0; n < this.#counts.length; n += 2) {
      const reason = INELIGIBLE_REASONS[this.#counts[n] as number];
      if (reason) counts[reason] = this.#counts[n + 1] as number;
    }
    return counts;
  }

  /** In the order of the plan, then of ids: not of rows, which tell how the market came to be. */
  get listed(): readonly BidOutcome[] {
    const ranked = this.#ranked.map((found, index) => this.#outcomeOf(found, index + 1));
    const others = [...this.#others].sort((a, b) => (a.bid.id < b.bid.id ? -1 : 1));
    return [...ranked, ...others.map((found) => this.#outcomeOf(found, undefined))];
  }

  toJSON(): BidOutcomes {
    return { total: this.total, counts: this.counts, listed: this.listed };
  }

  #outcomeOf({ bid, offer, code }: Found, rank: number | undefined): BidOutcome {
    const live = bid.ping && this.#liveBids.find(({ bidId }) => bidId === bid.id);
    return {
      bidId: bid.id,
      buyerId: bid.buyerId,
      price: bid.price,
      ...(Number.isNaN(offer) || offer === bid.price ? {} : { offer: offer as Micros }),
      ...(live ? { latencyMs: live.latencyMs } : {}),
      rank,
      ineligible: code === undefined ? undefined : INELIGIBLE_REASONS[code],
    };
  }
}

const NONE: readonly Found[] = [];

function nonZero(counts: Int32Array): number[] {
  const pairs: number[] = [];
  for (let code = 0; code < counts.length; code++) {
    const count = counts[code] as number;
    if (count > 0) pairs.push(code, count);
  }
  return pairs;
}
