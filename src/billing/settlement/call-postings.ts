import type { Currency, Micros } from '../../domain';
import { OPERATOR_ACCOUNT, addMicros, micros, ZERO_MICROS } from '../../domain';
import type { RatedLine } from '../../rating';
import type { LedgerPurpose } from '../ledger/chart';
import type { Posting } from '../ledger/ledger';
import { accountKey } from '../ledger/ledger';

/** Money that is held for a call, which its settlement takes over. */
export interface TakenHold {
  readonly accountId: string;
  readonly currency: Currency;
  readonly amount: Micros;
}

/**
 * The postings of a rated call. The buyer's wallet pays the price, its fees and its taxes, of which what was
 * held is there already; sellers, those who share with them, and carriers are owed what they earn, sellers
 * less their own fees. What comes to nothing is left out; each account is there once.
 *
 * @param buyerAccountId - fees and taxes of this account are its wallet's; of others, their payable's. Undefined of
 *   a call that nobody bought
 * @throws RangeError when a sum is more than can be counted
 */
export function callPostings(
  buyerAccountId: string | undefined,
  lines: readonly RatedLine[],
  holds: readonly TakenHold[],
): Posting[] {
  const sums = new Map<string, Posting>();
  const add = (accountId: string, purpose: LedgerPurpose, currency: Currency, amount: number): void => {
    const key = accountKey({ accountId, purpose, currency });
    const before = sums.get(key)?.amount ?? ZERO_MICROS;
    sums.set(key, { accountId, purpose, currency, amount: addMicros(before, micros(amount)) });
  };
  for (const { kind, accountId, currency, amount } of lines) {
    const own = accountId === buyerAccountId && kind !== 'payout' && kind !== 'carrier_cost';
    const { theirs, ours, sign } = own ? { ...SIDES[kind], theirs: 'wallet' as const } : SIDES[kind];
    add(accountId, theirs, currency, sign * amount);
    add(OPERATOR_ACCOUNT, ours, currency, -sign * amount);
  }
  for (const { accountId, currency, amount } of holds) {
    add(accountId, 'held', currency, amount);
    add(accountId, 'wallet', currency, -amount);
  }
  return [...sums.values()].filter(({ amount }) => amount !== 0);
}

/** Where a line goes: to which account of the party and of the operator, and what it does to the party's. */
const SIDES: Readonly<
  Record<
    RatedLine['kind'],
    { readonly theirs: LedgerPurpose; readonly ours: LedgerPurpose; readonly sign: 1 | -1 }
  >
> = {
  revenue: { theirs: 'wallet', ours: 'revenue', sign: 1 },
  fee: { theirs: 'payable', ours: 'fees', sign: 1 },
  tax: { theirs: 'payable', ours: 'tax', sign: 1 },
  payout: { theirs: 'payable', ours: 'payout', sign: -1 },
  carrier_cost: { theirs: 'payable', ours: 'carrier_cost', sign: -1 },
};
