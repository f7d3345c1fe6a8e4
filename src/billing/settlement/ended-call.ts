import type { Sale } from '../../domain';
import type { Queryable } from '../../storage';
import type { CarriedCall } from '../carrier-rates/carried-call';

/** A call that is over: it is not changed any more, so what is read here holds. */
export interface EndedCall extends CarriedCall {
  /** UTC epoch milliseconds: its answer, or when it came in. */
  readonly at: number;
  /** Null when nobody bought it. */
  readonly sale: Sale | null;
  /** Whose number was called, where that is known. */
  readonly campaignId: string | null;
}

/** A call that somebody bought. */
export type SoldCall = EndedCall & { readonly sale: Sale };

const ENDED = `c.id as "callId", c.connected_ms as "connectedMs", coalesce(c.answered_at, c.received_at) as at,
  c.sale, c.trunk_id as "trunkId", c.dialled, c.campaign_id as "campaignId", c.carried`;

/** Columns of an {@link EndedCall} as it truly ended: needs {@link TRUE_END}. */
export const TRULY_ENDED = `c.id as "callId", coalesce((l.record ->> 'connected_ms')::bigint, c.connected_ms) as "connectedMs",
  coalesce((l.record ->> 'answered_at')::bigint, (l.record ->> 'received_at')::bigint, c.answered_at, c.received_at) as at,
  case when l.call_id is null then c.sale else nullif(l.record -> 'sale', 'null') end as sale,
  c.trunk_id as "trunkId", c.dialled, c.campaign_id as "campaignId",
  case when l.call_id is null then c.carried else nullif(l.record -> 'carried', 'null') end as carried`;

/** Joins to calls `c`, as `l`, the own ends of those that were closed by another one, once that was accepted. */
export const TRUE_END = `left join settlement_differences d on d.call_id = c.id and d.kind = 'late_end' and d.state = 'accepted'
  left join call_late_ends l on l.call_id = d.call_id`;

export function isSold(call: EndedCall): call is SoldCall {
  return call.sale !== null;
}

/** Nobody bought it, and still it was answered: carriers are paid for its legs. */
export function isCarriedOnly({ sale, carried }: EndedCall): boolean {
  return sale === null && carried !== null && carried.length > 0;
}

/** Whether its money may be anything but nothing. */
export function mayCost(call: EndedCall): boolean {
  return isSold(call) || isCarriedOnly(call);
}

/**
 * The events of calls are locked first, in one order: whoever settles one of them, and be it in another
 * process, waits, or with `skip locked` leaves it out.
 */
const lock = (skip: boolean) => ({
  name: skip ? 'settle-lock-free' : 'settle-lock',
  text: `select id, subject as "callId" from outbox where type = 'call.ended' and subject = any($1)
    order by id for update${skip ? ' skip locked' : ''}`,
});
const LOCK = { free: lock(true), all: lock(false) };

/** The events of calls, which settling marks as done: their rows in the outbox, by call. */
export async function lockEvents(
  tx: Queryable,
  callIds: readonly string[],
  which: 'free' | 'all',
): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ id: number; callId: string }>({ ...LOCK[which], values: [callIds] });
  return new Map(rows.map(({ callId, id }) => [callId, id]));
}

const READ = {
  name: 'settle-read',
  text: `select ${ENDED}, s.call_id is not null as settled, s.transaction_id is not null as paid, t.id is not null as posted
    from calls c
    left join settlements s on s.call_id = c.id
    left join ledger_transactions t on t.idempotency_key = 'call:' || c.id
    where c.id = any($1) and c.ended_at is not null`,
};

/** What the books say of a call that is to be settled. */
export type BookedCall = EndedCall & {
  /** There is a settlement. */
  readonly settled: boolean;
  /** It names its money. */
  readonly paid: boolean;
  /** There is money of a settlement. */
  readonly posted: boolean;
};

/** Calls that are over, with what was done about them: to be read once their events are locked. */
export async function readEnded(tx: Queryable, callIds: readonly string[]): Promise<Map<string, BookedCall>> {
  const { rows } = await tx.query<BookedCall>({ ...READ, values: [callIds] });
  return new Map(rows.map((row) => [row.callId, row]));
}
