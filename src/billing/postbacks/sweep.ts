import type { Queryable } from '../../storage';
import { tellOfDead } from './dead-alert';

/** What a sweep did. */
export interface Swept {
  /** Deliveries whose time was over before they could be made. */
  readonly expired: number;
  /** Deliveries that were let go, made or not. */
  readonly removed: number;
}

const BATCH = 2_000;
const MAX_BATCHES = 20;

const EXPIRE = {
  name: 'postback-expire',
  text: `with ended as (
      update postback_deliveries set state = 'dead', done_at = now(), claim = null,
        last_error = coalesce(last_error, 'its time was over before it could be sent')
      where id in (
        select id from postback_deliveries where state in ('waiting', 'failed') and give_up_at < now() and next_at < now()
        order by give_up_at limit $1 for update skip locked)
      returning postback_id, last_error as why),
    told as (
      ${tellOfDead('select postback_id, why from ended')})
    select postback_id from ended`,
};

const REMOVE = {
  name: 'postback-remove',
  text: `delete from postback_deliveries where id in (
    select id from postback_deliveries where done_at < now() - $2 * interval '1 day'
    order by done_at limit $1 for update skip locked)`,
};

/** Ends what cannot be delivered any more, and lets go what was done so many days ago. */
export async function sweepDeliveries(db: Queryable, days: number, stopped: () => boolean): Promise<Swept> {
  const inBatches = async (statement: typeof EXPIRE, more: readonly number[]): Promise<number> => {
    let done = 0;
    for (let batches = 0; batches < MAX_BATCHES && !stopped(); batches++) {
      const { rowCount } = await db.query({ ...statement, values: [BATCH, ...more] });
      done += rowCount ?? 0;
      if ((rowCount ?? 0) < BATCH) break;
    }
    return done;
  };
  return { expired: await inBatches(EXPIRE, []), removed: await inBatches(REMOVE, [days]) };
}
