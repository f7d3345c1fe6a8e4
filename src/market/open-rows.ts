import { BitColumn } from './bits';
import type { PlanTable } from './plan-table';

const MINUTE_MS = 60_000;

/** Rows whose schedule is open, worked out once a minute, since windows are whole minutes. */
export class OpenRows {
  readonly #plans: PlanTable;
  readonly #open = new BitColumn(1);
  /** The schedule of each row in the plan table. */
  #planOf: Int32Array;
  /** Minute (since the epoch) that the bits are of; NaN = none yet. */
  #minute = NaN;

  constructor(plans: PlanTable, rows: number) {
    this.#plans = plans;
    this.#planOf = new Int32Array(rows);
  }

  put(row: number, plan: number): void {
    this.#planOf[row] = plan;
    if (!Number.isNaN(this.#minute)) this.#open.put(row, this.#plans.isOpen(plan, this.#minute * MINUTE_MS));
  }

  /** @param instant - UTC epoch milliseconds */
  at(instant: number): Int32Array {
    const minute = Math.floor(instant / MINUTE_MS);
    if (minute !== this.#minute) {
      const answers = this.#plans.openAt(instant);
      if (this.#plans.changed || Number.isNaN(this.#minute)) {
        const plans = this.#planOf;
        for (let row = 0; row < plans.length; row++) {
          this.#open.put(row, answers[plans[row] as number] === 1);
        }
      }
      this.#minute = minute;
    }
    return this.#open.words;
  }

  grow(rows: number): void {
    this.#open.grow(rows >>> 5);
    const plans = new Int32Array(rows);
    plans.set(this.#planOf);
    this.#planOf = plans;
  }
}
