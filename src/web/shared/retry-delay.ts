const FIRST_MS = 500;
const FACTOR = 1.8;
/** Somebody may be waiting: never longer than this. */
const MAX_MS = 15_000;

/**
 * Milliseconds before the next attempt: at once after the first loss, then longer and longer, and
 * spread so that the pages of a whole office do not come back in one instant.
 * @param attempt - how many have failed in a row
 * @param random - evenly from [0, 1)
 */
export function retryDelayMs(attempt: number, random: number): number {
  const most = Math.min(MAX_MS, FIRST_MS * FACTOR ** attempt);
  return Math.round(most * (0.5 + random / 2));
}
