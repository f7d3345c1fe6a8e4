/** Name of the queue in Redis. */
export const SETTLEMENT_QUEUE = 'settlement';

/** Waits between tries, in milliseconds; after the last the job is for people. */
const RETRY_DELAYS_MS = [100, 500, 2_000, 5_000] as const;

/**
 * Rounds of tries, each begun a while after the one before, in which a settlement may be too slow for a
 * database that is there: then it is for people.
 */
export const MAX_ROUNDS = 5;

export interface SettlementJob {
  readonly callId: string;
}

/**
 * What Redis keeps of a job is what is still to be done: what was settled, and what died, the database
 * knows.
 */
export const SETTLEMENT_JOB_OPTIONS = {
  attempts: RETRY_DELAYS_MS.length + 1,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: true,
} as const;

/** Milliseconds to wait after the given number of tries. */
export function retryDelay(attemptsMade: number, delaysMs: readonly number[] = RETRY_DELAYS_MS): number {
  return delaysMs[attemptsMade - 1] ?? delaysMs[delaysMs.length - 1] ?? 0;
}
