import type { Micros } from '../../domain';
import { addMicros, AppError, ZERO_MICROS } from '../../domain';
import { sumsOf } from '../../rating';
import type { Queryable } from '../../storage';
import { noteRevision, openDisputes } from '../disputes/withheld';
import type { LedgerKind } from '../ledger/chart';
import { postTransaction } from '../ledger/ledger';
import { callPostings } from '../settlement/call-postings';
import { addEvent } from '../settlement/outbox-events';
import type { CallBook, RevisionKind } from './call-book';
import { isSoldBook, readCallBooks } from './call-book';
import type { ChangedLine } from './call-lines';

/** Revisions of one call, which nothing that is meant comes near. */
const MAX_REVISIONS = 1_000;

/** A change of a settled call's money. */
export interface Revision {
  readonly kind: RevisionKind;
  /** Why, for programs: of everything but reratings it happens once. */
  readonly cause: string;
  /** Under which the ledger takes it once; `n` is the number of the revision. */
  readonly key: (n: number) => string;
  /** For people. */
  readonly reason: string;
  readonly lines: readonly ChangedLine[];
  readonly borne?: Micros;
  /** By which rules it stands after a rating, and how many signals were known. */
  readonly rated?: { readonly priced: string; readonly earned: string; readonly signals: number };
}

export interface BookedRevision {
  readonly n: number;
  /** Null when lines changed and no money did. */
  readonly transactionId: number | null;
}

const LEDGER_KIND_OF: Readonly<Record<RevisionKind, LedgerKind>> = {
  rerating: 'call_rerating',
  correction: 'call_rerating',
  reversal: 'reversal',
  award: 'adjustment',
};
const MAX_REASON = 500;

const WRITE = {
  name: 'revision-write',
  text: `insert into settlement_revisions (call_id, n, kind, cause, transaction_id, lines, revenue, payout, fees, taxes,
      carrier_cost, borne, priced, earned, signals)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
};

/**
 * Books a change of a call's money: the ledger, the revision and the event that tells of it. Open disputes of
 * the call are told.
 *
 * @param book - locked by this database transaction, and not revised in it since
 * @throws AppError `conflict` after 1,000 revisions
 * @throws Error when the books contradict themselves: nothing is booked
 */
export async function reviseCall(tx: Queryable, book: CallBook, revision: Revision): Promise<BookedRevision> {
  const { callId, buyerAccountId, transactionId: settlementId } = book;
  const { kind, cause, lines, rated, borne = ZERO_MICROS } = revision;
  const n = book.revisions + 1;
  if (n > MAX_REVISIONS) {
    throw new AppError('conflict', 'too_many_revisions', `call ${callId} was revised ${MAX_REVISIONS} times`);
  }
  const sums = sumsOf(lines, book.summedIn);
  await addEvent(tx, 'call.rerated', `${callId}:${n}`, eventOf(book, revision, n));
  const postings = callPostings(buyerAccountId, lines, []);
  let transactionId: number | null = null;
  if (postings.length > 0) {
    const posted = await postTransaction(tx, {
      idempotencyKey: revision.key(n),
      kind: LEDGER_KIND_OF[kind],
      callId,
      reason: revision.reason.slice(0, MAX_REASON),
      ...(kind === 'reversal' && settlementId !== null ? { reversesId: settlementId } : {}),
      postings,
    });
    if (posted === undefined) {
      throw new Error(`${revision.key(n)} was posted before, and no revision of call ${callId} says so`);
    }
    transactionId = posted;
  }
  await tx.query({
    ...WRITE,
    values: [
      callId,
      n,
      kind,
      cause,
      transactionId,
      JSON.stringify(lines),
      sums.revenue,
      sums.payout,
      sums.fees,
      sums.taxes,
      sums.carrierCost,
      borne,
      rated?.priced ?? null,
      rated?.earned ?? null,
      rated?.signals ?? null,
    ],
  });
  await tellDisputes(tx, callId);
  return { n, transactionId };
}

/** Disputes that are open claim no more than what stands now, and say that it has changed. */
async function tellDisputes(tx: Queryable, callId: string): Promise<void> {
  const open = await openDisputes(tx, callId);
  if (open.length === 0) return;
  const after = (await readCallBooks(tx, [callId])).get(callId);
  if (after && isSoldBook(after)) await noteRevision(tx, after, open);
}

function eventOf(book: CallBook, { kind, rated, lines }: Revision, n: number): object {
  const { callId, sale, currency, connectedMs, buyerAccountId, sellerId, standing } = book;
  const before = sumsOf(standing, currency);
  const change = sumsOf(lines, currency);
  return {
    callId,
    n,
    reason: kind === 'rerating' ? 'signal' : kind,
    connectedMs,
    currency,
    revenueMicros: addMicros(before.revenue, change.revenue),
    payoutMicros: addMicros(before.payout, change.payout),
    feesMicros: addMicros(before.fees, change.fees),
    taxesMicros: addMicros(before.taxes, change.taxes),
    carrierCostMicros: addMicros(before.carrierCost, change.carrierCost),
    previousRevenueMicros: before.revenue,
    previousPayoutMicros: before.payout,
    revenueChangeMicros: change.revenue,
    payoutChangeMicros: change.payout,
    priced: rated?.priced ?? book.priced,
    campaignId: sale?.terms.campaignId,
    sellerId,
    buyerId: sale?.target.buyerId,
    buyerAccountId,
  };
}
