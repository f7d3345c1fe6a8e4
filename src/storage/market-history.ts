import type { MarketChange, MarketContents, MarketEntity } from '../market';
import type { Database, Queryable } from './database';
import type { MarketPosition } from './market-position';
import { readPosition, writePosition } from './market-position';
import type { ColumnRow } from './market-tables';
import { CONTENTS_KEY, MARKET_ENTITIES, toMarketEntity } from './market-tables';

/** Why a past market cannot be had. */
export type NoSuchMarket =
  | 'not_a_position'
  /** The history that far back was let go. */
  | 'pruned'
  /** The database has never been there: the position is another one's, or was lost with a failover. */
  | 'unknown';

export type PastContents =
  | { readonly ok: true; readonly contents: MarketContents }
  | { readonly ok: false; readonly reason: NoSuchMarket };

export type PastChanges =
  | { readonly ok: true; readonly changes: readonly MarketChange[] }
  /** `far`: more changes lie between than are worth making one by one. */
  | { readonly ok: false; readonly reason: NoSuchMarket | 'far' };

/** A row of the history as it is read; `value` is null where the entity is gone. */
interface HistoryRow {
  readonly entity: MarketEntity;
  readonly id: string;
  readonly value: ColumnRow | null;
}

/** Rows that a position sees, of a table or alias `h`, with its era and snapshot as parameters. */
const sees = (era: string, snapshot: string): string =>
  `(h.era < ${era} or (h.era = ${era} and pg_visible_in_snapshot(h.xid, ${snapshot}::pg_snapshot)))`;

/** Where the market stands now, for whoever reads it in this transaction. */
export async function currentPosition(tx: Queryable): Promise<MarketPosition> {
  const { rows } = await tx.query<MarketPosition>(
    'select current_market_era() as era, pg_current_snapshot()::text as snapshot',
  );
  return rows[0] as MarketPosition;
}

/**
 * To be called before the market is first read: begins an era when the database was restored from a
 * dump, where numbers of transactions mean something else than they did.
 */
export async function openMarketEra(db: Queryable): Promise<void> {
  await db.query('select open_market_era()');
}

/** Changes since a position, in the order in which they were made, and where that leads. */
export interface NewChanges {
  readonly position: string;
  /**
   * Undefined when there are more than asked for, some of them were let go, or another era began:
   * everything is to be read anew.
   */
  readonly changes: readonly MarketChange[] | undefined;
}

/** What was changed since a position, as of one instant. One statement, so one snapshot. */
export async function changesSince(db: Queryable, since: MarketPosition, most: number): Promise<NewChanges> {
  const { rows } = await db.query<
    HistoryRow & MarketPosition & { entity: MarketEntity | null; incomplete: boolean }
  >({
    name: 'market_changes_since',
    text: `with changed as (
        select h.seq, h.entity, h.id, h.value from market_history h
        where h.era = $1 and h.xid >= pg_snapshot_xmin($2::pg_snapshot)
          and not pg_visible_in_snapshot(h.xid, $2::pg_snapshot)
        order by h.era, h.xid limit $3)
      select current_market_era() as era, pg_current_snapshot()::text as snapshot,
        (select greatest(horizon, erased) >= pg_snapshot_xmin($2::pg_snapshot) from market_eras where era = $1)
          as incomplete,
        entity, id, value
      from (values (1)) as always left join changed on true order by seq`,
    values: [since.era, since.snapshot, most + 1],
  });
  const { era, snapshot, incomplete } = rows[0] as (typeof rows)[number];
  const position = writePosition({ era, snapshot });
  if (era !== since.era || incomplete || rows.length > most) return { position, changes: undefined };
  const latest = new Map<string, HistoryRow>();
  for (const row of rows) if (row.entity) latest.set(`${row.entity}/${row.id}`, row);
  return { position, changes: [...latest.values()].flatMap(toChange) };
}

