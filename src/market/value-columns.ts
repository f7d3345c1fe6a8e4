import { BitColumn } from './bits';
import { RowSet } from './row-set';

/** Beyond this many a list is checked for repetitions by a set. */
const FEW = 16;

/** Rows that accept some values of a fact of the call, and rows that accept any. */
export class ValueColumns {
  readonly any = new BitColumn(1);
  readonly #byValue = new Map<string, RowSet>();
  #restricting = 0;
  #words = 1;
  /** See {@link anyPlaces}; undefined = to be worked out. */
  #anyPlaces: Int32Array | undefined;

  /** Rows that do not accept any value. */
  get restricting(): number {
    return this.#restricting;
  }

  put(row: number, values: readonly string[] | undefined): void {
    if (this.any.has(row) !== (values === undefined)) {
      this.any.put(row, values === undefined);
      this.#anyPlaces = undefined;
    }
    if (!values) return;
    this.#restricting++;
    for (const value of distinct(values)) this.#setOf(value).add(row, this.#words);
  }

  /** Takes out what {@link put} wrote for the same values. */
  take(row: number, values: readonly string[] | undefined): void {
    if (!values) return;
    this.#restricting--;
    for (const value of distinct(values)) {
      const rows = this.#byValue.get(value);
      rows?.delete(row);
      if (rows?.size === 0) this.#byValue.delete(value);
    }
  }

  /** Rows that name a value; undefined when none does. */
  naming(value: string | undefined): RowSet | undefined {
    return value === undefined ? undefined : this.#byValue.get(value);
  }

  /** Places of the words that hold rows accepting any value. */
  anyPlaces(): Int32Array {
    this.#anyPlaces ??= this.any.places();
    return this.#anyPlaces;
  }

  grow(words: number): void {
    this.#words = words;
    this.any.grow(words);
  }

  #setOf(value: string): RowSet {
    let rows = this.#byValue.get(value);
    if (!rows) {
      rows = new RowSet();
      this.#byValue.set(value, rows);
    }
    return rows;
  }
}

/** Rows by the members of a small fixed set that they accept. */
export class ChoiceColumns<Choice> {
  readonly #choices: readonly Choice[];
  readonly #accepting: readonly BitColumn[];
  #restricting = 0;

  constructor(choices: readonly Choice[]) {
    this.#choices = choices;
    this.#accepting = choices.map(() => new BitColumn(1));
  }

  get restricting(): number {
    return this.#restricting;
  }

  put(row: number, accepted: readonly Choice[] | undefined): void {
    if (accepted) this.#restricting++;
    for (let n = 0; n < this.#choices.length; n++) {
      (this.#accepting[n] as BitColumn).put(row, !accepted || accepted.includes(this.#choices[n] as Choice));
    }
  }

  take(accepted: readonly Choice[] | undefined): void {
    if (accepted) this.#restricting--;
  }

  /** @throws RangeError when it is no choice */
  accepting(choice: Choice): Int32Array {
    const column = this.#accepting[this.#choices.indexOf(choice)];
    if (!column) throw new RangeError(`not a choice: ${String(choice)}`);
    return column.words;
  }

  grow(words: number): void {
    for (const column of this.#accepting) column.grow(words);
  }
}

/** A list without its repetitions. */
export function distinct(values: readonly string[]): Iterable<string> {
  if (values.length > FEW) return new Set(values);
  for (let n = 1; n < values.length; n++)
    if (values.indexOf(values[n] as string) !== n) return new Set(values);
  return values;
}
