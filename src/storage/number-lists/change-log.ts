import type { NumberSet } from '../../market';
import { MAX_OTHERS, NumberSetBuilder, OTHERS } from '../../market';
import type { ChangeType, LineProblem, NumberSink } from './number-sink';
import { UnusableFile } from './number-sink';

/** More changes than this are a new list. */
const MAX_CHANGES = 50_000_000;
const FIRST_CAPACITY = 65_536;
const AREAS = 1_000;

export interface ChangeCounts {
  readonly added: number;
  readonly removed: number;
  /** Added but there already, or deleted but not there. */
  readonly withoutEffect: number;
}

/**
 * Changes of a list as change files tell them, in any order. Of the changes of one number the one with
 * the latest date holds; of the same date, the one that was read last.
 */
export class ChangeLog implements NumberSink {
  readonly #untyped: ChangeType;
  #areas = new Uint16Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #dates = new Float64Array(FIRST_CAPACITY);
  #deletes = new Uint8Array(FIRST_CAPACITY);
  #size = 0;
  #newest = 0;

  /** @param untyped - what a line means that does not say whether it adds or deletes */
  constructor(untyped: ChangeType) {
    this.#untyped = untyped;
  }

  get size(): number {
    return this.#size;
  }

  /** UTC epoch milliseconds of the newest change; 0 when none is dated. */
  get newest(): number {
    return this.#newest;
  }

  take(area: number, value: number, change: ChangeType, at: number): LineProblem | undefined {
    const type = change ?? this.#untyped;
    if (type === undefined) return 'no_change_type';
    if (this.#size === this.#areas.length) this.#grow();
    const index = this.#size++;
    this.#areas[index] = area;
    this.#values[index] = value;
    this.#dates[index] = at;
    this.#deletes[index] = type === 'delete' ? 1 : 0;
    if (at > this.#newest) this.#newest = at;
    return undefined;
  }

  /** Areas that changes are about, ascending. */
  areas(): number[] {
    const seen = new Uint8Array(AREAS);
    for (let i = 0; i < this.#size; i++) seen[this.#areas[i] as number] = 1;
    return [...seen.keys()].filter((area) => seen[area] === 1);
  }

  /** Applies the changes of each area in turn. @param baseOf - the numbers of one area before */
  async apply(
    baseOf: (area: number) => Promise<NumberSet>,
    onArea: (area: number, after: NumberSet) => Promise<void>,
  ): Promise<ChangeCounts> {
    const byArea = this.#byArea();
    let added = 0;
    let removed = 0;
    let withoutEffect = 0;
    for (const area of this.areas()) {
      const before = await baseOf(area);
      const builder = new NumberSetBuilder(before);
      for (const index of this.#inOrder(byArea.get(area) as Uint32Array)) {
        const value = this.#values[index] as number;
        if (this.#deletes[index] === 1) builder.removeAt(area, value);
        else builder.addAt(area, value);
      }
      const after = builder.finish();
      const { gained, lost, idle } = this.#effects(area, byArea.get(area) as Uint32Array, before, after);
      added += gained;
      removed += lost;
      withoutEffect += idle;
      await onArea(area, after);
    }
    return { added, removed, withoutEffect };
  }

  /** Places of the changes of each area, in the order in which they were read. */
  #byArea(): Map<number, Uint32Array> {
    const ends = new Uint32Array(AREAS);
    for (let i = 0; i < this.#size; i++) increase(ends, this.#areas[i] as number);
    for (let area = 1; area < AREAS; area++) increase(ends, area, ends[area - 1]);
    const places = new Uint32Array(this.#size);
    const next = Uint32Array.from(ends, (_, area) => (area === 0 ? 0 : (ends[area - 1] as number)));
    for (let i = 0; i < this.#size; i++) {
      const area = this.#areas[i] as number;
      places[next[area] as number] = i;
      increase(next, area);
    }
    return new Map(
      this.areas().map((area) => [area, places.subarray(area === 0 ? 0 : ends[area - 1], ends[area])]),
    );
  }

  /** By date, then as they were read. */
  #inOrder(indexes: Uint32Array): Uint32Array {
    return indexes.sort((a, b) => (this.#dates[a] as number) - (this.#dates[b] as number) || a - b);
  }

  #effects(
    area: number,
    indexes: Uint32Array,
    before: NumberSet,
    after: NumberSet,
  ): { gained: number; lost: number; idle: number } {
    const counts = { gained: 0, lost: 0, idle: 0 };
    const seen = new NumberSetBuilder();
    for (const index of indexes) {
      const value = this.#values[index] as number;
      if (!seen.addAt(area, value)) continue;
      const was = before.hasAt(area, value);
      const is = after.hasAt(area, value);
      if (was === is) counts.idle++;
      else counts[is ? 'gained' : 'lost']++;
    }
    return counts;
  }

  #grow(): void {
    if (this.#size >= MAX_CHANGES) {
      throw new UnusableFile(`it has more than ${MAX_CHANGES} changes: import the whole list instead`);
    }
    const capacity = Math.min(this.#areas.length * 2, MAX_CHANGES);
    const grown = <T extends Uint8Array | Uint16Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#areas = grown(this.#areas, new Uint16Array(capacity));
    this.#values = grown(this.#values, new Float64Array(capacity));
    this.#dates = grown(this.#dates, new Float64Array(capacity));
    this.#deletes = grown(this.#deletes, new Uint8Array(capacity));
  }
}

function increase(counts: Uint32Array, index: number, by = 1): void {
  counts[index] = (counts[index] as number) + by;
}

/** Where the numbers of a whole list go. */
export class WholeList implements NumberSink {
  readonly #builder = new NumberSetBuilder();
  #duplicates = 0;
  #others = 0;

  get size(): number {
    return this.#builder.size;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  take(area: number, value: number, change: ChangeType): undefined {
    if (change !== undefined) {
      throw new UnusableFile('it is a file of changes (its lines say A or D), not a whole list');
    }
    if (area === OTHERS && this.#others === MAX_OTHERS) {
      throw new UnusableFile(`it has more than ${MAX_OTHERS} numbers outside the North American plan`);
    }
    if (!this.#builder.addAt(area, value)) this.#duplicates++;
    else if (area === OTHERS) this.#others++;
  }

  /** The numbers; the list is empty afterwards. */
  finish(): NumberSet {
    return this.#builder.finish();
  }
}
