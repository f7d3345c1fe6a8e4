import type { Currency } from '../../domain';
import type { Queryable } from '../../storage';
import type { LedgerPurpose } from './chart';

/** Balance of one ledger account: a sum, which a number need not hold. */
export interface LedgerBalance {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly balanceMicros: bigint;
}

const BALANCE = `select account_id as "accountId", purpose, currency, balance::text from ledger_accounts`;

type BalanceRow = Omit<LedgerBalance, 'balanceMicros'> & { readonly balance: string };

/** Balances as they are kept, of one account or of all, by account, purpose and currency. */
export function ledgerBalances(db: Queryable, accountId?: string): Promise<LedgerBalance[]> {
  return listLedgerBalances(db, { accountId });
}

/** A page of balances. */
export interface BalancePage {
  readonly accountId?: string | undefined;
  /** The last of the page before. */
  readonly after?: Pick<LedgerBalance, 'accountId' | 'purpose' | 'currency'> | undefined;
  /** All that there are when absent. */
  readonly limit?: number;
}

/** As {@link ledgerBalances}, page by page. */
export async function listLedgerBalances(
  db: Queryable,
  { accountId, after, limit }: BalancePage,
): Promise<LedgerBalance[]> {
  const { rows } = await db.query<BalanceRow>(
    `${BALANCE} where ($1::text is null or account_id = $1)
       and ($2::text is null or (account_id, purpose, currency) > ($2, $3, $4))
     order by account_id, purpose, currency limit $5`,
    [
      accountId ?? null,
      after?.accountId ?? null,
      after?.purpose ?? null,
      after?.currency ?? null,
      limit ?? null,
    ],
  );
  return rows.map(balanceOf);
}

function balanceOf({ balance, ...account }: BalanceRow): LedgerBalance {
  return { ...account, balanceMicros: BigInt(balance) };
}

/** Sum of all kept balances, by currency: each is 0, or something is very wrong. */
export async function ledgerSums(db: Queryable): Promise<ReadonlyMap<Currency, bigint>> {
  const { rows } = await db.query<{ currency: Currency; sum: string }>(
    'select currency, sum(balance)::text as sum from ledger_accounts group by currency',
  );
  return new Map(rows.map(({ currency, sum }) => [currency, BigInt(sum)]));
}

/**
 * What a ledger account had at an instant: with everything that was posted before it, and nothing that was
 * posted at it or later. A transaction that is under way at the instant may still be added: ask for the past.
 *
 * @param at - UTC epoch milliseconds; of instants lately past it is found quickest
 * @returns micro-units; 0 of a ledger account that there is not
 */
export async function balanceAt(
  db: Queryable,
  accountId: string,
  purpose: LedgerPurpose,
  currency: Currency,
  at: number,
): Promise<bigint> {
  const { rows } = await db.query<{ balance: string }>({
    name: 'ledger-balance-at',
    text: `select (a.balance - coalesce((
        select sum(e.amount) from ledger_entries e
        where e.ledger_account_id = a.id and e.posted_at >= to_timestamp($4::bigint / 1000.0)), 0))::text as balance
      from ledger_accounts a where a.account_id = $1 and a.purpose = $2 and a.currency = $3`,
    values: [accountId, purpose, currency, at],
  });
  return BigInt(rows[0]?.balance ?? 0);
}

/** What the books must show: nothing left over, and kept balances equal to the sums of their entries. */
export interface TrialBalance {
  readonly debitsMicros: bigint;
  readonly creditsMicros: bigint;
  readonly imbalanceMicros: bigint;
  /** Ledger accounts whose kept balance is not the sum of its entries. */
  readonly wrongBalances: number;
}

/** Sums every entry there is, as of one instant: one statement is one snapshot. */
export async function trialBalance(db: Queryable): Promise<TrialBalance> {
  const { rows } = await db.query<{ debits: string; credits: string; wrong: number }>(
    `with sums as (
       select ledger_account_id as id, coalesce(sum(amount) filter (where amount > 0), 0) as debits,
         coalesce(-sum(amount) filter (where amount < 0), 0) as credits
       from ledger_entries group by ledger_account_id)
     select coalesce(sum(s.debits), 0)::text as debits, coalesce(sum(s.credits), 0)::text as credits,
       count(*) filter (where a.balance is distinct from coalesce(s.debits - s.credits, 0))::integer as wrong
     from ledger_accounts a full join sums s using (id)`,
  );
  const { debits = '0', credits = '0', wrong = 0 } = rows[0] ?? {};
  const [debitsMicros, creditsMicros] = [BigInt(debits), BigInt(credits)];
  return { debitsMicros, creditsMicros, imbalanceMicros: debitsMicros - creditsMicros, wrongBalances: wrong };
}
