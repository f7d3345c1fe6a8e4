/** A local wall-clock window on some weekdays, end-exclusive; `end` ≤ `start` runs past midnight. */
export interface WeeklyWindow {
  /** 0 = Sunday … 6 = Saturday: the day on which the window opens. */
  readonly days: readonly number[];
  /** Minutes after local midnight, 0 … 1439. */
  readonly startMinute: number;
  /** Minutes after local midnight, 1 … 1440. */
  readonly endMinute: number;
}

/** When something is open, in one IANA zone. No windows means never. */
export interface WeeklySchedule {
  readonly timezone: string;
  readonly windows: readonly WeeklyWindow[];
}
