import type { WeeklySchedule } from '../domain';
import { WeekPlan } from './week-plan';

/** No schedule: always open. */
export const ALWAYS = 0;

/**
 * The schedules of a book, compiled once for all bids that share one, by a small number each, so
 * that a whole book is asked with one question a schedule.
 */
export class PlanTable {
  /** Row 0 stands for {@link ALWAYS}. */
  readonly #plans: (WeekPlan | undefined)[] = [undefined];
  readonly #keys: string[] = [''];
  readonly #uses: number[] = [1];
  readonly #free: number[] = [];
  readonly #byKey = new Map<string, number>();
  #open = new Uint8Array(64);

  /** One more use of a schedule. @throws RangeError when it cannot be compiled */
  acquire(schedule: WeeklySchedule | undefined): number {
    if (!schedule) return ALWAYS;
    const key = keyOf(schedule);
    let index = this.#byKey.get(key);
    if (index === undefined) {
      const plan = new WeekPlan(schedule);
      index = this.#free.pop() ?? this.#plans.length;
      this.#plans[index] = plan;
      this.#keys[index] = key;
      this.#uses[index] = 0;
      this.#byKey.set(key, index);
    }
    this.#uses[index] = (this.#uses[index] as number) + 1;
    return index;
  }

  release(index: number): void {
    if (index === ALWAYS) return;
    const uses = (this.#uses[index] as number) - 1;
    this.#uses[index] = uses;
    if (uses > 0) return;
    this.#byKey.delete(this.#keys[index] as string);
    this.#plans[index] = undefined;
    this.#free.push(index);
  }

  isOpen(index: number, instant: number): boolean {
    return this.#plans[index]?.isOpen(instant) ?? true;
  }

  /** By index: 1 when open at an instant (UTC epoch milliseconds). Good until the next question. */
  openAt(instant: number): Uint8Array {
    if (this.#open.length < this.#plans.length) this.#open = new Uint8Array(this.#plans.length * 2);
    for (let index = 0; index < this.#plans.length; index++) {
      this.#open[index] = this.isOpen(index, instant) ? 1 : 0;
    }
    return this.#open;
  }
}

function keyOf(schedule: WeeklySchedule): string {
  let key = schedule.timezone;
  for (const { days, startMinute, endMinute } of schedule.windows) {
    key += `|${days.join()}/${startMinute}/${endMinute}`;
  }
  return key;
}
