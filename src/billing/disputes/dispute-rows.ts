import { notFound } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { listRows } from '../../storage';
import type { Actor } from '../actor';
import type { Dispute, DisputeState } from './dispute';

export const COLUMNS = `seq, id, call_id as "callId", side, account_id as "accountId", state, reason, currency, claimed,
  given, bearer, text, opened_by as "openedBy", opened_at as "openedAt", closed_by as "closedBy",
  closed_at as "closedAt", note, revision, version`;

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'disputes',
  columns: {
    state: { column: 'state', kind: 'text' },
    side: { column: 'side', kind: 'text' },
    reason: { column: 'reason', kind: 'text' },
    callId: { column: 'call_id', kind: 'text' },
    accountId: { column: 'account_id', kind: 'text' },
    currency: { column: 'currency', kind: 'text' },
    openedAt: { column: 'opened_at', kind: 'instant' },
    closedAt: { column: 'closed_at', kind: 'instant' },
    claimed: { column: 'claimed', kind: 'number' },
  },
  tie: { column: 'seq', kind: 'number', descending: true },
};

/** Disputes, newest first where no order is asked for. */
export function listDisputes(db: Queryable, query: ListQuery): Promise<ListedRow<Dispute>[]> {
  return listRows(db, LISTED, query);
}

/** @param accountId - whose it must be; undefined for anybody's */
export async function getDispute(
  db: Queryable,
  id: string,
  accountId?: string,
): Promise<Dispute | undefined> {
  const { rows } = await db.query<Dispute>({
    name: 'dispute-get',
    text: `select ${COLUMNS} from disputes where id = $1 and ($2::text is null or account_id = $2)`,
    values: [id, accountId ?? null],
  });
  return rows[0];
}

/** @throws AppError `not_found` */
export async function mustFindDispute(db: Queryable, id: string, accountId?: string): Promise<Dispute> {
  const dispute = await getDispute(db, id, accountId);
  if (dispute) return dispute;
  throw notFound('dispute', id);
}

/** Everything that befell a dispute. */
export interface DisputeEvent {
  readonly event: 'opened' | 'moved' | 'revised';
  readonly was: DisputeState | null;
  readonly state: DisputeState;
  /** Micro-units: claimed, given, or what is left of the call. */
  readonly amount: number | null;
  readonly revision: number | null;
  readonly note: string | null;
  readonly by: string | null;
  readonly at: Date;
}

/** At most so many are shown: states are few, revisions bounded. */
const MAX_EVENTS = 1_000;

/** What befell a dispute, the first first. */
export async function listDisputeEvents(db: Queryable, disputeId: string): Promise<DisputeEvent[]> {
  const { rows } = await db.query<DisputeEvent>({
    name: 'dispute-events-list',
    text: `select event, was, state, amount, revision, note, by_account as by, at
      from dispute_events where dispute_id = $1 order by id limit $2`,
    values: [disputeId, MAX_EVENTS],
  });
  return rows;
}

export interface NewDisputeEvent {
  readonly disputeId: string;
  readonly event: DisputeEvent['event'];
  readonly was?: DisputeState;
  readonly state: DisputeState;
  readonly amount?: number;
  readonly revision?: number;
  readonly note?: string | undefined;
  readonly by?: Actor;
}

export async function addDisputeEvents(tx: Queryable, events: readonly NewDisputeEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query({
    name: 'dispute-events-add',
    text: `insert into dispute_events (dispute_id, event, was, state, amount, revision, note, by_key, by_account)
      select * from json_to_recordset($1::json) as e(dispute_id text, event text, was text, state text, amount bigint,
        revision integer, note text, by_key text, by_account text)`,
    values: [
      JSON.stringify(
        events.map(({ disputeId, by, ...event }) => ({
          ...event,
          dispute_id: disputeId,
          by_key: by?.keyId,
          by_account: by?.accountId,
        })),
      ),
    ],
  });
}
