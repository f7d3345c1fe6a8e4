import type { Database, Queryable } from '../../storage';
import { tellOfDead } from './dead-alert';
import { POSTBACK_EVENTS } from './events';
import type { KnownEvent, OutboxEvent, Subscriber, Telling } from './known-event';
import { knowEvents, OUTBOX_EVENT, SUBSCRIBER_COLUMNS, tell } from './known-event';
import { GIVE_UP_MS } from './retry';

/** As the index of what is still to be told has it: word by word, or it is not used. */
export const IS_POSTBACK_EVENT = `type in (${POSTBACK_EVENTS.map((event) => `'${event}'`).join(', ')})`;

/** What became of a batch of events. */
export interface Expansion {
  readonly events: number;
  readonly deliveries: number;
  /** There may be more to expand now. */
  readonly more: boolean;
}

export interface ExpandOptions {
  /** Events of one transaction. */
  readonly batch?: number;
  /** Deliveries of one postback that may wait; what comes on top is for people. */
  readonly maxOpen?: number;
}

const BATCH = 200;
const PASSED_BATCH = 2_000;
/** Rows of one statement. */
const INSERT_BATCH = 1_000;
const MAX_OPEN = 100_000;
/** One at a time, so that events of one call never overtake each other. */
const LOCK = 0x9b57;

/** Of kinds that nobody asked for, what there is to be told is done: one statement, however many they are. */
const PASS_OVER = {
  name: 'postback-pass-over',
  text: `with heard as (
      select array(select distinct unnest(events) from postbacks where status = 'active') as types),
    taken as (
      select id from outbox where done_at is null and ${IS_POSTBACK_EVENT} and type <> all((select types from heard)::text[])
      order by id limit $1 for update skip locked),
    passed as (
      update outbox o set done_at = now() from taken where o.id = taken.id returning 1)
    select (select count(*) from passed)::integer as passed,
      exists(select from outbox where done_at is null and ${IS_POSTBACK_EVENT}
        and type = any((select types from heard)::text[])) as waiting`,
};

/**
 * In order, and without passing over rows that are locked: nobody locks them but an erasure, for a moment.
 * An event that is skipped could be overtaken by the next one of its call.
 */
const CLAIM = {
  name: 'postback-claim-events',
  text: `select ${OUTBOX_EVENT} from outbox o where done_at is null and ${IS_POSTBACK_EVENT}
    order by o.id limit $1 for update`,
};

const DONE = {
  name: 'postback-events-done',
  text: 'update outbox set done_at = now() where id = any($1)',
};

const SUBSCRIBERS = {
  name: 'postback-subscribers',
  text: `select ${SUBSCRIBER_COLUMNS}
    from postbacks p join accounts a on a.id = p.account_id
    where p.status = 'active' and p.events && $1 and (a.type = 'operator' or p.account_id = any($2))
    order by p.id`,
};

const COUNT_OPEN = {
  name: 'postback-count-open',
  text: `select w.id, n.count::integer as count from unnest($1::text[]) as w(id) cross join lateral (
      select count(*) as count from (
        select from postback_deliveries d where d.postback_id = w.id and d.state in ('waiting', 'failed') limit $2
      ) as open_ones) as n`,
};

const INSERT = {
  name: 'postback-insert',
  text: `with added as (
      insert into postback_deliveries (postback_id, event_id, event, subject, call_id, happened_at, listener, fields,
        replay, give_up_at, state, last_error, done_at)
    select postback_id, event_id, event, subject, call_id, to_timestamp(happened_at / 1000.0), listener, fields,
      $2, now() + $3 * interval '1 millisecond',
      case when refused is null then 'waiting' else 'dead' end, refused, case when refused is not null then now() end
    from jsonb_to_recordset($1::jsonb) as r(n integer, postback_id text, event_id text, event text, subject text,
      call_id text, happened_at bigint, listener text, fields jsonb, refused text)
    order by n
    on conflict (postback_id, event_id, replay) do nothing
      returning id, postback_id, state, last_error as why),
    told as (
      ${tellOfDead(`select postback_id, why from added where state = 'dead'`)})
    select id from added`,
};

/** One subscriber to be told of one event. */
export interface ToBeTold extends Telling {
  readonly postbackId: string;
  readonly event: KnownEvent;
}

