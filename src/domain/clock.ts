/** Where time comes from. Rooms take one as an argument, so that tests decide what time it is. */
export interface Clock {
  /** UTC epoch milliseconds, for instants that are stored or shown. */
  now(): number;
  /** Milliseconds from an arbitrary start that never runs backwards, for durations. */
  monotonic(): number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
