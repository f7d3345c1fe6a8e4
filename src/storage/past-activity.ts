import type { ActivityEvent, CallSource } from '../domain';
import { micros } from '../domain';
import type { Queryable } from './database';

export interface PastActivityOptions {
  /** UTC epoch milliseconds. */
  readonly now: number;
  /** Connections told at most, the latest ones. */
  readonly connections?: number;
  /** Attempts told at most, the latest ones. */
  readonly attempts?: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PAGE = 5_000;

const COLUMNS = `c.id, c.received_at as "receivedAt", c.caller, c.dialled as did, c.trunk_id as "trunkId",
  c.campaign_id as "campaignId", c.origin`;

/** Of the wanted calls the oldest that is told. */
const oldest = (wanted: string): string =>
  `select received_at as at, id from calls c where ${wanted} order by received_at desc, id desc offset $2 limit 1`;

const ANSWERED = `c.answered_at is not null and c.caller is not null and c.received_at > $1`;
/** Velocity looks back an hour, limits of contacts a day. */
const ATTEMPTED = `c.caller is not null and c.received_at > $1
  and (c.origin <> 'inbound_consumer' or c.received_at > $1::bigint + ${DAY_MS - HOUR_MS})`;

interface PastCall extends Omit<CallSource, 'at' | 'sellerId'> {
  readonly id: string;
  readonly receivedAt: number;
}

interface PastConnection extends PastCall {
  readonly answeredAt: number;
  readonly endedAt: number | null;
  readonly buyerId: string;
  readonly targetId: string;
  readonly revenue: number | null;
}

/**
 * Tells a node that starts of the calls before it, as if it had been there: who called, who spoke with
 * whom, and what came of it. Oldest first.
 *
 * @returns number of events told
 * @throws Error when the database is away
 */
export async function tellPastActivity(
  database: Queryable,
  hear: (event: ActivityEvent) => void,
  { now, connections = 200_000, attempts = 500_000 }: PastActivityOptions,
): Promise<number> {
  let told = 0;
  const tell = (event: ActivityEvent): void => {
    hear(event);
    told++;
  };
  await eachCall<PastCall>(database, COLUMNS, '', ATTEMPTED, now - DAY_MS, attempts, (call) =>
    tell({
      ...sourceOf(call, call.receivedAt),
      kind: 'attempt',
      placeContradicted: false,
      misidentified: false,
      signed: false,
    }),
  );
  const more = `${COLUMNS}, c.answered_at as "answeredAt", c.ended_at as "endedAt", c.buyer_id as "buyerId",
    c.target_id as "targetId", s.revenue`;
  const settled = 'left join settlements s on s.call_id = c.id';
  await eachCall<PastConnection>(database, more, settled, ANSWERED, 0, connections, (call) => {
    const { buyerId, targetId } = call;
    tell({ ...sourceOf(call, call.answeredAt), kind: 'connected', buyerId, targetId });
    if (call.endedAt === null || (call.revenue ?? 0) <= 0) return;
    tell({
      ...sourceOf(call, call.endedAt),
      kind: 'ended',
      buyerId,
      targetId,
      ringMs: undefined,
      answered: true,
      connectedMs: call.endedAt - call.answeredAt,
      endedBy: 'exchange',
      converted: true,
      revenue: micros(call.revenue ?? 0),
      payoutAfterMs: undefined,
    });
  });
  return told;
}

/** The latest calls of a kind, page by page in the order in which they came. */
async function eachCall<Call extends PastCall>(
  database: Queryable,
  columns: string,
  joined: string,
  wanted: string,
  since: number,
  most: number,
  visit: (call: Call) => void,
): Promise<void> {
  const { rows } = await database.query<{ at: number; id: string }>(oldest(wanted), [since, most]);
  let behind = rows[0] ?? { at: since, id: '' };
  for (;;) {
    const page = await database.query<Call>(
      `select ${columns} from calls c ${joined} where ${wanted} and (c.received_at, c.id) > ($2, $3)
       order by c.received_at, c.id limit ${PAGE}`,
      [since, behind.at, behind.id],
    );
    page.rows.forEach(visit);
    const last = page.rows[page.rows.length - 1];
    if (!last || page.rows.length < PAGE) return;
    behind = { at: last.receivedAt, id: last.id };
  }
}

function sourceOf({ caller, did, trunkId, campaignId, origin }: PastCall, at: number): CallSource {
  return { at, caller, did, trunkId, sellerId: undefined, campaignId: campaignId ?? undefined, origin };
}
