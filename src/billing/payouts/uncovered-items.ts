import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import type { PayoutBatch } from './payout';
import type { ContestedMoney } from './prepare-payouts';

interface Item {
  readonly id: string;
  readonly accountId: string;
  readonly amount: number;
  /** What the exchange owes the account. */
  readonly owed: number;
  /** What of that is set aside for this item and those before it. */
  readonly setAside: number;
}

const MAX_ERRORS = 50;

/**
 * Sees to it that everything that is open in a batch is still owed: money may have been taken back since the
 * batch was prepared. What was set aside first goes first.
 *
 * @throws AppError `conflict` naming the accounts of which that is not so
 */
export async function assertCovered(
  tx: Queryable,
  batch: Pick<PayoutBatch, 'id' | 'currency'>,
  contested?: ContestedMoney,
): Promise<void> {
  const { rows } = await tx.query<Item>(
    `select i.id, i.account_id as "accountId", i.amount, coalesce(-l.balance, 0) as owed,
       (select sum(o.amount) from payout_items o
        where o.account_id = i.account_id and o.currency = i.currency and o.state = 'open' and o.seq <= i.seq) as "setAside"
     from payout_items i
     left join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (i.account_id, 'payable', i.currency)
     where i.batch_id = $1 and i.state = 'open' order by i.account_id`,
    [batch.id],
  );
  const disputed = await contested?.(
    tx,
    batch.currency,
    rows.map(({ accountId }) => accountId),
  );
  refuseUncovered(
    rows.filter(({ accountId, owed, setAside }) => setAside > owed - (disputed?.get(accountId) ?? 0)),
  );
}

/** @throws AppError `conflict` naming them, if there are any */
export function refuseUncovered(items: readonly Pick<Item, 'id' | 'accountId'>[]): void {
  if (items.length === 0) return;
  throw new AppError(
    'conflict',
    'payout_not_covered',
    'less is owed by now than was set aside: fail those items, or cancel the batch and prepare it anew',
    {
      errors: items.slice(0, MAX_ERRORS).map(({ id, accountId }) => ({
        pointer: `/items/${id}`,
        message: `less is owed to account ${accountId}`,
      })),
    },
  );
}
