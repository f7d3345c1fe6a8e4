import type { BidTargeting } from '../domain';
import { BitColumn } from './bits';
import { RowSet } from './row-set';
import type { Coordinates } from './zip-places';
import { EARTH_MILES, zipCentre } from './zip-places';

/** A point of the unit sphere. */
export interface SpherePoint {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** A circle on the earth: its centre, and the square of the chord from there to its edge. */
interface Circle extends SpherePoint {
  readonly chord2: number;
  /** Cells of one degree that it may touch; undefined when they are too many to list. */
  readonly cells: readonly number[] | undefined;
}

export type Near = NonNullable<BidTargeting['near']>;

const RADIANS = Math.PI / 180;
/** A circle of more cells (about 350 miles) is compared with every caller. */
const MAX_CELLS = 150;
/** Degrees by which a box of cells is wider than the circle, against rounding. */
const MARGIN = 1e-6;

/** Where the caller is, as distances are compared. */
export function spherePoint({ latitude, longitude }: Coordinates): SpherePoint {
  const across = Math.cos(latitude * RADIANS);
  return {
    x: across * Math.cos(longitude * RADIANS),
    y: across * Math.sin(longitude * RADIANS),
    z: Math.sin(latitude * RADIANS),
  };
}

/**
 * Rows that want callers within some miles of a ZIP code. Cells of one degree say which rows may
 * want a caller; the distance itself (by the chord, as exact as the haversine formula) which of
 * those do.
 */
export class Circles {
  /** Rows that have a circle. */
  readonly rows = new BitColumn(1);
  readonly #circles: (Circle | undefined)[] = [];
  readonly #cells = new Map<number, RowSet>();
  readonly #wide = new BitColumn(1);
  #size = 0;
  #words = 1;

  get size(): number {
    return this.#size;
  }

  /** @throws RangeError when nobody knows where the ZIP code is */
  check(near: Near | undefined): void {
    if (near) circleOf(near);
  }

  put(row: number, near: Near | undefined): void {
    if (!near) return;
    const circle = circleOf(near);
    this.#size++;
    this.rows.set(row);
    this.#circles[row] = circle;
    if (!circle.cells) this.#wide.set(row);
    for (const cell of circle.cells ?? []) {
      let rows = this.#cells.get(cell);
      if (!rows) {
        rows = new RowSet();
        this.#cells.set(cell, rows);
      }
      rows.add(row, this.#words);
    }
  }

  take(row: number): void {
    const circle = this.#circles[row];
    if (!circle) return;
    this.#size--;
    this.rows.clear(row);
    this.#wide.clear(row);
    this.#circles[row] = undefined;
    for (const cell of circle.cells ?? []) {
      const rows = this.#cells.get(cell);
      rows?.delete(row);
      if (rows?.size === 0) this.#cells.delete(cell);
    }
  }

  /** Writes into `spare` the rows that may want a caller from there; none when it is not known where. */
  mayHold(place: Coordinates | undefined, spare: Int32Array, words: number): Int32Array {
    if (!place) return spare.fill(0, 0, words);
    spare.set(this.#wide.words);
    this.#cells.get(cellAt(Math.floor(place.latitude), Math.floor(place.longitude)))?.unite(spare);
    return spare;
  }

  /** Is the caller within a row's circle? True of a row that has none. */
  holds(row: number, point: SpherePoint): boolean {
    const circle = this.#circles[row];
    if (!circle) return true;
    const dx = point.x - circle.x;
    const dy = point.y - circle.y;
    const dz = point.z - circle.z;
    return dx * dx + dy * dy + dz * dz <= circle.chord2;
  }

  grow(words: number): void {
    this.#words = words;
    this.rows.grow(words);
    this.#wide.grow(words);
  }
}

function circleOf({ zip, miles }: Near): Circle {
  const centre = zipCentre(zip);
  if (!centre) throw new RangeError(`nobody knows where ZIP code ${zip} is`);
  if (!(miles >= 0)) throw new RangeError(`not a distance: ${miles} miles`);
  const angle = miles / EARTH_MILES;
  const chord = 2 * Math.sin(Math.min(angle, Math.PI) / 2);
  const chord2 = angle >= Math.PI ? Infinity : chord * chord;
  return { ...spherePoint(centre), chord2, cells: cellsOf(centre, angle) };
}

function cellsOf({ latitude, longitude }: Coordinates, angle: number): number[] | undefined {
  const up = angle / RADIANS + MARGIN;
  if (Math.abs(latitude) + up >= 89) return undefined;
  // The meridians that touch the circle (not those through its northernmost point).
  const aside = Math.asin(Math.sin(up * RADIANS) / Math.cos(latitude * RADIANS)) / RADIANS + MARGIN;
  const south = Math.floor(latitude - up);
  const north = Math.floor(latitude + up);
  const west = Math.floor(longitude - aside);
  const east = Math.floor(longitude + aside);
  if ((north - south + 1) * (east - west + 1) > MAX_CELLS) return undefined;
  const cells: number[] = [];
  for (let y = south; y <= north; y++) for (let x = west; x <= east; x++) cells.push(cellAt(y, x));
  return cells;
}

/** @param longitude - whole degrees, which may reach past the date line */
function cellAt(latitude: number, longitude: number): number {
  return (latitude + 90) * 360 + ((longitude + 540) % 360);
}
