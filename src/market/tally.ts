import type { CapHint, IneligibleReason } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';

/** Books up to this size have the outcome of each bid written down; larger ones are counted. */
export const LISTED_BIDS = 200;
const MAX_CAP_HINTS = 200;
/** Code of a bid that nothing speaks against. */
export const ELIGIBLE = 255;

/** Index of a reason in INELIGIBLE_REASONS. */
export const codeOf = (reason: IneligibleReason): number => INELIGIBLE_REASONS.indexOf(reason);

/** Why bids were left out of one decision: counts, and a code and an offer a row for a small book. */
export class Tally {
  readonly counts = new Int32Array(INELIGIBLE_REASONS.length);
  /** By row: index in INELIGIBLE_REASONS, or {@link ELIGIBLE}. Meaningful only while `listing`. */
  codes = new Uint8Array(256);
  /** By row: what a bid offered for this call; NaN = its standing price. Meaningful only while `listing`. */
  offers = new Float64Array(256);
  listing = false;
  capped: CapHint[] = [];

  reset(listing: boolean, rows: number): void {
    this.counts.fill(0);
    this.listing = listing;
    this.capped = [];
    if (!listing) return;
    if (rows > this.codes.length) {
      this.codes = new Uint8Array(rows * 2);
      this.offers = new Float64Array(rows * 2);
    }
    this.codes.fill(ELIGIBLE, 0, rows);
    this.offers.fill(NaN, 0, rows);
  }

  /** Writes down why the rows of the bits set in one word are left out. */
  list(bits: number, word: number, code: number): void {
    for (let rest = bits; rest !== 0; rest &= rest - 1) {
      this.codes[(word << 5) + 31 - Math.clz32(rest & -rest)] = code;
    }
  }

  dropRow(row: number, code: number): void {
    this.counts[code] = (this.counts[code] as number) + 1;
    if (this.listing) this.codes[row] = code;
  }

  /** A cap keeps a bid out. */
  dropCapped(row: number, code: number, bidId: string): void {
    if (this.capped.length < MAX_CAP_HINTS) {
      this.capped.push({ bidId, reason: INELIGIBLE_REASONS[code] as IneligibleReason });
    }
    this.dropRow(row, code);
  }

  /** A bid offers another price than the one it stands for. */
  offered(row: number, offer: number): void {
    if (this.listing) this.offers[row] = offer;
  }
}
