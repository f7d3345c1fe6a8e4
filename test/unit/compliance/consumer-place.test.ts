import * as fc from 'fast-check';
import { classifyNumber, placeOf } from '../../../src/compliance';
import type { ConsumerPlace } from '../../../src/compliance';
import { NPA_ROWS } from '../../../src/compliance/data/npa';
import { geographicNpas } from '../../../src/compliance/numbering';
import type { E164 } from '../../../src/domain';
import { allZips, zipArea } from '../../../src/market';

const of = (number: string | undefined, state?: string, zip?: string): ConsumerPlace =>
  placeOf(number === undefined ? undefined : classifyNumber(number as E164), state, zip);
const names = ({ zones }: ConsumerPlace): string[] => zones.map(({ name }) => name).sort();

/** The 27 area codes that straddle zones, with a ZIP code of each side where the country has them. */
const STRADDLING: readonly [npa: string, zips: readonly string[], zones: readonly string[]][] = [
  ['208', ['83702', '83814'], ['America/Denver', 'America/Los_Angeles']],
  ['219', ['46402'], ['America/Chicago']],
  ['250', [], []],
  ['270', ['42701', '42101'], ['America/New_York', 'America/Chicago']],
  ['308', ['69101', '69361'], ['America/Chicago', 'America/Denver']],
  ['418', [], []],
  ['423', ['37601'], ['America/New_York']],
  ['480', ['85201'], ['America/Phoenix']],
  ['520', ['85701'], ['America/Phoenix']],
  ['541', ['97401', '97914'], ['America/Los_Angeles', 'America/Denver']],
  ['574', ['46601'], ['America/New_York']],
  ['602', ['85003'], ['America/Phoenix']],
  ['605', ['57103', '57701'], ['America/Chicago', 'America/Denver']],
  ['606', ['41101'], ['America/New_York']],
  ['620', ['67846'], ['America/Chicago']],
  ['701', ['58102', '58601'], ['America/Chicago', 'America/Denver']],
  ['709', [], []],
  ['775', ['89501'], ['America/Los_Angeles']],
  ['785', ['66044'], ['America/Chicago']],
  ['807', [], []],
  ['812', ['47708', '47401'], ['America/Chicago', 'America/New_York']],
  ['850', ['32301', '32501'], ['America/New_York', 'America/Chicago']],
  ['867', [], []],
  ['906', ['49855', '49801'], ['America/New_York', 'America/Chicago']],
  ['907', ['99501'], ['America/Anchorage']],
  ['928', ['86001'], ['America/Phoenix']],
  ['986', ['83702', '83814'], ['America/Denver', 'America/Los_Angeles']],
];

test('there are 27 of them', () => {
  expect(STRADDLING).toHaveLength(27);
});

describe.each(STRADDLING)('area code %s', (npa, zips, zones) => {
  const number = `+1${npa}5551212`;

  test('means every clock that it may', () => {
    expect(of(number).zones.length).toBeGreaterThan(1);
    expect(of(number).by).toBe('area code');
  });

  test('with a ZIP code of one side means the clock of that side', () => {
    for (const [n, zip] of zips.entries()) {
      const claimed = of(number, undefined, zip);
      expect([zip, names(claimed), claimed.contradicted]).toEqual([zip, [zones[n]], false]);
    }
  });

  test('with a ZIP code of another state means all clocks of both', () => {
    const elsewhere = of(number, undefined, '96813');
    expect(names(elsewhere)).toEqual([...names(of(number)), 'Pacific/Honolulu'].sort());
    expect([elsewhere.contradicted, elsewhere.state]).toEqual([true, 'HI']);
  });
});

