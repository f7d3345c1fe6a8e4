import * as fc from 'fast-check';
import type { HoursQuestion } from '../../../src/compliance/calling-hours';
import { hoursAt, nextOpening, STATES_WITH_HOURS } from '../../../src/compliance/calling-hours';
import { HoursRow } from '../../../src/compliance/hours-row';
import type { CallingHours, Window } from '../../../src/compliance/data/calling-hours';
import { COUNTRY_HOURS, STATE_HOURS } from '../../../src/compliance/data/calling-hours';
import type { HoursOverride, Zone } from '../../../src/domain';
import { zoneOf } from '../../../src/domain';
import {
  allAllow,
  AUTOMATED_LAW,
  CANADA_LAW,
  HOLIDAY_STATES,
  instantOf,
  LAW,
  lawAllows,
  wallClock,
} from './oracle';

const ET = zoneOf('America/New_York');
const CT = zoneOf('America/Chicago');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function question(over: Partial<HoursQuestion> = {}): HoursQuestion {
  return { countries: ['US'], states: [], zones: [ET], automated: false, overrides: [], ...over };
}
const allowed = (asked: HoursQuestion, at: number): boolean => hoursAt(asked, at).forbids.length === 0;
const inState = (state: string, over: Partial<HoursQuestion> = {}): HoursQuestion =>
  question({ countries: [], states: [state], ...over });
const inNewYork = (date: string, hour: number, minute = 0): number =>
  instantOf('America/New_York', date, hour, minute);

/** The week of Sunday 2026-08-16 holds no holiday of any calendar. */
const WEEK = ['16', '17', '18', '19', '20', '21', '22'].map((day) => `2026-08-${day}`);
const SUNDAY_MIDNIGHT = inNewYork('2026-08-16', 0);

describe('the table', () => {
  test('has the rows of the research and no others', () => {
    const places = new Set(STATE_HOURS.map(({ place }) => place));
    expect([...places].sort()).toEqual(
      Object.keys(LAW)
        .filter((place) => place !== 'US')
        .sort(),
    );
    expect([...STATES_WITH_HOURS].sort()).toEqual([...places].sort());
  });

  test.each(Object.entries(LAW).filter(([place]) => place !== 'US'))(
    'of %s allows %s to the minute through a whole week',
    (state, law) => {
      for (let minute = 0; minute < WEEK.length * 1440; minute++) {
        const at = SUNDAY_MIDNIGHT + minute * MINUTE;
        if (allowed(inState(state), at) !== lawAllows(law, ET.name, at)) {
          throw new Error(`${state} at ${new Date(at).toISOString()}`);
        }
      }
    },
  );

  test.each(Object.entries(AUTOMATED_LAW))('of %s allows a machine %s', (state, law) => {
    for (let minute = 0; minute < WEEK.length * 1440; minute += 5) {
      const at = SUNDAY_MIDNIGHT + minute * MINUTE;
      const both = lawAllows(law, ET.name, at) && lawAllows(LAW[state] as string, ET.name, at);
      if (allowed(inState(state, { automated: true }), at) !== both) {
        throw new Error(`${state} at ${new Date(at).toISOString()}`);
      }
    }
  });

  test.each([
    ['US', LAW['US'] as string],
    ['CA', CANADA_LAW],
  ])('of the country %s allows %s', (country, law) => {
    for (let minute = 0; minute < WEEK.length * 1440; minute++) {
      const at = SUNDAY_MIDNIGHT + minute * MINUTE;
      expect(allowed(question({ countries: [country] }), at)).toBe(lawAllows(law, ET.name, at));
    }
  });

  const rows: readonly CallingHours[] = [...Object.values(COUNTRY_HOURS).flat(), ...STATE_HOURS];
  test.each(rows.map((row) => [`${row.place}: ${row.citation}`, row] as const))(
    '%s cites its source, says how well it is founded and when it was checked',
    (_name, row) => {
      expect(row.citation).toMatch(/\S{2}/);
      expect(['S', 'K', 'S/K']).toContain(row.mark);
      expect(row.checked).toMatch(/^20\d\d-\d\d-\d\d$/);
      for (const [from, to] of [...row.weekdays, ...row.saturday, ...row.sunday]) {
        expect(from >= 0 && from < to && to <= 24).toBe(true);
      }
    },
  );
});

