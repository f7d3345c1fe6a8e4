import type { Bid } from '../domain';
import { BitColumn, CountedColumn } from './bits';

/** What is to be looked at of some bids and not of others, a bit a row each. */
export class BidFlags {
  /** Bids that have an expiry. */
  readonly expiring = new CountedColumn(1);
  /** Bids whose price is asked for call by call. */
  readonly pinging = new CountedColumn(1);
  /** Bids whose price is another one for some calls. */
  readonly modified = new BitColumn(1);
  /** Bids whose price only the call tells: those that ping, and those modified. */
  readonly priceOfCall = new BitColumn(1);
  /** Bids that are rung only when no other may be. */
  readonly fallback = new BitColumn(1);
  /** Bids that ping, are modified or a fallback. */
  readonly special = new BitColumn(1);

  put(row: number, { expiresAt, ping, modifiers, fallback }: Bid): void {
    const pings = ping !== undefined;
    const isModified = modifiers.length > 0;
    this.expiring.put(row, expiresAt !== undefined);
    this.pinging.put(row, pings);
    this.modified.put(row, isModified);
    this.priceOfCall.put(row, pings || isModified);
    this.fallback.put(row, fallback);
    this.special.put(row, pings || isModified || fallback);
  }

  /** The row is empty. */
  clear(row: number): void {
    this.expiring.clear(row);
    this.pinging.clear(row);
  }

  grow(words: number): void {
    const { expiring, pinging, modified, priceOfCall, fallback, special } = this;
    for (const column of [expiring, pinging, modified, priceOfCall, fallback, special]) column.grow(words);
  }
}
