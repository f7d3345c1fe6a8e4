import { OTHERS } from './number-place';
import type { NumberSegment } from './number-segment';
import { PAGE_BYTES, SegmentPacker, unpackInto } from './number-segment';

/** Differences of an area that are held as such. */
const MAX_FLIPS = 131_072;

/**
 * Working memory for taking one version of an area over into the next. A node that replaces a list
 * holds the old one, which answers, and of the new one only what is different, until the new one has
 * taken its place; then it is made whole, one area after the other. So it never holds both.
 */
export class FlipTable {
  readonly #before = new Uint8Array(PAGE_BYTES);
  readonly #after = new Uint8Array(PAGE_BYTES);
  /** The same memory, compared four bytes at a time. */
  readonly #beforeWords = new Uint32Array(this.#before.buffer);
  readonly #afterWords = new Uint32Array(this.#after.buffer);
  readonly #flips = new Uint32Array(MAX_FLIPS);
  readonly #packer = new SegmentPacker();

  /**
   * The new segment as the old one with what is different; nothing of the new one's memory is kept.
   * @returns undefined when that would take more memory than it saves, or there is no old one
   */
  asFlips(before: NumberSegment | undefined, after: NumberSegment): NumberSegment | undefined {
    if (before?.area !== after.area || after.area === OTHERS) return undefined;
    // Flips are of the packed bytes, whatever else was flipped in them before.
    this.#before.fill(0);
    unpackInto(before.data, this.#before);
    this.#after.fill(0);
    unpackSegment(after, this.#after);
    // Four bytes each: half of what the new segment would take.
    const most = Math.min(Math.floor(after.data.length / 8), MAX_FLIPS);
    const flips = this.#flips;
    let count = 0;
    for (let word = 0; word < PAGE_BYTES / 4; word++) {
      if (this.#beforeWords[word] === this.#afterWords[word]) continue;
      for (let at = word * 4; at < word * 4 + 4; at++) {
        let bits = (this.#before[at] as number) ^ (this.#after[at] as number);
        for (; bits !== 0; bits &= bits - 1) {
          if (count === most) return undefined;
          flips[count++] = at * 8 + 31 - Math.clz32(bits & -bits);
        }
      }
    }
    return { area: after.area, entries: after.entries, data: before.data, flips: flips.slice(0, count) };
  }

  /** The same numbers without flips, packed as if they had never been otherwise; undefined when none are left. */
  settled(segment: NumberSegment): NumberSegment | undefined {
    if (!segment.flips) return segment;
    const packed = this.#packed(segment);
    return packed && { area: segment.area, entries: segment.entries, data: packed.slice() };
  }

  /**
   * As {@link settled}, in the memory that the segment lies in, where that is large enough: whoever else
   * has that memory must be done with it. No garbage collector is waited for.
   */
  settledInPlace(segment: NumberSegment): NumberSegment | undefined {
    if (!segment.flips) return segment;
    const packed = this.#packed(segment);
    if (!packed) return undefined;
    const { area, entries, data } = segment;
    const room = data.buffer.byteLength - data.byteOffset;
    const into = packed.length > room ? roomFor(packed.length) : data.buffer;
    const place = new Uint8Array(into, packed.length > room ? 0 : data.byteOffset, packed.length);
    place.set(packed);
    return { area, entries, data: place };
  }

  #packed(segment: NumberSegment): Uint8Array | undefined {
    this.#after.fill(0);
    unpackSegment(segment, this.#after);
    return this.#packer.packed(this.#after);
  }
}

/** Room beyond a segment for those that follow it; what is never written costs no memory. */
const SLACK = 1.125;

/** Memory for a segment that will be followed by others a little larger. */
export function roomFor(bytes: number): ArrayBuffer {
  return new ArrayBuffer(Math.ceil((bytes * SLACK) / 8) * 8);
}

/** Sets the bits of a segment in an empty page, its flips applied. */
export function unpackSegment({ data, flips }: NumberSegment, page: Uint8Array): void {
  unpackInto(data, page);
  for (const position of flips ?? []) {
    page[position >> 3] = (page[position >> 3] as number) ^ (1 << (position & 7));
  }
}

/** Whether sorted flips hold a position. */
export function flipsHave(flips: Uint32Array, position: number): boolean {
  let low = 0;
  let high = flips.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((flips[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low < flips.length && flips[low] === position;
}