describe('a row with dates', () => {
  test.each([
    ['CT', '2023-09-30', '2023-10-01', 20],
    ['MD', '2023-12-31', '2024-01-01', 20],
    ['OR', '2025-12-31', '2026-01-01', 20],
  ])('of %s is law on the day after %s, by the local calendar', (state, before, first, hour) => {
    expect(allowed(inState(state), inNewYork(before, hour, 30))).toBe(true);
    expect(allowed(inState(state), inNewYork(first, hour, 30))).toBe(false);
    expect(allowed(inState(state), inNewYork(first, hour - 1, 30))).toBe(true);
  });

  test('begins at midnight of each clock', () => {
    const honolulu = zoneOf('Pacific/Honolulu');
    // 2026-01-01 02:00 in New York is 2025-12-31 21:00 in Honolulu.
    const at = inNewYork('2026-01-01', 2);
    expect(allowed(inState('OR', { zones: [honolulu] }), at)).toBe(true);
    expect(allowed(inState('OR', { zones: [ET] }), at)).toBe(false);
  });

  test('ends: Mississippi closed on holidays until 2024-06-03', () => {
    expect(allowed(inState('MS', { zones: [CT] }), instantOf(CT.name, '2024-05-27', 12))).toBe(false);
    expect(allowed(inState('MS', { zones: [CT] }), instantOf(CT.name, '2025-05-26', 12))).toBe(true);
  });
});

test.each<[string, string, string, string]>([
  ['AL', 'Independence Day, observed on Friday', '2026-07-03', 'Independence Day'],
  ['AL', 'Independence Day itself', '2026-07-04', 'Independence Day'],
  ['AL', 'Mardi Gras', '2026-02-17', 'Mardi Gras (Baldwin and Mobile counties)'],
  ['AL', 'Mrs. Rosa Parks Day', '2026-12-01', 'Mrs. Rosa Parks Day'],
  ['AL', 'Confederate Memorial Day', '2026-04-27', 'Confederate Memorial Day'],
  ['AL', 'New Year observed in the year before', '2021-12-31', "New Year's Day"],
  ['LA', 'Battle of New Orleans', '2026-01-08', 'Battle of New Orleans'],
  ['LA', 'Mardi Gras', '2026-02-17', 'Mardi Gras'],
  ['LA', 'Good Friday', '2026-04-03', 'Good Friday'],
  ['LA', 'Election Day of even years', '2026-11-03', 'Election Day'],
  ['LA', 'Acadian Day', '2026-11-27', 'Acadian Day'],
  ['LA', 'Christmas Eve', '2026-12-24', 'Christmas Eve'],
  ['PA', 'Thanksgiving', '2026-11-26', 'Thanksgiving Day'],
  ['PA', 'Flag Day, observed on Monday', '2026-06-15', 'Flag Day'],
  ['PA', 'Election Day of odd years', '2027-11-02', 'Election Day'],
  ['RI', 'Rhode Island Independence Day', '2026-05-04', 'Rhode Island Independence Day'],
  ['RI', 'Victory Day', '2026-08-10', 'Victory Day'],
  ['RI', 'a Saturday holiday on Friday', '2026-07-03', 'Independence Day'],
  ['RI', 'a Saturday holiday on Monday', '2026-07-06', 'Independence Day'],
  ['UT', 'Pioneer Day', '2026-07-24', 'Pioneer Day'],
  ['UT', 'Pioneer Day of a Sunday, on Monday', '2022-07-25', 'Pioneer Day'],
  ['UT', 'New Year observed on Monday', '2023-01-02', "New Year's Day"],
])('%s takes no calls on %s', (state, _name, date, holiday) => {
  for (const hour of [10, 12, 16]) {
    expect(hoursAt(inState(state), inNewYork(date, hour)).forbids).toEqual([
      expect.objectContaining({ allowed: false, holiday }),
    ]);
  }
});

