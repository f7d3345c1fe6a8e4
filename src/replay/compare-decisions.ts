import type { Decision } from '../domain';

/** One field in which two decisions differ. */
export interface Difference {
  /** e.g. `trace.findings[2].detail`. */
  readonly path: string;
  /** Undefined when it is not there. */
  readonly stored: unknown;
  readonly replayed: unknown;
}

/** More differences than this are not listed: the first tell enough. */
export const MAX_DIFFERENCES = 100;

/**
 * Where two decisions differ, field by field, as JSON has them. Not compared are the number that the
 * market's version had on the node that decided, which says nothing of what is in it, and the order of
 * bids that are in no plan.
 *
 * @param stored - as it was read from storage
 */
export function compareDecisions(stored: Decision, replayed: Decision): Difference[] {
  const differences: Difference[] = [];
  compare(comparable(stored), comparable(replayed), '', differences);
  return differences;
}

type Json = Record<string, unknown>;

function comparable(decision: Decision): unknown {
  // What is written out lazily is written out now; what JSON does not know is gone.
  const plain = JSON.parse(JSON.stringify(decision)) as {
    trace?: Json & { bids?: { listed?: unknown }; facts?: { activity?: { capped?: unknown } } };
  };
  const { trace } = plain;
  if (!trace) return plain;
  delete trace['marketVersion'];
  if (trace.bids) trace.bids.listed = inOrder(trace.bids.listed);
  if (trace.facts?.activity) trace.facts.activity.capped = inOrder(trace.facts.activity.capped);
  return plain;
}

/** Ranked ones by rank, the others by id. */
function inOrder(bids: unknown): unknown {
  if (!Array.isArray(bids)) return bids;
  const rank = ({ rank: at }: Json): number => (typeof at === 'number' ? at : Infinity);
  const key = (bid: Json): string => String(bid['bidId']);
  return [...(bids as Json[])].sort(
    (a, b) => Math.sign(rank(a) - rank(b)) || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0),
  );
}

function compare(stored: unknown, replayed: unknown, path: string, found: Difference[]): void {
  if (found.length >= MAX_DIFFERENCES || Object.is(stored, replayed)) return;
  if (Array.isArray(stored) && Array.isArray(replayed)) {
    for (let n = 0; n < Math.max(stored.length, replayed.length); n++) {
      compare(stored[n], replayed[n], `${path}[${n}]`, found);
    }
    return;
  }
  if (isObject(stored) && isObject(replayed)) {
    for (const key of new Set([...Object.keys(stored), ...Object.keys(replayed)].sort())) {
      compare(own(stored, key), own(replayed, key), path === '' ? key : `${path}.${key}`, found);
    }
    return;
  }
  found.push({ path, stored, replayed });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names of tags are anybody's. */
function own(object: Json, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
