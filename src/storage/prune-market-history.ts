import type { Database } from './database';

export interface PruneOptions {
  /** UTC epoch milliseconds: markets before this instant need not be had any more. */
  readonly before: number;
  /** Rows looked at by one transaction. */
  readonly batch?: number;
  /** Asked between batches; true ends it. */
  readonly stopped?: () => boolean;
}

export interface Pruned {
  readonly rows: number;
  /** False when it was ended before everything was looked at; the next run goes on. */
  readonly whole: boolean;
}

const BATCH = 1_000;
/** One run at a time, whoever starts it. */
const LOCK = 0x9121;

interface Batch {
  readonly last: string | null;
  readonly older: boolean | null;
  readonly pruned: number;
}

/**
 * Lets go of history before an instant: what was replaced by then, and what was gone by then. The
 * latest row of each entity that still was there stays, so that every later market is whole.
 */
export async function pruneMarketHistory(database: Database, options: PruneOptions): Promise<Pruned> {
  const { before, batch = BATCH, stopped = () => false } = options;
  let rows = 0;
  for (let after = '0'; ;) {
    if (stopped()) return { rows, whole: false };
    const { last, older, pruned } = await pruneBatch(database, before, after, batch);
    rows += pruned;
    // Numbers grow with time: behind a batch that is all younger, everything is.
    if (last === null || older !== true) return { rows, whole: true };
    after = last;
  }
}

async function pruneBatch(database: Database, before: number, after: string, batch: number): Promise<Batch> {
  return database.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const { rows } = await tx.query<Batch>(
      `with looked as (
         select h.seq, h.era, h.xid, h.at, h.entity, h.id, h.op from market_history h
         where h.seq > $1 order by h.seq limit $2),
       replaced as (
         select looked.seq, next.era, next.xid from looked cross join lateral (
           select n.era, n.xid from market_history n
           where n.entity = looked.entity and n.id = looked.id and n.seq > looked.seq
             and n.at < to_timestamp($3::double precision / 1000)
           order by n.seq limit 1) as next),
       -- A removal goes with the last of what it removed.
       over as (
         select looked.seq, looked.era, looked.xid from looked
         where looked.op = 'delete' and looked.at < to_timestamp($3::double precision / 1000)
           and not exists (select from market_history p
             where p.entity = looked.entity and p.id = looked.id and p.seq < looked.seq
               and p.seq not in (select seq from replaced))),
       gone as (
         delete from market_history where seq in (select seq from replaced union select seq from over)),
       passed as (
         select era, max(xid) as xid from (select era, xid from replaced union all select era, xid from over) as r
         group by era),
       marked as (
         update market_eras set horizon = greatest(market_eras.horizon, passed.xid)
         from passed where passed.era = market_eras.era)
       select max(seq)::text as last, bool_or(at < to_timestamp($3::double precision / 1000)) as older,
         (select count(*)::integer from (select seq from replaced union select seq from over) as r) as pruned
       from looked`,
      [after, batch, before],
    );
    return rows[0] as Batch;
  });
}
