import type { Bid, IneligibleReason, WeeklySchedule } from '../domain';
import { INELIGIBLE_REASONS } from '../domain';
import { BitColumn, hashId } from './bits';
import type { BidColumns } from './candidates';
import { RowSet } from './row-set';
import { WeekPlan } from './week-plan';

/** Codes of what the entities around a bid say of it; 0 = it stands. */
export type Standing = 0 | 1 | 2 | 3 | 4;

/** The reason behind a standing other than 0. */
export function standingReason(standing: number): IneligibleReason {
  return INELIGIBLE_REASONS[standing - 1] as IneligibleReason;
}

/** Market ordinals of what a bid belongs to. */
export interface BidLinks {
  readonly bid: number;
  readonly buyer: number;
  readonly target: number;
}

/** A bid whose targeting has been checked. */
export interface CompiledBid {
  readonly bid: Bid;
  readonly plan: WeekPlan | undefined;
}

/** A tag that some bids require: who does, and who is content with each value. */
export interface TagColumn {
  readonly required: BitColumn;
  /** Rows content with a value. */
  readonly byValue: Map<string, RowSet>;
}

const INITIAL_ROWS = 32;
const ATTESTATIONS = ['A', 'B', 'C', null] as const;
const MAX_TAG_KEYS = 64;

/**
 * The standing bids of one campaign, a row each, as columns of numbers and bits. A change of a bid
 * touches its own row only.
 */
export class BidBook implements BidColumns {
  readonly #rowById = new Map<string, number>();
  readonly #bids: (Bid | undefined)[] = [];
  /** Free rows by cluster; see {@link clusterOf}. */
  readonly #free = new Map<string, number[]>();
  /** Cluster that each word of 32 rows belongs to. */
  readonly #clusters: string[] = [];
  readonly #plans: (WeekPlan | undefined)[] = [];
  /** Compiled schedules by their text: most bids share a few. */
  readonly #interned = new Map<string, WeekPlan>();
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
  /** Bids by standing. */
  readonly standings = new Int32Array(5);

  readonly live = new BitColumn(1);
  /** Rows that have an expiry to be looked at. */
  readonly expiring = new BitColumn(1);
  readonly anyState = new BitColumn(1);
  readonly states = new Map<string, BitColumn>();
  readonly anyNpa = new BitColumn(1);
  readonly npas = new Map<string, BitColumn>();
  readonly attested: readonly BitColumn[] = ATTESTATIONS.map(() => new BitColumn(1));
  readonly tags = new Map<string, TagColumn>();
  readonly #open = new BitColumn(1);
  /** Minute (since the epoch) for which `#open` was worked out; NaN = never. */
  #openMinute = NaN;
  readonly #atReserve = new BitColumn(1);
  #reserve = 0;

  get size(): number {
    return this.#rowById.size;
  }

  /** Words of every bit column. */
  get words(): number {
    return this.#capacity >>> 5;
  }

  rowOf(bidId: string): number {
    return this.#rowById.get(bidId) ?? -1;
  }

  bidAt(row: number): Bid {
    const bid = this.#bids[row];
    if (!bid) throw new RangeError(`no bid in row ${row}`);
    return bid;
  }

  bidIdAt(row: number): string {
    return this.bidAt(row).id;
  }

  bids(): Iterable<Bid> {
    return this.#bids.filter((bid) => bid !== undefined);
  }

  /** Rows that hold a bid, in no order that means anything. */
  rows(): Iterable<number> {
    return this.#rowById.values();
  }

