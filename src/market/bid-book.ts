import type { Bid } from '../domain';
import { BitColumn, hashId } from './bits';
import type { BidColumns } from './candidates';
import { PlanTable } from './plan-table';
import { RowSpace } from './row-space';
import { TargetingIndex } from './targeting-index';

/**
 * What the entities around a bid say of it: 0 = it stands, n = the reason at n - 1 of
 * INELIGIBLE_REASONS (bid, buyer or target paused, account suspended).
 */
export type Standing = 0 | 1 | 2 | 3 | 4;

/** Market ordinals of what a bid belongs to. */
export interface BidLinks {
  readonly bid: number;
  readonly buyer: number;
  readonly target: number;
}

const INITIAL_ROWS = 32;
const MINUTE_MS = 60_000;

/**
 * The standing bids of one campaign, a row each, as columns of numbers and bits. A change of a bid
 * touches its own row only.
 */
export class BidBook implements BidColumns {
  readonly #space = new RowSpace();
  readonly #bids: (Bid | undefined)[] = [];
  readonly #plans = new PlanTable();
  #capacity = INITIAL_ROWS;

  price = new Float64Array(INITIAL_ROWS);
  priority = new Float64Array(INITIAL_ROWS);
  weight = new Float64Array(INITIAL_ROWS);
  hash = new Uint32Array(INITIAL_ROWS);
  /** UTC epoch milliseconds; Infinity = stands until withdrawn. */
  expiresAt = new Float64Array(INITIAL_ROWS);
  ordinal = new Int32Array(INITIAL_ROWS);
  buyer = new Int32Array(INITIAL_ROWS);
  target = new Int32Array(INITIAL_ROWS);
  standing = new Uint8Array(INITIAL_ROWS);
  /** Index of each bid's schedule in the plan table. */
  #plan = new Int32Array(INITIAL_ROWS);

  /** Bids by standing. */
  readonly standings = new Int32Array(5);
  readonly targeting = new TargetingIndex();
  /** Rows whose bid stands. */
  readonly live = new BitColumn(1);
  /** Rows that have an expiry to be looked at. */
  readonly expiring = new BitColumn(1);
  readonly #open = new BitColumn(1);
  /** Minute (since the epoch) for which `#open` was worked out; NaN = never. */
  #openMinute = NaN;
  readonly #atReserve = new BitColumn(1);
  #reserve = 0;

  get size(): number {
    return this.#space.size;
  }

  /** Words of every bit column. */
  get words(): number {
    return this.#capacity >>> 5;
  }

  /** @throws RangeError when the row is empty */
  bidAt(row: number): Bid {
    const bid = this.#bids[row];
    if (!bid) throw new RangeError(`no bid in row ${row}`);
    return bid;
  }

  bidIdAt(row: number): string {
    return this.bidAt(row).id;
  }

  /** Rows that hold a bid, in no order that means anything. */
  rows(): Iterable<number> {
    return this.#space.rows();
  }

  /**
   * Compiles what a bid asks for; {@link upsert} must follow.
   *
   * @returns the bid's schedule in the plan table
   * @throws RangeError when its schedule or its tags cannot be compiled; nothing is changed then
   */
  compile({ targeting }: Bid): number {
    this.targeting.check(targeting);
    return this.#plans.acquire(targeting.schedule);
  }

