import type { AttemptEvent } from '../domain';
import type { CallerMemory } from './caller-memory';
import { SourceMemory } from './source-memory';
import { SpreadWatch } from './structures/entropy';
import { SlidingDistinct } from './structures/hyper-log-log';
import { blockOfKey, exchangeOfKey, isNanpKey, npaOfKey } from './structures/keys';
import { RateWatch } from './structures/rate-watch';
import { SpaceSaving } from './structures/space-saving';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Area codes 200 … 999. */
const NPAS = 800;
const FIRST_NPA = 200;
/** Callers that the spread of all over area codes counts as, beside a seller's own. */
const NPA_PRIOR = 20;
const BLOCKS = 32;
const PARTNERS = 8;
/** Counts of blocks and partners are halved so often: a day later a quarter of a percent is left. */
const HALVE_MS = 3 * HOUR_MS;
/** Callers that must be shared before two sellers are partners. */
const PARTNER_CALLERS = 5;
/** How fast the usual of all sellers follows. */
const ALL_MEMORY = 0.000_5;

const rate = (usual: number, slack: number): ConstructorParameters<typeof RateWatch>[1] => ({
  usual,
  fast: 0.04,
  slow: 0.003,
  slack,
});

/** What is known of sellers beyond what is known of every source. */
export class SellerMemory {
  readonly sources: SourceMemory;
  readonly npas: SpreadWatch;
  readonly hours: SpreadWatch;
  readonly neighbours: RateWatch;
  readonly contradicted: RateWatch;
  readonly foreign: RateWatch;
  readonly shared: RateWatch;
  readonly signed: RateWatch;
  /** How rare the area codes of its callers are among all callers, bits. */
  readonly rarity: RateWatch;
  /** How rare they are among its own, bits. */
  readonly surprise: RateWatch;
  /** Blocks of numbers that new callers are of. */
  readonly blocks: SpaceSaving;
  /** Sellers with whom callers are shared. */
  readonly partners: SpaceSaving;
  /** Area codes of all callers. */
  readonly #allNpas = new SpreadWatch(1, NPAS, 60_000);
  readonly #distinct: readonly SlidingDistinct[];
  /** New callers, decayed as the blocks are. */
  readonly #newcomers: Float64Array;
  /** Calls, decayed as the partners are. */
  readonly #calls: Float64Array;
  readonly #halvedAt: Float64Array;
  #usualNeighbours = 0.01;
  #usualEvenness = 0.9;

  /** @param sellers - most of them remembered, 12 kB each */
  constructor(sellers: number) {
    this.sources = new SourceMemory(sellers);
    const { rows } = this.sources.table;
    this.npas = new SpreadWatch(rows, NPAS, 1_024);
    this.hours = new SpreadWatch(rows, 24, 4_096);
    this.neighbours = new RateWatch(rows, rate(0.01, 0.02));
    this.contradicted = new RateWatch(rows, rate(0.08, 0.05));
    this.foreign = new RateWatch(rows, rate(0.01, 0.02));
    this.shared = new RateWatch(rows, rate(0.03, 0.05));
    this.signed = new RateWatch(rows, rate(0.6, 0.1));
    this.rarity = new RateWatch(rows, rate(8.5, 0.5));
    this.surprise = new RateWatch(rows, rate(7, 0.5));
    this.blocks = new SpaceSaving(rows, BLOCKS);
    this.partners = new SpaceSaving(rows, PARTNERS);
    this.#distinct = Array.from({ length: rows }, () => new SlidingDistinct(DAY_MS / 2));
    this.#newcomers = new Float64Array(rows);
    this.#calls = new Float64Array(rows);
    this.#halvedAt = new Float64Array(rows);
  }

  find(key: number): number {
    return this.sources.find(key);
  }

  /** The row of a seller. */
  claim(key: number, at: number): number {
    const claimed = this.sources.claim(key, at);
    if (claimed >= 0) return claimed;
    this.#take(~claimed, at);
    return ~claimed;
  }

