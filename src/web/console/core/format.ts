/** Micro-units as money; the currency may be left out where a heading names it. */
export function moneyText(micros: number | bigint | string, currency?: string): string {
  const amount = Number(micros) / 1_000_000;
  const few = { minimumFractionDigits: 2, maximumFractionDigits: 4 };
  if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) return amount.toLocaleString('en-US', few);
  return amount.toLocaleString('en-US', { style: 'currency', currency, ...few });
}

/** Money for headings, where parts of a cent do not matter: `$12,345.60`, `$1.2M`. */
export function shortMoney(micros: number, currency = 'USD'): string {
  const amount = micros / 1_000_000;
  const compact = Math.abs(amount) >= 1_000_000;
  return amount.toLocaleString('en-US', {
    style: 'currency',
    currency,
    ...(compact ? { notation: 'compact', maximumFractionDigits: 2 } : {}),
  });
}

/** `12.3 %`; `–` of nothing. */
export function percentText(part: number | null | undefined, digits = 1): string {
  return part === null || part === undefined || !Number.isFinite(part)
    ? '–'
    : `${(part * 100).toFixed(digits)} %`;
}

/** A duration: `840 ms`, `4.2 s`, `3:07`, `1:02:03`. */
export function durationText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const whole = Math.round(ms / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3_600);
  const rest = `${hours > 0 ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** `14:03:07`, in the reader's own zone. */
export function clockText(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

/** `2026-03-14 14:03:07`, in the reader's own zone. */
export function instantText(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '–';
  // Swedish writes dates as ISO 8601 does.
  return `${date.toLocaleDateString('sv-SE')} ${date.toLocaleTimeString('en-GB')}`;
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
  return count.toLocaleString('en-US');
}
