import type { TagRule } from '../domain';
import { BitColumn } from './bits';
import { RowSet } from './row-set';
import { distinct } from './value-columns';

/** Each tag asked for is a pass over the book, so their number is bounded. */
const MAX_TAG_KEYS = 64;
/** The rule that any value meets. */
const ANY_VALUE = '*';

type TagRules = Readonly<Record<string, TagRule>>;

/** One tag that some bids ask for. */
interface TagColumn {
  /** Rows that ask for it. */
  readonly required: BitColumn;
  readonly byValue: Map<string, RowSet>;
  readonly any: RowSet;
  holders: number;
}

/** The values a rule names; `undefined` = any. */
function namedValues(rule: TagRule): readonly string[] | undefined {
  if (typeof rule === 'string') return rule === ANY_VALUE ? undefined : [rule];
  return rule.includes(ANY_VALUE) ? undefined : rule;
}

/** Does the value that a call carries meet a rule? A call without the tag meets none. */
export function meetsRule(rule: TagRule, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (typeof rule === 'string') return rule === value || rule === ANY_VALUE;
  return rule.includes(value) || rule.includes(ANY_VALUE);
}

/** A tag of a call; `undefined` when it does not carry it. */
export function tagOf(tags: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(tags, key) ? tags[key] : undefined;
}

/** Which rows ask for which tags. */
export class TagColumns {
  readonly #columns = new Map<string, TagColumn>();
  #words = 1;

  /** Tags asked for. */
  get size(): number {
    return this.#columns.size;
  }

  /** @throws RangeError when the bids of the book would ask for too many different tags */
  check(tags: TagRules | undefined): void {
    if (!tags) return;
    let wanted = this.#columns.size;
    for (const key of Object.keys(tags)) if (!this.#columns.has(key)) wanted++;
    if (wanted > MAX_TAG_KEYS && wanted > this.#columns.size) {
      throw new RangeError(`bids of one campaign ask for more than ${MAX_TAG_KEYS} different tags`);
    }
  }

  put(row: number, tags: TagRules | undefined): void {
    if (!tags) return;
    for (const key of Object.keys(tags)) {
      const column = this.#columnOf(key);
      column.holders++;
      column.required.set(row);
      const values = namedValues(tags[key] as TagRule);
      if (!values) column.any.add(row, this.#words);
      for (const value of distinct(values ?? [])) {
        let rows = column.byValue.get(value);
        if (!rows) {
          rows = new RowSet();
          column.byValue.set(value, rows);
        }
        rows.add(row, this.#words);
      }
    }
  }

  /** Takes out what {@link put} wrote for the same rules. */
  take(row: number, tags: TagRules | undefined): void {
    if (!tags) return;
    for (const key of Object.keys(tags)) {
      const column = this.#columns.get(key);
      if (!column) continue;
      column.required.clear(row);
      const values = namedValues(tags[key] as TagRule);
      if (!values) column.any.delete(row);
      for (const value of distinct(values ?? [])) {
        const rows = column.byValue.get(value);
        rows?.delete(row);
        if (rows?.size === 0) column.byValue.delete(value);
      }
      if (--column.holders === 0) this.#columns.delete(key);
    }
  }

  /**
   * For each tag asked for: the rows that ask, and those of them that are content with a call.
   * @param spareOf - words to write into, by the count of tags so far
   */
  forCall(
    tags: Readonly<Record<string, string>>,
    spareOf: (nth: number) => Int32Array,
    each: (required: Int32Array, content: Int32Array) => void,
  ): void {
    let nth = 0;
    for (const [key, { required, byValue, any }] of this.#columns) {
      const value = tagOf(tags, key);
      const spare = spareOf(nth++);
      const named = value === undefined ? undefined : byValue.get(value);
      if (value === undefined || (!named && any.size === 0)) {
        each(required.words, spare.fill(0, 0, this.#words));
      } else if (!named) each(required.words, any.wordsOr(spare, this.#words));
      else if (any.size === 0) each(required.words, named.wordsOr(spare, this.#words));
      else {
        spare.fill(0, 0, this.#words);
        named.unite(spare);
        any.unite(spare);
        each(required.words, spare);
      }
    }
  }

  grow(words: number): void {
    this.#words = words;
    for (const { required } of this.#columns.values()) required.grow(words);
  }

  #columnOf(key: string): TagColumn {
    let column = this.#columns.get(key);
    if (!column) {
      column = { required: new BitColumn(this.#words), byValue: new Map(), any: new RowSet(), holders: 0 };
      this.#columns.set(key, column);
    }
    return column;
  }
}
