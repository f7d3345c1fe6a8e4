import { CallerLinks } from './structures/caller-links';
import { RotatingCountMin } from './structures/count-min';
import { GapWatch } from './structures/gap-watch';
import { KeyTable } from './structures/key-table';
import { RateWatch } from './structures/rate-watch';
import { RingCounters } from './structures/ring-counters';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** ε = e/32,768 = 8·10⁻⁵ of the calls of a pane, δ = e⁻⁷ = 9·10⁻⁴. */
const WIDTH = 32_768;
const DEPTH = 7;
/** Sellers remembered of one caller. */
const DEGREE = 6;
/** An ordinary caller seldom does either; one call says little. */
const CALLER_RATE = { usual: 0, fast: 0.2, slow: 0.01, slack: 0.05 };

/**
 * What is known of callers. Those heard of lately are counted exactly; behind them two sketches hold
 * every caller of 24 hours, so that one who lost its row is not forgotten.
 */
export class CallerMemory {
  readonly table: KeyTable;
  readonly gaps: GapWatch;
  readonly links: CallerLinks;
  readonly short: RateWatch;
  readonly quickCancels: RateWatch;
  readonly piles: RateWatch;
  /** Key of the number each dialled last. */
  readonly lastDid: Float64Array;
  readonly #minute: RingCounters;
  readonly #hour: RingCounters;
  readonly #day: RingCounters;
  /** UTC epoch milliseconds from which a row knows every call of its caller. */
  readonly #knownSince: Float64Array;
  readonly #hourSketch = new RotatingCountMin(HOUR_MS, 4, WIDTH, DEPTH);
  readonly #daySketch = new RotatingCountMin(DAY_MS, 6, WIDTH, DEPTH);

  /** @param callers - most callers counted exactly, 350 bytes each */
  constructor(callers: number) {
    this.table = new KeyTable(callers);
    const { rows } = this.table;
    this.gaps = new GapWatch(rows);
    this.links = new CallerLinks(rows, DEGREE, DAY_MS);
    this.short = new RateWatch(rows, CALLER_RATE);
    this.quickCancels = new RateWatch(rows, CALLER_RATE);
    this.piles = new RateWatch(rows, CALLER_RATE);
    this.lastDid = new Float64Array(rows);
    this.#minute = new RingCounters(rows, MINUTE_MS, 12);
    this.#hour = new RingCounters(rows, HOUR_MS, 60);
    this.#day = new RingCounters(rows, DAY_MS, 24);
    this.#knownSince = new Float64Array(rows);
  }

  /** A call of a caller. @returns its row */
  record(key: number, at: number): number {
    const claimed = this.table.claim(key, at);
    const row = claimed < 0 ? ~claimed : claimed;
    if (claimed < 0) this.#take(row, key, at);
    this.#minute.add(row, at);
    this.#hour.add(row, at);
    this.#day.add(row, at);
    this.#hourSketch.add(key, at);
    this.#daySketch.add(key, at);
    return row;
  }

  /** The row of a caller that may never have called here: an end may be heard of before its call. */
  rowFor(key: number, at: number): number {
    const claimed = this.table.claim(key, at);
    if (claimed >= 0) return claimed;
    this.#take(~claimed, key, at);
    return ~claimed;
  }

  inMinute(row: number, now: number): number {
    return row < 0 ? 0 : this.#minute.read(row, now);
  }

  /** Calls in an hour; never too few. */
  inHour(row: number, key: number, now: number): number {
    if (row >= 0 && now - (this.#knownSince[row] as number) >= HOUR_MS) return this.#hour.read(row, now);
    const atMost = this.#hourSketch.estimate(key, now);
    return row < 0 ? atMost : Math.max(atMost, this.#hour.read(row, now));
  }

  /** Calls in 24 hours; never too few. */
  inDay(row: number, key: number, now: number): number {
    if (row >= 0 && now - (this.#knownSince[row] as number) >= DAY_MS) return this.#day.read(row, now);
    const atMost = this.#daySketch.estimate(key, now);
    return row < 0 ? atMost : Math.max(atMost, this.#day.read(row, now));
  }

  #take(row: number, key: number, at: number): void {
    for (const column of [this.#minute, this.#hour, this.#day, this.gaps, this.links]) column.clear(row);
    for (const column of [this.short, this.quickCancels, this.piles]) column.clear(row);
    this.lastDid[row] = 0;
    // A caller of whom the sketch holds nothing has no calls that the row would miss.
    this.#knownSince[row] = this.#daySketch.estimate(key, at) === 0 ? 0 : at;
  }
}