describe('a claim', () => {
  test('of the state of the number changes no clock', () => {
    expect(names(of('+12125551212', 'NY'))).toEqual(['America/New_York']);
    expect(of('+18505551212', 'FL').zones).toBe(of('+18505551212').zones);
  });

  test('of another state adds its rules and clocks, and moves the state that bids target', () => {
    const place = of('+12125551212', 'CA');
    expect(place).toMatchObject({ states: ['NY', 'CA'], state: 'CA', contradicted: true });
    expect(names(place)).toEqual(['America/Los_Angeles', 'America/New_York']);
  });

  test('by a ZIP code does not undo what the exchange tells', () => {
    // 208-265 is of northern Idaho, 83702 of Boise: both clocks count.
    expect(names(of('+12082654567', undefined, '83702'))).toEqual(['America/Denver', 'America/Los_Angeles']);
    expect(names(of('+12082654567', undefined, '83814'))).toEqual(['America/Los_Angeles']);
  });

  test('by a ZIP code on the line between zones narrows nothing', () => {
    expect(names(of('+16055551212', undefined, '57532'))).toEqual(['America/Chicago', 'America/Denver']);
  });

  test('by a ZIP code over a state line adds the other state', () => {
    expect(of('+12705551212', undefined, '42223')).toMatchObject({
      states: ['KY', 'TN'],
      contradicted: false,
    });
  });

  test('of a state and a ZIP code that differ counts for both', () => {
    const place = of('+12125551212', 'CA', '60601');
    expect(place.states).toEqual(['NY', 'IL', 'CA']);
    expect(names(place)).toEqual(['America/Chicago', 'America/Los_Angeles', 'America/New_York']);
  });

  test('stands alone where the number says nothing', () => {
    expect(of(undefined, 'TX')).toMatchObject({ state: 'TX', contradicted: false, by: 'state claimed' });
    expect(of('+18885551212', undefined, '10001')).toMatchObject({ states: ['NY'], by: 'ZIP code claimed' });
    expect(of('+442071234567', 'NY').countries).toEqual(['abroad', 'US']);
  });

  test.each(['ZZ', '', 'New York', 'N'.repeat(40)])('of %j is ignored', (state) => {
    expect(of('+12125551212', state)).toBe(of('+12125551212'));
  });

  test.each(['00000', '1234', 'abcde', '09001'])('of the ZIP code %j is ignored', (zip) => {
    expect(of('+12125551212', undefined, zip)).toBe(of('+12125551212'));
  });
});

test('nothing is known of a withheld number, and nowhere is any table for one abroad', () => {
  expect(of(undefined)).toMatchObject({ countries: [], zones: [], state: undefined });
  expect(of('+442071234567')).toMatchObject({ countries: ['abroad'], zones: [] });
});

test('a number without a place may be of any state, on any of the clocks of the Union', () => {
  const place = of('+18005551212');
  expect(place.states.length).toBeGreaterThan(25);
  expect(place.zones).toHaveLength(8);
});

const npas = geographicNpas();
const zips = [...allZips()];
const anyCaller = fc.tuple(fc.constantFrom(...npas), fc.integer({ min: 200, max: 999 }));
const states = [...new Set(NPA_ROWS.flatMap(([, text]) => (text === '' ? [] : text.split(' '))))];

test('a claim takes no state away, and no clock but where a ZIP code tells one of the code', () => {
  fc.assert(
    fc.property(
      anyCaller,
      fc.option(fc.constantFrom(...states), { nil: undefined }),
      fc.option(fc.constantFrom(...zips), { nil: undefined }),
      ([npa, nxx], state, zip) => {
        const number = `+1${npa}${nxx}1212`;
        const bare = of(number);
        const claimed = of(number, state, zip);
        for (const one of bare.states) expect(claimed.states).toContain(one);
        for (const one of bare.countries) expect(claimed.countries).toContain(one);
        const area = zip === undefined ? undefined : zipArea(zip);
        for (const one of area?.states ?? []) expect(claimed.states).toContain(one);
        for (const one of area?.zones ?? []) expect(claimed.zones).toContain(one);
        const taken = bare.zones.filter((zone) => !claimed.zones.includes(zone));
        if (taken.length > 0) {
          expect(bare.by).toBe('area code');
          expect(claimed.zones).toEqual(area?.zones);
          expect(area?.states.some((one) => bare.states.includes(one))).toBe(true);
        }
        // The same facts are the same place, object for object.
        expect(of(number, state, zip)).toBe(claimed);
      },
    ),
    { numRuns: 3_000 },
  );
});

test.each(npas)('%s has a place with a clock, or is of an island', (npa) => {
  const place = of(`+1${npa}5551212`);
  const known = place.countries.every((country) => country === 'US' || country === 'CA');
  expect(place.zones.length > 0 && place.states.length > 0).toBe(known);
});
