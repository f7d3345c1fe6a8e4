import type { Zone } from '../domain';
import { zoneOf } from '../domain';
import { ZIP_BYTES, ZIP_COUNT, ZIP_PLACE_KINDS, ZIP_ZONE_NAMES } from './data/zip-places';

/** The states and clocks that a ZIP code may have; one object for all ZIP codes that share them. */
export interface ZipArea {
  /** Two letters each; that of the post office first, others where the ZIP code reaches over a state line. */
  readonly states: readonly string[];
  readonly zones: readonly Zone[];
}

/** Degrees, north and east positive. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

const ROW_BYTES = 7;
const ROWS = Buffer.from(ZIP_BYTES, 'base64');
/** Row of each ZIP code, plus one; 0 = there is no such ZIP code. */
const ROW_OF = indexRows();
const AREAS: readonly ZipArea[] = ZIP_PLACE_KINDS.map(areaOfKind);
/** Mean radius of the earth in miles. */
export const EARTH_MILES = 3_958.76;
const RADIANS = Math.PI / 180;

/**
 * Where a ZIP code is; undefined when it is not in the table, as those of the armed forces are not.
 *
 * @param zip - five digits, or nine with or without their hyphen
 */
export function zipArea(zip: string): ZipArea | undefined {
  const row = rowOf(zip);
  return row < 0 ? undefined : AREAS[ROWS[row * ROW_BYTES + 2] as number];
}

/**
 * Centre of a ZIP code, exact to half a kilometre; undefined when it is not in the table.
 *
 * @param zip - five digits, or nine with or without their hyphen
 */
export function zipCentre(zip: string): Coordinates | undefined {
  const row = rowOf(zip);
  if (row < 0) return undefined;
  return {
    latitude: (ROWS.readUInt16BE(row * ROW_BYTES + 3) / 65_535) * 180 - 90,
    longitude: (ROWS.readUInt16BE(row * ROW_BYTES + 5) / 65_535) * 360 - 180,
  };
}

/** Miles between two places along the surface, by the haversine formula. */
export function milesBetween(a: Coordinates, b: Coordinates): number {
  const latitudes = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2) ** 2;
  const longitudes = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2) ** 2;
  const share = latitudes + Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * longitudes;
  return 2 * EARTH_MILES * Math.asin(Math.min(1, Math.sqrt(share)));
}

/** Every ZIP code of the table, ascending. */
export function* allZips(): IterableIterator<string> {
  for (const [zip, row] of ROW_OF.entries()) if (row > 0) yield `${zip}`.padStart(5, '0');
}

function rowOf(zip: string): number {
  const { length } = zip;
  if (length !== 5 && length !== 9 && !(length === 10 && zip.charCodeAt(5) === 45)) return -1;
  let number = 0;
  for (let i = 0; i < 5; i++) {
    const digit = zip.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return (ROW_OF[number] as number) - 1;
}

function indexRows(): Uint16Array {
  if (ROWS.length !== ZIP_COUNT * ROW_BYTES) throw new Error('the table of ZIP codes is cut short');
  const index = new Uint16Array(100_000);
  let zip = 0;
  for (let row = 0; row < ZIP_COUNT; row++) {
    zip += ROWS.readUInt16BE(row * ROW_BYTES);
    index[zip] = row + 1;
  }
  return index;
}

function areaOfKind(kind: string): ZipArea {
  const [states = '', zones = ''] = kind.split('/');
  return {
    states: states.split(' '),
    zones: zones.split(' ').map((short) => zoneOf(ZIP_ZONE_NAMES[short] as string)),
  };
}
