/** `0:05`, `12:34`, `1:02:03`. */
export function clockTime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `2 h 05 min`, `12 min`, `45 s`: how long somebody talked today. */
export function talkTime(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Numbers of the North American plan as people there write them; others as they are. */
export function phoneNumber(number: string): string {
  const [, area, exchange, line] = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(number) ?? [];
  return area === undefined ? number : `+1 (${area}) ${exchange ?? ''}-${line ?? ''}`;
}

/** An amount of micro-units in its currency. */
export function money(micros: number, currency: string | undefined, locale?: string): string {
  const amount = micros / 1_000_000;
  if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) return amount.toFixed(2);
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount);
}

/** `insurance_type` → `Insurance type`. */
export function tagName(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * An instant of the API as UTC epoch milliseconds; ISO 8601 text, epoch seconds or milliseconds.
 * @returns undefined when it is none of them
 */
export function instantOf(value: string | number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return value < 1e11 ? value * 1000 : value;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : at;
}
