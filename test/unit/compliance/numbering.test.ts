import { NON_GEOGRAPHIC_NPAS, NPA_ROWS, ZONE_NAMES } from '../../../src/compliance/data/npa';
import { EXCHANGE_ROWS } from '../../../src/compliance/data/npa-nxx';
import { classifyNumber, geographicNpas, isFictional } from '../../../src/compliance/numbering';
import type { E164 } from '../../../src/domain';

const e164 = (text: string): E164 => text as E164;

/** Codes that Google's time-zone map says straddle zones (Debian phonenumbers 8.12.57). */
const STRADDLING =
  '208 219 250 270 308 418 423 480 520 541 574 602 605 606 620 701 709 775 785 807 812 850 867 906 907 928 986'.split(
    ' ',
  );
const OVERLAYS: Record<string, string> = { 364: '270', 448: '850', 458: '541', 930: '812', 879: '709' };
const US_STATES =
  'AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY PR VI GU MP AS'.split(
    ' ',
  );

/** No exchange that a table names: 555 is kept for fiction and information. */
const anyExchange = (npa: string): E164 => e164(`+1${npa}5551212`);

function zonesOf(npa: string): string[] {
  const found = classifyNumber(anyExchange(npa));
  return found.kind === 'geographic' ? found.place.zones.map(({ name }) => name) : [];
}

test('each area code stands in the table once', () => {
  const all = [...NPA_ROWS.map(([, , , npas]) => npas), ...Object.values(NON_GEOGRAPHIC_NPAS)].flatMap(
    (npas) => npas.split(' '),
  );
  expect(all.length).toBe(new Set(all).size);
  for (const npa of all) expect(npa).toMatch(/^[2-9][0-8]\d$/);
});

test('every state and territory has a code, and every short zone name is spelled out', () => {
  const states = new Set(NPA_ROWS.filter(([country]) => country === 'US').map(([, state]) => state));
  expect([...states].sort()).toEqual([...US_STATES].sort());
  for (const [country, , zones] of NPA_ROWS) {
    if (country === 'US' || country === 'CA')
      for (const short of zones.split(' ')) expect(ZONE_NAMES[short]).toBeDefined();
  }
});

test.each(STRADDLING)('%s straddles zones, so at least two clocks count', (npa) => {
  const now = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)];
  const found = classifyNumber(anyExchange(npa));
  if (found.kind !== 'geographic') throw new Error(`${npa} has no place`);
  const differ = now.some((at) => new Set(found.place.zones.map((zone) => zone.offsetAt(at))).size > 1);
  expect(differ).toBe(true);
});

test('an overlay keeps the clocks of the code it overlays', () => {
  for (const [overlay, base] of Object.entries(OVERLAYS)) expect(zonesOf(overlay)).toEqual(zonesOf(base));
});

test('codes outside that list have one clock, or inherit theirs', () => {
  const inherited = new Set([...Object.keys(OVERLAYS), '729', '236', '257', '672', '778', '367', '581']);
  const several = geographicNpas().filter((npa) => zonesOf(npa).length > 1);
  expect(several.filter((npa) => !STRADDLING.includes(npa) && !inherited.has(npa))).toEqual([]);
});

test.each([
  ['+12123334567', 'geographic'],
  ['+18765551234', 'geographic'],
  ['+18005551234', 'non_geographic'],
  ['+19005551234', 'non_geographic'],
  ['+12223334567', 'unassigned'],
  ['+442071234567', 'foreign'],
  ['+11123334567', 'impossible'],
  ['+10123334567', 'impossible'],
  ['+12921234567', 'impossible'],
  ['+14112345678', 'impossible'],
  ['+12121234567', 'impossible'],
  ['+12124114567', 'impossible'],
  ['+12222222222', 'impossible'],
  ['+1212333456', 'impossible'],
  ['+121233345678', 'impossible'],
])('%s is %s', (number, kind) => {
  expect(classifyNumber(e164(number)).kind).toBe(kind);
});

test('a Caribbean code is not of the United States', () => {
  const jamaica = classifyNumber(e164('+18765551234'));
  expect(jamaica.kind === 'geographic' && jamaica.place).toMatchObject({
    country: 'JM',
    states: [],
    zones: [],
  });
});

test('555-0100 to 555-0199 are for fiction', () => {
  const answers = ['+12125550100', '+12125550199', '+12125550200', '+12125551234'].map((text) =>
    isFictional(e164(text)),
  );
  expect(answers).toEqual([true, true, false, false]);
});

describe('an exchange of an area code that straddles zones', () => {
  const zoneNames = (number: string): string[] => {
    const found = classifyNumber(e164(number));
    return found.kind === 'geographic' ? found.place.zones.map(({ name }) => name) : [];
  };

  test.each([
    ['+12082264567', 'Idaho Falls side', 'America/Denver'],
    ['+12082654567', 'Sandpoint', 'America/Los_Angeles'],
    ['+12193222345', 'Lake County, Indiana', 'America/Chicago'],
    ['+14232092345', 'Chattanooga', 'America/New_York'],
    ['+15413722345', 'Ontario, Oregon', 'America/Denver'],
    ['+16053422345', 'Rapid City', 'America/Denver'],
    ['+16053322345', 'Sioux Falls', 'America/Chicago'],
    ['+17756232345', 'Winnemucca', 'America/Los_Angeles'],
    ['+18502342345', 'Panama City', 'America/Chicago'],
    ['+19072762345', 'Anchorage', 'America/Anchorage'],
  ])('%s (%s) has the clock %s', (number, _place, zone) => {
    expect(zoneNames(number)).toEqual([zone]);
  });

  test('that no table names may be in any zone of its code', () => {
    for (const npa of STRADDLING) expect(zonesOf(npa).length).toBeGreaterThan(1);
  });

  test('has fewer clocks than its code, and none that the code has not; and stands in one row', () => {
    const seen = new Set<string>();
    for (const [npa, zones, exchanges] of EXCHANGE_ROWS) {
      const ofCode = zonesOf(npa);
      const names = zones.split(' ').map((short) => ZONE_NAMES[short] as string);
      expect(names.length).toBeLessThan(ofCode.length);
      for (const name of names) expect(ofCode).toContain(name);
      for (const range of exchanges.split(' ')) {
        const [from, to = from] = range.split('-').map(Number) as [number, number?];
        for (let nxx = from; nxx <= to; nxx++) {
          expect(nxx >= 200 && nxx <= 999 && !seen.has(`${npa}${nxx}`)).toBe(true);
          seen.add(`${npa}${nxx}`);
          if (nxx % 100 !== 11) expect(zoneNames(`+1${npa}${nxx}2345`)).toEqual(names);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(1_500);
  });
});