/** The market as it was at a position, exactly. */
export async function marketAt(database: Database, position: string): Promise<PastContents> {
  const at = readPosition(position);
  if (!at) return { ok: false, reason: 'not_a_position' };
  return database.transaction(async (tx) => {
    const missing = await whyMissing(tx, at);
    if (missing) return { ok: false, reason: missing };
    const contents: Record<string, readonly unknown[]> = {};
    for (const entity of MARKET_ENTITIES) {
      const { rows } = await tx.query<HistoryRow>(
        `select * from (
           select distinct on (h.id) h.entity, h.id, h.value from market_history h
           where h.entity = $3 and ${sees('$1', '$2')} order by h.id, h.seq desc) as latest
         where value is not null`,
        [at.era, at.snapshot, entity],
      );
      contents[CONTENTS_KEY[entity]] = rows.map((row) => toMarketEntity(entity, row.id, row.value ?? {}));
    }
    return { ok: true, contents: contents as unknown as MarketContents };
  }, 'snapshot');
}

/**
 * What makes the market of one position that of another, earlier or later.
 *
 * @param most - entities that may differ; beyond that it is `far`, and {@link marketAt} is quicker
 */
export async function changesBetween(
  database: Database,
  from: string,
  to: string,
  most: number,
): Promise<PastChanges> {
  const [here, there] = [readPosition(from), readPosition(to)];
  if (!here || !there) return { ok: false, reason: 'not_a_position' };
  if (here.era !== there.era) return { ok: false, reason: 'far' };
  return database.transaction(async (tx) => {
    const missing = (await whyMissing(tx, here)) ?? (await whyMissing(tx, there));
    if (missing) return { ok: false, reason: missing };
    const { rows } = await tx.query<HistoryRow>(
      `with touched as (
         select distinct h.entity, h.id from market_history h
         where h.era = $1
           and h.xid >= least(pg_snapshot_xmin($2::pg_snapshot), pg_snapshot_xmin($3::pg_snapshot))
           and h.xid < greatest(pg_snapshot_xmax($2::pg_snapshot), pg_snapshot_xmax($3::pg_snapshot))
           and pg_visible_in_snapshot(h.xid, $2::pg_snapshot) <> pg_visible_in_snapshot(h.xid, $3::pg_snapshot)
         limit $4)
       select touched.entity, touched.id, latest.value from touched left join lateral (
         select h.value from market_history h
         where h.entity = touched.entity and h.id = touched.id and ${sees('$1', '$3')}
         order by h.seq desc limit 1) as latest on true`,
      [here.era, here.snapshot, there.snapshot, most + 1],
    );
    if (rows.length > most) return { ok: false, reason: 'far' };
    return { ok: true, changes: rows.flatMap(toChange) };
  }, 'snapshot');
}

/** A row of a kind that this version does not know was written by a newer one: it means nothing here. */
function toChange({ entity, id, value }: HistoryRow): MarketChange[] {
  if (!(entity in CONTENTS_KEY)) return [];
  const change =
    value === null
      ? { entity, op: 'remove', id }
      : { entity, op: 'upsert', value: toMarketEntity(entity, id, value) };
  return [change as MarketChange];
}

async function whyMissing(
  tx: Queryable,
  { era, snapshot }: MarketPosition,
): Promise<NoSuchMarket | undefined> {
  const { rows } = await tx.query<{ known: boolean; pruned: boolean }>(
    `select
       exists (select from market_eras where era = $1)
         and ($1 < current_market_era()
           or pg_snapshot_xmax($2::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())) as known,
       exists (select from market_eras where horizon > '0'
         and (era > $1 or (era = $1 and horizon >= pg_snapshot_xmin($2::pg_snapshot)))) as pruned`,
    [era, snapshot],
  );
  if (!rows[0]?.known) return 'unknown';
  return rows[0].pruned ? 'pruned' : undefined;
}
