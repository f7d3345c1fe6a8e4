import type { Queryable } from '../../storage';
import { tellOfDead } from './dead-alert';
import type { Listener, PostbackEvent } from './events';
import type { CallPersons, EventFields } from './fields';

/** Most that one claim takes of what. */
export interface ClaimLimits {
  readonly total: number;
  /** Of one postback, where nothing else is said. */
  readonly perPostback: number;
  /** Of one host, where nothing else is said. */
  readonly perHost: number;
  readonly ofPostback: ReadonlyMap<string, number>;
  readonly ofHost: ReadonlyMap<string, number>;
  /** Milliseconds after which what was claimed counts as lost with whoever claimed it. */
  readonly leaseMs: number;
}

/** A delivery that somebody has in hand, with how it is to be sent. */
export interface ClaimedDelivery {
  readonly id: number;
  readonly postbackId: string;
  readonly eventId: string;
  readonly event: PostbackEvent;
  readonly callId: string | null;
  /** UTC epoch milliseconds. */
  readonly happenedAt: number;
  readonly listener: Listener;
  readonly fields: EventFields;
  /** This one included. */
  readonly attempts: number;
  readonly host: string;
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly bodyType: 'json' | 'form';
  readonly body: string | null;
  readonly sealedHeaders: Buffer | null;
  readonly sealedSecret: Buffer;
  /** While it signs as well. */
  readonly sealedOld: Buffer | null;
}

/** What was sent: kept for those who look for what went wrong. */
export interface SentRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string | null;
}

/** What came of an attempt. */
export interface AttemptRecord extends Verdict {
  readonly id: number;
  /** Which attempt it was. */
  readonly attempts: number;
  readonly tookMs: number;
  readonly request: SentRequest | null;
}

/** What a reply means for a delivery. */
export interface Verdict {
  /** `gone`: its receiver is no more; the postback is paused and nothing more is tried. */
  readonly outcome: 'delivered' | 'failed' | 'dead' | 'gone';
  /** Milliseconds until the next attempt, if there is one. */
  readonly retryMs: number;
  /** Milliseconds for which its receiver asked to be left alone. */
  readonly restMs: number;
  readonly status: number | null;
  readonly error: string | null;
  readonly response: string | null;
}

/** Of a postback `p`: how it is sent. */
export const SENDING_COLUMNS = `p.host, p.method, p.url, p.body_type as "bodyType", p.body,
      p.sealed_headers as "sealedHeaders", p.sealed_secret as "sealedSecret",
      case when p.old_until > now() then p.sealed_old end as "sealedOld"`;

const OPEN = `state in ('waiting', 'failed')`;

/**
 * Takes deliveries that are due. Those with a backlog are found by leaps through an index, so that one with
 * a long backlog costs no more than one with a short one, and none starves the others. Of one subject only
 * the first that is open is taken. The row of a queue is locked for a moment, so that its rate holds over
 * all workers; queues that another worker just looks at are left to it.
 */
const CLAIM = {
  name: 'postback-claim',
  text: `with recursive backlog as (
      (select postback_id as id from postback_deliveries where ${OPEN} order by postback_id limit 1)
      union all
      select (select d.postback_id from postback_deliveries d where ${OPEN} and d.postback_id > b.id
        order by d.postback_id limit 1)
      from backlog b where b.id is not null),
    open_queues as (
      select p.id, p.host, p.rate_per_second as rate, coalesce(m.most, $3) as most
      from backlog b join postbacks p on p.id = b.id and p.status = 'active'
        left join unnest($4::text[], $5::integer[]) as m(id, most) on m.id = p.id
      where coalesce(m.most, $3) > 0 and exists(
        select from postback_deliveries d where d.postback_id = p.id and ${OPEN} and d.next_at <= now())),
    queues as (
      select o.id, o.host, o.rate, least(o.most,
        floor(extract(epoch from now() + interval '1 second' - greatest(q.paced_until, now())) * o.rate))::integer as most
      from open_queues o join postback_queues q on q.postback_id = o.id
      order by o.id for update of q skip locked),
    due as (
      select d.id, d.next_at, queues.host, queues.id as postback_id
      from queues cross join lateral (
        select d.id, d.next_at from postback_deliveries d
        where d.postback_id = queues.id and ${OPEN} and d.next_at <= now() and not exists(
          select from postback_deliveries e where e.postback_id = d.postback_id and e.subject = d.subject
            and e.state in ('waiting', 'failed') and e.id < d.id)
        order by d.next_at, d.id limit greatest(queues.most, 0)) as d),
    ranked as (
      select due.*, row_number() over (partition by host order by next_at, id) as place,
        row_number() over (partition by postback_id order by next_at, id) as turn from due),
    chosen as (
      select r.id from ranked r left join unnest($6::text[], $7::integer[]) as h(host, most) on h.host = r.host
      where r.place <= coalesce(h.most, $8) order by r.turn, r.next_at, r.id limit $1),
    claimed as (
      update postback_deliveries d set claim = $2, attempts = d.attempts + 1, attempted_at = now(),
        next_at = now() + $9 * interval '1 millisecond'
      from chosen where d.id = chosen.id and ${OPEN} and d.next_at <= now()
      returning d.id, d.postback_id, d.event_id, d.event, d.call_id, d.happened_at, d.listener, d.fields, d.attempts),
    paced as (
      update postback_queues q
      set paced_until = greatest(q.paced_until, now()) + n.count * interval '1 second' / queues.rate
      from (select postback_id, count(*) as count from claimed group by postback_id) as n
        join queues on queues.id = n.postback_id
      where q.postback_id = n.postback_id)
    select d.id, d.postback_id as "postbackId", d.event_id as "eventId", d.event, d.call_id as "callId",
      (extract(epoch from d.happened_at) * 1000)::bigint as "happenedAt", d.listener, d.fields, d.attempts,
      ${SENDING_COLUMNS}
    from claimed d join postbacks p on p.id = d.postback_id order by d.id`,
};

