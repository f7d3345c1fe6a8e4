import type { Micros } from '../../domain';
import { addMicros, AppError, micros, subtractMicros, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import { assertEarned } from '../adjustments/earnings';
import type { SoldBook } from '../revisions/call-book';
import type { Bearer } from '../revisions/call-lines';
import { chargedOf, giveBack } from '../revisions/call-lines';
import type { BookedRevision } from '../revisions/revise-call';
import { reviseCall } from '../revisions/revise-call';
import { callPostings } from '../settlement/call-postings';
import type { DisputeSide } from './dispute';

/** Micro-units that a side may claim of a call: the seller what it may be awarded, others what is charged. */
export function claimable(book: SoldBook, side: DisputeSide): Micros {
  return side === 'seller' ? awardable(book) : chargedOf(book);
}

/** Micro-units that its seller may be awarded: what the buyer pays, less what was awarded before. */
function awardable(book: SoldBook): Micros {
  const awarded = book.standing
    .filter(({ kind, conceded }) => kind === 'payout' && conceded > 0)
    .reduce((sum, { conceded }) => addMicros(sum, conceded), ZERO_MICROS);
  const left = subtractMicros(chargedOf(book), awarded);
  return left > 0 ? left : ZERO_MICROS;
}

/** Why money of a call moves, and how. */
export interface Concession {
  /** For programs, and as the key in the ledger: it happens once, e.g. `dispute:<id>`. */
  readonly cause: string;
  /** For people. */
  readonly reason: string;
  /** Micro-units, above 0. */
  readonly amount: Micros;
}

/**
 * Gives a part of a call back to its buyer, at the seller's or the exchange's expense.
 * @param book - locked by this database transaction
 * @throws AppError `unprocessable` when the buyer pays less than that, or the seller has earned less
 */
export async function giveBackCall(
  tx: Queryable,
  book: SoldBook,
  { cause, reason, amount, bearer }: Concession & { readonly bearer: Bearer },
): Promise<BookedRevision> {
  assertLeft(amount, chargedOf(book), `of call ${book.callId} the buyer`);
  const { lines, borne } = giveBack(book.standing, book, { amount, bearer, borneBefore: book.borne });
  await assertEarned(tx, callPostings(book.buyerAccountId, lines, []));
  return reviseCall(tx, book, { kind: 'reversal', cause, key: () => cause, reason, lines, borne });
}

/**
 * Gives the seller of a call more than it has earned by its price, at the exchange's expense.
 * @param book - locked by this database transaction
 * @throws AppError `unprocessable` when the buyer pays less than that
 */
export async function awardSeller(
  tx: Queryable,
  book: SoldBook,
  { cause, reason, amount }: Concession,
): Promise<BookedRevision> {
  assertLeft(amount, awardable(book), `of call ${book.callId} the seller`);
  const { sellerId, currency } = book;
  const line = {
    kind: 'payout',
    accountId: sellerId,
    code: 'award',
    text: 'Award',
    amount,
    currency,
  } as const;
  return reviseCall(tx, book, { kind: 'award', cause, key: () => cause, reason, lines: [line] });
}

function assertLeft(amount: Micros, left: Micros, whose: string): void {
  if (amount <= left && amount > 0) return;
  throw new AppError(
    'unprocessable',
    'amount_exceeds_charge',
    `${whose} can be given ${left} micro-units at most, and is to be given ${amount}`,
    { errors: [{ pointer: '/amount', message: `must be 1 … ${micros(left)}` }] },
  );
}
