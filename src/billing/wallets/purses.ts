import type { Currency, Micros } from '../../domain';
import { subtractMicros } from '../../domain';
import type { Queryable } from '../../storage';
import { openLedgerAccounts } from '../ledger/ledger';

/** Of whom, and in which currency. */
export interface WalletName {
  readonly accountId: string;
  readonly currency: Currency;
}

/** What becomes of a call that the wallet covers no longer. */
export type OnExhausted = 'finish' | 'end';

/** A wallet whose money nobody else moves until the transaction is over. */
export interface Purse {
  /** Micro-units that may still be set aside; negative when more is owed than allowed. */
  available: Micros;
  readonly onExhausted: OnExhausted;
}

interface PurseRow extends WalletName {
  readonly creditLimit: Micros;
  readonly onExhausted: OnExhausted;
  readonly purpose: 'wallet' | 'held';
  readonly balance: Micros;
}

const LOCK = {
  name: 'purses-lock',
  text: `select w.account_id as "accountId", w.currency, w.credit_limit as "creditLimit",
      w.on_exhausted as "onExhausted", l.purpose, l.balance
    from unnest($1::text[], $2::text[]) as k(account_id, currency)
    join wallets w using (account_id, currency)
    join ledger_accounts l using (account_id, currency)
    where l.purpose in ('wallet', 'held')
    order by l.id for no key update of l`,
};

/** A key for maps. */
export function purseKey({ accountId, currency }: WalletName): string {
  return `${currency} ${accountId}`;
}

/**
 * Locks the ledger accounts of wallets, in the order of their ids, and tells what each has. A wallet that
 * there is not is not among them.
 */
export async function lockPurses(
  tx: Queryable,
  wallets: readonly WalletName[],
): Promise<ReadonlyMap<string, Purse>> {
  const names = [...new Map(wallets.map((wallet) => [purseKey(wallet), wallet])).values()];
  const values = [names.map(({ accountId }) => accountId), names.map(({ currency }) => currency)];
  let { rows } = await tx.query<PurseRow>({ ...LOCK, values });
  if (rows.length < 2 * names.length) {
    // Nothing was ever posted to some of them, or they are no wallets.
    const accounts = names.flatMap((name) =>
      (['wallet', 'held'] as const).map((purpose) => ({ ...name, purpose })),
    );
    const opened = await openLedgerAccounts(tx, accounts);
    if (opened > 0) ({ rows } = await tx.query<PurseRow>({ ...LOCK, values }));
  }
  const purses = new Map<string, Purse>();
  for (const row of rows) {
    if (row.purpose !== 'wallet') continue;
    const available = subtractMicros(row.creditLimit, row.balance);
    purses.set(purseKey(row), { available, onExhausted: row.onExhausted });
  }
  return purses;
}
