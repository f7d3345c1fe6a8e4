import { NON_GEOGRAPHIC_NPAS, NPA_ROWS, ZONE_NAMES } from '../../../src/compliance/data/npa';
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

function zonesOf(npa: string): string[] {
  const found = classifyNumber(e164(`+1${npa}2345678`));
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
  const found = classifyNumber(e164(`+1${npa}2345678`));
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
