import type {
  AnsweredRecord,
  AttendedRecord,
  CallBasics,
  CallEndedRecord,
  CheckpointedCall,
  DecidedRecord,
  Sale,
} from '../domain';
import type { Queryable, Statement } from './database';

/** Which start of which node a call belongs to: stays with a record through the journal. */
export interface Boot {
  readonly nodeId: string;
  readonly bootId: string;
}

/** How long calls have lasted that are up. */
export interface Checkpoint {
  /** UTC epoch milliseconds. */
  readonly at: number;
  readonly calls: readonly CheckpointedCall[];
}

/** One thing to be stored of calls; also a line of the journal. */
export type CallEntry =
  | { readonly kind: 'decided'; readonly boot: Boot; readonly record: DecidedRecord }
  | { readonly kind: 'attended'; readonly boot: Boot; readonly record: AttendedRecord }
  | { readonly kind: 'answered'; readonly boot: Boot; readonly record: AnsweredRecord }
  | { readonly kind: 'checkpoint'; readonly record: Checkpoint }
  | { readonly kind: 'ended'; readonly boot: Boot; readonly record: CallEndedRecord };

/**
 * What the event of an end says of a sale: of a call that nobody bought, and for which carriers may be paid all the
 * same, nothing, so that somebody looks.
 */
export const soldIn = (call: string): string =>
  `case when ${call}.sale is not null then true when ${call}.carried is null then false end`;

/** A plan may have a call decided more than once: the last decision is the one that its sale rests on. */
const STORE_DECIDED = {
  name: 'calls-decided',
  text: `with input as (
      select * from json_to_recordset($1::json) as r(
        id text, node_id text, boot_id text, sip_call_id text, state text, trunk_id text, caller text, dialled text,
        origin text, campaign_id text, seller_id text, received_at bigint, decision jsonb, microseconds integer)),
    inserted as (
      insert into calls as c (id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, campaign_id,
        seller_id, received_at)
      select id, node_id, boot_id, sip_call_id, state, trunk_id, caller, dialled, origin, campaign_id,
        seller_id, received_at from input
      on conflict (id) do update set origin = excluded.origin,
        campaign_id = coalesce(excluded.campaign_id, c.campaign_id),
        seller_id = coalesce(excluded.seller_id, c.seller_id)
      where c.state = 'attended')
    insert into call_decisions (call_id, decision, microseconds)
    select id, decision, microseconds from input
    on conflict (call_id) do update set decision = excluded.decision, microseconds = excluded.microseconds`,
};

/** From here on the call has a row, whether it is ever decided or not. */
const STORE_ATTENDED = {
  name: 'calls-attended',
  text: `insert into calls as c (id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id,
      seller_id, received_at, state, attended_at, carried)
    select id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id, seller_id, received_at,
      'attended', attended_at, carried
    from json_to_recordset($1::json) as r(
      id text, node_id text, boot_id text, sip_call_id text, trunk_id text, caller text, dialled text, origin text,
      campaign_id text, seller_id text, received_at bigint, attended_at bigint, carried jsonb)
    on conflict (id) do update set state = 'attended', attended_at = excluded.attended_at,
      carried = coalesce(c.carried, excluded.carried)
    where c.ended_at is null and c.answered_at is null`,
};

/** The row is made here if the decision was not stored: a node may be killed between the two. */
const STORE_ANSWERED = {
  name: 'calls-answered',
  text: `insert into calls as c (id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id,
      seller_id, received_at, state, answered_at, buyer_id, target_id, agent_id, sale)
    select id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id, seller_id, received_at,
      'answered', answered_at, buyer_id, target_id, agent_id, sale
    from json_to_recordset($1::json) as r(
      id text, node_id text, boot_id text, sip_call_id text, trunk_id text, caller text, dialled text, origin text,
      campaign_id text, seller_id text, received_at bigint, answered_at bigint, buyer_id text, target_id text,
      agent_id text, sale jsonb)
    on conflict (id) do update set state = 'answered', answered_at = excluded.answered_at,
      seller_id = coalesce(c.seller_id, excluded.seller_id),
      buyer_id = excluded.buyer_id, target_id = excluded.target_id, agent_id = excluded.agent_id, sale = excluded.sale
    where c.ended_at is null
    returning c.id`,
};

