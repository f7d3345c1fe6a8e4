import type { Micros } from '../domain';
import { micros } from '../domain';

/** A JSON number (RFC 8259 §6), or the same as text. */
const DECIMAL = /^(-?)(\d{1,24})(?:\.(\d{1,24}))?(?:[eE]([+-]?\d{1,3}))?$/;
const PLACES = 6;
/** No price is longer than this once it is written out. */
const MAX_DIGITS = 16;

/**
 * The micro-units of a decimal amount, exact: what a number's text says is scaled digit by digit, and
 * what lies beyond the sixth decimal is rounded half away from zero. Of a number, the text is the
 * shortest that means it, so that `0.1 + 0.2` costs 0.30 and `12.345678` 12,345,678 micro-units.
 *
 * @returns undefined for what is no decimal, or too large to be counted
 */
export function decimalToMicros(value: number | string): Micros | undefined {
  const match = DECIMAL.exec(typeof value === 'number' ? String(value) : value);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const digits = whole + fraction;
  // Digits of the amount in micro-units, and how many of them stand before the point.
  const point = whole.length + Number(exponent) + PLACES;
  if (point < 0) return micros(0);
  const kept = digits.slice(0, point).padEnd(Math.min(point, MAX_DIGITS + digits.length), '0');
  const significant = kept.replace(/^0+/, '');
  if (significant.length > MAX_DIGITS || (point > kept.length && significant !== '')) return undefined;
  const rounded = Number(significant === '' ? '0' : significant) + (digits.charAt(point) >= '5' ? 1 : 0);
  if (!Number.isSafeInteger(rounded)) return undefined;
  return micros(sign === '-' ? -rounded : rounded);
}

/** Micro-units as a decimal without an exponent and without needless zeros, e.g. `12.5`. */
export function microsToDecimal(amount: Micros): string {
  const magnitude = Math.abs(amount);
  const fraction = String(magnitude % 1_000_000)
    .padStart(PLACES, '0')
    .replace(/0+$/, '');
  const whole = Math.floor(magnitude / 1_000_000);
  return `${amount < 0 ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
