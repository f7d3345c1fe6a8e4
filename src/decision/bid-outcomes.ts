import type { Bid, BidOutcome, BidOutcomes, IneligibleReason } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import type { BidBook, Tally } from '../market';
import { ELIGIBLE } from '../market';

const SAME_TARGET = INELIGIBLE_REASONS.indexOf('same_target');
const OVER_MAX_ATTEMPTS = INELIGIBLE_REASONS.indexOf('over_max_attempts');

/** The outcomes of a decision that looked at no bids. */
export const NO_OUTCOMES: BidOutcomes = { total: 0, counts: {}, listed: [] };

/**
 * Outcomes kept as the decision found them, a code a bid, and written out only when somebody reads
 * them. Bids are immutable values, so a later change of the market does not change what is told.
 */
export class LazyBidOutcomes implements BidOutcomes {
  readonly total: number;
  readonly #counts: Int32Array;
  readonly #ranked: readonly Bid[];
  readonly #others: readonly Bid[];
  readonly #codes: Uint8Array;

  private constructor(
    total: number,
    counts: Int32Array,
    ranked: readonly Bid[],
    others: readonly Bid[],
    codes: Uint8Array,
  ) {
    this.total = total;
    this.#counts = counts;
    this.#ranked = ranked;
    this.#others = others;
    this.#codes = codes;
  }

  /**
   * Takes what the tally holds, which the next decision overwrites.
   *
   * @param ranked - rows of the ring plan, best first
   * @param eligible - bids that were eligible
   */
  static take(book: BidBook, tally: Tally, ranked: readonly number[], eligible: number): LazyBidOutcomes {
    const counts = tally.counts.slice();
    const winners = ranked.map((row) => book.bidAt(row));
    if (!tally.listing) {
      // Which of the rest rang the same target is not looked up in a large book.
      counts[OVER_MAX_ATTEMPTS] = eligible - ranked.length;
      return new LazyBidOutcomes(book.size, counts, winners, [], NO_CODES);
    }
    const others: Bid[] = [];
    const codes = new Uint8Array(book.size - ranked.length);
    for (const row of book.rows()) {
      if (ranked.includes(row)) continue;
      let code = tally.codes[row] as number;
      if (code === ELIGIBLE) {
        const target = book.target[row];
        code = ranked.some((other) => book.target[other] === target) ? SAME_TARGET : OVER_MAX_ATTEMPTS;
        counts[code] = (counts[code] as number) + 1;
      }
      codes[others.length] = code;
      others.push(book.bidAt(row));
    }
    return new LazyBidOutcomes(book.size, counts, winners, others, codes);
  }

  get counts(): Readonly<Partial<Record<IneligibleReason, number>>> {
    const counts: Partial<Record<IneligibleReason, number>> = {};
    for (const [code, reason] of INELIGIBLE_REASONS.entries()) {
      const count = this.#counts[code] as number;
      if (count > 0) counts[reason] = count;
    }
    return counts;
  }

  get listed(): readonly BidOutcome[] {
    const ranked = this.#ranked.map((bid, index) => outcomeOf(bid, index + 1, undefined));
    const others = this.#others.map((bid, index) =>
      outcomeOf(bid, undefined, INELIGIBLE_REASONS[this.#codes[index] as number]),
    );
    return [...ranked, ...others];
  }

  toJSON(): BidOutcomes {
    return { total: this.total, counts: this.counts, listed: this.listed };
  }
}

const NO_CODES = new Uint8Array(0);

function outcomeOf(bid: Bid, rank: number | undefined, ineligible: IneligibleReason | undefined): BidOutcome {
  return { bidId: bid.id, buyerId: bid.buyerId, price: bid.price, rank, ineligible };
}
