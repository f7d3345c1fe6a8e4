import type { Currency, Micros } from '../../domain';
import type { Queryable } from '../../storage';

/** An account that may be paid, and how much. */
export interface DueAccount {
  readonly accountId: string;
  readonly suspended: boolean;
  readonly minimumAmount: Micros;
  readonly method: string;
  /** Micro-units that the exchange owes it, all in all; negative when it owes the exchange. */
  readonly owed: number;
  /** Of that: earned, in a period that is not over or within the days that are held back. */
  readonly early: number;
  /** Of that: in batches that are not paid yet. */
  readonly setAside: number;
}

/**
 * Everything is of one instant. Money is early when it was credited after the end of the last period, by the
 * account's own weeks and months, less the days held back; what a reversal gives back was earned before. What
 * was taken back since counts at once, whatever it was earned by.
 */
const WHAT_IS_DUE = `with terms as (
    select t.account_id, t.minimum_amount, t.method, a.status, l.id as ledger_id, -l.balance as owed,
      case t.period
        when 'weekly' then date_trunc('week', $2::timestamptz, a.timezone)
        when 'monthly' then date_trunc('month', $2::timestamptz, a.timezone)
        else $2::timestamptz end - make_interval(hours => 24 * t.hold_back_days) as until
    from payout_terms t
    join accounts a on a.id = t.account_id
    join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (t.account_id, 'payable', t.currency)
    where t.currency = $1 and ($3::text[] is null or t.account_id = any($3)) and l.balance <> 0),
  early as (
    select e.ledger_account_id, sum(-e.amount) as amount
    from terms t
    join ledger_entries e on e.ledger_account_id = t.ledger_id and e.posted_at >= t.until and e.amount < 0
    join ledger_transactions x on x.id = e.transaction_id and x.kind <> 'reversal'
    group by e.ledger_account_id),
  aside as (
    select account_id, sum(amount) as amount from payout_items where state = 'open' and currency = $1 group by account_id)
  select t.account_id as "accountId", t.status in ('suspended', 'pending') as suspended,
    t.minimum_amount as "minimumAmount", t.method, t.owed,
    coalesce(early.amount, 0) as early, coalesce(aside.amount, 0) as "setAside"
  from terms t
  left join early on early.ledger_account_id = t.ledger_id
  left join aside on aside.account_id = t.account_id
  order by t.account_id`;

/**
 * What the exchange owes accounts with terms, and what of it is due.
 *
 * @param upTo - periods that were over then are due
 * @param accountIds - only these; all that have terms by default
 */
export async function whatIsDue(
  db: Queryable,
  currency: Currency,
  upTo: Date,
  accountIds?: readonly string[],
): Promise<DueAccount[]> {
  const { rows } = await db.query<DueAccount>(WHAT_IS_DUE, [currency, upTo, accountIds ?? null]);
  return rows;
}
