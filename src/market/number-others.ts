/**
 * Numbers outside the North American plan, packed: a head as that of the other segments, then their
 * digits as doubles, little-endian and ascending. They are few: they are sought by bisection.
 */
const FORMAT = 2;
const COUNT_AT = 4;
const HEAD = 8;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Packs sorted digits; undefined when there are none. */
export function packOthers(sorted: Float64Array): Uint8Array | undefined {
  if (sorted.length === 0) return undefined;
  const out = new Uint8Array(HEAD + sorted.length * 8);
  const view = new DataView(out.buffer);
  view.setUint8(0, FORMAT);
  view.setUint32(COUNT_AT, sorted.length, true);
  sorted.forEach((digits, index) => view.setFloat64(HEAD + index * 8, digits, true));
  return out;
}

/**
 * The sorted digits, where they lie if that can be.
 * @throws RangeError for bytes that no {@link packOthers} wrote
 */
export function readOthers(segment: Uint8Array): Float64Array {
  const problem = othersProblem(segment);
  if (problem !== undefined) throw new RangeError(`a segment of other numbers cannot be read: ${problem}`);
  if (LITTLE_ENDIAN && segment.byteOffset % 8 === 0) {
    return new Float64Array(segment.buffer, segment.byteOffset + HEAD, (segment.length - HEAD) / 8);
  }
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  return Float64Array.from({ length: (segment.length - HEAD) / 8 }, (_, i) =>
    view.getFloat64(HEAD + i * 8, true),
  );
}

/** What is wrong with such bytes; undefined when nothing is. */
export function othersProblem(segment: Uint8Array): string | undefined {
  if (segment.length < HEAD) return 'it is cut off';
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  if (view.getUint8(0) !== FORMAT) return `its format is ${view.getUint8(0)}, not ${FORMAT}`;
  const count = view.getUint32(COUNT_AT, true);
  if (segment.length !== HEAD + count * 8) return 'it has not as many numbers as it says';
  for (let i = 1; i < count; i++) {
    const before = view.getFloat64(HEAD + i * 8 - 8, true);
    if (!(view.getFloat64(HEAD + i * 8, true) > before)) return 'its numbers are not in order';
  }
  return undefined;
}

/** Whether sorted digits hold these. */
export function othersHave(sorted: Float64Array, digits: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < digits) low = middle + 1;
    else high = middle;
  }
  return low < sorted.length && sorted[low] === digits;
}
