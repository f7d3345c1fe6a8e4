import type { CarriedLeg } from '../domain';
import type { Queryable } from './database';

/** A stored call, as the API shows it. */
export interface CallRow {
  readonly id: string;
  readonly nodeId: string;
  readonly sipCallId: string;
  readonly state: string;
  readonly endReason: string | null;
  readonly sipStatus: number | null;
  readonly detail: string | null;
  readonly trunkId: string;
  readonly from: string | null;
  readonly to: string;
  readonly origin: string;
  readonly campaignId: string | null;
  readonly buyerId: string | null;
  readonly targetId: string | null;
  /** Of the person who took it. */
  readonly agentId: string | null;
  readonly receivedAt: number;
  readonly firstRingAt: number | null;
  /** When the exchange itself answered the caller. */
  readonly attendedAt: number | null;
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  readonly connectedMs: number;
  readonly attempts: unknown;
  readonly media: unknown;
  /** How the buyer handed the conversation on; null: it did not. */
  readonly transfers: unknown;
  /** Legs over carriers' trunks, as they are metered; null where they follow from the conversation. */
  readonly carried: CarriedLeg[] | null;
  /** How it went through its plan; null: it has none of its own, or is up. */
  readonly plan: {
    name: string;
    version: number;
    steps: { at: number; step: string; after?: string | undefined }[];
    tags: Record<string, string>;
  } | null;
}

export interface CallFilter {
  /** Of the caller, and the number called: E.164. */
  readonly from?: string;
  readonly to?: string;
  readonly trunkId?: string;
  readonly sellerId?: string;
  readonly targetId?: string;
  readonly endReason?: string;
  /** Milliseconds of conversation at least. */
  readonly minConnectedMs?: number;
  readonly state?: string;
  readonly campaignId?: string;
  readonly buyerId?: string;
  readonly agentId?: string;
  /** UTC epoch milliseconds, inclusive. */
  readonly fromTime?: number;
  /** UTC epoch milliseconds, exclusive. */
  readonly toTime?: number;
  /** `receivedAt` and id of the last call of the page before. */
  readonly after?: { readonly receivedAt: number; readonly id: string };
  readonly oldestFirst?: boolean;
  readonly limit: number;
}

const COLUMNS = `id, node_id as "nodeId", sip_call_id as "sipCallId", state, end_reason as "endReason",
  sip_status as "sipStatus", detail, trunk_id as "trunkId", caller as "from", dialled as "to", origin,
  campaign_id as "campaignId", buyer_id as "buyerId", target_id as "targetId", agent_id as "agentId", received_at as "receivedAt",
  first_ring_at as "firstRingAt", attended_at as "attendedAt", answered_at as "answeredAt", ended_at as "endedAt",
  connected_ms as "connectedMs", attempts, media, transfers, carried, plan`;

/** Calls, newest first where nothing else is said. */
export async function listCalls(db: Queryable, filter: CallFilter): Promise<CallRow[]> {
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (condition: (place: string) => string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  add((p) => `caller = ${p}`, filter.from);
  add((p) => `dialled = ${p}`, filter.to);
  add((p) => `trunk_id = ${p}`, filter.trunkId);
  add((p) => `seller_id = ${p}`, filter.sellerId);
  add((p) => `target_id = ${p}`, filter.targetId);
  add((p) => `end_reason = ${p}`, filter.endReason);
  add((p) => `connected_ms >= ${p}`, filter.minConnectedMs);
  add((p) => `state = ${p}`, filter.state);
  add((p) => `campaign_id = ${p}`, filter.campaignId);
  add((p) => `buyer_id = ${p}`, filter.buyerId);
  add((p) => `agent_id = ${p}`, filter.agentId);
  add((p) => `received_at >= ${p}`, filter.fromTime);
  add((p) => `received_at < ${p}`, filter.toTime);
  if (filter.after) {
    values.push(filter.after.receivedAt, filter.after.id);
    const beyond = filter.oldestFirst ? '>' : '<';
    conditions.push(`(received_at, id) ${beyond} ($${values.length - 1}, $${values.length})`);
  }
  values.push(filter.limit);
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : '';
  const way = filter.oldestFirst ? 'asc' : 'desc';
  const { rows } = await db.query<CallRow>(
    `select ${COLUMNS} from calls ${where} order by received_at ${way}, id ${way} limit $${values.length}`,
    values,
  );
  return rows;
}

export async function getCall(db: Queryable, id: string): Promise<CallRow | undefined> {
  const { rows } = await db.query<CallRow>(`select ${COLUMNS} from calls where id = $1`, [id]);
  return rows[0];
}

/** The decision about a call, with its trace, as it was stored. */
export async function getDecision(
  db: Queryable,
  callId: string,
): Promise<{ decision: unknown; microseconds: number } | undefined> {
  const { rows } = await db.query<{ decision: unknown; microseconds: number }>(
    'select decision, microseconds from call_decisions where call_id = $1',
    [callId],
  );
  return rows[0];
}
