import type { LegStats, MediaLeg } from '../media';

/** Longest time the end of a call waits for the media engine's counters. */
const STATS_TIMEOUT_MS = 500;

/**
 * Billable conversation: from the answer to the end by the monotonic clock, or to the last audio
 * heard where that went away earlier. Never negative; integer milliseconds.
 */
export function connectedMilliseconds(
  answeredMono: number,
  endedMono: number,
  lastHeardMono: number | undefined,
): number {
  const until = lastHeardMono === undefined ? endedMono : Math.min(endedMono, lastHeardMono);
  return Math.max(0, Math.round(until - answeredMono));
}

/** Counters of both legs for the CDR; a leg that does not tell in time is left out. */
export async function collectMediaStats(
  caller: MediaLeg | undefined,
  buyer: MediaLeg | undefined,
): Promise<Readonly<Record<string, LegStats>> | undefined> {
  const [callerStats, buyerStats] = await Promise.all([statsOf(caller), statsOf(buyer)]);
  if (!callerStats && !buyerStats) return undefined;
  return {
    ...(callerStats ? { caller: callerStats } : {}),
    ...(buyerStats ? { buyer: buyerStats } : {}),
  };
}

async function statsOf(leg: MediaLeg | undefined): Promise<LegStats | undefined> {
  if (!leg) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), STATS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([leg.stats().catch(() => undefined), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
