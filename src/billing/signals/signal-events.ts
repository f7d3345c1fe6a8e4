import type { Queryable } from '../../storage';
import { storableReason } from '../settlement/outbox-events';

/** Tries that a signal gets to be brought into its call's money, failures of the database aside. */
const MAX_TRIES = 6;
/** Milliseconds until the next, after so many. */
const WAITS_MS = [1_000, 10_000, 60_000, 600_000, 3_600_000] as const;
/** A call that is not settled yet is looked at after this part of the time that its signal waited so far … */
const PATIENCE = 4;
/** … which is so many milliseconds at least and at most. */
const SOONEST_MS = 500;
const LATEST_MS = 600_000;
/** … and so many days long: then something else is wrong. */
const MAX_WAIT_DAYS = 30;
const MAX_LISTED = 200;

/** A signal that a call's money does not reflect yet, as far as is known. */
export interface SignalEvent {
  readonly id: number;
  readonly callId: string;
}

/** A signal that no try helped: it is for people. */
export interface DeadSignal {
  readonly callId: string;
  readonly signalId: number;
  readonly reason: string;
  readonly diedAt: Date;
}

const CLAIM = {
  name: 'signal-event-claim',
  text: `select id, payload ->> 'callId' as "callId" from outbox
    where type = 'call.signal' and done_at is null and dead_at is null and due_at <= now()
    order by due_at, id limit 1 for update skip locked`,
};
const SHOWN = `payload ->> 'callId' as "callId", (payload ->> 'signalId')::bigint as "signalId", dead_reason as reason,
      dead_at as "diedAt"`;
const WAIT = {
  name: 'signal-event-wait',
  text: `update outbox set dispatched_at = coalesce(dispatched_at, now()), due_at = now() +
      least($4, greatest($3, extract(epoch from now() - created_at) * 1000 / $2)) * interval '1 millisecond',
      dead_at = case when created_at <= now() - make_interval(days => $5) then now() end,
      dead_reason = case when created_at <= now() - make_interval(days => $5) then $6 end
    where id = $1 and done_at is null and dead_at is null
    returning ${SHOWN}`,
};
const FAILED = {
  name: 'signal-event-failed',
  text: `update outbox set rounds = rounds + 1, dispatched_at = coalesce(dispatched_at, now()),
      due_at = now() + ($3::bigint[])[least(rounds + 1, cardinality($3::bigint[]))] * interval '1 millisecond',
      dead_at = case when rounds + 1 >= $2 then now() end, dead_reason = case when rounds + 1 >= $2 then $4 end
    where id = $1 and done_at is null and dead_at is null
    returning ${SHOWN}`,
};

/** The signal that is due longest, locked for this database transaction. */
export async function claimSignalEvent(tx: Queryable): Promise<SignalEvent | undefined> {
  const { rows } = await tx.query<SignalEvent>(CLAIM);
  return rows[0];
}

/**
 * It is no failure that its call cannot be rated again yet, but does not last for ever either.
 * @param why - for people, should it have waited for 30 days by now
 * @returns the signal when it did
 */
export async function postponeSignalEvent(
  db: Queryable,
  id: number,
  why: string,
): Promise<DeadSignal | undefined> {
  const { rows } = await db.query<MaybeDead>({
    ...WAIT,
    values: [id, PATIENCE, SOONEST_MS, LATEST_MS, MAX_WAIT_DAYS, `${why} for ${MAX_WAIT_DAYS} days`],
  });
  return deadOf(rows);
}

/** @returns the signal when that was its last try */
export async function failSignalEvent(
  db: Queryable,
  id: number,
  reason: string,
): Promise<DeadSignal | undefined> {
  const { rows } = await db.query<MaybeDead>({
    ...FAILED,
    values: [id, MAX_TRIES, WAITS_MS, storableReason(reason)],
  });
  return deadOf(rows);
}

type MaybeDead = Omit<DeadSignal, 'reason' | 'diedAt'> & Record<'reason' | 'diedAt', unknown>;

function deadOf([row]: readonly MaybeDead[]): DeadSignal | undefined {
  return row && row.diedAt !== null ? (row as DeadSignal) : undefined;
}

/** Signals that are for people, the oldest first, 200 at most. */
export async function listDeadSignals(db: Queryable): Promise<DeadSignal[]> {
  const { rows } = await db.query<DeadSignal>({
    name: 'signal-events-dead',
    text: `select ${SHOWN}
      from outbox where type = 'call.signal' and dead_at is not null order by dead_at, id limit $1`,
    values: [MAX_LISTED],
  });
  return rows;
}

/** Has the dead signals of a call tried again. @returns how many there were */
export async function redriveSignals(db: Queryable, callId: string): Promise<number> {
  const { rowCount } = await db.query({
    name: 'signal-events-redrive',
    text: `update outbox set dead_at = null, dead_reason = null, rounds = 0, due_at = now()
      where type = 'call.signal' and dead_at is not null and payload ->> 'callId' = $1`,
    values: [callId],
  });
  return rowCount ?? 0;
}