  /**
   * @param callers - where the caller's row knows the sellers it came from before
   * @param callerRow - -1 when withheld
   */
  recordAttempt(
    row: number,
    key: number,
    event: AttemptEvent,
    caller: number,
    did: number,
    callers: CallerMemory,
    callerRow: number,
    newCaller: boolean,
  ): void {
    const { at } = event;
    this.sources.recordAttempt(row, event, newCaller);
    this.#decay(row, at);
    this.hours.observe(row, ((at / HOUR_MS) | 0) % 24);
    this.contradicted.observe(row, event.placeContradicted ? 1 : 0);
    this.signed.observe(row, event.signed ? 1 : 0);
    if (callerRow < 0) return;
    (this.#distinct[row] as SlidingDistinct).add(caller, at);
    this.#calls[row] = (this.#calls[row] as number) + 1;
    this.#recordPartners(row, key, callers, callerRow, at);
    const nanp = isNanpKey(caller);
    this.foreign.observe(row, nanp ? 0 : 1);
    if (!nanp) return;
    this.#recordNpa(row, caller);
    const neighbour = isNanpKey(did) && exchangeOfKey(did) === exchangeOfKey(caller) ? 1 : 0;
    this.neighbours.observe(row, neighbour);
    this.#usualNeighbours += (neighbour - this.#usualNeighbours) * ALL_MEMORY;
    this.#usualEvenness += (this.npas.evenness(row) - this.#usualEvenness) * ALL_MEMORY;
    if (!newCaller) return;
    this.blocks.observe(row, blockOfKey(caller) + 1);
    this.#newcomers[row] = (this.#newcomers[row] as number) + 1;
  }

  /** Distinct callers for each call, 0 … 1. */
  distinctShare(row: number, now: number): number {
    const distinct = this.#distinct[row] as SlidingDistinct;
    const calls = distinct.events(now);
    return (Math.min(distinct.estimate(now), calls) + 8) / (calls + 10);
  }

  /** New callers of a block that are certain, as a share of the seller's. */
  blockShare(row: number, block: number): number {
    return this.blocks.least(row, block + 1) / ((this.#newcomers[row] as number) + 20);
  }

  blockCallers(row: number, block: number): number {
    return this.blocks.least(row, block + 1);
  }

  partnerShare(row: number): number {
    return this.partners.top(row) / ((this.#calls[row] as number) + 20);
  }

  partnersOf(row: number): number {
    return this.partners.keysAbove(row, PARTNER_CALLERS);
  }

  /** log₂ of how much oftener than usual its callers are neighbours of what they dial. */
  neighbourLift(row: number): number {
    return Math.log2((this.neighbours.recent(row) + 0.01) / (this.#usualNeighbours + 0.01));
  }

  evennessGap(row: number): number {
    return this.npas.evenness(row) - this.#usualEvenness;
  }

  /** −log₂ of the share of an area code among all callers. */
  rarityOf(caller: number): number {
    return -Math.log2(this.#shareOf(npaOfKey(caller) - FIRST_NPA));
  }

  /** −log₂ of the share of an area code among callers of a seller, drawn to that among all. */
  surpriseOf(row: number, caller: number): number {
    const npa = npaOfKey(caller) - FIRST_NPA;
    const own = npa < 0 ? 0 : this.npas.count(row, npa);
    const all = this.#shareOf(npa);
    return -Math.log2((own + NPA_PRIOR * all) / (this.npas.total(row) + NPA_PRIOR));
  }

  #shareOf(npa: number): number {
    const count = npa < 0 ? 0 : this.#allNpas.count(0, npa);
    return (count + 0.5) / (this.#allNpas.total(0) + 0.5 * NPAS);
  }

  #recordNpa(row: number, caller: number): void {
    this.rarity.observe(row, this.rarityOf(caller));
    this.surprise.observe(row, this.surpriseOf(row, caller));
    const npa = npaOfKey(caller) - FIRST_NPA;
    if (npa < 0) return;
    this.npas.observe(row, npa);
    this.#allNpas.observe(0, npa);
  }

  #recordPartners(row: number, key: number, callers: CallerMemory, callerRow: number, at: number): void {
    const { links } = callers;
    const others = links.others(callerRow, key, at);
    this.shared.observe(row, others > 0 ? 1 : 0);
    // One caller who calls again and again is one shared caller.
    if (!links.link(callerRow, key, at) || others === 0) return;
    for (let n = 0; n < links.degree; n++) {
      const other = links.sellerAt(callerRow, n, at);
      if (other === 0 || other === key) continue;
      this.partners.observe(row, other);
      const otherRow = this.find(other);
      if (otherRow >= 0) this.partners.observe(otherRow, key);
    }
  }

  #decay(row: number, at: number): void {
    if (at - (this.#halvedAt[row] as number) < HALVE_MS) return;
    this.#halvedAt[row] = at;
    this.blocks.halve(row);
    this.partners.halve(row);
    this.#newcomers[row] = (this.#newcomers[row] as number) / 2;
    this.#calls[row] = (this.#calls[row] as number) / 2;
  }

  #take(row: number, at: number): void {
    for (const column of [this.npas, this.hours, this.blocks, this.partners]) column.clear(row);
    for (const column of [this.neighbours, this.contradicted, this.foreign, this.shared]) column.clear(row);
    for (const column of [this.signed, this.rarity, this.surprise]) column.clear(row);
    (this.#distinct[row] as SlidingDistinct).clear();
    this.#newcomers[row] = 0;
    this.#calls[row] = 0;
    this.#halvedAt[row] = at;
  }
}
