import type { Queryable } from '../database';

/** An event of the outbox because of which a call's facts may be others than before. */
export interface FiguresEvent {
  readonly id: number;
  readonly callId: string;
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** None with a smaller number is still to come: see {@link SETTLE_MS}. */
  readonly ripe: boolean;
  /** The facts of its call tell of it already. */
  readonly heeded: boolean;
}

/**
 * Numbers of the outbox are given before they can be seen: a statement that is under way may still bring a
 * smaller one. None is under way for as long as this.
 */
const SETTLE_MS = 15_000;

const READ = {
  name: 'analytics-events',
  text: `select e.id, e.call_id as "callId", (extract(epoch from e.created_at) * 1000)::bigint as at,
      e.created_at < clock_timestamp() - interval '${SETTLE_MS} milliseconds' as ripe,
      f.call_id is not null and case e.type
        when 'call.settled' then f.settled
        when 'call.rerated' then f.settled and f.revisions >= e.n
        else true end as heeded
    from (
      select o.id, o.type, o.created_at, o.payload ->> 'callId' as call_id, (o.payload ->> 'n')::integer as n
      from outbox o where o.id > $1 and o.type in ('call.ended', 'call.settled', 'call.rerated')
      order by o.id limit $2) e
    left join call_facts f on f.call_id = e.call_id and f.n = 0
    order by e.id`,
};

/** Events behind a position, in order. */
export async function figuresEvents(db: Queryable, position: number, limit: number): Promise<FiguresEvent[]> {
  const { rows } = await db.query<FiguresEvent>({ ...READ, values: [position, limit] });
  return rows;
}
