import { decimal, isBlank, isToken } from './token';

/** CSeq of a request or response (RFC 3261 §20.16). */
export interface CSeq {
  /** 0 … 2³¹ − 1. */
  readonly sequence: number;
  readonly method: string;
}

const MAX_SEQUENCE = 2 ** 31 - 1;
/** Leading zeros are allowed (RFC 4475 §3.1.1.1); a text of zeros is still not to be read for ever. */
const MAX_DIGITS = 15;

/** Reads a CSeq; undefined when it is malformed or its number is 2³¹ or more (RFC 3261 §8.1.1.5). */
export function parseCSeq(value: string): CSeq | undefined {
  let blank = 0;
  while (blank < value.length && !isBlank(value.charCodeAt(blank))) blank++;
  const sequence = decimal(value.slice(0, blank), MAX_DIGITS);
  if (sequence < 0 || sequence > MAX_SEQUENCE) return undefined;
  let from = blank;
  while (isBlank(value.charCodeAt(from))) from++;
  if (!isToken(value, from)) return undefined;
  return { sequence, method: value.slice(from) };
}
