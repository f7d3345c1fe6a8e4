import type { E164 } from '../domain';

/**
 * Where a number lies in a set. A number of the North American plan (+1 NPA NXX XXXX, N being 2 to 9)
 * has its area code and a position below {@link POSITIONS}; any other number has the area
 * {@link OTHERS} and its digits as an integer (at most 15, so exact in a double).
 */
export const OTHERS = 0;
/** Areas that can be told apart: indexes of arrays by area code. */
export const AREAS = 1_000;
/** NXX from 200 to 999. */
export const EXCHANGES = 800;
/** Lines of an exchange. */
export const LINES = 10_000;
/** Numbers that an area code can hold. */
export const POSITIONS = EXCHANGES * LINES;

const FIRST_CODE = 200;
const ZERO = 48;

/** The area code, or {@link OTHERS}. Reads the text as it is and makes nothing new. */
export function areaOf(number: E164): number {
  if (number.length !== 12 || number.charCodeAt(1) !== 49) return OTHERS;
  const area = threeDigits(number, 2);
  return area >= FIRST_CODE && number.charCodeAt(5) >= 50 ? area : OTHERS;
}

/** The position within the area code of a number whose area is not {@link OTHERS}. */
export function positionOf(number: E164): number {
  const line = threeDigits(number, 8) * 10 + number.charCodeAt(11) - ZERO;
  return (threeDigits(number, 5) - FIRST_CODE) * LINES + line;
}

/** All digits as an integer. */
export function digitsOf(number: E164): number {
  let digits = 0;
  for (let i = 1; i < number.length; i++) digits = digits * 10 + number.charCodeAt(i) - ZERO;
  return digits;
}

/** What is at a position of an area, or the number with these digits for {@link OTHERS}. */
export function numberAt(area: number, value: number): E164 {
  if (area === OTHERS) return `+${value}` as E164;
  const exchange = FIRST_CODE + Math.floor(value / LINES);
  return `+1${area}${exchange}${String(value % LINES).padStart(4, '0')}` as E164;
}

/** True for an area code of the form NXX. */
export function isArea(area: number): boolean {
  return area >= FIRST_CODE && area < AREAS;
}

function threeDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 100 + text.charCodeAt(at + 1) * 10 + text.charCodeAt(at + 2) - 111 * ZERO;
}