test.each([
  ['TX', '2026-11-26'],
  ['MS', '2026-11-26'],
  ['LA', '2027-11-02'],
])('%s takes calls on %s, since its rows close on no such day', (state, date) => {
  expect(allowed(inState(state), inNewYork(date, 13))).toBe(true);
});

describe('a row made up for the purpose', () => {
  const base: CallingHours = {
    place: 'XX',
    weekdays: [],
    saturday: [],
    sunday: [],
    citation: 'a law',
    mark: 'S',
    checked: '2026-11-21',
  };
  const openMinutes = (over: Partial<CallingHours>, date: string, zone: Zone = ET): number[] => {
    const row = new HoursRow({ ...base, ...over });
    const start = instantOf(zone.name, date, 0);
    const open: number[] = [];
    for (let at = start; wallClock(zone.name, at).date === date; at += 15 * MINUTE) {
      if (row.isOpen(zone, at)) open.push(wallClock(zone.name, at).minute);
    }
    return open;
  };
  const hoursOf = (...windows: Window[]): number[] =>
    windows.flatMap(([from, to]) => Array.from({ length: (to - from) * 4 }, (_, n) => from * 60 + n * 15));

  test('may have breaks', () => {
    expect(
      openMinutes(
        {
          weekdays: [
            [9, 12],
            [13.5, 18],
          ],
        },
        '2026-08-18',
      ),
    ).toEqual(hoursOf([9, 12], [13.5, 18]));
  });

  test('may run past midnight, into the day after', () => {
    const night = { weekdays: [[22, 2]] as Window[] };
    expect(openMinutes(night, '2026-08-18')).toEqual(hoursOf([0, 2], [22, 24]));
    // Friday's night runs into Saturday, and Sunday's, which there is none of, not into Monday.
    expect(openMinutes(night, '2026-08-22')).toEqual(hoursOf([0, 2]));
    expect(openMinutes(night, '2026-08-17')).toEqual(hoursOf([22, 24]));
    expect(openMinutes({ saturday: [[20, 1]] }, '2026-08-16')).toEqual(hoursOf([0, 1]));
  });

  test('may have windows of its own for holidays', () => {
    const holidays = { calendar: 'federal', windows: [[13, 15]] } as const;
    const rule = { weekdays: [[8, 20]] as Window[], holidays };
    expect(openMinutes(rule, '2026-11-26')).toEqual(hoursOf([13, 15]));
    expect(openMinutes(rule, '2026-11-25')).toEqual(hoursOf([8, 20]));
  });

  test('has no night that began on a holiday, and none that ends in one is cut', () => {
    const rule = {
      weekdays: [[22, 2]] as Window[],
      holidays: { calendar: 'federal', windows: [] },
    } as const;
    // Thanksgiving is Thursday 2026-11-26.
    expect(openMinutes(rule, '2026-11-26')).toEqual(hoursOf([0, 2]));
    expect(openMinutes(rule, '2026-11-27')).toEqual(hoursOf([22, 24]));
    const late = { weekdays: [] as Window[], holidays: { calendar: 'federal', windows: [[23, 1]] } } as const;
    expect(openMinutes(late, '2026-11-26')).toEqual(hoursOf([23, 24]));
    expect(openMinutes(late, '2026-11-27')).toEqual(hoursOf([0, 1]));
  });

  test.each<Window>([
    [-1, 5],
    [24, 25],
    [3, 0],
    [3, 25],
  ])('is refused with a window from %d to %d', (from, to) => {
    expect(() => new HoursRow({ ...base, weekdays: [[from, to]] })).toThrow(RangeError);
  });

  test('is refused with a date that is none', () => {
    expect(() => new HoursRow({ ...base, from: 'soon' })).toThrow(RangeError);
  });
});

