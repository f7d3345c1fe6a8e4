import { asError } from '../domain';
import type { Market, MarketChange, MarketContents, MarketEntities, MarketEntity } from '../market';
import { EMPTY_MARKET } from '../market';
import { CONTENTS_KEY, MARKET_ENTITIES } from './market-tables';

/** Told of a row that cannot be used. */
export type OnBadRow = (entity: MarketEntity, id: string, error: Error) => void;

/** Replaces everything in a market. A row that cannot be used is left out, the rest is taken. */
export function fillMarket(market: Market, contents: MarketContents, onBadRow?: OnBadRow): void {
  market.load(EMPTY_MARKET);
  for (const entity of MARKET_ENTITIES) {
    for (const value of contents[CONTENTS_KEY[entity]]) upsert(market, entity, value, onBadRow);
  }
}

/** Makes changes. A row that cannot be used takes what it said before out of the market. */
export function applyChanges(market: Market, changes: readonly MarketChange[], onBadRow?: OnBadRow): void {
  for (const change of changes) {
    if (change.op === 'remove') market.apply(change);
    else upsert(market, change.entity, change.value, onBadRow);
  }
}

/** One bad row must not keep the rest of the market out, nor what it said before in. */
function upsert<E extends MarketEntity>(
  market: Market,
  entity: E,
  value: MarketEntities[E],
  onBadRow: OnBadRow | undefined,
): void {
  try {
    market.apply({ entity, op: 'upsert', value } as unknown as MarketChange);
  } catch (error) {
    const { id } = value as unknown as { readonly id: string };
    market.apply({ entity, op: 'remove', id });
    onBadRow?.(entity, id, asError(error));
  }
}
