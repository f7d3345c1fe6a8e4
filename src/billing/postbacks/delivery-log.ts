import { AppError } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { listRows } from '../../storage';
import type { SentRequest } from './delivery-queue';
import type { PostbackEvent } from './events';
import { GIVE_UP_MS } from './retry';

export const DELIVERY_STATES = ['waiting', 'failed', 'delivered', 'dead'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery as people see it. */
export interface Delivery {
  readonly id: number;
  readonly postbackId: string;
  readonly accountId: string;
  readonly eventId: string;
  readonly event: PostbackEvent;
  readonly subject: string;
  readonly happenedAt: Date;
  readonly replay: string | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  /** Null when nothing more is tried. */
  readonly nextAt: Date | null;
  readonly attemptedAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly tookMs: number | null;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
}

/** With what was sent last, and what came back. */
export interface DeliveryDetail extends Delivery {
  readonly request: SentRequest | null;
  readonly response: string | null;
}

const COLUMNS = `d.id, d.postback_id as "postbackId", p.account_id as "accountId", d.event_id as "eventId", d.event, d.subject,
  d.happened_at as "happenedAt", nullif(d.replay, '') as replay, d.state, d.attempts,
  case when d.state in ('waiting', 'failed') then d.next_at end as "nextAt", d.attempted_at as "attemptedAt",
  d.last_status as "lastStatus", d.last_error as "lastError", d.took_ms as "tookMs", d.created_at as "createdAt",
  d.done_at as "doneAt"`;

const LISTED: ListedTable = {
  select: COLUMNS,
  from: 'postback_deliveries d join postbacks p on p.id = d.postback_id',
  columns: {
    webhookId: { column: 'd.postback_id', kind: 'text' },
    accountId: { column: 'p.account_id', kind: 'text' },
    state: { column: 'd.state', kind: 'text' },
    event: { column: 'd.event', kind: 'text' },
    eventId: { column: 'd.event_id', kind: 'text' },
    subject: { column: 'd.subject', kind: 'text' },
    createdAt: { column: 'd.created_at', kind: 'instant' },
  },
  tie: { column: 'd.id', kind: 'number', descending: true },
};

/** Deliveries, newest first where no order is asked for. */
export function listDeliveries(db: Queryable, query: ListQuery): Promise<ListedRow<Delivery>[]> {
  return listRows(db, LISTED, query);
}

export async function getDelivery(db: Queryable, id: number): Promise<DeliveryDetail | undefined> {
  const { rows } = await db.query<DeliveryDetail>(
    `select ${COLUMNS}, d.request, d.response from postback_deliveries d join postbacks p on p.id = d.postback_id
     where d.id = $1`,
    [id],
  );
  return rows[0];
}

const REDRIVE = `update postback_deliveries set state = 'waiting', attempts = 0, next_at = now(), done_at = null,
  give_up_at = now() + $2 * interval '1 millisecond'`;

/**
 * Tries a dead delivery again, from the first attempt on.
 * @returns false when there is none
 * @throws AppError `conflict` when it is not dead
 */
export async function redriveDelivery(db: Queryable, id: number): Promise<boolean> {
  const { rowCount } = await db.query(`${REDRIVE} where id = $1 and state = 'dead'`, [id, GIVE_UP_MS]);
  if (rowCount === 1) return true;
  const known = await getDelivery(db, id);
  if (!known) return false;
  throw new AppError(
    'conflict',
    'delivery_not_dead',
    `it is ${known.state}: only what is dead is driven again`,
  );
}

/** How many are driven again at once. */
export const MAX_REDRIVEN = 10_000;

/**
 * Tries dead deliveries of a postback again, the oldest first.
 * @returns how many, {@link MAX_REDRIVEN} at most
 */
export async function redriveDead(db: Queryable, postbackId: string): Promise<number> {
  const { rowCount } = await db.query(
    `${REDRIVE} where state = 'dead' and id in (
       select id from postback_deliveries where postback_id = $1 and state = 'dead' order by id limit $3 for update)`,
    [postbackId, GIVE_UP_MS, MAX_REDRIVEN],
  );
  return rowCount ?? 0;
}
