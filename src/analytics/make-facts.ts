import type { CallFact, Queryable } from '../storage';
import { putFacts, readCountedCalls } from '../storage';
import { factsOf } from './facts-of-call';

/** The facts of calls as they are by now, whatever is stored of them. */
export async function currentFacts(db: Queryable, callIds: readonly string[]): Promise<CallFact[]> {
  return (await readCountedCalls(db, callIds)).flatMap(factsOf);
}

/**
 * Works out the facts of calls anew and puts what has changed into the sums; of calls that are not over,
 * nothing. To be run in a transaction that has claimed the work.
 * @returns how many calls have facts
 */
export async function makeFacts(tx: Queryable, callIds: readonly string[]): Promise<number> {
  const facts = await currentFacts(tx, callIds);
  const made = [...new Set(facts.map(({ callId }) => callId))];
  await putFacts(tx, made, facts);
  return made.length;
}
