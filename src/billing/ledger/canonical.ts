/**
 * What is hashed of a block, as the trigger `post_entries` writes it: JSON arrays of PostgreSQL, one a line.
 * Written once more here, so that a verification does not take the database's word for it.
 */

/** An entry with what its transaction says of it; numbers of the database as their digits. */
export interface HashedEntry {
  readonly transactionId: string;
  readonly idempotencyKey: string;
  readonly kind: string;
  readonly callId: string | null;
  readonly reason: string | null;
  readonly reversesId: string | null;
  /** UTC epoch microseconds. */
  readonly postedAt: string;
  /** `YYYY-MM-DD`. */
  readonly effectiveOn: string;
  readonly entryId: string;
  readonly purpose: string;
  readonly currency: string;
  /** Micro-units; positive debits, negative credits. */
  readonly amount: string;
}

/** Hash before the first block. */
export const FIRST_HASH = Buffer.alloc(32);

/** The first line of a block. */
export function canonicalPlace(accountId: string, seq: number): string {
  return arrayOf([JSON.stringify(accountId), String(seq)]);
}

/** The line of an entry. */
export function canonicalLine(entry: HashedEntry): string {
  return arrayOf([
    entry.transactionId,
    JSON.stringify(entry.idempotencyKey),
    JSON.stringify(entry.kind),
    JSON.stringify(entry.callId),
    JSON.stringify(entry.reason),
    entry.reversesId ?? 'null',
    entry.postedAt,
    JSON.stringify(entry.effectiveOn),
    entry.entryId,
    JSON.stringify(entry.purpose),
    JSON.stringify(entry.currency),
    entry.amount,
  ]);
}

function arrayOf(items: readonly string[]): string {
  return `[${items.join(', ')}]`;
}