/**
 * Keeps ends of calls aside that were closed already, the first of each call, with the event that makes
 * somebody read it.
 * @param ends - a select of `call_id` and `record`
 */
function keepAside(name: string, ends: string): Statement {
  return {
    name,
    text: `with late as (
      insert into call_late_ends (call_id, record)
      ${ends}
      on conflict (call_id) do nothing
      returning call_id)
    insert into outbox (type, subject, payload)
    select 'call.ended_late', call_id, json_build_object('callId', call_id) from late
    on conflict (type, subject) do nothing`,
  };
}

/**
 * Answers of calls that were closed for their lost node as if nobody had answered: kept aside like an end
 * that came late, of a conversation of no known length.
 */
const STORE_LATE_ANSWERS = keepAside(
  'calls-answered-late',
  `select c.id, i.record || json_build_object('state', 'completed', 'end_reason', c.end_reason, 'sip_status', 200,
      'detail', 'answered, and its node went away', 'ended_at', i.record -> 'answered_at', 'connected_ms', 0,
      'attempts', c.attempts, 'carried', c.carried)::jsonb
    from jsonb_array_elements($1::jsonb) as i(record)
    join calls c on c.id = i.record ->> 'id'
    where c.end_reason = 'node_lost' and c.answered_at is null`,
);

/** A checkpoint that arrives late says less than the one before: the longest holds. */
const STORE_CHECKPOINT = {
  name: 'calls-checkpoint',
  text: `update calls c set connected_ms = r.ms, checkpoint_at = to_timestamp($3::bigint / 1000.0)
    from unnest($1::text[], $2::bigint[]) as r(id, ms)
    where c.id = r.id and c.state = 'answered' and c.connected_ms < r.ms`,
};

/** The same of legs that follow from no conversation. Legs only grow: of two checkpoints the later one holds. */
const STORE_CARRIED = {
  name: 'calls-checkpoint-carried',
  text: `update calls c set carried = r.carried, checkpoint_at = to_timestamp($2::bigint / 1000.0)
    from jsonb_to_recordset($1::jsonb) as r(id text, carried jsonb)
    where c.id = r.id and c.ended_at is null
      and (c.checkpoint_at is null or c.checkpoint_at < to_timestamp($2::bigint / 1000.0))`,
};

/**
 * The CDR, and in the same statement the event that settlement starts from. The row is made here if
 * nothing was stored of the call before. A call that was closed already stays as it is, and is not
 * among the ids returned.
 */
const STORE_ENDED = {
  name: 'calls-ended',
  text: `with ended as (
      insert into calls as c (id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id,
        seller_id, received_at, state, end_reason, sip_status, detail, buyer_id, target_id, agent_id, first_ring_at,
        attended_at, answered_at, ended_at, connected_ms, attempts, sale, media, transfers, ladder, plan, carried)
      select id, node_id, boot_id, sip_call_id, trunk_id, caller, dialled, origin, campaign_id,
        seller_id, received_at, state, end_reason, sip_status, detail, buyer_id, target_id, agent_id, first_ring_at, attended_at,
        answered_at, ended_at, connected_ms, attempts, sale, media, transfers, ladder, plan, carried
      from json_to_recordset($1::json) as r(
        id text, node_id text, boot_id text, sip_call_id text, trunk_id text, caller text, dialled text, origin text,
        campaign_id text, seller_id text, received_at bigint, state text, end_reason text, sip_status integer, detail text, buyer_id text,
        target_id text, agent_id text, first_ring_at bigint, attended_at bigint, answered_at bigint, ended_at bigint, connected_ms bigint, attempts jsonb,
        sale jsonb, media jsonb, transfers jsonb, ladder jsonb, plan jsonb, carried jsonb)
      on conflict (id) do update set state = excluded.state, end_reason = excluded.end_reason,
        sip_status = excluded.sip_status, detail = excluded.detail, buyer_id = excluded.buyer_id,
        target_id = excluded.target_id, agent_id = excluded.agent_id, first_ring_at = excluded.first_ring_at, answered_at = excluded.answered_at,
        ended_at = excluded.ended_at, connected_ms = excluded.connected_ms, attempts = excluded.attempts,
        sale = excluded.sale, media = excluded.media, transfers = excluded.transfers,
        ladder = excluded.ladder, plan = excluded.plan, carried = excluded.carried,
        attended_at = coalesce(excluded.attended_at, c.attended_at),
        campaign_id = coalesce(c.campaign_id, excluded.campaign_id),
        seller_id = coalesce(c.seller_id, excluded.seller_id)
      where c.ended_at is null
      returning c.id, c.connected_ms, ${soldIn('c')} as sold, c.received_at, c.agent_id, c.attempts, c.transfers),
    others as (
      insert into agent_calls (agent_id, received_at, call_id, answered)
      select agent_id, received_at, id, bool_or(answered) from (
        select rung as agent_id, e.received_at, e.id, false as answered
        from ended e, jsonb_array_elements(e.attempts) a,
          jsonb_array_elements_text(coalesce(a -> 'rung', jsonb_build_array(a -> 'agentId'))) rung
        where rung <> coalesce(e.agent_id, '') and a ->> 'outcome' <> 'answered'
        union all
        select t ->> 'toAgentId', e.received_at, e.id, t ->> 'outcome' = 'answered'
        from ended e, jsonb_array_elements(e.transfers) t
        where t ->> 'toAgentId' <> coalesce(e.agent_id, '')) offered
      group by 1, 2, 3
      on conflict (agent_id, received_at, call_id) do update set answered = agent_calls.answered or excluded.answered),
    told as (
      insert into outbox (type, subject, payload)
      select 'call.ended', id, json_build_object('callId', id, 'connectedMs', connected_ms, 'sold', sold) from ended
      on conflict (type, subject) do nothing)
    select id from ended`,
};

