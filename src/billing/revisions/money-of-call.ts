import type { Currency } from '../../domain';
import type { LineSums, RatedLine } from '../../rating';
import { sumsOf } from '../../rating';
import type { Queryable } from '../../storage';
import type { RevisionKind } from './call-book';
import { readCallBooks } from './call-book';
import type { ChangedLine } from './call-lines';

/** What a call has cost and earned by everything that was booked for it. */
export interface CallMoney extends LineSums {
  readonly callId: string;
  readonly currency: Currency;
  /** The rules that decide revenue and payout now. */
  readonly priced: string;
  readonly earned: string;
  /** What stands, line by line; lines of which nothing is left are not there. */
  readonly lines: readonly RatedLine[];
  /** Times that it was changed since it was settled. */
  readonly revisions: number;
}

/** One change of a call's money, as it was booked. */
export interface StoredRevision extends LineSums {
  readonly n: number;
  readonly kind: RevisionKind;
  readonly cause: string;
  readonly transactionId: number | null;
  /** Differences. */
  readonly lines: readonly ChangedLine[];
  readonly priced: string | null;
  readonly earned: string | null;
  readonly signals: number | null;
  readonly createdAt: Date;
}

/**
 * Sums of all that was booked for a call, its settlement, reratings and reversals, in the currency of its sale; of
 * one that nobody bought in that of its settlement. @returns undefined when it is not settled
 */
export async function moneyOfCall(db: Queryable, callId: string): Promise<CallMoney | undefined> {
  const book = (await readCallBooks(db, [callId])).get(callId);
  if (!book) return undefined;
  const { currency, priced, earned, revisions, standing } = book;
  const lines = standing.filter(({ amount }) => amount !== 0).map(({ conceded: _, ...line }) => line);
  return { callId, currency, priced, earned, revisions, lines, ...sumsOf(lines, currency) };
}

/** Everything that was booked for a call after its settlement, the first first. */
export async function revisionsOfCall(db: Queryable, callId: string): Promise<StoredRevision[]> {
  const { rows } = await db.query<StoredRevision>({
    name: 'revisions-of-call',
    text: `select n, kind, cause, transaction_id as "transactionId", lines, revenue, payout, fees, taxes,
        carrier_cost as "carrierCost", priced, earned, signals, created_at as "createdAt"
      from settlement_revisions where call_id = $1 order by n`,
    values: [callId],
  });
  return rows;
}
