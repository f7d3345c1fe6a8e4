/** Takes a piece of a file; resolves when the next may come. */
export type WriteText = (text: string) => Promise<void>;

/** What a spreadsheet takes for a formula, but for plain numbers. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/**
 * One record of CSV (RFC 4180). A text that a spreadsheet would carry out as a formula gets an apostrophe in
 * front; numbers, telephone numbers in E.164 among them, stay as they are.
 */
export function csvRecord(fields: readonly (string | number | null)[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}

function csvField(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = FORMULA.test(value) && !NUMBER.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** A caller's number for those who may not see it: its country and area stay. */
export function maskNumber(number: string): string {
  const digits = number.replace(/\D/g, '');
  return digits.slice(0, 4) + 'x'.repeat(Math.max(0, digits.length - 4));
}

/** An instant on the wall clock of a zone, with its offset: `2026-11-21T07:00:05.250-05:00`. */
export function localTime(instant: number, offsetMs: number): string {
  const minutes = Math.abs(Math.round(offsetMs / 60_000));
  const two = (value: number): string => String(value).padStart(2, '0');
  const offset = `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return new Date(instant + offsetMs).toISOString().replace('Z', offset);
}
