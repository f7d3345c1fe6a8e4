import { asError } from '../../domain';
import type { Database, Queryable } from '../../storage';
import { transactionDespiteRivals } from '../../storage';
import type { Settled, SettlementOutcome } from './settle-batch';
import { settleBatch } from './settle-batch';
import type { SettlementSources } from './settlement-sources';
import { STORED_SOURCES } from './settlement-sources';
import { isAway, isRivalry } from './trouble';

/** Longest a batch waits for a lock: then its calls are taken one by one. */
const BATCH_LOCK_MS = 3_000;
/** Longest one of those waits, and longest that a statement of it may take. */
const SINGLE_LOCK_MS = 1_000;
const SINGLE_STATEMENT_MS = 3_000;
/**
 * Longest a batch may take that has come apart, which is time for several calls that take too long, and for
 * the others of it, whatever their order; what is left is tried again later.
 */
const APART_MS = 30_000;

/** Plans are kept: one made while tables were short must not read all of them when they have grown. */
const limits = (lockMs: number): string =>
  `set local enable_seqscan = off; set local lock_timeout = ${lockMs}`;
const LIMIT_BATCH = limits(BATCH_LOCK_MS);
/** A shorter limit that holds already stays. */
const LIMIT_SINGLE = `${limits(SINGLE_LOCK_MS)};
  select set_config('statement_timeout', least(nullif(setting::integer, 0), ${SINGLE_STATEMENT_MS})::text, true)
  from pg_settings where name = 'statement_timeout'`;

export interface SettleOptions {
  readonly sources?: SettlementSources;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/**
 * Settles calls that are over: rates each and posts its money, all of them in one transaction. Doing it
 * again changes nothing. When something is wrong with one of them, they are taken one by one, so that it
 * fails alone; when the database is away, all fail.
 *
 * @param callIds - each once
 * @returns what became of each
 */
export async function settleCalls(
  database: Database,
  callIds: readonly string[],
  options: SettleOptions = {},
): Promise<Map<string, Settled>> {
  const { now = () => performance.now() } = options;
  const results = new Map<string, Settled>();
  let trouble: Error | undefined;
  if (callIds.length > 1) {
    const batch = await attempt(database, callIds, 'free', options);
    if (batch instanceof Error) trouble = batch;
    else for (const [callId, settled] of batch) results.set(callId, settled);
  }
  const startedAt = now();
  for (const callId of callIds) {
    if (results.has(callId)) continue;
    if (trouble && (isAway(trouble) || now() - startedAt > APART_MS)) {
      results.set(callId, { ok: false, error: trouble });
      continue;
    }
    const single = await attempt(database, [callId], 'all', options);
    if (single instanceof Error) {
      results.set(callId, { ok: false, error: single });
      trouble = single;
    } else for (const [id, settled] of single) results.set(id, settled);
  }
  return results;
}

/**
 * Settles one call.
 * @throws Error when the call is unknown or not over, or when the database refuses or is away
 */
export async function settleCall(
  database: Database,
  callId: string,
  options: SettleOptions = {},
): Promise<SettlementOutcome> {
  const settled = (await settleCalls(database, [callId], options)).get(callId);
  if (!settled) throw new Error(`nobody settled call ${callId}`);
  if (!settled.ok) throw settled.error;
  return settled.outcome;
}

/** Never rejects. */
async function attempt(
  database: Database,
  callIds: readonly string[],
  which: 'free' | 'all',
  { sources = STORED_SOURCES }: SettleOptions,
): Promise<Map<string, Settled> | Error> {
  const settle = async (tx: Queryable): Promise<Map<string, Settled>> => {
    await tx.query(which === 'free' ? LIMIT_BATCH : LIMIT_SINGLE);
    return settleBatch(tx, callIds, sources, which);
  };
  return transactionDespiteRivals(database, settle, isRivalry).catch(asError);
}
