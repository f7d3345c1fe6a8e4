import { randomUUID } from 'node:crypto';
import type { Currency, Micros } from '../../domain';
import { AppError, micros } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { Actor } from '../actor';
import { contestedPayable } from '../disputes/withheld';
import { wholeMinorUnits } from '../payments/minor-units';
import type { LeftOut, PayoutBatch } from './payout';
import { getPayoutBatch } from './payout-rows';
import type { DueAccount } from './what-is-due';
import { whatIsDue } from './what-is-due';

/**
 * What of an account's money is disputed, by account: it is not paid while that is open. Micro-units; what
 * was taken back already is not among them.
 */
export type ContestedMoney = (
  tx: Queryable,
  currency: Currency,
  accountIds: readonly string[],
) => Promise<ReadonlyMap<string, Micros>>;

export interface PayoutWish {
  readonly currency: Currency;
  /** Periods that were over then are paid; UTC epoch milliseconds, not later than now. */
  readonly upTo: number;
  /** Only these; all that have terms by default. */
  readonly accountIds?: readonly string[] | undefined;
  readonly by: Actor;
}

export interface PreparedPayouts {
  /** Undefined when there is nothing to pay. */
  readonly batch: PayoutBatch | undefined;
  readonly leftOut: readonly LeftOut[];
}

/** Accounts in one batch: they are paid in one transaction. */
export const MAX_ITEMS = 1_000;
/** Whoever looks at what is due and sets it aside does so alone. */
const ONE_AT_A_TIME = 0x7061796f;

/**
 * Makes a batch of what is due and sets that money aside, so that no other batch pays it; for each account the
 * most that can be paid of it in whole minor units. What is owed to the exchange stays owed, and is taken off
 * what is earned next.
 *
 * @param now - UTC epoch milliseconds
 * @throws AppError `unprocessable` for a time that is yet to come
 */
export async function preparePayouts(
  db: Queryable,
  wish: PayoutWish,
  now: number,
  contested: ContestedMoney = contestedPayable,
): Promise<PreparedPayouts> {
  if (wish.upTo > now) {
    throw new AppError('unprocessable', 'not_over_yet', 'nothing is due of a time that is yet to come', {
      errors: [{ pointer: '/upTo', message: 'must not be later than now' }],
    });
  }
  return inTransaction(db, async (tx) => {
    await tx.query('select pg_advisory_xact_lock($1)', [ONE_AT_A_TIME]);
    const due = await whatIsDue(tx, wish.currency, new Date(wish.upTo), wish.accountIds);
    const disputed = await contested(
      tx,
      wish.currency,
      due.map(({ accountId }) => accountId),
    );
    const { chosen, leftOut } = choosePayouts(due, wish.currency, disputed);
    if (chosen.length === 0) return { batch: undefined, leftOut };
    return { batch: await write(tx, wish, chosen), leftOut };
  });
}

/** What one account is to be paid. */
export interface ChosenPayout {
  readonly accountId: string;
  readonly amount: Micros;
  readonly method: string;
}

/** Who is paid how much, and who is not, and why. */
export function choosePayouts(
  accounts: readonly DueAccount[],
  currency: Currency,
  disputed: ReadonlyMap<string, Micros>,
): { readonly chosen: readonly ChosenPayout[]; readonly leftOut: readonly LeftOut[] } {
  const chosen: ChosenPayout[] = [];
  const leftOut: LeftOut[] = [];
  for (const { accountId, suspended, minimumAmount, method, owed, early, setAside } of accounts) {
    const due = micros(owed - early - setAside - (disputed.get(accountId) ?? 0));
    const amount = due > 0 ? wholeMinorUnits(due, currency) : micros(0);
    const leave = (reason: LeftOut['reason']): unknown => leftOut.push({ accountId, reason, owed, due });
    if (amount === 0) leave('nothing_due');
    else if (suspended) leave('account_suspended');
    else if (amount < minimumAmount) leave('below_minimum');
    else if (chosen.length === MAX_ITEMS) leave('batch_full');
    else chosen.push({ accountId, amount, method });
  }
  return { chosen, leftOut };
}

async function write(
  tx: Queryable,
  { currency, upTo, by }: PayoutWish,
  chosen: readonly ChosenPayout[],
): Promise<PayoutBatch> {
  const id = randomUUID();
  await tx.query(
    'insert into payout_batches (id, currency, up_to, prepared_key, prepared_by) values ($1, $2, $3, $4, $5)',
    [id, currency, new Date(upTo), by.keyId, by.accountId],
  );
  await tx.query(
    `insert into payout_items (id, batch_id, account_id, currency, amount, method)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])`,
    [
      chosen.map(() => randomUUID()),
      chosen.map(() => id),
      chosen.map(({ accountId }) => accountId),
      chosen.map(() => currency),
      chosen.map(({ amount }) => amount),
      chosen.map(({ method }) => method),
    ],
  );
  return getPayoutBatch(tx, id);
}