describe('when the clocks change', () => {
  test.each([
    ['the day of 23 hours', '2026-03-08', 23 * 60],
    ['the day of 25 hours', '2026-11-01', 25 * 60],
  ])('%s still has thirteen hours for calls, from 8 to 21 by the wall', (_name, date, length) => {
    let minutes = 0;
    let open = 0;
    for (let at = inNewYork(date, 0); wallClock(ET.name, at).date === date; at += MINUTE) {
      minutes++;
      const { minute } = wallClock(ET.name, at);
      expect(allowed(question(), at)).toBe(minute >= 480 && minute < 1260);
      if (allowed(question(), at)) open++;
    }
    expect([minutes, open]).toEqual([length, 13 * 60]);
  });

  test.each([
    ['2026-03-08', 22],
    ['2026-11-01', 26],
  ])('a night from 22 to 4 on %s ends at 4 by the wall', (date) => {
    const row = new HoursRow({
      ...(COUNTRY_HOURS.US[0] as CallingHours),
      weekdays: [[22, 4]],
      saturday: [[22, 4]],
      sunday: [],
    });
    for (let at = inNewYork(date, 0); wallClock(ET.name, at).date === date; at += MINUTE) {
      expect(row.isOpen(ET, at)).toBe(wallClock(ET.name, at).minute < 240);
    }
  });
});

const ZONES = [
  'America/New_York',
  'America/Chicago',
  'America/Denver',
  'America/Phoenix',
  'America/Los_Angeles',
  'America/Anchorage',
  'America/Adak',
  'Pacific/Honolulu',
  'America/Puerto_Rico',
  'America/St_Johns',
].map(zoneOf);
const anyPlace = fc.record({
  countries: fc.subarray(['US', 'CA'], { minLength: 1 }),
  states: fc.subarray(
    Object.keys(LAW).filter((place) => place !== 'US'),
    { maxLength: 4 },
  ),
  zones: fc.subarray(ZONES, { minLength: 1, maxLength: 4 }),
  automated: fc.boolean(),
});
const anyInstant = fc.integer({ min: Date.UTC(2026, 0, 2), max: Date.UTC(2031, 0, 1) });

