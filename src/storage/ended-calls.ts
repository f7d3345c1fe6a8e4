import type { EndReason, RingAttempt } from '../domain';
import type { Database, Queryable } from './database';

/** A call that is over, as the jobs read it that learn from calls. */
export interface EndedCall {
  /** Grows from call to call. */
  readonly position: number;
  readonly callId: string;
  /** UTC epoch milliseconds. */
  readonly endedAt: number;
  readonly endReason: EndReason;
  readonly connectedMs: number;
  readonly attempts: readonly RingAttempt[];
  /** Who took it; null when nobody did. */
  readonly soldBid: string | null;
  /** Its money is booked, there is none, or it is for people. */
  readonly settled: boolean;
  /** Micro-units; 0 while it is not booked. */
  readonly revenue: number;
  /** Milliseconds since its end was stored. */
  readonly ageMs: number;
}

/**
 * Numbers of the outbox are given before they can be seen: a statement that is under way may still
 * bring a smaller one. None is under way for as long as this.
 */
const SETTLE_MS = 15_000;

const READ = {
  name: 'ended-calls',
  text: `select o.id as position, c.id as "callId", c.ended_at as "endedAt", c.end_reason as "endReason",
      c.connected_ms as "connectedMs", c.attempts, c.sale -> 'target' ->> 'bidId' as "soldBid",
      (o.done_at is not null or o.dead_at is not null) as settled, coalesce(s.revenue, 0) as revenue,
      (extract(epoch from now() - o.created_at) * 1000)::bigint as "ageMs"
    from outbox o join calls c on c.id = o.subject left join settlements s on s.call_id = c.id
    where o.id > $1 and o.type = 'call.ended' and c.ended_at is not null
    order by o.id limit $2`,
};

/** What one batch of a job came to. */
export interface BatchReport {
  readonly calls: number;
  /** There may be more to read now. */
  readonly more: boolean;
}

export interface BatchOptions {
  /** Row of the table `roll_ups`. */
  readonly name: 'quality' | 'discipline' | 'cap_usage' | 'fraud';
  /** Calls read at most. */
  readonly limit: number;
  /** Milliseconds that a call's money is waited for; 0 = not at all. */
  readonly settlementMs: number;
}

/** Calls behind a position, in order, whether their money is booked or not. */
export async function endedCallsAfter(
  database: Queryable,
  position: number,
  limit: number,
): Promise<EndedCall[]> {
  const { rows } = await database.query<EndedCall>({ ...READ, values: [position, limit] });
  return rows;
}

const NOTHING: BatchReport = { calls: 0, more: false };

/**
 * Does a job's work for the calls that ended since its last batch, in one transaction with the note of
 * how far it has read: each call is worked on once, whatever node does it and however often it fails.
 * While another node is at it, nothing is done.
 *
 * @throws Error when the database is away; nothing is done then
 */
export function forEndedCalls(
  database: Database,
  { name, limit, settlementMs }: BatchOptions,
  work: (calls: readonly EndedCall[], tx: Queryable) => Promise<void>,
): Promise<BatchReport> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ position: number }>({
      name: 'roll-up-claim',
      text: `select position from roll_ups where name = $1 for update skip locked`,
      values: [name],
    });
    const [claim] = rows;
    if (!claim) return NOTHING;
    const read = await endedCallsAfter(tx, claim.position, limit);
    const unripe = read.findIndex(
      ({ ageMs, settled }) => ageMs < SETTLE_MS || (!settled && ageMs < settlementMs),
    );
    const calls = unripe < 0 ? read : read.slice(0, unripe);
    const last = calls[calls.length - 1];
    if (!last) return NOTHING;
    await work(calls, tx);
    await tx.query({
      name: 'roll-up-note',
      text: `update roll_ups set position = $2 where name = $1`,
      values: [name, last.position],
    });
    return { calls: calls.length, more: unripe < 0 && read.length === limit };
  });
}
