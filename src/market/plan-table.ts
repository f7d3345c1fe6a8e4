import type { WeeklySchedule, WeeklyWindow } from '../domain';
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
  #changed = false;
  /** A schedule came since the last question: its place may hold the answer of another one. */
  #fresh = false;

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
      this.#fresh = true;
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

  /** False when the last {@link openAt} gave the same answers about the same schedules as the one before. */
  get changed(): boolean {
    return this.#changed;
  }

  /** By index: 1 when open at an instant (UTC epoch milliseconds). Good until the next question. */
  openAt(instant: number): Uint8Array {
    this.#changed = this.#fresh;
    this.#fresh = false;
    if (this.#open.length < this.#plans.length) this.#open = new Uint8Array(this.#plans.length * 2);
    for (let index = 0; index < this.#plans.length; index++) {
      const answer = this.isOpen(index, instant) ? 1 : 0;
      if (answer !== this.#open[index]) this.#changed = true;
      this.#open[index] = answer;
    }
    return this.#open;
  }
}

/** Are two schedules open at the same times, said in the same words? */
export function sameSchedule(a: WeeklySchedule | undefined, b: WeeklySchedule | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || a.timezone !== b.timezone || a.windows.length !== b.windows.length) return false;
  for (let n = 0; n < a.windows.length; n++) {
    const one = a.windows[n] as WeeklyWindow;
    const two = b.windows[n] as WeeklyWindow;
    if (one.startMinute !== two.startMinute || one.endMinute !== two.endMinute) return false;
    if (one.days.length !== two.days.length) return false;
    for (let day = 0; day < one.days.length; day++) if (one.days[day] !== two.days[day]) return false;
  }
  return true;
}

function keyOf(schedule: WeeklySchedule): string {
  let key = schedule.timezone;
  for (const { days, startMinute, endMinute } of schedule.windows) {
    key += `|${days.join()}/${startMinute}/${endMinute}`;
  }
  return key;
}
