import { OTHERS } from '../../market';
import type { LineProblem } from './number-sink';

const PLUS = 43;
const ZERO = 48;
const MAX_DIGITS = 15;
const MIN_DIGITS = 7;
const TEN_DIGITS = 1e10;
const LINES = 10_000;

/**
 * Reads a number out of bytes without making a text of it: ten digits, eleven that begin with 1, or
 * E.164 with its plus sign; spaces, dots, hyphens and parentheses do not count.
 */
export class NumberReader {
  /** Of the number that was read last. */
  area = OTHERS;
  /** Position within the area, or all digits for area 0. */
  value = 0;

  /** @returns what is wrong; undefined when `area` and `value` are set */
  read(bytes: Buffer, start: number, end: number): LineProblem | undefined {
    let digits = 0;
    let count = 0;
    let plus = false;
    for (let i = start; i < end; i++) {
      const byte = bytes[i] as number;
      const digit = byte - ZERO;
      if (digit >= 0 && digit <= 9) {
        if (++count > MAX_DIGITS) return 'not_e164';
        digits = digits * 10 + digit;
      } else if (byte === PLUS && count === 0 && !plus) plus = true;
      else if (!isSeparator(byte)) return 'not_digits';
    }
    if (count === 0) return 'no_number';
    if (count === 10 && !plus) return this.place(digits);
    const first = Math.floor(digits / 10 ** (count - 1));
    if (first === 1 && (count === 11 || plus)) {
      return count === 11 ? this.place(digits - TEN_DIGITS) : 'not_nanp';
    }
    if (!plus || first === 0 || count < MIN_DIGITS) return 'not_e164';
    this.area = OTHERS;
    this.value = digits;
    return undefined;
  }

  /** Takes ten digits: neither the area code nor the exchange may begin with 0 or 1. */
  place(tenDigits: number): LineProblem | undefined {
    const area = Math.floor(tenDigits / 1e7);
    const rest = tenDigits - area * 1e7;
    if (area < 200 || rest < 2_000_000) return 'not_nanp';
    this.area = area;
    this.value = rest - 200 * LINES;
    return undefined;
  }
}

function isSeparator(byte: number): boolean {
  return byte === 32 || byte === 40 || byte === 41 || byte === 45 || byte === 46;
}

/**
 * The digits of a field that has so many; -1 when it is anything else. Spaces and hyphens do not count.
 */
export function fieldDigits(bytes: Buffer, start: number, end: number, length: number): number {
  let digits = 0;
  let count = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= ZERO && byte <= ZERO + 9) {
      digits = digits * 10 + byte - ZERO;
      count++;
    } else if (byte !== 32 && byte !== 45) return -1;
  }
  return count === length ? digits : -1;
}
