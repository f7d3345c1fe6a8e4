import type { CallFact, Database, WrongSum } from '../storage';
import { beginBackfill, callsBefore, claimProgress, findWrongSums, readFacts, rebuildSums } from '../storage';
import { currentFacts } from './make-facts';
import { AnalyticsRollUp } from './roll-up';

/** What a recount came to. */
export interface AnalyticsCheck {
  /** Calls that were counted again. */
  readonly calls: number;
  /** Calls whose facts are not what they and their books say: the first 100. */
  readonly wrongCalls: readonly string[];
  /** Sums that are not what the facts come to: the first 100. */
  readonly wrongSums: readonly WrongSum[];
}

const BATCH = 1_000;
const MOST_WRONG = 100;
/** Recounts read everything there is. */
const LONG_MS = 3_600_000;
const FROM_THE_NEWEST = 9_000_000_000_000_000;

/**
 * Counts every call again and compares, as of one instant. Calls that are over and are not counted yet because
 * the job has not come to them are wrong, too: let it catch up first.
 * @param database - stays as it is
 */
export async function checkAnalytics(
  database: Database,
  onProgress: (calls: number) => void = () => undefined,
): Promise<AnalyticsCheck> {
  return database.transaction(async (tx) => {
    await tx.query(`set local statement_timeout = ${LONG_MS}`);
    const wrongCalls: string[] = [];
    let calls = 0;
    let place = { receivedAt: FROM_THE_NEWEST, callId: '' };
    for (let more = true; more && wrongCalls.length < MOST_WRONG;) {
      const batch = await callsBefore(tx, place.receivedAt, place.callId, BATCH);
      const ids = batch.filter(({ ended }) => ended).map(({ callId }) => callId);
      wrongCalls.push(...differing(ids, await currentFacts(tx, ids), await readFacts(tx, ids)));
      calls += ids.length;
      onProgress(calls);
      more = batch.length === BATCH;
      place = batch.at(-1) ?? place;
    }
    return { calls, wrongCalls: wrongCalls.slice(0, MOST_WRONG), wrongSums: await findWrongSums(tx) };
  }, 'snapshot');
}

function differing(ids: readonly string[], now: readonly CallFact[], stored: readonly CallFact[]): string[] {
  const told = (facts: readonly CallFact[]): Map<string, string> => {
    const byCall = new Map<string, string>();
    for (const fact of facts) {
      const text = Object.entries(fact).sort().join('|');
      byCall.set(fact.callId, `${byCall.get(fact.callId) ?? ''}\n${fact.n}: ${text}`);
    }
    return byCall;
  };
  const was = told(stored);
  const is = told(now);
  return ids.filter((id) => was.get(id) !== is.get(id));
}

/**
 * Makes the facts of every call anew, and then every sum. Figures stay readable, and go on being kept.
 * @returns how many calls were counted, and how many sums there are
 */
export async function rebuildAnalytics(
  database: Database,
): Promise<{ readonly calls: number; readonly sums: number }> {
  await beginBackfill(database);
  const calls = await untilBackfilled(database);
  const sums = await database.transaction(async (tx) => {
    await tx.query(`set local statement_timeout = ${LONG_MS}`);
    await claimProgress(tx, true);
    return rebuildSums(tx);
  });
  return { calls, sums };
}

/** A worker may take part of it. */
async function untilBackfilled(database: Database): Promise<number> {
  const { backfilled } = await new AnalyticsRollUp(database).roll();
  return backfilled;
}
