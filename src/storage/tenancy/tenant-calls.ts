import type { TenantRole } from '../../domain';
import type { Queryable } from '../database';

/** Fields of a call that parties may be shown: where each comes from. Not what it was sold on, and to whom else. */
const COLUMNS = {
  sipCallId: 'c.sip_call_id',
  state: 'c.state',
  endReason: 'c.end_reason',
  sipStatus: 'c.sip_status',
  trunkId: 'c.trunk_id',
  from: 'c.caller',
  to: 'c.dialled',
  origin: 'c.origin',
  campaignId: 'c.campaign_id',
  buyerId: 'c.buyer_id',
  targetId: 'c.target_id',
  agentId: 'c.agent_id',
  receivedAt: 'c.received_at',
  firstRingAt: 'c.first_ring_at',
  answeredAt: 'c.answered_at',
  endedAt: 'c.ended_at',
  connectedMs: 'c.connected_ms',
  transfers: 'c.transfers',
} as const;
export type TenantCallField = keyof typeof COLUMNS;

/**
 * Of a call that it took a buyer knows who called (unless the campaign keeps that from its people) and what its
 * own people did; a seller what it brought and how that ended; a carrier what went over its trunk.
 */
export const CALL_VIEWS = {
  buyer: [
    'state',
    'endReason',
    'from',
    'origin',
    'campaignId',
    'buyerId',
    'targetId',
    'agentId',
    'receivedAt',
    'answeredAt',
    'endedAt',
    'connectedMs',
    'transfers',
  ],
  seller: [
    'state',
    'endReason',
    'from',
    'to',
    'origin',
    'campaignId',
    'receivedAt',
    'answeredAt',
    'endedAt',
    'connectedMs',
  ],
  carrier: [
    'sipCallId',
    'state',
    'sipStatus',
    'trunkId',
    'from',
    'to',
    'receivedAt',
    'firstRingAt',
    'answeredAt',
    'endedAt',
    'connectedMs',
  ],
} as const satisfies Readonly<Record<TenantRole, readonly TenantCallField[]>>;

/** Whose calls. */
const THEIRS: Readonly<Record<TenantRole, string>> = {
  buyer: 'c.buyer_account_id = $1',
  seller: 'c.seller_id = $1',
  carrier: 'c.trunk_id in (select t.id from trunks t where t.account_id = $1)',
};

/** Of whom it is asked for. */
export interface CallParty {
  readonly accountId: string;
  readonly role: TenantRole;
}

/** A call as a party sees it: its id, and the fields of that role's view. */
export type TenantCall = { readonly id: string; readonly receivedAt: number } & Readonly<
  Partial<Record<TenantCallField, unknown>>
>;

export interface TenantCallFilter {
  readonly where: Readonly<Partial<Record<TenantCallField, string>>>;
  /** Milliseconds of conversation at least. */
  readonly minConnectedMs?: number | undefined;
  /** UTC epoch milliseconds, inclusive. */
  readonly fromTime?: number | undefined;
  /** UTC epoch milliseconds, exclusive. */
  readonly toTime?: number | undefined;
  /** `receivedAt` and id of the last call of the page before. */
  readonly after?: { readonly receivedAt: number; readonly id: string } | undefined;
  readonly oldestFirst?: boolean;
  readonly limit: number;
}

/** Calls of a party, newest first where nothing else is said. A filter by what its role is not shown finds nothing. */
export async function listTenantCalls(
  db: Queryable,
  party: CallParty,
  { where, minConnectedMs, fromTime, toTime, after, oldestFirst = false, limit }: TenantCallFilter,
): Promise<TenantCall[]> {
  const shown: readonly string[] = CALL_VIEWS[party.role];
  const values: unknown[] = [party.accountId];
  const conditions: string[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  for (const [field, value] of Object.entries(where) as [TenantCallField, string][]) {
    if (!shown.includes(field)) return [];
    conditions.push(`${columnOf(party.role, field)} = ${place(value)}`);
  }
  if (minConnectedMs !== undefined) conditions.push(`c.connected_ms >= ${place(minConnectedMs)}`);
  if (fromTime !== undefined) conditions.push(`c.received_at >= ${place(fromTime)}`);
  if (toTime !== undefined) conditions.push(`c.received_at < ${place(toTime)}`);
  const [way, beyond] = oldestFirst ? ['asc', '>'] : ['desc', '<'];
  if (after)
    conditions.push(`(c.received_at, c.id) ${beyond} (${place(after.receivedAt)}, ${place(after.id)})`);
  const { rows } = await db.query<TenantCall>(
    `${selectOf(party.role)} ${conditions.map((condition) => `and ${condition}`).join(' ')}
     order by c.received_at ${way}, c.id ${way} limit ${place(limit)}`,
    values,
  );
  return rows;
}

/** One call of a party; undefined also for one of somebody else. */
export async function getTenantCall(
  db: Queryable,
  party: CallParty,
  id: string,
): Promise<TenantCall | undefined> {
  const { rows } = await db.query<TenantCall>(`${selectOf(party.role)} and c.id = $2`, [party.accountId, id]);
  return rows[0];
}

/** Those of some calls that are a party's. */
export async function tenantCallIds(
  db: Queryable,
  { accountId, role }: CallParty,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ id: string }>(
    `select c.id from calls c where ${THEIRS[role]} and c.id = any($2)`,
    [accountId, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

function selectOf(role: TenantRole): string {
  const fields = CALL_VIEWS[role].map((field) => `${columnOf(role, field)} as "${field}"`);
  return `select c.id, ${fields.join(', ')} from calls c where ${THEIRS[role]}`;
}

/** What a role is shown of a field, and may look for: a caller who is kept from a buyer cannot be found by it either. */
function columnOf(role: TenantRole, field: TenantCallField): string {
  const hides = role === 'buyer' && field === 'from';
  return hides ? `case when shows_caller(c.campaign_id) then c.caller end` : COLUMNS[field];
}
