import type { Currency, Micros } from '../../domain';
import { AppError } from '../../domain';
import type { Queryable } from '../../storage';

/**
 * The chart of accounts. Debits are positive, credits negative; a balance is their sum.
 * - `wallet` (of a buyer): what it has with the exchange is a credit, what it owes a debit.
 * - `held` (of a buyer): set aside for calls that ring or are up; a credit.
 * - `payable` (of a seller or carrier): what the exchange owes it is a credit.
 * - of the operator: `revenue` and `fees` earned, `payout` and `carrier_cost` paid away, `tax` owed to
 *   authorities, `adjustments` given and taken, `cash` that came in and went out.
 */
export const LEDGER_PURPOSES = [
  'wallet',
  'held',
  'payable',
  'revenue',
  'payout',
  'fees',
  'carrier_cost',
  'tax',
  'adjustments',
  'cash',
] as const;
export type LedgerPurpose = (typeof LEDGER_PURPOSES)[number];

/** Why money moved. */
export const LEDGER_KINDS = [
  'hold',
  'hold_extension',
  'hold_release',
  'call_settlement',
  'call_rerating',
  'top_up',
  'refund',
  'chargeback',
  'adjustment',
  'reversal',
  'publisher_payout',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** One side of a posting: positive debits, negative credits. */
export interface Posting {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly amount: Micros;
}

export interface LedgerTransaction {
  /** The same key is posted once, however often it is asked for. */
  readonly idempotencyKey: string;
  readonly kind: LedgerKind;
  readonly callId: string | undefined;
  readonly postings: readonly Posting[];
}

/** One line of the ledger, for people. */
export interface LedgerLine {
  readonly transactionId: number;
  readonly account: string;
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly amountMicros: number;
  readonly currency: Currency;
  readonly postedAt: Date;
}

/**
 * Posts one balanced transaction, within the caller's database transaction.
 * @returns its id, or undefined when the key had been posted before
 * @throws AppError `unprocessable` when it does not balance or is empty
 */
export async function postTransaction(
  tx: Queryable,
  transaction: LedgerTransaction,
): Promise<number | undefined> {
  assertBalanced(transaction.postings);
  const { rows } = await tx.query<{ id: number }>({
    name: 'ledger-transaction',
    text: `insert into ledger_transactions (idempotency_key, kind, call_id) values ($1, $2, $3)
      on conflict (idempotency_key) do nothing returning id`,
    values: [transaction.idempotencyKey, transaction.kind, transaction.callId ?? null],
  });
  const id = rows[0]?.id;
  if (id === undefined) return undefined;
  // Always in one order, so that two writers cannot wait for each other.
  const postings = [...transaction.postings].sort((a, b) => (accountKey(a) < accountKey(b) ? -1 : 1));
  await tx.query({
    name: 'ledger-accounts',
    text: `insert into ledger_accounts (account_id, purpose, currency)
      select * from unnest($1::text[], $2::text[], $3::text[])
      on conflict (account_id, purpose, currency) do nothing`,
    values: [
      postings.map((p) => p.accountId),
      postings.map((p) => p.purpose),
      postings.map((p) => p.currency),
    ],
  });
  await tx.query({
    name: 'ledger-entries',
    text: `insert into ledger_entries (transaction_id, ledger_account_id, amount)
      select $1, l.id, p.amount
      from unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) as p(account_id, purpose, currency, amount)
      join ledger_accounts l using (account_id, purpose, currency)`,
    values: [
      id,
      postings.map((p) => p.accountId),
      postings.map((p) => p.purpose),
      postings.map((p) => p.currency),
      postings.map((p) => p.amount),
    ],
  });
  return id;
}

function accountKey(posting: Posting): string {
  return `${posting.accountId}|${posting.purpose}|${posting.currency}`;
}

function assertBalanced(postings: readonly Posting[]): void {
  const sums = new Map<Currency, bigint>();
  for (const { currency, amount } of postings)
    sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(amount));
  if (postings.length < 2 || [...sums.values()].some((sum) => sum !== 0n)) {
    throw new AppError('unprocessable', 'ledger_unbalanced', 'a ledger transaction must balance');
  }
}

/** The lines of a call. */
export async function ledgerLinesOfCall(db: Queryable, callId: string): Promise<LedgerLine[]> {
  const { rows } = await db.query<LedgerLine>(
    `select t.id as "transactionId", a.name || ': ' || l.purpose as account, l.account_id as "accountId", l.purpose,
       e.amount as "amountMicros", l.currency, t.posted_at as "postedAt"
     from ledger_transactions t
     join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts l on l.id = e.ledger_account_id
     join accounts a on a.id = l.account_id
     where t.call_id = $1 order by e.id`,
    [callId],
  );
  return rows;
}

/** Balance of one ledger account. */
export interface LedgerBalance {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly balanceMicros: number;
}

export async function ledgerBalances(db: Queryable, accountId?: string): Promise<LedgerBalance[]> {
  const { rows } = await db.query<LedgerBalance>(
    `select account_id as "accountId", purpose, currency, balance as "balanceMicros" from ledger_accounts
     where $1::text is null or account_id = $1 order by account_id, purpose, currency`,
    [accountId ?? null],
  );
  return rows;
}

/** What the books must show: nothing left over, and kept balances equal to the sums of their entries. */
export interface TrialBalance {
  readonly debitsMicros: number;
  readonly creditsMicros: number;
  readonly imbalanceMicros: number;
  /** Ledger accounts whose kept balance is not the sum of its entries. */
  readonly wrongBalances: number;
}

export async function trialBalance(db: Queryable): Promise<TrialBalance> {
  const { rows } = await db.query<{ debits: number; credits: number; wrong: number }>(
    `select
       coalesce((select sum(amount) from ledger_entries where amount > 0), 0)::bigint as debits,
       coalesce((select -sum(amount) from ledger_entries where amount < 0), 0)::bigint as credits,
       (select count(*)::integer from ledger_accounts a
        where a.balance <> coalesce((select sum(e.amount) from ledger_entries e where e.ledger_account_id = a.id), 0)) as wrong`,
  );
  const { debits = 0, credits = 0, wrong = 0 } = rows[0] ?? {};
  return {
    debitsMicros: debits,
    creditsMicros: credits,
    imbalanceMicros: debits - credits,
    wrongBalances: wrong,
  };
}
