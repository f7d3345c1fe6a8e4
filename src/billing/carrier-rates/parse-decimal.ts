/** Digits before a point, and digits behind it; neither exponents nor commas. */
const DECIMAL = /^([+-]?)(\d{1,15})(?:\.(\d{1,30}))?$/;

export type ReadDecimal =
  { readonly ok: true; readonly value: number } | { readonly ok: false; readonly problem: string };

/**
 * A decimal as an integer of its smallest parts, exact: `0.0125` with 6 decimals is 12,500. What lies beyond
 * the last decimal must be nothing: no price is rounded in secret.
 *
 * @param decimals - 0 … 9
 */
export function parseDecimal(text: string, decimals: number): ReadDecimal {
  const match = DECIMAL.exec(text);
  if (!match) return { ok: false, problem: text === '' ? 'is missing' : 'is no decimal number like 0.0125' };
  const [, sign, whole = '', fraction = ''] = match;
  if (/[1-9]/.test(fraction.slice(decimals))) {
    return { ok: false, problem: `has more than ${decimals} decimals` };
  }
  const value = Number(BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0')));
  if (!Number.isSafeInteger(value)) return { ok: false, problem: 'is more than can be counted' };
  return { ok: true, value: sign === '-' && value !== 0 ? -value : value };
}