  /**
   * Compiles what a bid asks for, and changes nothing.
   * @throws RangeError when its schedule or its tags cannot be compiled
   */
  compile(bid: Bid): CompiledBid {
    const { schedule, tags } = bid.targeting;
    if (tags) this.#checkTagRoom(Object.keys(tags));
    return { bid, plan: schedule && this.#planOf(schedule) };
  }

  /** Writes a compiled bid into its row. */
  upsert({ bid, plan }: CompiledBid, links: BidLinks, standing: Standing): void {
    let row = this.rowOf(bid.id);
    if (row >= 0 && this.#clusters[row >>> 5] !== clusterOf(bid)) {
      this.remove(bid.id);
      row = -1;
    }
    const known = row >= 0;
    const before = known ? this.bidAt(row) : undefined;
    if (!known) row = this.#newRow(bid);
    if (before?.targeting !== bid.targeting) {
      if (before) this.#untarget(row, before);
      this.#target(row, bid);
    }
    this.#bids[row] = bid;
    this.#plans[row] = plan;
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
    if (!Number.isNaN(this.#openMinute)) this.#open.put(row, plan?.isOpen(this.#openMinute * 60_000) ?? true);
    if (known) this.#count(row, -1);
    this.standing[row] = standing;
    this.#count(row, 1);
    this.live.put(row, standing === 0);
  }

  setStanding(bidId: string, standing: Standing): void {
    const row = this.rowOf(bidId);
    if (row < 0) return;
    this.#count(row, -1);
    this.standing[row] = standing;
    this.#count(row, 1);
    this.live.put(row, standing === 0);
  }

  remove(bidId: string): void {
    const row = this.rowOf(bidId);
    if (row < 0) return;
    this.#untarget(row, this.bidAt(row));
    this.#count(row, -1);
    this.live.clear(row);
    this.#rowById.delete(bidId);
    this.#bids[row] = undefined;
    this.#plans[row] = undefined;
    this.#free.get(this.#clusters[row >>> 5] as string)?.push(row);
  }

  /** Rows whose schedule is open at an instant; worked out once a minute, since windows are whole minutes. */
  openAt(instant: number): Int32Array {
    const minute = Math.floor(instant / 60_000);
    if (minute !== this.#openMinute) {
      this.#openMinute = minute;
      this.#open.words.fill(-1);
      const answers = new Map<WeekPlan, boolean>();
      for (let row = 0; row < this.#plans.length; row++) {
        const plan = this.#plans[row];
        if (!plan) continue;
        let open = answers.get(plan);
        if (open === undefined) {
          open = plan.isOpen(instant);
          answers.set(plan, open);
        }
        if (!open) this.#open.clear(row);
      }
    }
    return this.#open.words;
  }

  /** Rows whose price reaches a reserve (micro-units); worked out again only when the reserve changes. */
  atReserve(reserve: number): Int32Array {
    if (reserve !== this.#reserve) {
      this.#reserve = reserve;
      for (const row of this.#rowById.values())
        this.#atReserve.put(row, (this.price[row] as number) >= reserve);
    }
    return this.#atReserve.words;
  }

  /** Rows that accept a call of this attestation. */
  accepting(attestation: 'A' | 'B' | 'C' | undefined): Int32Array {
    return (this.attested[ATTESTATIONS.indexOf(attestation ?? null)] as BitColumn).words;
  }

  #count(row: number, by: 1 | -1): void {
    const standing = this.standing[row] as number;
    this.standings[standing] = (this.standings[standing] as number) + by;
  }

  /** One plan for all bids of one schedule. */
  #planOf(schedule: WeeklySchedule): WeekPlan {
    let key = schedule.timezone;
    for (const { days, startMinute, endMinute } of schedule.windows) {
      key += `|${days.join()}/${startMinute}/${endMinute}`;
    }
    let plan = this.#interned.get(key);
    if (!plan) {
      plan = new WeekPlan(schedule);
      // Schedules nobody uses any more go when the table has outgrown the book.
      if (this.#interned.size > this.#rowById.size + 1_024) this.#interned.clear();
      this.#interned.set(key, plan);
    }
    return plan;
  }

  #newRow(bid: Bid): number {
    const cluster = clusterOf(bid);
    let free = this.#free.get(cluster);
    if (!free) {
      free = [];
      this.#free.set(cluster, free);
    }
    let row = free.pop();
    if (row === undefined) {
      const word = this.#clusters.push(cluster) - 1;
      if (word >= this.words) this.#grow();
      row = word << 5;
      for (let next = row + 31; next > row; next--) free.push(next);
    }
    this.#rowById.set(bid.id, row);
    return row;
  }

  #target(row: number, bid: Bid): void {
    const { states, npas, attestation, tags } = bid.targeting;
    this.anyState.put(row, states === undefined);
    for (const state of states ?? []) this.#columnOf(this.states, state).set(row);
    this.anyNpa.put(row, npas === undefined);
    for (const npa of npas ?? []) this.#columnOf(this.npas, npa).set(row);
    for (const [index, level] of ATTESTATIONS.entries()) {
      (this.attested[index] as BitColumn).put(row, attestation === undefined || attestation.includes(level));
    }
    for (const [key, value] of Object.entries(tags ?? {})) {
      let column = this.tags.get(key);
      if (!column) {
        column = { required: new BitColumn(this.words), byValue: new Map() };
        this.tags.set(key, column);
      }
      column.required.set(row);
      let rows = column.byValue.get(value);
      if (!rows) {
        rows = new RowSet();
        column.byValue.set(value, rows);
      }
      rows.add(row, this.words);
    }
  }

  #untarget(row: number, bid: Bid): void {
    const { states, npas, tags } = bid.targeting;
    for (const state of states ?? []) this.states.get(state)?.clear(row);
    for (const npa of npas ?? []) this.npas.get(npa)?.clear(row);
    for (const [key, value] of Object.entries(tags ?? {})) {
      const column = this.tags.get(key);
      if (!column) continue;
      column.required.clear(row);
      const rows = column.byValue.get(value);
      rows?.delete(row);
      if (rows?.size === 0) column.byValue.delete(value);
      if (column.byValue.size === 0) this.tags.delete(key);
    }
  }

