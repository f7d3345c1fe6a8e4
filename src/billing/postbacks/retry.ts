const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Milliseconds until the next attempt, by how many there were; the last one for all that follow. */
const DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  HOUR_MS,
  6 * HOUR_MS,
] as const;
/** Milliseconds after which nothing is tried any more. */
export const GIVE_UP_MS = 72 * HOUR_MS;
/** A receiver may ask for so much patience, and no more. */
const MAX_RETRY_AFTER_MS = HOUR_MS;
/** Delays are up to so much longer, so that what failed together does not come back together. */
const JITTER = 0.25;

/**
 * Milliseconds to wait after an attempt that failed.
 * @param attempts - how many there were, 1 after the first
 * @param random - 0 … 1
 */
export function retryDelay(attempts: number, random: number): number {
  const delay = DELAYS_MS[Math.min(Math.max(attempts, 1), DELAYS_MS.length) - 1] as number;
  return Math.round(delay * (1 + JITTER * random));
}

/**
 * Milliseconds that a receiver asks to be left alone (RFC 9110 §10.2.3), an hour at most; undefined when it
 * does not say, or says something else.
 * @param now - UTC epoch milliseconds
 */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const wait = /^\d{1,9}$/.test(text)
    ? Number(text) * SECOND_MS
    : /^[A-Za-z]{3,9}, .*GMT$/.test(text)
      ? Date.parse(text) - now
      : NaN;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), MAX_RETRY_AFTER_MS);
}
