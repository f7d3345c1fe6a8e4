import type { DncEntry, E164, ListAge, ListHit } from '../domain';
import { DNC_SOURCES, DncSet } from './dnc-set';
import { HitCombination } from './number-hits';
import type { NumberListName } from './number-list-name';
import { compareListNames, partsOfListName } from './number-list-name';
import { areaOf, digitsOf, OTHERS, positionOf } from './number-place';
import type { NumberSet } from './number-set';

/** A version of an imported list, in memory. */
export interface NumberListVersion {
  readonly name: NumberListName;
  readonly version: string;
  /** UTC epoch milliseconds at which its source was as it says. */
  readonly asOf: number;
  readonly numbers: NumberSet;
}

export interface NumberListStats {
  readonly name: NumberListName;
  readonly version: string;
  readonly asOf: number;
  /** Milliseconds since {@link asOf}. */
  readonly ageMs: number;
  readonly entries: number;
  readonly bytes: number;
}

export interface NumberListsStats {
  /** Imported lists. */
  readonly lists: readonly NumberListStats[];
  /** Numbers kept one by one. */
  readonly rows: { readonly entries: number; readonly bytes: number };
  readonly entries: number;
  readonly bytes: number;
  /** Age of the oldest imported list; undefined without any. */
  readonly oldestAgeMs: number | undefined;
}

/** One question of a look-up: a row, an imported list, or both. */
interface Step {
  readonly hit: ListHit;
  /** Bits of {@link DNC_SOURCES}. */
  readonly rowBit: number;
  readonly numbers: NumberSet | undefined;
}

/** Rows name no state: theirs is a list of its own. */
const ROW_LISTS: readonly DncEntry['source'][] = ['internal', 'national', 'state', 'litigator'];

/**
 * Every list that names a caller: the rows of people who asked not to be called, kept one by one, and
 * the imported lists, each replaced whole. A look-up makes no garbage.
 */
export class NumberLists {
  #rows = new DncSet();
  readonly #versions = new Map<NumberListName, NumberListVersion>();
  #steps: readonly Step[] = [];
  #none = new HitCombination();
  #ages: readonly ListAge[] = [];

  constructor() {
    this.#compile();
  }

  /** Numbers kept one by one. */
  get rows(): DncSet {
    return this.#rows;
  }

  /** Forgets the rows; imported lists stay. */
  clearRows(): void {
    this.#rows = new DncSet();
  }

  /** Puts a version in the place of the one before, between two look-ups. */
  install(version: NumberListVersion): void {
    this.#versions.set(version.name, version);
    this.#compile();
  }

  withdraw(name: NumberListName): void {
    if (this.#versions.delete(name)) this.#compile();
  }

  /** The version in use. */
  version(name: NumberListName): NumberListVersion | undefined {
    return this.#versions.get(name);
  }

  /** Names of the imported lists, in order. */
  names(): NumberListName[] {
    return [...this.#versions.keys()].sort(compareListNames);
  }

  /**
   * The lists that name a number now, in the order of {@link NUMBER_LISTS}, a state's after rows that
   * say only `state`. The array is shared: it is never changed, and must not be.
   */
  hitsFor(number: E164, now: number): readonly ListHit[] {
    const rows = this.#rows.sourcesOf(number, now);
    const area = areaOf(number);
    const value = area === OTHERS ? digitsOf(number) : positionOf(number);
    let found = this.#none;
    const steps = this.#steps;
    for (let i = 0; i < steps.length; i++) {
      const { hit, rowBit, numbers } = steps[i] as Step;
      if ((rows & rowBit) !== 0 || (numbers !== undefined && numbers.hasAt(area, value))) {
        found = found.and(hit);
      }
    }
    return found.hits;
  }

  /** Dates of the imported lists. The array is shared. */
  ages(): readonly ListAge[] {
    return this.#ages;
  }

  stats(now: number): NumberListsStats {
    const lists = this.names().map((name) => {
      const { version, asOf, numbers } = this.#versions.get(name) as NumberListVersion;
      return { name, version, asOf, ageMs: now - asOf, entries: numbers.size, bytes: numbers.bytes };
    });
    const rows = { entries: this.#rows.size, bytes: this.#rows.bytes };
    const total = (key: 'entries' | 'bytes'): number =>
      lists.reduce((sum, list) => sum + list[key], rows[key]);
    return {
      lists,
      rows,
      entries: total('entries'),
      bytes: total('bytes'),
      oldestAgeMs: lists.length === 0 ? undefined : Math.max(...lists.map(({ ageMs }) => ageMs)),
    };
  }

  #compile(): void {
    const names = new Set<NumberListName | 'state'>([...ROW_LISTS, ...this.#versions.keys()]);
    const ordered = [...names].sort((a, b) => compareListNames(a as NumberListName, b as NumberListName));
    this.#steps = ordered.map((name) => ({
      hit: Object.freeze(partsOfListName(name as NumberListName)),
      rowBit: name in DNC_SOURCES ? DNC_SOURCES[name as DncEntry['source']] : 0,
      numbers: this.#versions.get(name as NumberListName)?.numbers,
    }));
    this.#none = new HitCombination();
    this.#ages = Object.freeze(
      this.names().map((name) => {
        const { version, asOf } = this.#versions.get(name) as NumberListVersion;
        return Object.freeze({ ...partsOfListName(name), version, asOf });
      }),
    );
  }
}
