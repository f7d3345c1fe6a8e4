import type { Currency } from '../../domain';
import { asError, groupBy } from '../../domain';
import type { Queryable } from '../../storage';
import type { Posting } from '../ledger/ledger';
import { postTransactions } from '../ledger/ledger';
import type { CapturedHold } from '../wallets/holds';
import { callPostings } from './call-postings';
import type { BookedCall, EndedCall } from './ended-call';
import { isSold, lockEvents, mayCost, readEnded } from './ended-call';
import type { RatedEnd } from './rate-call';
import { rateCall } from './rate-call';
import type { CallFacts, SettlementSources } from './settlement-sources';
import { readFacts } from './settlement-sources';
import { writeSettlements } from './write-settlements';

export type SettlementOutcome = 'settled' | 'already_settled' | 'not_sold';

/** What became of one call of a batch. */
export type Settled =
  { readonly ok: true; readonly outcome: SettlementOutcome } | { readonly ok: false; readonly error: Error };

/** Under which the ledger takes a call's settlement once. */
const settlementKey = (callId: string): string => `call:${callId}`;

/** A call's money, rated and to be booked. */
export interface CallToBook {
  readonly call: EndedCall;
  readonly rated: RatedEnd & { readonly currency: Currency };
}

/**
 * Settles calls in the caller's database transaction: what can be seen to be wrong with a call fails that
 * call alone; when the database refuses something, this throws, the transaction is rolled back, and nothing
 * was settled. Locks are taken in the order of the house: events, holds, ledger accounts.
 *
 * @param which - `free` leaves out, and out of what is returned, calls that somebody else has locked
 */
export async function settleBatch(
  tx: Queryable,
  callIds: readonly string[],
  sources: SettlementSources,
  which: 'free' | 'all',
): Promise<Map<string, Settled>> {
  const events = await lockEvents(tx, callIds, which);
  const taken = which === 'all' ? callIds : callIds.filter((callId) => events.has(callId));
  const booked = await readEnded(tx, taken);
  const facts = await readFacts(tx, sources, [...booked.values()].filter(mayCost));

  const results = new Map<string, Settled>();
  const toBook: CallToBook[] = [];
  const done: string[] = [];
  for (const callId of taken) {
    const call = booked.get(callId);
    const judged = call ? judge(call, facts) : failed(`call ${callId} is not over, or not known`);
    if ('rated' in judged) {
      toBook.push(judged);
      continue;
    }
    results.set(callId, judged);
    if (judged.ok) done.push(callId);
  }

  const holds = await takeHolds(tx, sources, toBook);
  const postings = postingsOf(toBook, holds);
  const transactionIds = await post(tx, postings);
  await writeSettlements(tx, {
    calls: toBook,
    heldOf: (callId) => holds.get(callId) ?? [],
    transactionIdOf: (callId) => transactionIds.get(callId),
    doneEvents: [...done, ...toBook.map(({ call }) => call.callId)].flatMap(
      (callId) => events.get(callId) ?? [],
    ),
  });
  for (const { call } of toBook) results.set(call.callId, { ok: true, outcome: 'settled' });
  return results;
}

const failed = (why: string): Settled => ({ ok: false, error: new Error(why) });

/** What is to be done about a call. Books that contradict themselves are for people: nothing is posted. */
function judge(call: BookedCall, facts: (callId: string) => CallFacts): Settled | CallToBook {
  const { callId, settled, paid, posted } = call;
  if (!mayCost(call)) return { ok: true, outcome: 'not_sold' };
  if (paid) return { ok: true, outcome: 'already_settled' };
  if (posted) return failed(`the money of call ${callId} was posted without a settlement`);
  try {
    const rated = rateCall(call, facts(callId));
    const { currency } = rated;
    // Nobody bought it, and no carrier is paid for it: there is nothing to be said of it.
    if (currency === undefined) return { ok: true, outcome: 'not_sold' };
    if (!settled) return { call, rated: { ...rated, currency } };
    return rated.lines.length === 0
      ? { ok: true, outcome: 'already_settled' }
      : failed(`call ${callId} was settled without its money`);
  } catch (error) {
    return { ok: false, error: asError(error) };
  }
}

async function takeHolds(
  tx: Queryable,
  sources: SettlementSources,
  calls: readonly CallToBook[],
): Promise<Map<string, CapturedHold[]>> {
  // What was held for a call that nobody bought goes back: that is the sweeper's to do.
  const sold = calls.filter(({ call }) => isSold(call));
  if (sold.length === 0) return new Map();
  const captured = await sources.captureHolds(
    tx,
    sold.map(({ call }) => call.callId),
  );
  return groupBy(captured, (hold) => hold.callId);
}

/** Calls of which money moves, with their postings. */
function postingsOf(
  calls: readonly CallToBook[],
  holds: ReadonlyMap<string, readonly CapturedHold[]>,
): Map<string, Posting[]> {
  const postings = new Map<string, Posting[]>();
  for (const { call, rated } of calls) {
    const ofCall = callPostings(call.sale?.target.buyerAccountId, rated.lines, holds.get(call.callId) ?? []);
    if (ofCall.length > 0) postings.set(call.callId, ofCall);
  }
  return postings;
}

async function post(
  tx: Queryable,
  postings: ReadonlyMap<string, readonly Posting[]>,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  if (postings.size === 0) return ids;
  const callIds = [...postings.keys()];
  const posted = await postTransactions(
    tx,
    [...postings].map(([callId, ofCall]) => ({
      idempotencyKey: settlementKey(callId),
      kind: 'call_settlement',
      callId,
      postings: ofCall,
    })),
  );
  callIds.forEach((callId, n) => {
    const id = posted[n];
    // Nobody settles a call whose event is locked: then it had none, and two came at once.
    if (id === undefined) throw new Error(`the money of call ${callId} was posted meanwhile`);
    ids.set(callId, id);
  });
  return ids;
}
