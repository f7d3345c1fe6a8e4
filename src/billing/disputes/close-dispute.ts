import type { Micros } from '../../domain';
import { AppError, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import type { SoldBook } from '../revisions/call-book';
import { lockSoldBook } from '../revisions/call-book';
import type { Bearer } from '../revisions/call-lines';
import { addEvent } from '../settlement/outbox-events';
import type { Dispute, DisputeState } from './dispute';
import { mayBecome } from './dispute';
import { addDisputeEvents, COLUMNS, mustFindDispute } from './dispute-rows';
import { awardSeller, claimable, giveBackCall } from './give-back-call';
import { toldOf } from './open-dispute';
import { openDisputes, withhold } from './withheld';

/** What somebody does with a dispute. */
export interface DisputeMove {
  readonly disputeId: string;
  readonly note?: string | undefined;
  readonly by: Actor;
}

/** How a dispute ends that was reviewed. */
export type Verdict =
  | { readonly state: 'rejected' }
  /** What was claimed is given, or what is left of it. */
  | { readonly state: 'accepted'; readonly bearer: Bearer }
  | { readonly state: 'partly_accepted'; readonly amount: Micros; readonly bearer: Bearer };

const MOVE = {
  name: 'dispute-move',
  text: `update disputes set state = $2, version = version + 1, given = $3, bearer = $4, revision = $5,
      note = coalesce($6, note), closed_key = case when $9 then $7 end, closed_by = case when $9 then $8 end,
      closed_at = case when $9 then now() end
    where id = $1 returning ${COLUMNS}`,
};

/** Somebody looks at it. @throws AppError `not_found`; `conflict` when it is not open */
export function reviewDispute(db: Queryable, move: DisputeMove): Promise<Dispute> {
  return inTransaction(db, async (tx) => {
    const { dispute } = await lockDispute(tx, move.disputeId, 'under_review');
    return change(tx, dispute, move, { state: 'under_review' });
  });
}

/**
 * Who opened it wants nothing any more.
 * @param accountId - whose it must be; undefined for anybody's
 * @throws AppError `not_found`; `conflict` when it is over
 */
export function withdrawDispute(db: Queryable, move: DisputeMove, accountId?: string): Promise<Dispute> {
  return inTransaction(db, async (tx) => {
    const { dispute, book } = await lockDispute(tx, move.disputeId, 'withdrawn', accountId);
    return close(tx, dispute, book, move, { state: 'withdrawn' });
  });
}

/**
 * Ends a dispute that was reviewed. What is given is booked by the same database transaction: back to the
 * buyer, at the expense of the seller or the exchange, or on top of what a seller has earned. Where less is
 * left of the call than was claimed, accepting gives what is left.
 *
 * @throws AppError `not_found`; `conflict` when it is not under review; `unprocessable` when more is to be
 * given than is left, or taken back from a seller than it has earned
 */
export function resolveDispute(db: Queryable, move: DisputeMove, verdict: Verdict): Promise<Dispute> {
  return inTransaction(db, async (tx) => {
    const { dispute, book } = await lockDispute(tx, move.disputeId, verdict.state);
    const given = givenBy(verdict, dispute, book);
    if (given === undefined || verdict.state === 'rejected') {
      return close(tx, dispute, book, move, { state: 'rejected' });
    }
    const bearer = dispute.side === 'seller' ? 'exchange' : verdict.bearer;
    const revision = given > 0 ? book.revisions + 1 : undefined;
    const closed = await close(tx, dispute, book, move, { state: verdict.state, given, bearer, revision });
    if (given === 0) return closed;
    const concession = {
      cause: `dispute:${dispute.id}`,
      reason: `dispute ${dispute.id} of the ${dispute.side} (${dispute.reason}): ${verdict.state}`,
      amount: given,
    };
    if (dispute.side === 'seller') await awardSeller(tx, book, concession);
    else await giveBackCall(tx, book, { ...concession, bearer });
    return closed;
  });
}

/** Micro-units; undefined when nothing is given at all. */
function givenBy(verdict: Verdict, dispute: Dispute, book: SoldBook): Micros | undefined {
  if (verdict.state === 'rejected') return undefined;
  const left = claimable(book, dispute.side);
  if (verdict.state === 'accepted') return dispute.claimed < left ? dispute.claimed : left;
  const { amount } = verdict;
  if (amount > 0 && amount < dispute.claimed && amount <= left) return amount;
  throw new AppError(
    'unprocessable',
    'amount_out_of_range',
    `a part of the ${dispute.claimed} micro-units that are claimed is to be given, of which ${left} are left`,
    { errors: [{ pointer: '/amount', message: 'must be less than is claimed, and no more than is left' }] },
  );
}

/**
 * The call's settlement first, then the dispute: in this order everywhere.
 * @param accountId - whose it must be; undefined for anybody's
 */
async function lockDispute(
  tx: Queryable,
  id: string,
  becomes: DisputeState,
  accountId?: string,
): Promise<{ readonly dispute: Dispute; readonly book: SoldBook }> {
  const known = await mustFindDispute(tx, id, accountId);
  const book = await lockSoldBook(tx, known.callId);
  if (!book) throw new Error(`call ${known.callId} of dispute ${id} is not settled`);
  const { rows } = await tx.query<Dispute>(
    `select ${COLUMNS} from disputes where id = $1 for no key update`,
    [id],
  );
  const dispute = rows[0] ?? known;
  if (mayBecome(dispute.state, becomes)) return { dispute, book };
  throw new AppError(
    'conflict',
    'dispute_state',
    `dispute ${id} is ${dispute.state}: it does not become ${becomes}`,
  );
}

interface Change {
  readonly state: DisputeState;
  readonly given?: Micros;
  readonly bearer?: Bearer;
  readonly revision?: number | undefined;
}

async function change(
  tx: Queryable,
  dispute: Dispute,
  { note, by }: DisputeMove,
  { state, given, bearer, revision }: Change,
): Promise<Dispute> {
  const over = state !== 'under_review';
  const { rows } = await tx.query<Dispute>({
    ...MOVE,
    values: [
      dispute.id,
      state,
      given ?? null,
      bearer ?? null,
      revision ?? null,
      note ?? null,
      by.keyId,
      by.accountId,
      over,
    ],
  });
  await addDisputeEvents(tx, [
    {
      disputeId: dispute.id,
      event: 'moved',
      was: dispute.state,
      state,
      ...(given === undefined ? {} : { amount: given }),
      ...(revision === undefined ? {} : { revision }),
      note,
      by,
    },
  ]);
  return rows[0] as Dispute;
}

/** What it had set aside is free; whoever listens is told. */
async function close(
  tx: Queryable,
  dispute: Dispute,
  book: SoldBook,
  move: DisputeMove,
  changed: Change,
): Promise<Dispute> {
  const closed = await change(tx, dispute, move, changed);
  await withhold(tx, book, await openDisputes(tx, book.callId));
  const told = { ...toldOf(closed, book), outcome: closed.state, givenMicros: closed.given ?? ZERO_MICROS };
  await addEvent(tx, 'dispute.resolved', dispute.id, told);
  return closed;
}
