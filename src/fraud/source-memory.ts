import type { AttemptEvent, EndedEvent, EndSigns } from '../domain';
import { GapWatch } from './structures/gap-watch';
import { KeyTable } from './structures/key-table';
import { RateWatch } from './structures/rate-watch';
import { RingCounters } from './structures/ring-counters';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LONGEST_SECONDS = 3_600;
const MINUTES_BEFORE = 59;

const rate = (
  usual: number,
  slack: number,
): { usual: number; fast: number; slow: number; slack: number } => ({
  usual,
  fast: 0.04,
  slow: 0.003,
  slack,
});

/** What is known of each seller, dialled number or trunk alike. */
export class SourceMemory {
  readonly table: KeyTable;
  readonly minute: RingCounters;
  readonly hour: RingCounters;
  readonly day: RingCounters;
  readonly gaps: GapWatch;
  readonly newCallers: RateWatch;
  readonly misidentified: RateWatch;
  readonly answered: RateWatch;
  readonly short: RateWatch;
  readonly duration: RateWatch;
  readonly quickCancels: RateWatch;
  readonly piles: RateWatch;
  readonly #firstHeard: Float64Array;

  /** @param sources - most of them remembered, 600 bytes each */
  constructor(sources: number) {
    this.table = new KeyTable(sources, 16);
    const { rows } = this.table;
    this.minute = new RingCounters(rows, MINUTE_MS, 12);
    this.hour = new RingCounters(rows, HOUR_MS, 60);
    this.day = new RingCounters(rows, DAY_MS, 24);
    this.gaps = new GapWatch(rows);
    this.newCallers = new RateWatch(rows, rate(0.8, 0.1));
    this.misidentified = new RateWatch(rows, rate(0.01, 0.02));
    this.answered = new RateWatch(rows, rate(0.8, 0.1));
    this.short = new RateWatch(rows, rate(0.08, 0.05));
    this.duration = new RateWatch(rows, rate(0.6, 0.08));
    this.quickCancels = new RateWatch(rows, rate(0.02, 0.02));
    this.piles = new RateWatch(rows, rate(0.04, 0.04));
    this.#firstHeard = new Float64Array(rows);
  }

  find(key: number): number {
    return this.table.find(key);
  }

  /** @returns its row, or `~row` when it is new */
  claim(key: number, at: number): number {
    const claimed = this.table.claim(key, at);
    if (claimed < 0) this.#take(~claimed, at);
    return claimed;
  }

  recordAttempt(row: number, event: AttemptEvent, newCaller: boolean): void {
    const { at } = event;
    this.minute.add(row, at);
    this.hour.add(row, at);
    this.day.add(row, at);
    this.gaps.observe(row, at);
    this.newCallers.observe(row, newCaller ? 1 : 0);
    this.misidentified.observe(row, event.misidentified ? 1 : 0);
  }

  /** What nobody was rung for says nothing of its source. */
  recordEnd(row: number, event: EndedEvent, signs: EndSigns): void {
    if (event.ringMs === undefined) return;
    this.answered.observe(row, event.answered ? 1 : 0);
    this.quickCancels.observe(row, signs.quickCancel ? 1 : 0);
    if (!event.answered) return;
    this.short.observe(row, signs.short ? 1 : 0);
    this.duration.observe(row, durationScale(event.connectedMs));
    if (signs.paid) this.piles.observe(row, signs.pile ? 1 : 0);
  }

  /** This hour against the hours of the day before it, log₂; what is new has been at it for one hour at least. */
  burst(row: number, now: number): number {
    const hour = this.hour.read(row, now);
    const before = Math.max(0, this.day.read(row, now) - hour);
    const known = Math.min(DAY_MS, Math.max(HOUR_MS, now - (this.#firstHeard[row] as number))) / HOUR_MS;
    return Math.log2((hour + 2) / (before / Math.max(1, known - 1) + 2));
  }

  /** This minute against the minutes of the hour before it, log₂. */
  surge(row: number, now: number): number {
    const minute = this.minute.read(row, now);
    const before = Math.max(0, this.hour.read(row, now) - minute) / MINUTES_BEFORE;
    return Math.log2((minute + 1) / (before + 1));
  }

  #take(row: number, at: number): void {
    for (const column of [this.minute, this.hour, this.day, this.gaps]) column.clear(row);
    for (const column of [this.newCallers, this.misidentified, this.answered, this.short]) column.clear(row);
    for (const column of [this.duration, this.quickCancels, this.piles]) column.clear(row);
    this.#firstHeard[row] = at;
  }
}

/** 0 = none … 1 = an hour and more, on a logarithmic scale. */
function durationScale(connectedMs: number): number {
  return Math.min(1, Math.log1p(connectedMs / 1_000) / Math.log1p(LONGEST_SECONDS));
}
