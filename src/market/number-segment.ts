import { EXCHANGES, LINES, POSITIONS } from './number-place';

/** The numbers of one area code of a set, or those outside the North American plan. */
export interface NumberSegment {
  /** Area code; 0 for numbers outside the plan. */
  readonly area: number;
  readonly entries: number;
  /** Packed; whoever has it must not change it. */
  readonly data: Uint8Array;
  /** Positions, ascending, at which the truth is the contrary of what `data` says. */
  readonly flips?: Uint32Array;
}

/**
 * The numbers of one area code, packed: what is stored, sent and looked up are the same bytes.
 *
 * A head (format, number of entries), an index of 800 exchanges, and for each exchange that has any
 * numbers 40 sizes followed by 40 blocks of 256 lines. A block of fewer than 32 numbers is the sorted
 * list of their low bytes, any other is a bitmap of 32 bytes. So a number costs at most one byte and a
 * line at most one bit, whichever is less: 240 million numbers take at most 240 MB, and 40 bytes for
 * each exchange in use, however they are spread.
 */
const FORMAT = 1;
const COUNT_AT = 4;
const INDEX_AT = 8;
const HEAD = INDEX_AT + EXCHANGES * 4;
const BLOCK_LINES = 256;
const BLOCKS = Math.ceil(LINES / BLOCK_LINES);
const BITMAP = BLOCK_LINES / 8;
const EXCHANGE_BYTES = LINES / 8;
const LARGEST = HEAD + EXCHANGES * (BLOCKS + BLOCKS * BITMAP);

/** Bytes of a page: one bit for each position of an area. */
export const PAGE_BYTES = POSITIONS / 8;

const BITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) bits++;
  return bits;
});

/** Whether the packed segment has this position. */
export function segmentHas(segment: Uint8Array, position: number): boolean {
  const exchange = (position / LINES) | 0;
  const start = readInteger(segment, INDEX_AT + exchange * 4);
  if (start === 0) return false;
  const line = position - exchange * LINES;
  const block = line >> 8;
  const size = segment[start + block] as number;
  if (size === 0) return false;
  let at = start + BLOCKS;
  for (let i = start; i < start + block; i++) at += segment[i] as number;
  const low = line & 255;
  if (size === BITMAP) return (((segment[at + (low >> 3)] as number) >> (low & 7)) & 1) === 1;
  for (const end = at + size; at < end; at++) {
    const found = segment[at] as number;
    if (found >= low) return found === low;
  }
  return false;
}

/** Numbers in a packed segment. */
export function segmentCount(segment: Uint8Array): number {
  return readInteger(segment, COUNT_AT);
}

/** Packs pages; one packer is used again and again, for its working memory. */
export class SegmentPacker {
  readonly #scratch = new Uint8Array(LARGEST);

  /** @returns the segment, in memory of its own; undefined when the page is empty */
  pack(page: Uint8Array): Uint8Array | undefined {
    return this.packed(page)?.slice();
  }

  /** As {@link pack}, but in the packer's own memory, until it packs again. */
  packed(page: Uint8Array): Uint8Array | undefined {
    const out = this.#scratch;
    out.fill(0, 0, HEAD);
    let end = HEAD;
    let count = 0;
    for (let exchange = 0; exchange < EXCHANGES; exchange++) {
      const from = exchange * EXCHANGE_BYTES;
      if (isEmpty(page, from, from + EXCHANGE_BYTES)) continue;
      writeInteger(out, INDEX_AT + exchange * 4, end);
      const sizes = end;
      end += BLOCKS;
      for (let block = 0; block < BLOCKS; block++) {
        const first = from + block * BITMAP;
        const last = Math.min(first + BITMAP, from + EXCHANGE_BYTES);
        let bits = 0;
        for (let i = first; i < last; i++) bits += BITS[page[i] as number] as number;
        count += bits;
        if (bits >= BITMAP) {
          out.set(page.subarray(first, last), end);
          out.fill(0, end + last - first, end + BITMAP);
          out[sizes + block] = BITMAP;
          end += BITMAP;
        } else {
          out[sizes + block] = bits;
          if (bits > 0) end = listBits(page, first, last, out, end);
        }
      }
    }
    if (count === 0) return undefined;
    out[0] = FORMAT;
    writeInteger(out, COUNT_AT, count);
    return out.subarray(0, end);
  }
}

/** Sets the bits of a segment in a page, which keeps those that it has. */
export function unpackInto(segment: Uint8Array, page: Uint8Array): void {
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    const start = readInteger(segment, INDEX_AT + exchange * 4);
    if (start === 0) continue;
    let at = start + BLOCKS;
    for (let block = 0; block < BLOCKS; block++) {
      const size = segment[start + block] as number;
      const into = exchange * EXCHANGE_BYTES + block * BITMAP;
      for (let i = 0; i < size; i++) {
        const byte = segment[at + i] as number;
        const place = size === BITMAP ? into + i : into + (byte >> 3);
        const bits = size === BITMAP ? byte : 1 << (byte & 7);
        // A bitmap may end beyond the exchange: those bytes are zero.
        if (bits !== 0) page[place] = (page[place] as number) | bits;
      }
      at += size;
    }
  }
}

/** Positions of a segment, ascending. */
export function* positionsIn(segment: Uint8Array): Generator<number> {
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    const start = readInteger(segment, INDEX_AT + exchange * 4);
    if (start === 0) continue;
    let at = start + BLOCKS;
    for (let block = 0; block < BLOCKS; block++) {
      const size = segment[start + block] as number;
      const first = exchange * LINES + block * BLOCK_LINES;
      for (let i = 0; i < size; i++) {
        const byte = segment[at + i] as number;
        if (size < BITMAP) yield first + byte;
        else for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) yield first + i * 8 + bit;
      }
      at += size;
    }
  }
}

/** What is wrong with bytes that should be a packed segment; undefined when a look-up may trust them. */
export function segmentProblem(segment: Uint8Array): string | undefined {
  if (segment.length < HEAD) return 'it is cut off';
  if (segment[0] !== FORMAT) return `its format is ${segment[0]}, not ${FORMAT}`;
  let count = 0;
  let end = HEAD;
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    const start = readInteger(segment, INDEX_AT + exchange * 4);
    if (start === 0) continue;
    if (start !== end) return `exchange ${exchange + 200} is not where it should be`;
    let at = start + BLOCKS;
    if (at > segment.length) return 'it is cut off';
    for (let block = 0; block < BLOCKS; block++) {
      const size = segment[start + block] as number;
      if (size > BITMAP || at + size > segment.length) return `exchange ${exchange + 200} is damaged`;
      if (size < BITMAP) count += size;
      else for (let i = 0; i < BITMAP; i++) count += BITS[segment[at + i] as number] as number;
      at += size;
    }
    end = at;
  }
  if (end !== segment.length) return 'there is something after its end';
  return count === segmentCount(segment) ? undefined : 'it has not as many numbers as it says';
}

function isEmpty(page: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (page[i] !== 0) return false;
  return true;
}

/** Writes the places of set bits, ascending. @returns the end of what was written */
function listBits(page: Uint8Array, first: number, last: number, out: Uint8Array, at: number): number {
  let end = at;
  for (let i = first; i < last; i++) {
    for (let rest = page[i] as number; rest !== 0; rest &= rest - 1) {
      out[end++] = (i - first) * 8 + 31 - Math.clz32(rest & -rest);
    }
  }
  return end;
}

function readInteger(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function writeInteger(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}
