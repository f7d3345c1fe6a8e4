import { allZips, milesBetween, zipArea, zipCentre } from '../../../src/market/zip-places';

const namesOf = (zip: string): [string[], string[]] | undefined => {
  const area = zipArea(zip);
  return area && [[...area.states], area.zones.map(({ name }) => name).sort()];
};

describe('a ZIP code', () => {
  test.each([
    ['10001', ['NY'], ['America/New_York']],
    ['02861', ['RI', 'MA'], ['America/New_York']],
    ['42223', ['KY', 'TN'], ['America/Chicago']],
    ['46402', ['IN'], ['America/Chicago']],
    ['46204', ['IN'], ['America/New_York']],
    ['32501', ['FL'], ['America/Chicago']],
    ['33101', ['FL'], ['America/New_York']],
    ['79901', ['TX'], ['America/Denver']],
    ['77002', ['TX'], ['America/Chicago']],
    ['85001', ['AZ'], ['America/Phoenix']],
    ['86515', ['AZ', 'NM'], ['America/Denver']],
    ['83814', ['ID'], ['America/Los_Angeles']],
    ['83702', ['ID'], ['America/Denver']],
    ['99546', ['AK'], ['America/Adak']],
    ['96813', ['HI'], ['Pacific/Honolulu']],
    ['00901', ['PR'], ['America/Puerto_Rico']],
    ['96910', ['GU'], ['Pacific/Guam']],
  ])('%s lies in %j on the clocks %j', (zip, states, zones) => {
    expect(namesOf(zip)).toEqual([states, zones]);
  });

  test('near a line between zones has the clocks of both sides', () => {
    // Fort Pierre, South Dakota keeps Mountain Time by law, and Pierre across the river Central Time.
    expect(namesOf('57532')).toEqual([['SD'], ['America/Chicago', 'America/Denver']]);
  });

  test('is read with its four more digits', () => {
    expect(zipArea('10001-2345')).toBe(zipArea('10001'));
    expect(zipArea('100012345')).toBe(zipArea('10001'));
  });

  test.each(['', '1000', '100010', '1000A', '00000', '99999', '09001', '10001 2345', '-1000'])(
    'that is none, %j, has no place',
    (zip) => {
      expect([zipArea(zip), zipCentre(zip)]).toEqual([undefined, undefined]);
    },
  );
});

test('every ZIP code has a state, a clock and a centre in or near the country', () => {
  let count = 0;
  for (const zip of allZips()) {
    count++;
    const area = zipArea(zip);
    const centre = zipCentre(zip);
    if (!area || !centre || area.states.length === 0 || area.zones.length === 0) throw new Error(zip);
    if (centre.latitude < -15 || centre.latitude > 72) throw new Error(`${zip}: ${centre.latitude}`);
    if (centre.longitude > -64 && centre.longitude < 144) throw new Error(`${zip}: ${centre.longitude}`);
  }
  expect(count).toBeGreaterThan(41_000);
});

describe('every ZIP3', () => {
  const states = new Map<string, Set<string>>();
  for (const zip of allZips()) {
    const zip3 = zip.slice(0, 3);
    const set = states.get(zip3) ?? new Set();
    for (const state of zipArea(zip)?.states ?? []) set.add(state);
    states.set(zip3, set);
  }

  test('lies in one state, or in few neighbouring ones', () => {
    expect(states.size).toBeGreaterThan(880);
    for (const [zip3, set] of states) if (set.size > 4) throw new Error(`${zip3}: ${[...set].join()}`);
  });

  /** Ranges that the Postal Service gives to states (Domestic Mail Manual, L002). */
  test.each([
    ['010', '027', 'MA'],
    ['100', '149', 'NY'],
    ['150', '196', 'PA'],
    ['320', '349', 'FL'],
    ['350', '369', 'AL'],
    ['430', '459', 'OH'],
    ['600', '629', 'IL'],
    ['750', '799', 'TX'],
    ['800', '816', 'CO'],
    ['900', '961', 'CA'],
    ['970', '979', 'OR'],
    ['980', '994', 'WA'],
    ['995', '999', 'AK'],
  ])('from %s to %s is of %s', (from, to, state) => {
    for (const [zip3, set] of states) {
      if (zip3 >= from && zip3 <= to && !set.has(state)) throw new Error(`${zip3}: ${[...set].join()}`);
    }
    expect(states.get(from)?.has(state)).toBe(true);
  });
});

test('distances are those of the map, to a mile in a hundred', () => {
  const miles = (a: string, b: string): number => {
    const [from, to] = [zipCentre(a), zipCentre(b)];
    if (!from || !to) throw new Error(`${a} or ${b} is not in the table`);
    return milesBetween(from, to);
  };
  expect(miles('10001', '90001')).toBeGreaterThan(2_430);
  expect(miles('10001', '90001')).toBeLessThan(2_470);
  expect(miles('60601', '53202')).toBeGreaterThan(79);
  expect(miles('60601', '53202')).toBeLessThan(84);
  expect(miles('10001', '10001')).toBe(0);
});
