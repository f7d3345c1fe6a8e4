import type { MarketChange } from '../market';
import { Market } from '../market';
import type { Database } from './database';
import { applyChanges, fillMarket } from './market-fill';
import type { NoSuchMarket } from './market-history';
import { changesBetween, marketAt } from './market-history';

/** What a change is made into before a market takes it; undefined lets it pass by. */
export type Alteration = (change: MarketChange) => MarketChange | undefined;

/** A market that follows a {@link PastMarket}, with something in it otherwise than it was. */
export interface AlteredMarket {
  readonly market: Market;
  readonly alter: Alteration;
  /** What was never there; made anew whenever everything is read anew. */
  readonly added: readonly MarketChange[];
}

/** More entities than this that differ are not worth changing one by one. */
const MAX_CHANGES = 20_000;

/**
 * A market that goes from one past position to another, forwards or back, by what differs between
 * them; whole markets are read only for the first position and for one that is far from the last.
 */
export class PastMarket {
  readonly market = new Market();
  readonly #database: Database;
  readonly #altered: readonly AlteredMarket[];

  constructor(database: Database, altered: readonly AlteredMarket[] = []) {
    this.#database = database;
    this.#altered = altered;
  }

  /** @returns why the market of that position cannot be had; it then still is where it was */
  async moveTo(position: string): Promise<NoSuchMarket | undefined> {
    const here = this.market.position;
    if (here === position) return undefined;
    if (here !== undefined) {
      const between = await changesBetween(this.#database, here, position, MAX_CHANGES);
      if (between.ok) {
        applyChanges(this.market, between.changes);
        for (const { market, alter } of this.#altered) {
          applyChanges(market, altered(between.changes, alter));
        }
        this.#standAt(position);
        return undefined;
      }
      if (between.reason !== 'far') return between.reason;
    }
    const found = await marketAt(this.#database, position);
    if (!found.ok) return found.reason;
    fillMarket(this.market, found.contents);
    for (const { market, alter, added } of this.#altered) {
      fillMarket(market, found.contents, undefined, alter);
      applyChanges(market, added);
    }
    this.#standAt(position);
    return undefined;
  }

  #standAt(position: string): void {
    for (const { market } of [{ market: this.market }, ...this.#altered]) market.position = position;
  }
}

function altered(changes: readonly MarketChange[], alter: Alteration): MarketChange[] {
  return changes.flatMap((change) => alter(change) ?? []);
}
