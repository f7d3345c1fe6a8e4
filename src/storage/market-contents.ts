import type { MarketContents, MarketEntities, MarketEntity } from '../market';
import type { Queryable } from './database';
import { CONTENTS_KEY, MARKET_ENTITIES, MARKET_TABLES } from './market-tables';

/**
 * Everything that the tables hold. To be read in one transaction that sees one instant.
 *
 * @param tx - a transaction of the mode `snapshot`
 */
export async function readMarket(tx: Queryable): Promise<MarketContents> {
  const contents: Record<string, readonly unknown[]> = {};
  for (const entity of MARKET_ENTITIES) contents[CONTENTS_KEY[entity]] = await readAll(tx, entity);
  return contents as unknown as MarketContents;
}

async function readAll<E extends MarketEntity>(tx: Queryable, entity: E): Promise<MarketEntities[E][]> {
  const { table, columns } = MARKET_TABLES[entity];
  const fields = Object.entries(columns).map(([field, column]) => `${column} as "${field}"`);
  const { rows } = await tx.query<Record<string, unknown>>(`select id, ${fields.join(', ')} from ${table}`);
  for (const row of rows) {
    // The domain says undefined where SQL says null.
    for (const field in row) row[field] ??= undefined;
  }
  return rows as unknown as MarketEntities[E][];
}
