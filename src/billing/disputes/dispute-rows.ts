import { notFound } from '../../domain';
import type { Queryable } from '../../storage';
import type { Actor } from '../actor';
import type { Dispute, DisputeReason, DisputeSide, DisputeState } from './dispute';

export const COLUMNS = `seq, id, call_id as "callId", side, account_id as "accountId", state, reason, currency, claimed,
  given, bearer, text, opened_by as "openedBy", opened_at as "openedAt", closed_by as "closedBy",
  closed_at as "closedAt", note, revision, version`;

export interface DisputeFilter {
  readonly state?: DisputeState | undefined;
  readonly accountId?: string | undefined;
  readonly callId?: string | undefined;
  readonly side?: DisputeSide | undefined;
  readonly reason?: DisputeReason | undefined;
  /** Number of the last one of the page before. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Disputes, newest first. */
export async function listDisputes(db: Queryable, filter: DisputeFilter): Promise<Dispute[]> {
  const { state, accountId, callId, side, reason, before, limit } = filter;
  const { rows } = await db.query<Dispute>(
    `select ${COLUMNS} from disputes
     where ($1::text is null or state = $1) and ($2::text is null or account_id = $2)
       and ($3::text is null or call_id = $3) and ($4::text is null or side = $4)
       and ($5::text is null or reason = $5) and ($6::bigint is null or seq < $6)
     order by seq desc limit $7`,
    [state ?? null, accountId ?? null, callId ?? null, side ?? null, reason ?? null, before ?? null, limit],
  );
  return rows;
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
