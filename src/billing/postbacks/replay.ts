import { randomUUID } from 'node:crypto';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { ToBeTold } from './expand-events';
import { insertDeliveries, IS_POSTBACK_EVENT } from './expand-events';
import type { OutboxEvent, Subscriber } from './known-event';
import { knowEvents, OUTBOX_EVENT, SUBSCRIBER_COLUMNS, tell } from './known-event';

export interface Replay {
  /** UTC epoch milliseconds, inclusive. */
  readonly from: number;
  /** UTC epoch milliseconds, exclusive. */
  readonly to: number;
}

/** What a replay came to. */
export interface Replayed {
  /** Names it, in the deliveries that it made. */
  readonly replay: string;
  readonly deliveries: number;
}

/** Days for which events are kept. */
export const REPLAY_DAYS = 7;
/** Most that one replay sends again. */
const MAX_DELIVERIES = 10_000;
/** Most that it looks through for them. */
const MAX_EVENTS = 100_000;
const BATCH = 2_000;

const SUBSCRIBER = `select ${SUBSCRIBER_COLUMNS}, p.status
  from postbacks p join accounts a on a.id = p.account_id where p.id = $1`;

const READ = {
  name: 'postback-replay',
  text: `select ${OUTBOX_EVENT} from outbox o where done_at is not null and ${IS_POSTBACK_EVENT}
      and o.created_at >= to_timestamp($1::bigint / 1000.0) and o.created_at < to_timestamp($2::bigint / 1000.0)
      and (o.created_at, o.id) > (select coalesce(max(created_at), '-infinity'), $3::bigint from outbox where id = $3)
      and o.type = any($4)
    order by o.created_at, o.id limit $5`,
};

/**
 * Tells a postback once more of what happened in a time, also of what it did not hear of, because it was
 * paused or not there yet. Events have the ids they had. All of it, or nothing.
 *
 * @returns undefined when there is no such postback
 * @throws AppError when it is not active, and when it is too much for one replay
 */
export function replayEvents(db: Queryable, id: string, { from, to }: Replay): Promise<Replayed | undefined> {
  return inTransaction(db, async (tx) => {
    const { rows } = await tx.query<Subscriber & { status: string }>(SUBSCRIBER, [id]);
    const [subscriber] = rows;
    if (!subscriber) return undefined;
    if (subscriber.status !== 'active') {
      throw new AppError(
        'conflict',
        'postback_not_active',
        `it is ${subscriber.status}: nothing is sent to it`,
      );
    }
    const told = await eventsFor(tx, subscriber, { from, to });
    const replay = randomUUID();
    return { replay, deliveries: await insertDeliveries(tx, told, replay) };
  });
}

async function eventsFor(tx: Queryable, subscriber: Subscriber, { from, to }: Replay): Promise<ToBeTold[]> {
  const told: ToBeTold[] = [];
  let last = 0;
  for (let seen = 0, full = true; full;) {
    const { rows } = await tx.query<OutboxEvent>({
      ...READ,
      values: [from, to, last, subscriber.events, BATCH],
    });
    full = rows.length === BATCH;
    last = rows.at(-1)?.id ?? last;
    seen += rows.length;
    for (const event of await knowEvents(tx, rows)) {
      const telling = tell(event, subscriber);
      if (telling) told.push({ postbackId: subscriber.id, event, ...telling });
    }
    if (told.length > MAX_DELIVERIES || (seen >= MAX_EVENTS && full)) {
      throw new AppError(
        'unprocessable',
        'replay_too_large',
        `more than ${MAX_DELIVERIES} events to tell of, or ${MAX_EVENTS} to look through: ask for a shorter time`,
      );
    }
  }
  return told;
}
