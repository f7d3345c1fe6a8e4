import type { Currency } from '../../domain';
import { AppError } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { inTransaction, listRows } from '../../storage';
import { postTransaction } from '../ledger/ledger';
import type { ChangedLine } from '../revisions/call-lines';
import { correctCall } from '../revisions/correct-call';
import { callPostings } from './call-postings';
import type { LateDifference, PricedEnd } from './late-end';
import { lateDifference } from './late-end';
import type { SettlementSources } from './settlement-sources';
import { STORED_SOURCES } from './settlement-sources';
import { writeSettlements } from './write-settlements';

export const DIFFERENCE_STATES = ['open', 'accepted', 'dismissed'] as const;
export type DifferenceState = (typeof DIFFERENCE_STATES)[number];

/** A call whose settlement would have been another one, for people to look at. */
export interface SettlementDifference {
  readonly callId: string;
  /** Its own end came after it had been closed for its node. */
  readonly kind: 'late_end';
  readonly state: DifferenceState;
  readonly currency: Currency;
  readonly was: PricedEnd;
  readonly wouldBe: PricedEnd;
  /** What accepting it books, or has booked: lines whose amounts are differences. */
  readonly changes: readonly ChangedLine[];
  readonly openedAt: Date;
  readonly resolvedBy: string | null;
  readonly resolvedAt: Date | null;
  readonly note: string | null;
  readonly transactionId: number | null;
}

/** What a person says of a difference. */
export interface DifferenceVerdict {
  readonly callId: string;
  /** Account of the API key. */
  readonly by: string;
  readonly note: string | undefined;
}

const COLUMNS = `call_id as "callId", kind, state, currency, was, would_be as "wouldBe", changes,
  opened_at as "openedAt", resolved_by as "resolvedBy", resolved_at as "resolvedAt", note,
  transaction_id as "transactionId"`;
const REASON = 'the true end of the call came after it had been settled';

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'settlement_differences',
  columns: {
    state: { column: 'state', kind: 'text' },
    currency: { column: 'currency', kind: 'text' },
    openedAt: { column: 'opened_at', kind: 'instant' },
    resolvedAt: { column: 'resolved_at', kind: 'instant' },
  },
  tie: { column: 'call_id', kind: 'text', descending: true },
};

/** Differences of any order; see {@link ListQuery}. */
export function listDifferences(db: Queryable, query: ListQuery): Promise<ListedRow<SettlementDifference>[]> {
  return listRows(db, LISTED, query);
}

export async function getDifference(
  db: Queryable,
  callId: string,
): Promise<SettlementDifference | undefined> {
  const { rows } = await db.query<SettlementDifference>({
    name: 'settlement-differences-get',
    text: `select ${COLUMNS} from settlement_differences where call_id = $1`,
    values: [callId],
  });
  return rows[0];
}

/** Opens the case of a call, or brings an open one up to date; what people have resolved stays. */
export async function openDifference(tx: Queryable, callId: string, found: LateDifference): Promise<void> {
  await tx.query({
    name: 'settlement-differences-open',
    text: `insert into settlement_differences as d (call_id, kind, currency, was, would_be, changes, revisions)
      values ($1, 'late_end', $2, $3, $4, $5, $6)
      on conflict (call_id) do update set currency = excluded.currency, was = excluded.was,
        would_be = excluded.would_be, changes = excluded.changes, revisions = excluded.revisions
      where d.state = 'open'`,
    values: [
      callId,
      found.currency,
      JSON.stringify(found.was),
      JSON.stringify(found.wouldBe),
      JSON.stringify(found.changes),
      found.book?.revisions ?? 0,
    ],
  });
}

/**
 * Moves the money of a difference, once: as a correction of the settlement, or, when the call had been
 * closed as one that costs and earns nobody anything, as its settlement.
 *
 * @throws AppError `not_found`; `conflict` when it is resolved already, or when the call's books are not
 * those any more that were looked at: the case is brought up to date within a minute
 */
export function acceptDifference(
  db: Queryable,
  verdict: DifferenceVerdict,
  sources: SettlementSources = STORED_SOURCES,
): Promise<SettlementDifference> {
  return inTransaction(db, async (tx) => {
    const { callId } = verdict;
    const known = await lockOpen(tx, callId);
    const now = await lateDifference(tx, sources, callId);
    if (!now || !sameLines(now.changes, known.changes)) {
      throw new AppError(
        'conflict',
        'settlement_difference_changed',
        `the books of call ${callId} have changed since this was found: look at it again in a minute`,
      );
    }
    return resolve(tx, verdict, 'accepted', await book(tx, callId, now));
  });
}

/** @returns the ledger's transaction; null when only lines changed */
async function book(tx: Queryable, callId: string, found: LateDifference): Promise<number | null> {
  const { ended, changes, currency } = found;
  const { call, rated, signals } = ended;
  const key = `call:${callId}:late`;
  if (found.book) {
    const correction = await correctCall(tx, found.book, {
      cause: `late_end:${callId}`,
      key,
      reason: REASON,
      rated,
      signals,
    });
    return correction?.transactionId ?? null;
  }
  const transactionId = await postTransaction(tx, {
    idempotencyKey: key,
    kind: 'call_rerating',
    callId,
    reason: REASON,
    postings: callPostings(call.sale?.target.buyerAccountId, changes, []),
  });
  if (transactionId === undefined) throw new Error(`the difference of call ${callId} was posted before`);
  await writeSettlements(tx, {
    calls: [{ call, rated: { ...rated, currency } }],
    heldOf: () => [],
    transactionIdOf: () => transactionId,
    doneEvents: [],
  });
  return transactionId;
}

/** Leaves the money as it is. @throws AppError `not_found`; `conflict` when it is resolved already */
export function dismissDifference(db: Queryable, verdict: DifferenceVerdict): Promise<SettlementDifference> {
  return inTransaction(db, async (tx) => {
    await lockOpen(tx, verdict.callId);
    return resolve(tx, verdict, 'dismissed', null);
  });
}

async function lockOpen(tx: Queryable, callId: string): Promise<SettlementDifference> {
  const { rows } = await tx.query<SettlementDifference>(
    `select ${COLUMNS} from settlement_differences where call_id = $1 for update`,
    [callId],
  );
  const [known] = rows;
  if (!known) {
    throw new AppError(
      'not_found',
      'settlement_difference_not_found',
      `there is no difference about call ${callId}`,
    );
  }
  if (known.state !== 'open') {
    throw new AppError(
      'conflict',
      'settlement_difference_resolved',
      `the difference about call ${callId} was ${known.state} already`,
    );
  }
  return known;
}

async function resolve(
  tx: Queryable,
  { callId, by, note }: DifferenceVerdict,
  state: Exclude<DifferenceState, 'open'>,
  transactionId: number | null,
): Promise<SettlementDifference> {
  const { rows } = await tx.query<SettlementDifference>({
    name: 'settlement-differences-resolve',
    text: `update settlement_differences
      set state = $2, resolved_by = $3, resolved_at = now(), note = $4, transaction_id = $5
      where call_id = $1 returning ${COLUMNS}`,
    values: [callId, state, by, note ?? null, transactionId],
  });
  return rows[0] as SettlementDifference;
}

function sameLines(a: readonly ChangedLine[], b: readonly ChangedLine[]): boolean {
  const text = (lines: readonly ChangedLine[]): string =>
    lines
      .map((line) => [line.kind, line.currency, line.accountId, line.code, line.amount].join(' '))
      .sort()
      .join('\n');
  return text(a) === text(b);
}
