import type { ChangeType } from './number-sink';

const TYPES: Readonly<Record<string, ChangeType>> = {
  a: 'add',
  add: 'add',
  added: 'add',
  adds: 'add',
  additions: 'add',
  d: 'delete',
  delete: 'delete',
  deleted: 'delete',
  deletes: 'delete',
  deletions: 'delete',
  remove: 'delete',
  removed: 'delete',
};

const ISO = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AP]M))?)?$/i;

/** `A`, `D` and the like; undefined for anything else. */
export function parseChangeType(text: string): ChangeType {
  return Object.hasOwn(TYPES, text.toLowerCase()) ? TYPES[text.toLowerCase()] : undefined;
}

/**
 * UTC epoch milliseconds of `2026-11-20`, `20261120`, `2026-11-20T08:30:00-05:00`, `11/20/2026` or
 * `11/20/2026 8:30:00 AM`; a text without a zone is taken as UTC. Undefined for anything else.
 */
export function parseChangeDate(text: string): number | undefined {
  const iso = ISO.exec(text);
  if (iso) {
    const [, year, month, day, hour = 0, minute = 0, second = 0, zone = 'Z'] = iso;
    const local = utc(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
    return local === undefined ? undefined : local - zoneMs(zone);
  }
  const american = AMERICAN.exec(text);
  if (!american) return undefined;
  const [, month, day, year, hour = 0, minute = 0, second = 0, half] = american;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (/p/i.test(half) ? 12 : 0);
  return utc(Number(year), Number(month), Number(day), hours, Number(minute), Number(second));
}

function utc(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  // 31 June is none, and 25 o'clock is none.
  const date = new Date(at);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour;
  return real && minute < 60 && second < 60 ? at : undefined;
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}
