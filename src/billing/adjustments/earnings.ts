import type { Micros } from '../../domain';
import { addMicros, AppError, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import type { Posting } from '../ledger/ledger';
import { lockLedgerAccounts } from '../ledger/ledger';

const PAID_OUT = {
  name: 'earnings-paid-out',
  text: `select coalesce(sum(amount), 0)::text as paid from payout_items
    where account_id = $1 and currency = $2 and state = 'paid'`,
};

/**
 * Refuses postings that would take back more from somebody than it has earned: what is owed to it, together
 * with what it was paid out, is never less than nothing. What was approved and is under way counts once, as what
 * is owed until it is booked and as paid from then on: the sum is the same. The ledger accounts stay locked.
 *
 * @throws AppError `unprocessable` naming the account and what it has earned
 */
export async function assertEarned(tx: Queryable, postings: readonly Posting[]): Promise<void> {
  const taken = postings.filter(({ purpose, amount }) => purpose === 'payable' && amount > 0);
  if (taken.length === 0) return;
  const balanceOf = await lockLedgerAccounts(tx, postings);
  for (const posting of taken) {
    const { accountId, currency, amount } = posting;
    const owed = -balanceOf(posting);
    if (owed >= BigInt(amount)) continue;
    const { rows: paid } = await tx.query<{ paid: string }>({ ...PAID_OUT, values: [accountId, currency] });
    const earned = owed + BigInt(paid[0]?.paid ?? '0');
    if (earned >= BigInt(amount)) continue;
    throw new AppError(
      'unprocessable',
      'clawback_exceeds_earnings',
      `account ${accountId} has earned ${earned < 0n ? 0n : earned} micro-units in ${currency} in all, less than the ${amount} to be taken back`,
      { errors: [{ pointer: '/amount', message: 'is more than it has earned' }] },
    );
  }
}

/** Sum of what is debited, in the one currency there is; undefined when there are several. */
export function debitsOf(
  postings: readonly Posting[],
): { readonly currency: Posting['currency']; readonly amount: Micros } | undefined {
  const [first] = postings;
  if (!first || postings.some(({ currency }) => currency !== first.currency)) return undefined;
  const amount = postings.reduce(
    (sum, posting) => (posting.amount > 0 ? addMicros(sum, posting.amount) : sum),
    ZERO_MICROS,
  );
  return { currency: first.currency, amount };
}