  /** Each required tag is a pass over the book, so their number is bounded. */
  #checkTagRoom(keys: readonly string[]): void {
    let wanted = this.tags.size;
    for (const key of keys) if (!this.tags.has(key)) wanted++;
    if (keys.length > 0 && wanted > MAX_TAG_KEYS) {
      throw new RangeError(`bids of one campaign require more than ${MAX_TAG_KEYS} different tags`);
    }
  }

  #columnOf(columns: Map<string, BitColumn>, key: string): BitColumn {
    let column = columns.get(key);
    if (!column) {
      column = new BitColumn(this.words);
      columns.set(key, column);
    }
    return column;
  }

  #grow(): void {
    const capacity = this.#capacity * 2;
    const words = capacity >>> 5;
    this.price = widen(this.price, new Float64Array(capacity));
    this.priority = widen(this.priority, new Float64Array(capacity));
    this.weight = widen(this.weight, new Float64Array(capacity));
    this.hash = widen(this.hash, new Uint32Array(capacity));
    this.expiresAt = widen(this.expiresAt, new Float64Array(capacity));
    this.ordinal = widen(this.ordinal, new Int32Array(capacity));
    this.buyer = widen(this.buyer, new Int32Array(capacity));
    this.target = widen(this.target, new Int32Array(capacity));
    this.standing = widen(this.standing, new Uint8Array(capacity));
    for (const column of this.#bitColumns()) column.grow(words);
    for (const tag of this.tags.values()) for (const rows of tag.byValue.values()) rows.grow(words);
    this.#openMinute = NaN;
    this.#capacity = capacity;
  }

  *#bitColumns(): Iterable<BitColumn> {
    yield* [this.live, this.expiring, this.anyState, this.anyNpa, this.#open, this.#atReserve];
    yield* this.attested;
    yield* this.states.values();
    yield* this.npas.values();
    for (const tag of this.tags.values()) yield tag.required;
  }
}

/**
 * Bids for one state share words of 32 rows, so that a call finds the bids that may want it side by
 * side and passes over whole words of the others. A matter of speed only.
 */
function clusterOf(bid: Bid): string {
  const state = bid.targeting.states?.[0];
  return state?.length === 2 ? state : '*';
}

function widen<Column extends { set(from: Column): void }>(from: Column, into: Column): Column {
  into.set(from);
  return into;
}
