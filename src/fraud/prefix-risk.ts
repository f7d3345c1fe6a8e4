import type { PrefixKind } from './data/prefixes';
import { PREFIX_ROWS } from './data/prefixes';
import { exchangeOfKey, isNanpKey } from './structures/keys';

/** Prefixes by their digits as a number: none begins with 0, so none is another's. */
const ROWS: ReadonlyMap<number, PrefixKind> = new Map(
  PREFIX_ROWS.map(({ prefix, kind }) => [Number(prefix), kind] as const),
);
const LONGEST = 10 ** Math.max(...PREFIX_ROWS.map(({ prefix }) => prefix.length));
const PREMIUM_EXCHANGE = 976;

/** What kind of risky range a number is from, if any, by its key. */
export function prefixRiskOf(key: number): PrefixKind | undefined {
  let prefix = key;
  while (prefix >= LONGEST) prefix = Math.floor(prefix / 10);
  for (; prefix > 0; prefix = Math.floor(prefix / 10)) {
    const kind = ROWS.get(prefix);
    if (kind !== undefined) return kind;
  }
  return isNanpKey(key) && exchangeOfKey(key) % 1_000 === PREMIUM_EXCHANGE ? 'premium' : undefined;
}
