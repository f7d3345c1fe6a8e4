import { randomUUID } from 'node:crypto';
import type { Currency, Micros } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import { lockSoldBook } from '../revisions/call-book';
import type { Bearer } from '../revisions/call-lines';
import { chargedOf } from '../revisions/call-lines';
import { giveBackCall } from './give-back-call';

/** Money of a call that is given back without a dispute. */
export interface NewRefund {
  readonly callId: string;
  /** What whoever asks calls it: the same one is the same refund. */
  readonly reference: string;
  /** Micro-units; everything that is left when undefined. */
  readonly amount?: Micros | undefined;
  readonly bearer: Bearer;
  readonly reason: string;
  readonly by: Actor;
}

export interface CallRefund {
  readonly id: string;
  readonly callId: string;
  readonly reference: string;
  readonly amount: Micros;
  readonly currency: Currency;
  readonly bearer: Bearer;
  readonly reason: string;
  /** The revision of the call's money that it is. */
  readonly revision: number;
  readonly by: string;
  readonly at: Date;
}

const COLUMNS = `id, call_id as "callId", reference, amount, currency, bearer, reason, revision, by_account as by, at`;
const FIND = {
  name: 'call-refund-find',
  text: `select ${COLUMNS} from call_refunds where call_id = $1 and reference = $2`,
};
const ADD = {
  name: 'call-refund-add',
  text: `insert into call_refunds (id, call_id, reference, amount, currency, bearer, reason, revision, by_key, by_account)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${COLUMNS}`,
};
const MAX_LISTED = 1_000;

/**
 * Gives a call back to its buyer, in whole or in part. The same reference again is the same refund, and
 * nothing is booked.
 *
 * @throws AppError `not_found` without such a settled call; `conflict` when the reference came with something
 * else; `unprocessable` when more is to be given than is left, or taken back than was earned
 */
export function refundCall(
  db: Queryable,
  wish: NewRefund,
): Promise<{ readonly refund: CallRefund; readonly isNew: boolean }> {
  const { callId, reference, bearer, reason, by } = wish;
  return inTransaction(db, async (tx) => {
    const book = await lockSoldBook(tx, callId);
    if (!book) {
      throw notFound('settled call', callId);
    }
    const { rows: before } = await tx.query<CallRefund>({ ...FIND, values: [callId, reference] });
    const [known] = before;
    if (known) {
      assertSame(known, wish);
      return { refund: known, isNew: false };
    }
    const id = randomUUID();
    const amount = wish.amount ?? chargedOf(book);
    const { n } = await giveBackCall(tx, book, { cause: `refund:${id}`, reason, amount, bearer });
    const { rows } = await tx.query<CallRefund>({
      ...ADD,
      values: [id, callId, reference, amount, book.currency, bearer, reason, n, by.keyId, by.accountId],
    });
    return { refund: rows[0] as CallRefund, isNew: true };
  });
}

/** Refunds of a call, the first first. */
export async function listRefunds(db: Queryable, callId: string): Promise<CallRefund[]> {
  const { rows } = await db.query<CallRefund>({
    name: 'call-refunds-list',
    text: `select ${COLUMNS} from call_refunds where call_id = $1 order by seq limit $2`,
    values: [callId, MAX_LISTED],
  });
  return rows;
}

function assertSame(known: CallRefund, { amount, bearer, reference }: NewRefund): void {
  if ((amount === undefined || amount === known.amount) && bearer === known.bearer) return;
  throw new AppError(
    'conflict',
    'reference_taken',
    `${reference} was another refund: ${known.amount} micro-units at the expense of the ${known.bearer}`,
    { errors: [{ pointer: '/reference', message: 'came with another refund before' }] },
  );
}
