import { AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { contestedPayable } from '../disputes/withheld';
import type { PayoutBatch } from './payout';
import type { ContestedMoney } from './prepare-payouts';

interface Item {
  readonly id: string;
  readonly accountId: string;
  /** What the exchange owes the account. */
  readonly owed: number;
  /** What of that is set aside for this item and those that go first. */
  readonly setAside: number;
}

const MAX_ERRORS = 50;

/** In the order of ids, as the ledger itself takes them. */
const LOCK = `select 1 from ledger_accounts l
  where l.purpose = 'payable' and l.currency = $2
    and l.account_id in (select account_id from payout_items where batch_id = $1 and state = 'open')
  order by l.id for no key update`;
const SET_ASIDE = `select i.id, i.account_id as "accountId", coalesce(-l.balance, 0) as owed,
    (select sum(o.amount) from payout_items o join payout_batches ob on ob.id = o.batch_id
     where o.account_id = i.account_id and o.currency = i.currency and o.state = 'open'
       and (ob.state = 'approved' or (b.state = 'draft' and o.seq <= i.seq))) as "setAside"
  from payout_items i
  join payout_batches b on b.id = i.batch_id
  left join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (i.account_id, 'payable', i.currency)
  where i.batch_id = $1 and i.state = 'open' order by i.account_id`;

/**
 * Sees to it that everything that is open in a batch is still owed: money may have been taken back since the
 * batch was prepared. What was approved goes first, since the bank may be sending it, then what was set aside
 * first. The ledger accounts stay locked, so that nothing is taken back, nor another batch approved, meanwhile.
 *
 * @throws AppError `conflict` naming the accounts of which that is not so
 */
export async function assertCovered(
  tx: Queryable,
  batch: Pick<PayoutBatch, 'id' | 'currency'>,
  contested: ContestedMoney = contestedPayable,
): Promise<void> {
  await tx.query(LOCK, [batch.id, batch.currency]);
  const { rows } = await tx.query<Item>(SET_ASIDE, [batch.id]);
  const disputed = await contested(
    tx,
    batch.currency,
    rows.map(({ accountId }) => accountId),
  );
  const uncovered = rows.filter(
    ({ accountId, owed, setAside }) => setAside > owed - (disputed.get(accountId) ?? 0),
  );
  if (uncovered.length === 0) return;
  throw new AppError(
    'conflict',
    'payout_not_covered',
    'less is owed by now than was set aside: fail those items, or cancel the batch and prepare it anew',
    {
      errors: uncovered.slice(0, MAX_ERRORS).map(({ id, accountId }) => ({
        pointer: `/items/${id}`,
        message: `less is owed to account ${accountId}`,
      })),
    },
  );
}
