import type { Bid, BidQuality } from '../domain';
import { BidColumns } from './bid-columns';
import { BidFlags } from './bid-flags';
import { BidRecords } from './bid-records';
import { BitColumn, hashId } from './bits';
import type { CompiledModifier } from './modifiers';
import { compileModifiers, releaseModifiers } from './modifiers';
import { OpenRows } from './open-rows';
import { PlanTable, sameSchedule } from './plan-table';
import { PriceFloor } from './price-floor';
import { RowSpace } from './row-space';
import type { TargetTable } from './target-table';
import { TargetingIndex, sameTargeting } from './targeting-index';

/**
 * What the entities around a bid say of it: 0 = it stands, n = the reason at n - 1 of
 * INELIGIBLE_REASONS (bid, buyer or target paused, account suspended, its funds at an end).
 */
export type Standing = 0 | 1 | 2 | 3 | 4 | 5;

/** Market ordinals of what a bid belongs to. */
export interface BidLinks {
  readonly bid: number;
  readonly buyer: number;
  readonly target: number;
}

/** What others say of a bid. */
export interface BidContext {
  readonly links: BidLinks;
  readonly standing: Standing;
  readonly record: BidQuality | undefined;
}

/** What of a bid had to be compiled. */
export interface CompiledBid {
  /** Its schedule in the plan table. */
  readonly plan: number;
  readonly modifiers: readonly CompiledModifier[] | undefined;
}

const INITIAL_ROWS = 32;
const PLAIN: CompiledBid = { plan: 0, modifiers: undefined };

/**
 * The standing bids of one campaign, a row each, as columns of numbers and bits. A change of a bid
 * touches its own row only.
 */
export class BidBook {
  readonly #space = new RowSpace();
  readonly #bids: (Bid | undefined)[] = [];
  readonly #compiled: CompiledBid[] = [];
  readonly plans = new PlanTable();

  readonly columns = new BidColumns(INITIAL_ROWS);
  readonly targets: TargetTable;
  readonly records = new BidRecords(INITIAL_ROWS);
  readonly targeting = new TargetingIndex();

  /** Bids by standing. */
  readonly standings = new Int32Array(6);
  /** Rows whose bid stands. */
  readonly live = new BitColumn(1);
  readonly flags = new BidFlags();
  readonly #open = new OpenRows(this.plans, INITIAL_ROWS);
  readonly #reserve = new PriceFloor();
  readonly #margin = new PriceFloor();

  constructor(targets: TargetTable) {
    this.targets = targets;
  }

  get size(): number {
    return this.#space.size;
  }

  /** Words of every bit column. */
  get words(): number {
    return this.columns.rows >>> 5;
  }

  /** Bids whose price is asked for call by call. */
  get pings(): number {
    return this.flags.pinging.size;
  }

  /** @throws RangeError when the row is empty */
  bidAt(row: number): Bid {
    const bid = this.#bids[row];
    if (!bid) throw new RangeError(`no bid in row ${row}`);
    return bid;
  }

  /** The row of a bid, or -1. */
  rowOf(bidId: string): number {
    return this.#space.rowOf(bidId);
  }

  /** Rows that hold a bid, in no order that means anything. */
  rows(): Iterable<number> {
    return this.#space.rows();
  }

  modifiersAt(row: number): readonly CompiledModifier[] {
    return this.#compiled[row]?.modifiers ?? NO_MODIFIERS;
  }

  /**
   * Compiles what a bid asks for; {@link insert} must follow.
   * @throws RangeError when something of it cannot be compiled; nothing is changed then
   */
  compile(bid: Bid): CompiledBid {
    this.targeting.check(bid.targeting);
    const { schedule } = bid.targeting;
    if (!schedule && bid.modifiers.length === 0) return PLAIN;
    const modifiers = compileModifiers(bid.modifiers, this.plans);
    try {
      return { plan: this.plans.acquire(schedule), modifiers };
    } catch (error) {
      releaseModifiers(modifiers, this.plans);
      throw error;
    }
  }

