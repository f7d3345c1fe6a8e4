import type { CallTransfer } from '../domain';
import type { Queryable } from './database';

/** A call that was offered to an agent. */
export interface AgentCallRow {
  readonly callId: string;
  /** UTC epoch milliseconds at which it came in. */
  readonly at: number;
  readonly outcome: 'answered' | 'missed';
  /**
   * Milliseconds for which this agent had the caller, also while handing it on; of a call that is up, until
   * its last checkpoint.
   */
  readonly talkMs: number;
  /** A number, or what is left of it when the call has lost its person. */
  readonly caller: string | null;
  readonly tags: Readonly<Record<string, string>>;
  /** The bid by which it came to the agent, and what it costs. */
  readonly bidId: string | null;
  readonly price: number | null;
  readonly disposition: string | null;
}

export interface AgentDay {
  readonly answered: number;
  readonly missed: number;
  readonly talkMs: number;
}

/** Calls that the agent took or was handed, and those that rang in vain. `$1` is the agent. */
const OFFERED = `
  select c.id, c.received_at, true as answered from calls c where c.agent_id = $1 and CALLS
  union all
  select m.call_id, m.received_at, m.answered from agent_calls m where m.agent_id = $1 and MISSED
    and not exists (select from calls c where c.id = m.call_id and c.agent_id = $1)`;

/**
 * How long the agent `$1` had the call `c`: from each time it took it until somebody else did, or the end.
 * Whoever is handed a call has it when they take it; a transfer that fails changes nothing.
 */
const TALK = `
  select coalesce(sum(greatest(least(had.until, c.answered_at + c.connected_ms) - had.since, 0)), 0)::bigint as ms
  from (
    select agent_id, since, lead(since, 1, c.answered_at + c.connected_ms) over (order by since, n) as until
    from (
      select c.agent_id, c.answered_at as since, 0 as n
      union all
      select t ->> 'toAgentId', (t ->> 'takenAt')::bigint, n
      from jsonb_array_elements(c.transfers) with ordinality as handed(t, n)
      where t ->> 'outcome' = 'answered') taken) had
  where had.agent_id = $1`;

function select(calls: string, missed: string, rest: string): string {
  return `with offered as (${OFFERED.replace('CALLS', calls).replace('MISSED', missed)} ${rest})
    select o.id as "callId", o.received_at as at, case when o.answered then 'answered' else 'missed' end as outcome,
      talk.ms as "talkMs", c.caller,
      coalesce(d.decision #> '{trace,attempt,tags}', '{}') as tags,
      case when o.answered then c.sale #>> '{target,bidId}' else (
        select a ->> 'bidId' from jsonb_array_elements(c.attempts) a where a ->> 'agentId' = $1 or a -> 'rung' ? $1 limit 1) end as "bidId",
      case when o.answered then (c.sale #>> '{target,price}')::bigint end as price,
      said.code as disposition
    from offered o join calls c on c.id = o.id cross join lateral (${TALK}) talk
      left join call_decisions d on d.call_id = o.id
      left join call_dispositions said on said.call_id = o.id and said.agent_id = $1
    order by o.received_at desc, o.id desc`;
}

const LIST = {
  name: 'agent-calls',
  text: select(
    'c.received_at >= $2',
    'm.received_at >= $2',
    'order by received_at desc, id desc limit $3::integer',
  ),
};
const GET = { name: 'agent-call', text: select('c.id = $2', 'm.call_id = $2', '') };

/** Calls offered to an agent since an instant (UTC epoch milliseconds), newest first. */
export async function listAgentCalls(
  db: Queryable,
  agentId: string,
  since: number,
  limit: number,
): Promise<AgentCallRow[]> {
  const { rows } = await db.query<AgentCallRow>({ ...LIST, values: [agentId, since, limit] });
  return rows;
}

/** A call that is up was handed on, and taken; its end says the same. */
export async function noteTransfer(db: Queryable, callId: string, transfer: CallTransfer): Promise<void> {
  await db.query(
    `with handed as (
       update calls set transfers = coalesce(transfers, '[]') || $2::jsonb
       where id = $1 and ended_at is null returning id, received_at, agent_id)
     insert into agent_calls (agent_id, received_at, call_id, answered)
     select $3, received_at, id, true from handed where $3::text <> coalesce(agent_id, '')
     on conflict (agent_id, received_at, call_id) do update set answered = true`,
    [callId, JSON.stringify([transfer]), transfer.toAgentId ?? null],
  );
}

/** One call that was offered to the agent; undefined when it was not. */
export async function getAgentCall(
  db: Queryable,
  agentId: string,
  callId: string,
): Promise<AgentCallRow | undefined> {
  const { rows } = await db.query<AgentCallRow>({ ...GET, values: [agentId, callId] });
  return rows[0];
}

/** What an agent did since an instant. */
export async function agentDay(db: Queryable, agentId: string, since: number): Promise<AgentDay> {
  const { rows } = await db.query<AgentDay>({
    name: 'agent-day',
    text: `with offered as (${OFFERED.replace('CALLS', 'c.received_at >= $2').replace('MISSED', 'm.received_at >= $2')})
      select count(*) filter (where answered)::integer as answered,
        count(*) filter (where not answered)::integer as missed,
        coalesce(sum(talk.ms), 0)::bigint as "talkMs"
      from offered o join calls c on c.id = o.id cross join lateral (${TALK}) talk`,
    values: [agentId, since],
  });
  return rows[0] as AgentDay;
}

/** What an agent said of a call; undefined when it said nothing. */
export async function dispositionOf(
  db: Queryable,
  callId: string,
  agentId: string,
): Promise<string | undefined> {
  const { rows } = await db.query<{ code: string }>({
    name: 'call-disposition',
    text: 'select code from call_dispositions where call_id = $1 and agent_id = $2',
    values: [callId, agentId],
  });
  return rows[0]?.code;
}

/**
 * Keeps what an agent says of a call it took; said again, the note replaces the one before. A call that lost
 * its person gets no note any more.
 */
export async function putDisposition(
  db: Queryable,
  said: {
    readonly callId: string;
    readonly agentId: string;
    readonly code: string;
    readonly note?: string | undefined;
  },
): Promise<void> {
  await db.query(
    `insert into call_dispositions (call_id, agent_id, code, note)
     select c.id, $2, $3, case when c.anonymised_at is null then $4 end from calls c where c.id = $1
     on conflict (call_id, agent_id) do update set code = excluded.code, note = excluded.note, told_at = now()`,
    [said.callId, said.agentId, said.code, said.note ?? null],
  );
}