  /** Writes a compiled bid into its row. */
  upsert(bid: Bid, plan: number, links: BidLinks, standing: Standing): void {
    const row = this.#rowFor(bid);
    const before = this.#bids[row];
    if (before) {
      this.#plans.release(this.#plan[row] as number);
      this.#count(this.standing[row] as number, -1);
    }
    if (before?.targeting !== bid.targeting) {
      if (before) this.targeting.take(row, before.targeting);
      this.targeting.put(row, bid.targeting);
    }
    this.#bids[row] = bid;
    this.#plan[row] = plan;
    this.price[row] = bid.price;
    this.priority[row] = bid.priority;
    this.weight[row] = bid.weight;
    this.hash[row] = hashId(bid.id);
    this.expiresAt[row] = bid.expiresAt ?? Infinity;
    this.expiring.put(row, bid.expiresAt !== undefined);
    this.ordinal[row] = links.bid;
    this.buyer[row] = links.buyer;
    this.target[row] = links.target;
    this.#atReserve.put(row, bid.price >= this.#reserve);
    if (!Number.isNaN(this.#openMinute)) {
      this.#open.put(row, this.#plans.isOpen(plan, this.#openMinute * MINUTE_MS));
    }
    this.#stand(row, standing);
  }

  setStanding(bidId: string, standing: Standing): void {
    const row = this.#space.rowOf(bidId);
    if (row < 0) return;
    this.#count(this.standing[row] as number, -1);
    this.#stand(row, standing);
  }

  remove(bidId: string): void {
    const row = this.#space.rowOf(bidId);
    if (row < 0) return;
    this.targeting.take(row, this.bidAt(row).targeting);
    this.#plans.release(this.#plan[row] as number);
    this.#count(this.standing[row] as number, -1);
    this.live.clear(row);
    this.#bids[row] = undefined;
    this.#space.give(bidId);
  }

  /** Rows whose schedule is open at an instant; worked out once a minute, since windows are whole minutes. */
  openAt(instant: number): Int32Array {
    const minute = Math.floor(instant / MINUTE_MS);
    if (minute !== this.#openMinute) {
      this.#openMinute = minute;
      const answers = this.#plans.openAt(instant);
      for (const row of this.#space.rows()) this.#open.put(row, answers[this.#plan[row] as number] === 1);
    }
    return this.#open.words;
  }

  /** Rows whose price reaches a reserve (micro-units); worked out again only when the reserve changes. */
  atReserve(reserve: number): Int32Array {
    if (reserve !== this.#reserve) {
      this.#reserve = reserve;
      for (const row of this.#space.rows()) this.#atReserve.put(row, (this.price[row] as number) >= reserve);
    }
    return this.#atReserve.words;
  }

  #stand(row: number, standing: Standing): void {
    this.standing[row] = standing;
    this.#count(standing, 1);
    this.live.put(row, standing === 0);
  }

  #count(standing: number, by: 1 | -1): void {
    this.standings[standing] = (this.standings[standing] as number) + by;
  }

  /** The row of a bid: its own, or a new one when it is new or now belongs among others. */
  #rowFor(bid: Bid): number {
    const cluster = clusterOf(bid);
    const row = this.#space.rowOf(bid.id);
    if (row >= 0 && this.#space.clusterAt(row) === cluster) return row;
    this.remove(bid.id);
    const fresh = this.#space.take(bid.id, cluster);
    if (this.#space.words > this.words) this.#grow();
    return fresh;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    this.price = widen(this.price, new Float64Array(capacity));
    this.priority = widen(this.priority, new Float64Array(capacity));
    this.weight = widen(this.weight, new Float64Array(capacity));
    this.hash = widen(this.hash, new Uint32Array(capacity));
    this.expiresAt = widen(this.expiresAt, new Float64Array(capacity));
    this.ordinal = widen(this.ordinal, new Int32Array(capacity));
    this.buyer = widen(this.buyer, new Int32Array(capacity));
    this.target = widen(this.target, new Int32Array(capacity));
    this.standing = widen(this.standing, new Uint8Array(capacity));
    this.#plan = widen(this.#plan, new Int32Array(capacity));
    const words = capacity >>> 5;
    for (const column of [this.live, this.expiring, this.#open, this.#atReserve]) column.grow(words);
    this.targeting.grow(words);
    this.#capacity = capacity;
  }
}

/** Bids for one state stand together; most calls ask for one state. */
function clusterOf(bid: Bid): string {
  const state = bid.targeting.states?.[0];
  return state?.length === 2 ? state : '*';
}

function widen<Column extends { set(from: Column): void }>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}
