import { asError } from '../domain';
import type { Market, MarketChange, MarketContents, MarketEntity } from '../market';
import { EMPTY_MARKET } from '../market';
import { CONTENTS_KEY, MARKET_ENTITIES } from './market-tables';

/** Told of a row that cannot be used. */
export type OnBadRow = (entity: MarketEntity, id: string, error: Error) => void;

/**
 * Replaces everything in a market. A row that cannot be used is left out, the rest is taken.
 *
 * @param alter - what each row is made into; undefined leaves it out
 */
export function fillMarket(
  market: Market,
  contents: MarketContents,
  onBadRow?: OnBadRow,
  alter: (change: MarketChange) => MarketChange | undefined = (change) => change,
): void {
  market.load(EMPTY_MARKET);
  for (const entity of MARKET_ENTITIES) {
    for (const value of contents[CONTENTS_KEY[entity]]) {
      const change = alter({ entity, op: 'upsert', value } as MarketChange);
      if (change) applyChange(market, change, onBadRow);
    }
  }
}

/** Makes changes. A row that cannot be used takes what it said before out of the market. */
export function applyChanges(market: Market, changes: readonly MarketChange[], onBadRow?: OnBadRow): void {
  for (const change of changes) applyChange(market, change, onBadRow);
}

/** One bad row must not keep the rest of the market out, nor what it said before in. */
function applyChange(market: Market, change: MarketChange, onBadRow: OnBadRow | undefined): void {
  try {
    market.apply(change);
  } catch (error) {
    if (change.op === 'remove') throw error;
    const { id } = change.value as unknown as { readonly id: string };
    market.apply({ entity: change.entity, op: 'remove', id });
    onBadRow?.(change.entity, id, asError(error));
  }
}