test('over states and clocks, a call is allowed just when each of them allows it', () => {
  fc.assert(
    fc.property(anyPlace, anyInstant, (place, at) => {
      const { forbids } = hoursAt(question(place), at);
      const byLaw = allAllow(place, place.automated, at);
      const byHoliday = forbids.some((one) => 'row' in one && one.holiday !== undefined);
      if (byHoliday) {
        expect(place.states.some((state) => HOLIDAY_STATES.includes(state) || state === 'NE')).toBe(true);
      } else expect(forbids.length === 0).toBe(byLaw);
      // Whatever else holds: never within a forbidden interval of any clock.
      if (forbids.length === 0) expect(byLaw).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});

test('the row and the clock that forbid are the ones that are told', () => {
  // 21:30 in New York, 20:30 in Chicago.
  const at = inNewYork('2026-08-03', 21, 30);
  expect(hoursAt(question({ zones: [CT, ET] }), at).forbids).toMatchObject([
    { allowed: false, row: { citation: '47 CFR 64.1200(c)(1)' }, zone: { name: 'America/New_York' } },
  ]);
  const told = hoursAt(question({ states: ['FL', 'RI'], zones: [ET] }), inNewYork('2026-08-03', 20, 30));
  expect(told.forbids.map((one) => ('row' in one ? one.row.place : ''))).toEqual(['FL', 'RI']);
});

describe('an override', () => {
  const noon = inNewYork('2026-08-03', 12);
  const night = inNewYork('2026-08-03', 20, 30);
  const override = (over: Partial<HoursOverride> = {}): HoursOverride => ({
    id: 'override',
    place: 'FL',
    effect: 'forbid',
    startsAt: noon - HOUR,
    endsAt: noon + HOUR,
    citation: 'Executive Order 26-1',
    ...over,
  });
  const florida = (...overrides: HoursOverride[]): HoursQuestion => question({ states: ['FL'], overrides });

  test('that forbids goes before hours that allow, from its first to before its last instant', () => {
    const forbid = override();
    expect(hoursAt(florida(forbid), noon).forbids).toEqual([forbid]);
    const edges = [noon - HOUR - 1, noon - HOUR, noon + HOUR - 1, noon + HOUR];
    expect(edges.map((at) => allowed(florida(forbid), at))).toEqual([true, false, false, true]);
  });

  test('binds its own state, and that of the United States all', () => {
    expect(allowed(question({ states: ['GA'], overrides: [override()] }), noon)).toBe(true);
    expect(allowed(question({ states: ['GA'], overrides: [override({ place: 'US' })] }), noon)).toBe(false);
    const canadian = { countries: ['CA'], states: ['ON'] };
    expect(allowed(question({ ...canadian, overrides: [override({ place: 'US' })] }), noon)).toBe(true);
  });

  test('of CA is of California, not of Canada', () => {
    const forbid = override({ place: 'CA' });
    expect(allowed(question({ states: ['CA'], overrides: [forbid] }), noon)).toBe(false);
    expect(allowed(question({ countries: ['CA'], states: ['ON'], overrides: [forbid] }), noon)).toBe(true);
  });

  test('that allows sets aside the rows of its state, not those of the country', () => {
    const allow = override({ effect: 'allow', endsAt: noon + DAY });
    expect(allowed(florida(), night)).toBe(false);
    const answer = hoursAt(florida(allow), night);
    expect([answer.forbids, answer.setAside]).toEqual([[], [allow]]);
    expect(allowed(florida(allow), inNewYork('2026-08-03', 21, 30))).toBe(false);
  });

  test('that forbids beats one that allows', () => {
    const both = [override({ effect: 'allow', endsAt: noon + DAY }), override({ endsAt: noon + DAY })];
    expect(allowed(florida(...both), night)).toBe(false);
    expect(allowed(florida(...both.reverse()), night)).toBe(false);
  });
});

describe('the next opening', () => {
  test('is now when calls are allowed now, to the millisecond', () => {
    const at = inNewYork('2026-08-03', 12) + 12_345;
    expect(nextOpening(question(), at)).toBe(at);
  });

  test.each<[string, Partial<HoursQuestion>, number, number]>([
    ['the morning', {}, inNewYork('2026-08-03', 22), inNewYork('2026-08-04', 8)],
    [
      'the day after a Sunday and a holiday',
      { states: ['RI'] },
      inNewYork('2026-09-05', 18),
      inNewYork('2026-09-08', 9),
    ],
    [
      'the hour that both clocks allow',
      { zones: [ET, zoneOf('America/Los_Angeles')] },
      inNewYork('2026-08-03', 22),
      inNewYork('2026-08-04', 11),
    ],
    [
      'the day on which a law ends',
      { states: ['MS'], zones: [CT] },
      instantOf(CT.name, '2024-05-25', 21),
      instantOf(CT.name, '2024-05-28', 8),
    ],
    ['the morning of 23 hours', {}, inNewYork('2026-03-07', 22), inNewYork('2026-03-08', 8)],
    ['the morning of 25 hours', {}, inNewYork('2026-10-31', 22), inNewYork('2026-11-01', 8)],
  ])('is %s', (_name, over, from, to) => {
    expect(nextOpening(question(over), from)).toBe(to);
  });

  test('waits for an emergency to end, and takes an order that opens', () => {
    const from = inNewYork('2026-08-03', 12);
    const place = 'FL';
    const forbid = {
      id: '1',
      place,
      effect: 'forbid',
      startsAt: 0,
      endsAt: from + HOUR + 7,
      citation: '',
    } as const;
    expect(nextOpening(question({ states: ['FL'], overrides: [forbid] }), from)).toBe(from + HOUR + 7);
    const night = inNewYork('2026-08-03', 20, 10);
    const startsAt = night + 10 * MINUTE + 123;
    const allow = {
      id: '2',
      place,
      effect: 'allow',
      startsAt,
      endsAt: startsAt + DAY,
      citation: '',
    } as const;
    expect(nextOpening(question({ states: ['FL'], overrides: [allow] }), night)).toBe(startsAt);
  });

  test('is none when nothing opens within 60 days', () => {
    const from = inNewYork('2026-08-03', 12);
    const endsAt = from + 90 * DAY;
    const forbid = { id: '1', place: 'US', effect: 'forbid', startsAt: 0, endsAt, citation: '' } as const;
    expect(nextOpening(question({ overrides: [forbid] }), from)).toBeUndefined();
    expect(nextOpening(inState('RI', { zones: [ET, zoneOf('Asia/Tokyo')] }), from)).toBeUndefined();
  });

  test('is allowed, and no whole minute before it is', () => {
    const withoutHolidays = anyPlace.map((place) => ({
      ...place,
      states: place.states.filter((state) => !HOLIDAY_STATES.includes(state) && state !== 'NE'),
    }));
    fc.assert(
      fc.property(withoutHolidays, anyInstant, (place, from) => {
        const opening = nextOpening(question(place), from);
        if (opening === undefined) {
          // Clocks so far apart that no hour suits all: then none of the next days does.
          for (let at = from; at < from + 4 * DAY; at += 10 * MINUTE) {
            expect(allAllow(place, place.automated, at)).toBe(false);
          }
          return;
        }
        expect(allAllow(place, place.automated, opening)).toBe(true);
        const grid = Math.ceil(from / MINUTE) * MINUTE;
        for (let at = Math.max(grid, opening - 600 * MINUTE); at < opening; at += MINUTE) {
          if (allAllow(place, place.automated, at)) throw new Error(new Date(at).toISOString());
        }
        for (let at = grid; at < opening - 600 * MINUTE; at += 15 * MINUTE) {
          if (allAllow(place, place.automated, at)) throw new Error(new Date(at).toISOString());
        }
        expect(opening === from || opening % MINUTE === 0).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('agrees with the answers on a grid of minutes where there are holidays and orders', () => {
    const anyOverride = fc.record({
      id: fc.constant('o'),
      place: fc.constantFrom('US', 'RI', 'LA', 'FL'),
      effect: fc.constantFrom<HoursOverride['effect']>('forbid', 'allow'),
      startsAt: fc.integer({ min: 0, max: 3 * DAY }),
      length: fc.integer({ min: 1, max: DAY }),
      citation: fc.constant('an order'),
    });
    fc.assert(
      fc.property(
        fc.subarray(['AL', 'LA', 'PA', 'RI', 'UT', 'FL'], { minLength: 1, maxLength: 3 }),
        fc.subarray([ET, CT], { minLength: 1 }),
        fc.constantFrom('2026-07-02', '2026-11-25', '2026-12-23', '2027-02-08'),
        fc.integer({ min: 0, max: 1439 }),
        fc.array(anyOverride, { maxLength: 3 }),
        (states, zones, date, minute, some) => {
          const from = inNewYork(date, 0) + minute * MINUTE;
          const overrides = some.map(({ length, startsAt, ...rest }) => ({
            ...rest,
            startsAt: from + startsAt,
            endsAt: from + startsAt + length,
          }));
          const asked = question({ states, zones, overrides });
          const opening = nextOpening(asked, from) ?? from + 5 * DAY;
          if (opening < from + 5 * DAY) expect(allowed(asked, opening)).toBe(true);
          for (let at = from; at < opening; at += 7 * MINUTE) {
            if (allowed(asked, at)) throw new Error(`${new Date(at).toISOString()} is before the opening`);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
