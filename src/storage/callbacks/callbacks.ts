import type { Callback, CallbackState, E164 } from '../../domain';
import type { Database, Queryable } from '../database';

/** A callback as it stands. Instants are UTC epoch milliseconds. */
export interface CallbackRow extends Omit<Callback, 'number'> {
  /** A keyed hash, of a person who had everything erased. */
  readonly number: E164;
  readonly state: CallbackState;
  readonly takenBy: string | null;
  readonly takenAt: number | null;
  readonly endedAt: number | null;
  readonly note: string | null;
  readonly version: number;
}

/** So many may wait: of a flood the first are called, and the rest hear that nobody will. */
const MAX_WAITING_CALLBACKS = 10_000;

const COLUMNS = `id, call_id as "callId", campaign_id as "campaignId", seller_id as "sellerId", number,
  own_number as "ownNumber", state, requested_at as "requestedAt", not_after as "notAfter", taken_by as "takenBy",
  taken_at as "takenAt", ended_at as "endedAt", note, version`;

/**
 * Notes that somebody wants to be called, and tells of it. Who asks again before being called has the longer of
 * the two times, and nobody is told again.
 * @returns false where too many wait
 */
export function addCallback(
  database: Database,
  callback: Callback,
  most = MAX_WAITING_CALLBACKS,
): Promise<boolean> {
  const { id, callId, campaignId, sellerId, number, ownNumber, requestedAt, notAfter } = callback;
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>({
      name: 'callbacks-add',
      text: `insert into callbacks as c (id, call_id, campaign_id, seller_id, number, own_number, requested_at, not_after)
        select $1, $2, $3, $4, $5, $6, $7, $8
        where (select count(*) from callbacks where ended_at is null) < $9
        on conflict (number, coalesce(campaign_id, '')) where ended_at is null
          do update set not_after = greatest(c.not_after, excluded.not_after),
            own_number = c.own_number or excluded.own_number
        returning id`,
      values: [id, callId, campaignId, sellerId, number, ownNumber, requestedAt, notAfter, most],
    });
    if (rows[0]?.id === id) {
      // The number is read by who may.
      const payload = JSON.stringify({ callId, campaignId, sellerId, ownNumber, requestedAt, notAfter });
      await tx.query({
        name: 'callbacks-tell',
        text: `insert into outbox (type, subject, payload) values ('callback.requested', $1, $2)`,
        values: [id, payload],
      });
    }
    return rows.length > 0;
  });
}

export interface CallbackFilter {
  readonly state: CallbackState | undefined;
  readonly campaignId: string | undefined;
  readonly callId: string | undefined;
  /** Where the page before ended. */
  readonly after: { readonly requestedAt: number; readonly id: string } | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function listCallbacks(db: Queryable, filter: CallbackFilter): Promise<CallbackRow[]> {
  const { state, campaignId, callId, after, limit } = filter;
  const { rows } = await db.query<CallbackRow>({
    name: 'callbacks-list',
    text: `select ${COLUMNS} from callbacks
      where ($1::text is null or state = $1) and ($2::text is null or campaign_id = $2)
        and ($3::text is null or call_id = $3) and ($4::bigint is null or (requested_at, id) < ($4, $5))
      order by requested_at desc, id desc limit $6`,
    values: [
      ...[state ?? null, campaignId ?? null, callId ?? null],
      ...[after?.requestedAt ?? null, after?.id ?? null, limit],
    ],
  });
  return rows;
}

export async function getCallback(db: Queryable, id: string): Promise<CallbackRow | undefined> {
  const { rows } = await db.query<CallbackRow>(`select ${COLUMNS} from callbacks where id = $1`, [id]);
  return rows[0];
}

/** From which states a callback becomes another: who is through with it is. */
const FROM: Readonly<Record<'open' | 'taken' | 'done' | 'refused', readonly CallbackState[]>> = {
  open: ['taken'],
  taken: ['open'],
  done: ['open', 'taken'],
  refused: ['open', 'taken'],
};

/**
 * Makes it another state, if it is in one from which that may be: of two who take it one does.
 * @param by - who does; `at` in UTC epoch milliseconds
 * @returns undefined where it is not
 */
export async function changeCallback(
  db: Queryable,
  id: string,
  change: { readonly state?: keyof typeof FROM | undefined; readonly note?: string | null | undefined },
  { by, at }: { readonly by: string; readonly at: number },
): Promise<CallbackRow | undefined> {
  const { state, note } = change;
  const { rows } = await db.query<CallbackRow>({
    name: 'callbacks-change',
    text: `update callbacks set
        state = coalesce($2, state),
        taken_by = case $2 when 'taken' then $4 when 'open' then null else taken_by end,
        taken_at = case $2 when 'taken' then $5::bigint when 'open' then null else taken_at end,
        ended_at = case when $2 in ('done', 'refused') then $5::bigint else ended_at end,
        note = case when $6 then $3 else note end,
        version = version + 1
      where id = $1 and ($2::text is null or state = any($7))
      returning ${COLUMNS}`,
    values: [
      ...[id, state ?? null, note ?? null, by, at, note !== undefined],
      state === undefined ? [] : FROM[state],
    ],
  });
  return rows[0];
}

/** Days after which a callback that is over is forgotten. */
const KEPT_DAYS = 90;
const DAY_MS = 86_400_000;

/**
 * Ends those whose time is over, and forgets such as ended long ago.
 * @param now - UTC epoch milliseconds
 * @param limit - of each
 */
export async function expireCallbacks(
  db: Queryable,
  now: number,
  limit: number,
): Promise<{ readonly expired: number; readonly forgotten: number }> {
  const { rowCount: expired } = await db.query(
    `update callbacks set state = 'expired', ended_at = $1, version = version + 1 where id in (
       select id from callbacks where ended_at is null and not_after < $1 order by not_after limit $2
       for update skip locked)`,
    [now, limit],
  );
  const { rowCount: forgotten } = await db.query(
    `delete from callbacks where id in (
       select id from callbacks where ended_at < $1 order by ended_at limit $2 for update skip locked)`,
    [now - KEPT_DAYS * DAY_MS, limit],
  );
  return { expired: expired ?? 0, forgotten: forgotten ?? 0 };
}
