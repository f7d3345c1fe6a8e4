import type { WeeklySchedule, Zone } from '../domain';
import { MINUTES_PER_WEEK, zoneOf } from '../domain';

const MINUTES_PER_DAY = 1440;

/** A weekly schedule compiled to one bit a minute. */
export class WeekPlan {
  readonly zone: Zone;
  readonly #open = new Uint8Array(MINUTES_PER_WEEK / 8);

  /** @throws RangeError when the zone is unknown or a window is not one. */
  constructor(schedule: WeeklySchedule) {
    this.zone = zoneOf(schedule.timezone);
    for (const { days, startMinute, endMinute } of schedule.windows) {
      if (!isMinute(startMinute, 0, MINUTES_PER_DAY - 1) || !isMinute(endMinute, 1, MINUTES_PER_DAY)) {
        throw new RangeError(`not a window of a day: ${startMinute} … ${endMinute}`);
      }
      const length =
        endMinute > startMinute ? endMinute - startMinute : endMinute + MINUTES_PER_DAY - startMinute;
      for (const day of days) {
        if (!isMinute(day, 0, 6)) throw new RangeError(`not a weekday: ${day}`);
        for (let i = 0; i < length; i++) {
          const minute = (day * MINUTES_PER_DAY + startMinute + i) % MINUTES_PER_WEEK;
          this.#open[minute >>> 3] = (this.#open[minute >>> 3] as number) | (1 << (minute & 7));
        }
      }
    }
  }

  /** Is it open at this instant (UTC epoch milliseconds)? */
  isOpen(instant: number): boolean {
    const minute = this.zone.minuteOfWeek(instant);
    return (((this.#open[minute >>> 3] as number) >>> (minute & 7)) & 1) === 1;
  }
}

function isMinute(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}
