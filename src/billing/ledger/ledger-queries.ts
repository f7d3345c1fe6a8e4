import type { Currency } from '../../domain';
import type { Queryable } from '../../storage';
import type { LedgerKind, LedgerPurpose } from './chart';

/** One line of the ledger, for people. */
export interface LedgerLine {
  readonly entryId: number;
  readonly transactionId: number;
  readonly idempotencyKey: string;
  readonly kind: LedgerKind;
  readonly callId: string | null;
  readonly reason: string | null;
  readonly reversesId: number | null;
  /** Name and purpose of the ledger account. */
  readonly account: string;
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  /** Positive debits, negative credits: one entry is always a safe integer. */
  readonly amountMicros: number;
  readonly currency: Currency;
  readonly postedAt: Date;
  /** `YYYY-MM-DD`: the day whose books it belongs to. */
  readonly effectiveOn: string;
}

const LINE = `e.id as "entryId", t.id as "transactionId", t.idempotency_key as "idempotencyKey", t.kind,
  t.call_id as "callId", t.reason, t.reverses_id as "reversesId", a.name || ': ' || l.purpose as account,
  l.account_id as "accountId", l.purpose, e.amount as "amountMicros", l.currency, t.posted_at as "postedAt",
  t.effective_on::text as "effectiveOn"`;

/** The lines of a call, in the order of posting. */
export async function ledgerLinesOfCall(db: Queryable, callId: string): Promise<LedgerLine[]> {
  const { rows } = await db.query<LedgerLine>(
    `select ${LINE}
     from ledger_transactions t
     join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts l on l.id = e.ledger_account_id
     join accounts a on a.id = l.account_id
     where t.call_id = $1 order by t.id, e.id`,
    [callId],
  );
  return rows;
}

/** Balance of one ledger account: a sum, which a number need not hold. */
export interface LedgerBalance {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly balanceMicros: bigint;
}

/** Balances as they are kept, of one account or of all, by account, purpose and currency. */
export async function ledgerBalances(db: Queryable, accountId?: string): Promise<LedgerBalance[]> {
  const { rows } = await db.query<Omit<LedgerBalance, 'balanceMicros'> & { balance: string }>(
    `select account_id as "accountId", purpose, currency, balance::text from ledger_accounts
     where $1::text is null or account_id = $1 order by account_id, purpose, currency`,
    [accountId ?? null],
  );
  return rows.map(({ balance, ...account }) => ({ ...account, balanceMicros: BigInt(balance) }));
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
