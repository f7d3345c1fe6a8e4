import type { Micros } from '../../domain';
import { OPERATOR_ACCOUNT, AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { postTransaction } from '../ledger/ledger';
import { movement } from '../ledger/transaction';
import type { WalletName } from './purses';
import { mustFind } from './wallets';

/** Money that came in outside the exchange, e.g. by bank transfer. */
export interface ReceivedTopUp {
  readonly wallet: WalletName;
  /** What the bank calls it: the same one is the same money. */
  readonly reference: string;
  /** Micro-units, more than none. */
  readonly amount: Micros;
  readonly note?: string | undefined;
  /** Account of whoever says so. */
  readonly receivedBy?: string | undefined;
}

export interface TopUp {
  readonly id: number;
  readonly reference: string;
  readonly amount: Micros;
  readonly note: string | undefined;
  readonly transactionId: number;
  readonly receivedBy: string | undefined;
  readonly createdAt: Date;
}

const SELECT = `select id, reference, amount, note, transaction_id as "transactionId", received_by as "receivedBy",
    created_at as "createdAt" from wallet_top_ups`;

/**
 * Books money that came in: from the exchange's cash to the wallet. The same reference again is the same
 * money, and nothing is booked.
 *
 * @returns the top-up, and whether it is new
 * @throws AppError `not_found` without such a wallet, `conflict` when the reference came with another amount
 */
export async function receiveTopUp(
  tx: Queryable,
  received: ReceivedTopUp,
): Promise<{ readonly topUp: TopUp; readonly isNew: boolean }> {
  const { wallet, reference, amount, note, receivedBy } = received;
  const { accountId, currency } = wallet;
  await mustFind(tx, wallet);
  const transactionId = await postTransaction(tx, {
    idempotencyKey: `top_up:${currency}:${accountId}:${reference}`,
    kind: 'top_up',
    postings: movement(
      { accountId: OPERATOR_ACCOUNT, purpose: 'cash' },
      { accountId, purpose: 'wallet' },
      currency,
      amount,
    ),
  });
  if (transactionId !== undefined) {
    await tx.query(
      `insert into wallet_top_ups (account_id, currency, reference, amount, note, transaction_id, received_by)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [accountId, currency, reference, amount, note ?? null, transactionId, receivedBy ?? null],
    );
  }
  const { rows } = await tx.query<TopUpRow>(
    `${SELECT} where account_id = $1 and currency = $2 and reference = $3`,
    [accountId, currency, reference],
  );
  const [row] = rows;
  if (!row) throw new Error(`top-up ${reference} of ${accountId} was posted, and nobody knows`);
  if (row.amount !== amount) {
    throw new AppError('conflict', 'reference_taken', `${reference} was another amount: ${row.amount}`, {
      errors: [{ pointer: '/reference', message: 'came with another amount before' }],
    });
  }
  return { topUp: toTopUp(row), isNew: transactionId !== undefined };
}

/** Money that came into a wallet from outside, latest first. */
export async function listTopUps(
  db: Queryable,
  { accountId, currency }: WalletName,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<TopUp[]> {
  const { rows } = await db.query<TopUpRow>(
    `${SELECT} where account_id = $1 and currency = $2 and ($3::bigint is null or id < $3)
     order by id desc limit $4`,
    [accountId, currency, before ?? null, limit],
  );
  return rows.map(toTopUp);
}

type TopUpRow = Omit<TopUp, 'note' | 'receivedBy'> & {
  readonly note: string | null;
  readonly receivedBy: string | null;
};

function toTopUp(row: TopUpRow): TopUp {
  return { ...row, note: row.note ?? undefined, receivedBy: row.receivedBy ?? undefined };
}