  /**
   * Gives a compiled bid, that is not in the book, a row of its own.
   * @returns the row
   */
  insert(bid: Bid, compiled: CompiledBid, { links, standing, record }: BidContext): number {
    const row = this.#space.take(bid.id, clusterOf(bid));
    if (this.#space.words > this.words) this.#grow();
    const { columns } = this;
    columns.ids[row] = bid.id;
    columns.hash[row] = hashId(bid.id);
    columns.ordinal[row] = links.bid;
    columns.buyer[row] = links.buyer;
    columns.target[row] = links.target;
    this.targeting.put(row, bid.targeting);
    this.#putCompiled(row, compiled);
    this.#putPlain(row, bid);
    this.records.put(row, record);
    this.#stand(row, standing);
    return row;
  }

  /**
   * Writes a bid over the one in its row, when nothing but plain values differ: the same targeting and
   * no modifiers.
   * @returns false when that is not so, and nothing was changed
   */
  revise(row: number, bid: Bid): boolean {
    const before = this.bidAt(row);
    if (
      before.modifiers.length > 0 ||
      bid.modifiers.length > 0 ||
      !sameTargeting(before.targeting, bid.targeting) ||
      !sameSchedule(before.targeting.schedule, bid.targeting.schedule)
    ) {
      return false;
    }
    this.#putPlain(row, bid);
    return true;
  }

  /**
   * Writes a bid over the one in its row, whatever calls it wants now.
   * @returns its row, another one when it now belongs among others
   * @throws RangeError when it cannot be compiled; the one before it then still stands
   */
  rewrite(row: number, bid: Bid): number {
    const compiled = this.compile(bid);
    if (this.#space.clusterAt(row) !== clusterOf(bid)) {
      const { ordinal, buyer, target, standing } = this.columns;
      const links = {
        bid: ordinal[row] as number,
        buyer: buyer[row] as number,
        target: target[row] as number,
      };
      const context = { links, standing: standing[row] as Standing, record: this.records.at(row) };
      this.remove(bid.id);
      return this.insert(bid, compiled, context);
    }
    this.targeting.take(row, this.bidAt(row).targeting);
    this.targeting.put(row, bid.targeting);
    this.#release(row);
    this.#putCompiled(row, compiled);
    this.#putPlain(row, bid);
    return row;
  }

  setStanding(row: number, standing: Standing): void {
    this.#count(this.columns.standing[row] as number, -1);
    this.#stand(row, standing);
  }

  remove(bidId: string): void {
    const row = this.#space.rowOf(bidId);
    if (row < 0) return;
    this.targeting.take(row, this.bidAt(row).targeting);
    this.#release(row);
    this.#count(this.columns.standing[row] as number, -1);
    this.live.clear(row);
    this.flags.clear(row);
    this.records.put(row, undefined);
    this.#bids[row] = undefined;
    this.#space.give(bidId);
  }

  /** Rows whose schedule is open at an instant (UTC epoch milliseconds). */
  openAt(instant: number): Int32Array {
    return this.#open.at(instant);
  }

  /** Rows whose price reaches the reserve (micro-units), and those whose price only the call tells. */
  atReserve(reserve: number): Int32Array {
    return this.#reserve.at(reserve, this.columns.price, this.flags.priceOfCall);
  }

  /** Rows whose price leaves a margin, and those whose price only the call tells. */
  atMargin(floor: number): Int32Array {
    return this.#margin.at(floor, this.columns.price, this.flags.priceOfCall);
  }

  /** What is written as it is. */
  #putPlain(row: number, bid: Bid): void {
    const { columns } = this;
    this.#bids[row] = bid;
    columns.price[row] = bid.price;
    columns.priority[row] = bid.priority;
    columns.weight[row] = bid.weight;
    columns.expiresAt[row] = bid.expiresAt ?? Infinity;
    this.flags.put(row, bid);
    const priceOfCall = this.flags.priceOfCall.has(row);
    this.#reserve.put(row, bid.price, priceOfCall);
    this.#margin.put(row, bid.price, priceOfCall);
  }

  #putCompiled(row: number, compiled: CompiledBid): void {
    this.#compiled[row] = compiled;
    this.#open.put(row, compiled.plan);
  }

  #release(row: number): void {
    const { plan, modifiers } = this.#compiled[row] as CompiledBid;
    this.plans.release(plan);
    releaseModifiers(modifiers, this.plans);
    this.#compiled[row] = PLAIN;
  }

  #stand(row: number, standing: Standing): void {
    this.columns.standing[row] = standing;
    this.#count(standing, 1);
    this.live.put(row, standing === 0);
  }

  #count(standing: number, by: 1 | -1): void {
    this.standings[standing] = (this.standings[standing] as number) + by;
  }

  #grow(): void {
    const rows = this.columns.rows * 2;
    const words = rows >>> 5;
    this.columns.grow(rows);
    this.records.grow(rows);
    this.#open.grow(rows);
    for (const column of [this.live, this.flags, this.#reserve, this.#margin]) column.grow(words);
    this.targeting.grow(words);
  }
}

const NO_MODIFIERS: readonly CompiledModifier[] = [];

/** Bids for one state stand together; most calls ask for one state. */
function clusterOf(bid: Bid): string {
  const state = bid.targeting.states?.[0];
  return state?.length === 2 ? state : '*';
}
