/**
 * The calling hours of the research table once more, written down apart from the product's data and
 * asked by the platform's own calendar: what the product says must agree with it.
 */

/** `weekdays saturday sunday`, hours of the local day; `-` = none. */
export const LAW: Readonly<Record<string, string>> = {
  US: '8-21 8-21 8-21',
  AL: '8-20 8-20 -',
  CT: '9-20 9-20 9-20',
  FL: '8-20 8-20 8-20',
  GA: '8-21 8-21 8-21',
  IL: '8-21 8-21 8-21',
  IN: '8-21 8-21 8-21',
  KY: '10-21 10-21 10-21',
  LA: '8-20 8-20 -',
  MA: '8-20 8-20 8-20',
  MD: '8-20 8-20 8-20',
  ME: '8-21 8-21 8-21',
  MI: '9-21 9-21 9-21',
  MN: '9-21 9-21 9-21',
  MS: '8-20 8-20 -',
  NE: '8-21 8-21 8-21',
  NJ: '8-21 8-21 8-21',
  NM: '9-21 9-21 9-21',
  NV: '9-20 9-20 9-20',
  NY: '8-21 8-21 8-21',
  OK: '8-20 8-20 8-20',
  OR: '8-20 8-20 8-20',
  PA: '8-21 8-21 8-21',
  RI: '9-18 10-17 -',
  SD: '9-21 9-21 -',
  TX: '9-21 9-21 12-21',
  UT: '8-21 8-21 -',
  VA: '8-21 8-21 8-21',
  WA: '8-20 8-20 8-20',
  WY: '8-20 8-20 8-20',
};

/** Canada's, which would be California's key. */
export const CANADA_LAW = '9-21.5 10-18 10-18';

/** What binds calls that a machine dials, besides. */
export const AUTOMATED_LAW: Readonly<Record<string, string>> = {
  IL: '9-21 9-21 9-21',
  ME: '9-17 - -',
  NE: '8-21 8-21 13-21',
  SD: '9-21 - -',
};

/** States that close on holidays. */
export const HOLIDAY_STATES: readonly string[] = ['AL', 'LA', 'PA', 'RI', 'UT'];

const formats = new Map<string, Intl.DateTimeFormat>();

/** Weekday (0 = Sunday) and minute of the local day, by the platform. */
export function wallClock(zone: string, instant: number): { weekday: number; minute: number; date: string } {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(zone, format);
  }
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(instant)) part[type] = value;
  return {
    weekday: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(part['weekday'] ?? ''),
    minute: Number(part['hour']) * 60 + Number(part['minute']),
    date: `${part['year']}-${part['month']}-${part['day']}`,
  };
}

/** Whether one line of the table allows a call on one clock. */
export function lawAllows(law: string, zone: string, instant: number): boolean {
  const { weekday, minute } = wallClock(zone, instant);
  const [weekdays, saturday, sunday] = law.split(' ') as [string, string, string];
  const window = weekday === 0 ? sunday : weekday === 6 ? saturday : weekdays;
  if (window === '-') return false;
  const [from, to] = window.split('-').map(Number) as [number, number];
  return minute >= from * 60 && minute < to * 60;
}

/** Whether every line that a person may be under allows a call, on every clock; holidays left aside. */
export function allAllow(
  place: { countries: readonly string[]; states: readonly string[]; zones: readonly { name: string }[] },
  automated: boolean,
  instant: number,
): boolean {
  const laws: string[] = [];
  if (place.countries.includes('US')) laws.push(LAW['US'] as string);
  if (place.countries.includes('CA')) laws.push(CANADA_LAW);
  for (const state of place.states) {
    if (LAW[state]) laws.push(LAW[state]);
    if (automated && AUTOMATED_LAW[state]) laws.push(AUTOMATED_LAW[state]);
  }
  return laws.every((law) => place.zones.every(({ name }) => lawAllows(law, name, instant)));
}

/** Instant of a wall-clock time, found by trying the offsets that there are. */
export function instantOf(zone: string, date: string, hour: number, minute = 0): number {
  for (let offset = -14; offset <= 12; offset += 0.5) {
    const at = Date.parse(`${date}T00:00:00Z`) + (hour * 60 + minute) * 60_000 - offset * 3_600_000;
    const wall = wallClock(zone, at);
    if (wall.date === date && wall.minute === hour * 60 + minute) return at;
  }
  throw new Error(`${zone} has no ${hour}:${minute} on ${date}`);
}
