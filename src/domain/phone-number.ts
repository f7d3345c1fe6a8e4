declare const e164Brand: unique symbol;

/** A telephone number in E.164 form with its plus sign, e.g. `+12125550123` (ITU-T E.164, at most 15 digits). */
export type E164 = string & { readonly [e164Brand]: true };

/** What was wrong with a text that is no number. */
export type PhoneNumberProblem = 'empty' | 'not_digits' | 'too_short' | 'too_long' | 'leading_zero';

export type ParsedNumber =
  { readonly ok: true; readonly number: E164 } | { readonly ok: false; readonly reason: PhoneNumberProblem };

const MAX_INPUT_LENGTH = 64;

/**
 * Normalises what a carrier writes in a user part (`+12125550123`, `12125550123`, `2125550123`,
 * `0012125550123`, with or without visual separators) to E.164. Ten digits are taken as NANP,
 * as eleven with a leading 1 are.
 */
export function parsePhoneNumber(text: string): ParsedNumber {
  if (text.length > MAX_INPUT_LENGTH) return { ok: false, reason: 'too_long' };
  let digits = '';
  let plus = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits += text[i];
    else if (code === 43 && digits === '' && !plus) plus = true;
    else if (code !== 32 && code !== 40 && code !== 41 && code !== 45 && code !== 46) {
      return { ok: false, reason: 'not_digits' };
    }
  }
  if (digits === '') return { ok: false, reason: 'empty' };
  if (!plus && digits.startsWith('00')) digits = digits.slice(2);
  else if (!plus && digits.startsWith('011') && digits.length > 11) digits = digits.slice(3);
  else if (!plus && digits.length === 10 && digits.charCodeAt(0) >= 50) digits = `1${digits}`;
  if (digits.startsWith('0')) return { ok: false, reason: 'leading_zero' };
  if (digits.length < 7) return { ok: false, reason: 'too_short' };
  if (digits.length > 15) return { ok: false, reason: 'too_long' };
  return { ok: true, number: `+${digits}` as E164 };
}

/** Area code of a North American number, e.g. `212`; undefined for any other country. */
export function npaOf(number: E164): string | undefined {
  return isNanp(number) ? number.slice(2, 5) : undefined;
}

/** Exchange (NXX) of a North American number, e.g. `555`; undefined for any other country. */
export function nxxOf(number: E164): string | undefined {
  return isNanp(number) ? number.slice(5, 8) : undefined;
}

/** True for +1 and ten digits. Caribbean countries share the plan: see the NPA table for the country. */
export function isNanp(number: E164): boolean {
  return number.length === 12 && number.charCodeAt(1) === 49;
}

/** The number with all but its country or area code and last two digits hidden, for logs. */
export function maskNumber(number: string): string {
  if (number.length <= 6) return '*'.repeat(number.length);
  return `${number.slice(0, 5)}${'*'.repeat(number.length - 7)}${number.slice(-2)}`;
}