/**
 * Ends of calls that were closed already: the same end again is nothing new, another end is kept aside
 * for reconciliation. A statement of its own, because it must see what those had written for whom the
 * one before had to wait.
 */
const STORE_LATE = keepAside(
  'calls-ended-late',
  `select i.record ->> 'id', i.record
    from jsonb_array_elements($1::jsonb) as i(record)
    join calls c on c.id = i.record ->> 'id'
    where (c.ended_at, c.end_reason) is distinct from
      ((i.record ->> 'ended_at')::bigint, i.record ->> 'end_reason')`,
);

/**
 * Stores entries, one statement for each kind. Storing one again changes nothing, so what failed half
 * way is simply stored again. Of one call they come decided, attended, answered, ended, the
 * first two in either order: writing kind by kind keeps it.
 */
export async function storeEntries(database: Queryable, entries: readonly CallEntry[]): Promise<void> {
  // One statement may not write a row twice: the first of a kind counts, of decisions the last.
  const decided = new Map<string, unknown>();
  const attended = new Map<string, unknown>();
  const answered = new Map<string, unknown>();
  const ended = new Map<string, unknown>();
  const checkpoints: Checkpoint[] = [];
  for (const entry of entries) {
    if (entry.kind === 'checkpoint') checkpoints.push(entry.record);
    else if (entry.kind === 'attended')
      setFirst(attended, entry.record.callId, attendedRow(entry.record, entry.boot));
    else if (entry.kind === 'answered')
      setFirst(answered, entry.record.callId, answeredRow(entry.record, entry.boot));
    else if (entry.kind === 'ended') setFirst(ended, entry.record.callId, endedRow(entry.record, entry.boot));
    else decided.set(entry.record.attempt.callId, decidedRow(entry.record, entry.boot));
  }
  if (decided.size > 0) await database.query({ ...STORE_DECIDED, values: [jsonOf(decided)] });
  if (attended.size > 0) await database.query({ ...STORE_ATTENDED, values: [jsonOf(attended)] });
  if (answered.size > 0) {
    const { rows } = await database.query<{ id: string }>({ ...STORE_ANSWERED, values: [jsonOf(answered)] });
    for (const { id } of rows) answered.delete(id);
  }
  for (const { at, calls } of checkpoints) {
    // First: of an answered call the other one says when it was, too.
    await storeCarried(database, at, calls);
    await database.query({
      ...STORE_CHECKPOINT,
      values: [
        calls.map((call) => call.callId),
        calls.map((call) => Math.round(call.connectedMs)),
        Math.round(at),
      ],
    });
  }
  if (ended.size > 0) await storeEnded(database, ended);
  // After the ends: one that is known says more.
  if (answered.size > 0) await database.query({ ...STORE_LATE_ANSWERS, values: [jsonOf(answered)] });
}

