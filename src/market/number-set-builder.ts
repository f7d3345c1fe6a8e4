import type { E164 } from '../domain';
import { unpackSegment } from './number-flips';
import { readOthers } from './number-others';
import { AREAS, areaOf, digitsOf, isArea, OTHERS, positionOf } from './number-place';
import type { NumberSegment } from './number-segment';
import { PAGE_BYTES, SegmentPacker } from './number-segment';
import { NumberSet, othersSegment, segmentOf } from './number-set';

/** Numbers outside the North American plan that a set may have: they cost far more than the others. */
export const MAX_OTHERS = 5_000_000;

/**
 * Makes a set: 1 MB of bits for each area code that is touched. Areas of the base that nobody
 * touches are the same memory in the new set.
 */
export class NumberSetBuilder {
  readonly #base = new Map<number, NumberSegment>();
  readonly #pages = new Array<Uint8Array | undefined>(AREAS).fill(undefined);
  #others: Set<number> | undefined;
  #size: number;

  constructor(base: NumberSet = NumberSet.empty) {
    for (const segment of base.segments) this.#base.set(segment.area, segment);
    this.#size = base.size;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * @param value - position within the area, or all digits for area 0
   * @returns false when it was there already
   * @throws RangeError for a place that does not exist, or one more than {@link MAX_OTHERS}
   */
  addAt(area: number, value: number): boolean {
    if (area === OTHERS) return this.#addOther(value);
    const page = this.#pages[area] ?? this.#open(area);
    const at = value >> 3;
    const byte = page[at];
    const bit = 1 << (value & 7);
    if (byte === undefined) throw new RangeError(`there is no position ${value}`);
    if ((byte & bit) !== 0) return false;
    page[at] = byte | bit;
    this.#size++;
    return true;
  }

  /** @returns false when it was not there */
  removeAt(area: number, value: number): boolean {
    const removed = area === OTHERS ? this.#openOthers().delete(value) : this.#removeBit(area, value);
    if (removed) this.#size--;
    return removed;
  }

  hasAt(area: number, value: number): boolean {
    if (area === OTHERS) return this.#openOthers().has(value);
    const page = this.#pages[area] ?? this.#open(area);
    return (((page[value >> 3] as number) >> (value & 7)) & 1) === 1;
  }

  add(number: E164): boolean {
    const area = areaOf(number);
    return this.addAt(area, area === OTHERS ? digitsOf(number) : positionOf(number));
  }

  remove(number: E164): boolean {
    const area = areaOf(number);
    return this.removeAt(area, area === OTHERS ? digitsOf(number) : positionOf(number));
  }

  /**
   * Packs everything and forgets it: the memory of an area is free again as soon as it is packed.
   * The builder is empty afterwards.
   */
  finish(): NumberSet {
    const packer = new SegmentPacker();
    const done: NumberSegment[] = [];
    for (let area = 0; area < AREAS; area++) {
      const segment = this.#finished(area, packer);
      if (segment) done.push(segment);
    }
    this.#base.clear();
    this.#others = undefined;
    this.#size = 0;
    return new NumberSet(done);
  }

  #finished(area: number, packer: SegmentPacker): NumberSegment | undefined {
    if (area === OTHERS) {
      return this.#others ? othersSegment(Float64Array.from(this.#others).sort()) : this.#base.get(OTHERS);
    }
    const page = this.#pages[area];
    if (!page) return this.#base.get(area);
    this.#pages[area] = undefined;
    const data = packer.pack(page);
    return data && segmentOf(area, data);
  }

  #open(area: number): Uint8Array {
    if (!isArea(area)) throw new RangeError(`there is no area ${area}`);
    const page = new Uint8Array(PAGE_BYTES);
    const before = this.#base.get(area);
    if (before) unpackSegment(before, page);
    this.#pages[area] = page;
    return page;
  }

  #removeBit(area: number, value: number): boolean {
    const page = this.#pages[area] ?? this.#open(area);
    const byte = page[value >> 3] as number;
    const bit = 1 << (value & 7);
    if ((byte & bit) === 0) return false;
    page[value >> 3] = byte & ~bit;
    return true;
  }

  #openOthers(): Set<number> {
    const before = this.#base.get(OTHERS);
    this.#others ??= new Set(before ? readOthers(before.data) : []);
    return this.#others;
  }

  #addOther(digits: number): boolean {
    const others = this.#openOthers();
    if (others.has(digits)) return false;
    if (!Number.isSafeInteger(digits) || digits <= 0)
      throw new RangeError(`not a number's digits: ${digits}`);
    if (others.size >= MAX_OTHERS) {
      throw new RangeError(`more than ${MAX_OTHERS} numbers outside the North American plan`);
    }
    others.add(digits);
    this.#size++;
    return true;
  }
}