const PERSONS = {
  name: 'postback-persons',
  text: `select c.id, c.caller, c.dialled,
      case when $2 then (select d.decision #> '{trace,attempt,tags}' from call_decisions d where d.call_id = c.id) end as tags
    from calls c where c.id = any($1)`,
};

const RECORD = {
  name: 'postback-record',
  text: `with said as (
      select * from jsonb_to_recordset($1::jsonb) as r(id bigint, attempts integer, outcome text, "retryMs" bigint, "restMs" bigint,
        status integer, error text, "tookMs" integer, response text, request jsonb)),
    noted as (
      update postback_deliveries d set
        state = case
          when s.outcome = 'gone' then 'dead'
          when s.outcome = 'failed' and now() + s."retryMs" * interval '1 millisecond' > d.give_up_at then 'dead'
          else s.outcome end,
        done_at = case
          when s.outcome <> 'failed' or now() + s."retryMs" * interval '1 millisecond' > d.give_up_at then now() end,
        next_at = now() + s."retryMs" * interval '1 millisecond', claim = null, last_status = s.status,
        last_error = s.error, took_ms = s."tookMs", response = s.response, request = s.request
      from said s where d.id = s.id and d.claim = $2 and d.attempts = s.attempts
      returning d.postback_id, s.outcome, s."restMs", d.state, d.last_error as why),
    told as (
      ${tellOfDead(`select postback_id, why from noted where state = 'dead'`)}),
    rested as (
      update postback_queues q set paced_until = greatest(q.paced_until, now() + n.ms * interval '1 millisecond')
      from (select postback_id, max("restMs") as ms from noted where "restMs" > 0 group by postback_id) as n
      where q.postback_id = n.postback_id)
    update postbacks p set status = 'paused', paused_why = 'its receiver answered 410: it is gone',
      version = version + 1, updated_at = now()
    where p.status = 'active' and p.id in (select postback_id from noted where outcome = 'gone')
    returning p.id`,
};

/** Gives back what was claimed and not sent: as if nobody had taken it. */
const RELEASE = {
  name: 'postback-release',
  text: `update postback_deliveries set claim = null, attempts = attempts - 1, next_at = now()
    where id = any($1) and claim = $2 and state in ('waiting', 'failed')`,
};

/** @param claim - a UUID of whoever takes them: what is noted later must name it */
export async function claimDeliveries(
  db: Queryable,
  claim: string,
  limits: ClaimLimits,
): Promise<ClaimedDelivery[]> {
  const { rows } = await db.query<ClaimedDelivery>({
    ...CLAIM,
    values: [
      limits.total,
      claim,
      limits.perPostback,
      [...limits.ofPostback.keys()],
      [...limits.ofPostback.values()],
      [...limits.ofHost.keys()],
      [...limits.ofHost.values()],
      limits.perHost,
      limits.leaseMs,
    ],
  });
  return rows;
}

/** A number as it was dialled: what stands in its place once it was erased is none. */
const E164 = /^\+[1-9]\d{6,14}$/;

/** Who called whom, as it is stored now; tags only if they are wanted, for they lie in large rows. */
export async function readPersons(
  db: Queryable,
  callIds: readonly string[],
  tags: boolean,
): Promise<Map<string, CallPersons>> {
  if (callIds.length === 0) return new Map();
  const { rows } = await db.query<{
    id: string;
    caller: string | null;
    dialled: string;
    tags: Readonly<Record<string, string>> | null;
  }>({ ...PERSONS, values: [callIds, tags] });
  const shown = (number: string | null): string | undefined =>
    number !== null && E164.test(number) ? number : undefined;
  return new Map(
    rows.map((row) => [
      row.id,
      { caller: shown(row.caller), dialled: shown(row.dialled), tags: row.tags ?? {} },
    ]),
  );
}

/** @returns postbacks that were paused by it */
export async function recordAttempts(
  db: Queryable,
  claim: string,
  records: readonly AttemptRecord[],
): Promise<string[]> {
  if (records.length === 0) return [];
  const { rows } = await db.query<{ id: string }>({ ...RECORD, values: [JSON.stringify(records), claim] });
  return rows.map(({ id }) => id);
}

export async function releaseDeliveries(db: Queryable, claim: string, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await db.query({ ...RELEASE, values: [ids, claim] });
}
