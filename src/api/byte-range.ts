/** Octets of a file: from the first on, up to the one behind the last. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The part of a file that `Range` asks for (RFC 9110 §14.1.2). One part alone: of several, as of what cannot be
 * read, nothing is heeded, as §14.2 allows, and the whole file is the answer.
 * @param size - octets of the file
 * @returns undefined for the whole file; `none` when no octet of it is asked for (416)
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'none' | undefined {
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 || size === 0 ? 'none' : { from: Math.max(0, size - suffix), to: size };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return undefined;
  if (from >= size) return 'none';
  return { from, to: last === '' ? size : Math.min(size, Number(last) + 1) };
}