async function storeCarried(
  database: Queryable,
  at: number,
  calls: readonly CheckpointedCall[],
): Promise<void> {
  const rows = calls.flatMap(({ callId: id, carried }) => (carried ? [{ id, carried }] : []));
  if (rows.length === 0) return;
  await database.query({ ...STORE_CARRIED, values: [storableJson(JSON.stringify(rows)), Math.round(at)] });
}

async function storeEnded(database: Queryable, ended: Map<string, unknown>): Promise<void> {
  const { rows } = await database.query<{ id: string }>({ ...STORE_ENDED, values: [jsonOf(ended)] });
  for (const { id } of rows) ended.delete(id);
  if (ended.size > 0) await database.query({ ...STORE_LATE, values: [jsonOf(ended)] });
}

function setFirst(rows: Map<string, unknown>, id: string, row: unknown): void {
  if (!rows.has(id)) rows.set(id, row);
}

function jsonOf(rows: ReadonlyMap<string, unknown>): string {
  return storableJson(JSON.stringify([...rows.values()]));
}

const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/gi;

/**
 * JSON that PostgreSQL takes: it knows neither U+0000 nor half a surrogate pair, and what peers write
 * into headers holds either sooner or later.
 */
export function storableJson(json: string): string {
  return json.includes('\\u') ? json.replace(UNSTORABLE, '$1\\ufffd') : json;
}

function decidedRow(record: DecidedRecord, { nodeId, bootId }: Boot): unknown {
  const { attempt, decision } = record;
  return {
    id: attempt.callId,
    node_id: nodeId,
    boot_id: bootId,
    sip_call_id: record.sipCallId,
    state: decision.ok ? 'ringing' : 'deciding',
    trunk_id: attempt.trunkId,
    caller: attempt.from,
    dialled: attempt.to,
    origin: attempt.origin,
    campaign_id: decision.trace.campaignId,
    seller_id: decision.trace.sellerId,
    received_at: Math.round(attempt.receivedAt),
    decision,
    microseconds: Math.round(record.decisionMicroseconds),
  };
}

function attendedRow(record: AttendedRecord, boot: Boot): unknown {
  const { attendedAt, carried } = record;
  return { ...basicRow(record, boot), attended_at: Math.round(attendedAt), carried };
}

function answeredRow(record: AnsweredRecord, boot: Boot): unknown {
  const { sale, answeredAt } = record;
  return { ...basicRow(record, boot), ...saleRow(sale), answered_at: Math.round(answeredAt), sale };
}

function endedRow(record: CallEndedRecord, boot: Boot): unknown {
  const { sale } = record;
  return {
    ...basicRow(record, boot),
    ...saleRow(sale),
    state: record.state,
    end_reason: record.reason,
    sip_status: record.sipStatus,
    detail: record.detail,
    first_ring_at: rounded(record.firstRingAt),
    attended_at: rounded(record.attendedAt),
    answered_at: rounded(record.answeredAt),
    ended_at: Math.round(record.endedAt),
    connected_ms: Math.round(record.connectedMs),
    attempts: record.attempts,
    sale,
    media: record.media,
    transfers: record.transfers,
    ladder: record.ladder,
    plan: record.plan,
    carried: record.carried,
  };
}

function basicRow(record: CallBasics, { nodeId, bootId }: Boot): object {
  return {
    id: record.callId,
    node_id: nodeId,
    boot_id: bootId,
    sip_call_id: record.sipCallId,
    trunk_id: record.trunkId,
    caller: record.from,
    dialled: record.to,
    origin: record.origin,
    received_at: Math.round(record.receivedAt),
    campaign_id: record.campaignId,
    seller_id: record.sellerId,
  };
}

function saleRow(sale: Sale | undefined): object {
  if (!sale) return {};
  return {
    campaign_id: sale.terms.campaignId,
    seller_id: sale.terms.sellerId,
    buyer_id: sale.target.buyerId,
    target_id: sale.target.targetId,
    agent_id: sale.agentId,
  };
}

function rounded(instant: number | undefined): number | undefined {
  return instant === undefined ? undefined : Math.round(instant);
}
