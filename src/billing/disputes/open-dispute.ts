import { randomUUID } from 'node:crypto';
import type { Micros } from '../../domain';
import { OPERATOR_ACCOUNT, AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import type { SoldBook } from '../revisions/call-book';
import { lockSoldBook } from '../revisions/call-book';
import { addEvent } from '../settlement/outbox-events';
import type { Dispute, DisputeReason, DisputeSide } from './dispute';
import { addDisputeEvents, COLUMNS } from './dispute-rows';
import { disputeDaysOf } from './dispute-window';
import { claimable } from './give-back-call';
import { snapshotOf } from './snapshot';
import { openDisputes, withhold } from './withheld';

/** Disputes of one call, those that are over included. */
const MAX_OF_CALL = 20;
const DAY_MS = 86_400_000;

/** An objection to the money of a call. */
export interface NewDispute {
  readonly callId: string;
  /** Whose; keys of buyers and sellers speak for themselves alone. */
  readonly side?: DisputeSide | undefined;
  readonly reason: DisputeReason;
  /** Micro-units, above 0. */
  readonly claimed: Micros;
  readonly text: string;
  readonly by: Actor;
}

export interface DisputeRules {
  /** Days from the settlement of a call, for accounts without a window of their own. */
  readonly days: number;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

const OPEN = {
  name: 'dispute-open',
  text: `insert into disputes (id, call_id, side, account_id, reason, currency, claimed, text, opened_key, opened_by, opened_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11::bigint / 1000.0)) returning ${COLUMNS}`,
};
const SNAPSHOT = {
  name: 'dispute-open-snapshot',
  text: `insert into dispute_evidence (dispute_id, n, kind, content) values ($1, 0, 'snapshot', $2)`,
};

/**
 * Opens a dispute about a settled call, with what the exchange knows of it. What it claims of payouts is not
 * paid out while it is open.
 *
 * @throws AppError `unprocessable` without such a settled call of the account; `conflict` when its side has one
 * open; `unprocessable` when the window is over, or more is claimed than there is
 */
export function openDispute(db: Queryable, wish: NewDispute, rules: DisputeRules): Promise<Dispute> {
  return inTransaction(db, async (tx) => {
    const book = await lockSoldBook(tx, wish.callId);
    const side = book && sideOf(wish, book);
    if (!book || !side) {
      throw new AppError(
        'unprocessable',
        'settled_call_not_found',
        `there is no settled call ${wish.callId} of account ${wish.by.accountId}`,
        { errors: [{ pointer: '/callId', message: 'is no settled call of the account' }] },
      );
    }
    const accountId = partyOf(book, side);
    await assertInTime(tx, book, accountId, rules);
    await assertRoom(tx, book, side);
    assertClaim(book, side, wish.claimed);
    const { rows } = await tx.query<Dispute>({
      ...OPEN,
      values: [
        randomUUID(),
        book.callId,
        side,
        accountId,
        wish.reason,
        book.currency,
        wish.claimed,
        wish.text,
        wish.by.keyId,
        wish.by.accountId,
        rules.now,
      ],
    });
    const dispute = rows[0] as Dispute;
    await tx.query({ ...SNAPSHOT, values: [dispute.id, await snapshotOf(tx, book)] });
    await addDisputeEvents(tx, [
      { disputeId: dispute.id, event: 'opened', state: 'open', amount: dispute.claimed, by: wish.by },
    ]);
    await withhold(tx, book, await openDisputes(tx, book.callId));
    await addEvent(tx, 'dispute.opened', dispute.id, toldOf(dispute, book));
    return dispute;
  });
}

/** What is told of a dispute: of a buyer's nothing to the seller, which is not to know what the buyer pays. */
export function toldOf(dispute: Dispute, book: SoldBook): object {
  const { id, callId, side, accountId, state, reason, currency, claimed, given } = dispute;
  return {
    disputeId: id,
    callId,
    campaignId: book.sale.terms.campaignId,
    kind: side,
    accountId,
    ...(side === 'seller' ? { sellerId: accountId } : { buyerAccountId: book.buyerAccountId }),
    state,
    reason,
    currency,
    amountMicros: given ?? claimed,
    claimedMicros: claimed,
  };
}

/** Whose dispute it is; undefined when it is not theirs to dispute. */
function sideOf({ side, by }: NewDispute, book: SoldBook): DisputeSide | undefined {
  if (by.accountId === OPERATOR_ACCOUNT) return side ?? 'exchange';
  const own: readonly DisputeSide[] = [
    ...(by.accountId === book.buyerAccountId ? (['buyer'] as const) : []),
    ...(by.accountId === book.sellerId ? (['seller'] as const) : []),
  ];
  return own.find((one) => side === undefined || one === side);
}

function partyOf(book: SoldBook, side: DisputeSide): string {
  if (side === 'buyer') return book.buyerAccountId;
  return side === 'seller' ? book.sellerId : OPERATOR_ACCOUNT;
}

async function assertInTime(
  tx: Queryable,
  book: SoldBook,
  accountId: string,
  { days: usual, now }: DisputeRules,
): Promise<void> {
  const days = await disputeDaysOf(tx, accountId, usual);
  if (now - book.settledAt.getTime() <= days * DAY_MS) return;
  throw new AppError(
    'unprocessable',
    'dispute_window_over',
    `call ${book.callId} was settled more than ${days} days ago: it can be disputed no more`,
  );
}

/** The settlement is locked: nobody opens another one meanwhile. */
async function assertRoom(tx: Queryable, book: SoldBook, side: DisputeSide): Promise<void> {
  const { rows } = await tx.query<{ id: string; side: DisputeSide; over: boolean }>({
    name: 'dispute-open-others',
    text: `select id, side, closed_at is not null as over from disputes where call_id = $1`,
    values: [book.callId],
  });
  const open = rows.find((row) => row.side === side && !row.over);
  if (open) {
    throw new AppError(
      'conflict',
      'dispute_open',
      `call ${book.callId} has an open dispute of the ${side}: ${open.id}`,
    );
  }
  if (rows.length < MAX_OF_CALL) return;
  throw new AppError(
    'unprocessable',
    'too_many_disputes',
    `call ${book.callId} was disputed ${MAX_OF_CALL} times`,
  );
}

function assertClaim(book: SoldBook, side: DisputeSide, claimed: Micros): void {
  const most = claimable(book, side);
  if (claimed > 0 && claimed <= most) return;
  throw new AppError(
    'unprocessable',
    'amount_exceeds_charge',
    most === 0
      ? `of call ${book.callId} nothing is left to be claimed`
      : side === 'seller'
        ? 'more is claimed than the call leaves'
        : `more is claimed than the ${most} micro-units that are charged for call ${book.callId}`,
    { errors: [{ pointer: '/amount', message: 'is more than there is' }] },
  );
}
