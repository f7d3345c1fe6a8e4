import type { E164 } from '../domain';
import { othersHave, othersProblem, packOthers, readOthers } from './number-others';
import { AREAS, areaOf, digitsOf, isArea, numberAt, OTHERS, positionOf } from './number-place';
import { flipsHave, FlipTable } from './number-flips';
import type { NumberSegment } from './number-segment';
import { positionsIn, segmentCount, segmentHas, segmentProblem } from './number-segment';

/**
 * Hundreds of millions of numbers, exactly: what was not put in is never found. It never changes; a
 * set that follows it may share its segments.
 */
export class NumberSet {
  static readonly empty = new NumberSet([]);

  readonly #segments: readonly NumberSegment[];
  readonly #areas: readonly (Uint8Array | undefined)[];
  readonly #flips: readonly (Uint32Array | undefined)[];
  readonly #hasFlips: boolean;
  readonly #others: Float64Array;
  /** How many numbers there are. */
  readonly size: number;
  /** Memory that the numbers take, in bytes. */
  readonly bytes: number;

  /** @throws RangeError when an area is no area or comes twice; what is inside is not looked at: see {@link problemOf} */
  constructor(segments: Iterable<NumberSegment>) {
    const areas = new Array<Uint8Array | undefined>(AREAS).fill(undefined);
    const flipped = new Array<Uint32Array | undefined>(AREAS).fill(undefined);
    let others: Float64Array = new Float64Array(0);
    let size = 0;
    let bytes = 0;
    this.#segments = [...segments].sort((a, b) => a.area - b.area);
    for (const [index, { area, entries, data, flips }] of this.#segments.entries()) {
      if (this.#segments[index - 1]?.area === area) throw new RangeError(`area ${area} comes twice`);
      if (area !== OTHERS && !isArea(area)) throw new RangeError(`there is no area ${area}`);
      if (area === OTHERS) others = readOthers(data);
      else {
        areas[area] = data;
        flipped[area] = flips;
      }
      size += entries;
      bytes += data.byteLength + (flips?.byteLength ?? 0);
    }
    this.#areas = areas;
    this.#flips = flipped;
    this.#hasFlips = flipped.some((flips) => flips !== undefined);
    this.#others = others;
    this.size = size;
    this.bytes = bytes;
  }

  /** In the order of their areas. */
  get segments(): readonly NumberSegment[] {
    return this.#segments;
  }

  segment(area: number): NumberSegment | undefined {
    return this.#segments.find((segment) => segment.area === area);
  }

  /** The same set with one of its segments in another form. */
  with(segment: NumberSegment): NumberSet {
    return new NumberSet([...this.#segments.filter(({ area }) => area !== segment.area), segment]);
  }

  has(number: E164): boolean {
    const area = areaOf(number);
    return this.hasAt(area, area === OTHERS ? digitsOf(number) : positionOf(number));
  }

  /** @param value - position within the area, or all digits for {@link OTHERS} */
  hasAt(area: number, value: number): boolean {
    if (area === OTHERS) return othersHave(this.#others, value);
    const data = this.#areas[area];
    const found = data !== undefined && segmentHas(data, value);
    if (!this.#hasFlips) return found;
    const flips = this.#flips[area];
    return flips === undefined ? found : found !== flipsHave(flips, value);
  }

  /** Every number: those outside the plan first, then by area code. */
  *numbers(): Generator<E164> {
    for (const digits of this.#others) yield numberAt(OTHERS, digits);
    const table = this.#hasFlips ? new FlipTable() : undefined;
    for (const segment of this.#segments) {
      const { area } = segment;
      const whole = segment.flips ? table?.settled(segment) : segment;
      if (area === OTHERS || !whole) continue;
      for (const position of positionsIn(whole.data)) yield numberAt(area, position);
    }
  }
}

/** Makes a segment of packed bytes that are known to be good. */
export function segmentOf(area: number, data: Uint8Array): NumberSegment {
  return { area, entries: segmentCount(data), data };
}

/** Packs digits of numbers outside the plan. */
export function othersSegment(sorted: Float64Array): NumberSegment | undefined {
  const data = packOthers(sorted);
  return data && { area: OTHERS, entries: sorted.length, data };
}

/** What is wrong with a segment that comes from elsewhere; undefined when nothing is. */
export function problemOf({ area, entries, data }: NumberSegment): string | undefined {
  const problem = area === OTHERS ? othersProblem(data) : segmentProblem(data);
  if (problem !== undefined) return problem;
  return segmentCount(data) === entries ? undefined : `it has ${segmentCount(data)} numbers, not ${entries}`;
}