/**
 * Makes deliveries of events that are new, for everybody who listens, and marks those events done in the
 * same transaction: each is expanded once, whoever dies. Any number of workers may do it.
 */
export async function expandEvents(
  database: Database,
  { batch = BATCH, maxOpen = MAX_OPEN }: ExpandOptions = {},
): Promise<Expansion> {
  const { rows } = await database.query<{ passed: number; waiting: boolean }>({
    ...PASS_OVER,
    values: [PASSED_BATCH],
  });
  const { passed = 0, waiting = false } = rows[0] ?? {};
  const more = passed === PASSED_BATCH;
  if (!waiting) return { events: passed, deliveries: 0, more };
  const expanded = await expandBatch(database, batch, maxOpen);
  return { ...expanded, events: passed + expanded.events, more: more || expanded.more };
}

function expandBatch(database: Database, batch: number, maxOpen: number): Promise<Expansion> {
  return database.transaction(async (tx) => {
    const { rows: locks } = await tx.query<{ mine: boolean }>({
      name: 'postback-lock',
      text: 'select pg_try_advisory_xact_lock($1) as mine',
      values: [LOCK],
    });
    if (locks[0]?.mine !== true) return { events: 0, deliveries: 0, more: false };
    const { rows: events } = await tx.query<OutboxEvent>({ ...CLAIM, values: [batch] });
    if (events.length === 0) return { events: 0, deliveries: 0, more: false };
    const known = await knowEvents(tx, events);
    const subscribers = await subscribersOf(tx, known);
    const told = known.flatMap((event) =>
      subscribers.flatMap((subscriber): ToBeTold[] => {
        const telling = tell(event, subscriber);
        return telling ? [{ postbackId: subscriber.id, event, ...telling }] : [];
      }),
    );
    const deliveries = await insertDeliveries(tx, told, '', maxOpen);
    await tx.query({ ...DONE, values: [events.map(({ id }) => id)] });
    return { events: events.length, deliveries, more: events.length === batch };
  });
}

async function subscribersOf(tx: Queryable, events: readonly KnownEvent[]): Promise<Subscriber[]> {
  const accounts = events.flatMap(({ buyerAccountId, sellerId, accountId, money }) => [
    buyerAccountId ?? [],
    sellerId ?? [],
    accountId ?? [],
    ...(money?.sharers ?? []),
  ]);
  const { rows } = await tx.query<Subscriber>({
    ...SUBSCRIBERS,
    values: [[...new Set(events.map(({ event }) => event))], [...new Set(accounts.flat())]],
  });
  return rows;
}

/**
 * @param replay - names the replay that asks for them; empty for the events themselves
 * @returns how many are new
 */
export async function insertDeliveries(
  tx: Queryable,
  told: readonly ToBeTold[],
  replay: string,
  maxOpen = MAX_OPEN,
): Promise<number> {
  if (told.length === 0) return 0;
  const room = await roomOf(tx, [...new Set(told.map(({ postbackId }) => postbackId))], maxOpen);
  const rows = told.map(({ postbackId, event, listener, fields }, n) => {
    const left = room.get(postbackId) ?? 0;
    room.set(postbackId, left - 1);
    return {
      n,
      postback_id: postbackId,
      event_id: event.eventId,
      event: event.event,
      subject: event.subject,
      call_id: event.callId,
      happened_at: event.happenedAt,
      listener,
      fields,
      refused: left > 0 ? null : `${maxOpen} deliveries were waiting already`,
    };
  });
  let inserted = 0;
  for (let from = 0; from < rows.length; from += INSERT_BATCH) {
    const { rowCount } = await tx.query({
      ...INSERT,
      values: [JSON.stringify(rows.slice(from, from + INSERT_BATCH)), replay, GIVE_UP_MS],
    });
    inserted += rowCount ?? 0;
  }
  return inserted;
}

/** How many more may wait, by postback. */
async function roomOf(
  tx: Queryable,
  postbackIds: readonly string[],
  maxOpen: number,
): Promise<Map<string, number>> {
  const { rows } = await tx.query<{ id: string; count: number }>({
    ...COUNT_OPEN,
    values: [postbackIds, maxOpen],
  });
  return new Map(rows.map(({ id, count }) => [id, maxOpen - count]));
}
