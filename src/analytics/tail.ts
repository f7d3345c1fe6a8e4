import type { CallFact, Queryable } from '../storage';
import { figuresEvents, readFacts, readProgress } from '../storage';
import { currentFacts } from './make-facts';

/** What has happened to calls and is not in the sums yet. */
export interface Tail {
  /** What is to be added, and what is to be taken away: facts that are others by now. */
  readonly added: readonly CallFact[];
  readonly removed: readonly CallFact[];
  /** UTC epoch milliseconds: everything before it is in sums and tail. */
  readonly upTo: number;
  /** Calls that ended before it are not all counted yet: UTC epoch milliseconds; null once they are. */
  readonly wholeSince: number | null;
  /** Sums of days that do not begin at midnight of UTC are whole from it on; null: all are. */
  readonly daysAt: number | null;
}

/**
 * How far the job is behind, in milliseconds: the age of the oldest event that is not heeded.
 * @param now - UTC epoch milliseconds
 */
export async function analyticsLagMs(db: Queryable, now: number): Promise<number> {
  const { position } = await readProgress(db);
  const events = await figuresEvents(db, position, MOST_EVENTS);
  const oldest = events.find(({ heeded }) => !heeded);
  return oldest ? Math.max(0, now - oldest.at) : 0;
}

/** Events looked at. */
const MOST_EVENTS = 5_000;
/** Calls worked out for one question: more means that the job is behind, and then it says how far it is. */
const MOST_CALLS = 1_000;

/**
 * Reads what the sums lack, so that figures are of this instant.
 * @param now - UTC epoch milliseconds
 */
export async function readTail(db: Queryable, now: number): Promise<Tail> {
  const { position, backfillAt, daysAt } = await readProgress(db);
  const events = await figuresEvents(db, position, MOST_EVENTS);
  const news = events.filter(({ heeded }) => !heeded);
  const callIds = [...new Set(news.map(({ callId }) => callId))];
  const wholeSince = backfillAt === null ? null : Math.min(backfillAt, now);
  if (callIds.length > MOST_CALLS) {
    return { added: [], removed: [], upTo: news[0]?.at ?? now, wholeSince, daysAt };
  }
  const added = await currentFacts(db, callIds);
  const made = [...new Set(added.map(({ callId }) => callId))];
  const removed = made.length === 0 ? [] : await readFacts(db, made);
  const last = events.length === MOST_EVENTS ? events.at(-1) : undefined;
  return { added, removed, upTo: last?.at ?? now, wholeSince, daysAt };
}
