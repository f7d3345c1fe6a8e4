import type { E164 } from '../domain';
import { nxxOf } from '../domain';
import type { PrefixKind, PrefixRow } from './data/prefixes';
import { PREFIX_ROWS } from './data/prefixes';

const ROWS: ReadonlyMap<string, PrefixRow> = new Map(PREFIX_ROWS.map((row) => [row.prefix, row] as const));
const LONGEST = Math.max(...PREFIX_ROWS.map(({ prefix }) => prefix.length));

/** What kind of risky range a number is from, if any. */
export function prefixRisk(number: E164): PrefixKind | undefined {
  for (let length = LONGEST; length > 0; length--) {
    const row = ROWS.get(number.slice(1, 1 + length));
    if (row) return row.kind;
  }
  return nxxOf(number) === '976' ? 'premium' : undefined;
}
