const formats = new Map<string, Intl.NumberFormat>();

/** Numbers are written as the reader's browser has it; a format is made once, since that takes long. */
function number(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (format === undefined) formats.set(key, (format = new Intl.NumberFormat(undefined, options)));
  return format.format(value);
}

/** Micro-units as money; the currency may be left out where a heading names it. */
export function moneyText(micros: number | bigint | string, currency?: string): string {
  const amount = Number(micros) / 1_000_000;
  const few = { minimumFractionDigits: 2, maximumFractionDigits: 4 };
  if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) return number(amount, few);
  return number(amount, { style: 'currency', currency, ...few });
}

/** Money for headings, where parts of a cent do not matter: `$12,345.60`, `$1.2M`. */
export function shortMoney(micros: number, currency = 'USD'): string {
  const amount = micros / 1_000_000;
  const compact = Math.abs(amount) >= 1_000_000;
  return number(amount, {
    style: 'currency',
    currency,
    ...(compact ? { notation: 'compact', maximumFractionDigits: 2 } : {}),
  });
}

/** `12.3%`; `–` of nothing. */
export function percentText(part: number | null | undefined, digits = 1): string {
  return part === null || part === undefined || !Number.isFinite(part)
    ? '–'
    : number(part, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A number with so many decimals: `4.5`. */
export function decimalText(value: number, digits = 1): string {
  return number(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A duration: `840 ms`, `4.2 s`, `3:07`, `1:02:03`. */
export function durationText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${decimalText(ms / 1_000)} s`;
  const whole = Math.round(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3_600);
  const rest = `${hours > 0 ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

const CLOCK = { hour: 'numeric', minute: '2-digit', second: '2-digit' } as const;
const DAY = { year: 'numeric', month: 'short', day: 'numeric' } as const;
const clock = new Intl.DateTimeFormat(undefined, CLOCK);
const day = new Intl.DateTimeFormat(undefined, DAY);
const instant = new Intl.DateTimeFormat(undefined, { ...DAY, ...CLOCK });

/** `14:03:07` or `2:03:07 PM`, as the reader's browser writes it, in the reader's own zone. */
export function clockText(at: number): string {
  return clock.format(at);
}

/** `14 Mar 2026, 14:03:07`, likewise. */
export function instantText(at: number | string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : instant.format(date);
}

/** `14 Mar 2026`, likewise. */
export function dayText(at: number | string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '–' : day.format(date);
}

/** `snake_case` and `camelCase` as words: `Caller hangup`, `Ring timeout`. */
export function wordsOf(name: string): string {
  const spaced = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** The beginning of a long id: enough to tell it from others on a page. */
export function shortId(id: string): string {
  return id.length > 14 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id;
}

/** `1,234`. */
export function countText(count: number): string {
  return number(count);
}
