import type { Queryable } from '../../storage';
import type { LedgerPurpose } from './chart';
import type { Findings, LedgerFinding, LedgerProblem } from './findings';

interface Row {
  readonly problem: LedgerProblem;
  readonly accountId: string | null;
  readonly block: number | null;
  readonly transactionId: number | null;
  readonly purpose: LedgerPurpose | null;
  readonly currency: string | null;
  readonly month: string | null;
  readonly found: string | null;
  readonly expected: string | null;
}

/** Columns of a finding that a check does not know. */
const NOTHING = {
  problem: `''`,
  accountId: 'null::text',
  block: 'null::bigint',
  transactionId: 'null::bigint',
  purpose: 'null::text',
  currency: 'null::text',
  month: 'null::text',
  found: 'null::text',
  expected: 'null::text',
};
const columns = (known: Partial<typeof NOTHING>): string =>
  Object.entries({ ...NOTHING, ...known })
    .map(([name, value]) => `${value} as "${name}"`)
    .join(', ');

/** Each is asked of one account ($1) or, with null, of all; rows beyond $2 are not wanted. */
const CHECKS: readonly string[] = [
  `select ${columns({
    problem: `case when c.account_id is null then 'chain_missing' else 'head_differs' end`,
    accountId: 'b.account_id',
    block: 'b.seq',
  })}
   from (select account_id, max(seq) as seq from ledger_blocks where $1::text is null or account_id = $1
         group by account_id) b
   left join ledger_chains c using (account_id)
   where b.seq > coalesce(c.length, 0)`,
  `with claimed as (
     select account_id, transaction_id, count(*) as blocks
     from ledger_blocks, unnest(transaction_ids) as transaction_id
     where $1::text is null or account_id = $1 group by 1, 2),
   entered as (
     select distinct a.account_id, e.transaction_id
     from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
     where $1::text is null or a.account_id = $1)
   select ${columns({
     problem: `case when c.blocks is null then 'entry_in_no_block' when e.account_id is null then 'entry_missing'
       else 'entry_in_two_blocks' end`,
     accountId: 'account_id',
     transactionId: 'transaction_id',
   })}
   from claimed c full join entered e using (account_id, transaction_id)
   where e.account_id is null or c.blocks is distinct from 1`,
  `select ${columns({ problem: `'entry_unplaced'`, accountId: 'a.account_id', transactionId: 'e.transaction_id' })}
   from ledger_entries e
   left join ledger_accounts a on a.id = e.ledger_account_id
   left join ledger_transactions t on t.id = e.transaction_id
   where (a.id is null or t.posted_at is distinct from e.posted_at) and ($1::text is null or a.account_id = $1)`,
  `select ${columns({
    problem: `'transaction_unbalanced'`,
    transactionId: 'e.transaction_id',
    currency: 'a.currency',
    found: 'sum(e.amount)::text',
    expected: `'0'`,
  })}
   from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
   where $1::text is null or e.transaction_id in (
     select o.transaction_id from ledger_entries o join ledger_accounts b on b.id = o.ledger_account_id
     where b.account_id = $1)
   group by e.transaction_id, a.currency having sum(e.amount) <> 0`,
  // Of no account it can be told.
  `select ${columns({ problem: `'transaction_empty'`, transactionId: 't.id' })}
   from ledger_transactions t
   where $1::text is null and not exists (select 1 from ledger_entries e where e.transaction_id = t.id)`,
  `select ${columns({
    problem: `'balance_differs'`,
    accountId: 'a.account_id',
    purpose: 'a.purpose',
    currency: 'a.currency',
    found: 'a.balance::text',
    expected: 'coalesce(s.amount, 0)::text',
  })}
   from ledger_accounts a
   left join (select ledger_account_id, sum(amount) as amount from ledger_entries group by 1) s
     on s.ledger_account_id = a.id
   where ($1::text is null or a.account_id = $1) and a.balance <> coalesce(s.amount, 0)`,
  // Every period is followed by the one closed after it, whichever months lie between.
  `with following as (
     select month, lag(month) over (order by month) as before from ledger_periods where closed_at is not null),
   pair as (
     select f.month, b.ledger_account_id, b.opening, p.closing
     from following f join ledger_period_balances b on b.month = f.month
     left join ledger_period_balances p on p.month = f.before and p.ledger_account_id = b.ledger_account_id
     union all
     select f.month, p.ledger_account_id, null, p.closing
     from following f join ledger_period_balances p on p.month = f.before
     where not exists (select 1 from ledger_period_balances b
       where b.month = f.month and b.ledger_account_id = p.ledger_account_id))
   select ${columns({
     problem: `'period_gap'`,
     accountId: 'a.account_id',
     purpose: 'a.purpose',
     currency: 'a.currency',
     month: `to_char(p.month, 'YYYY-MM')`,
     found: 'coalesce(p.opening, 0)::text',
     expected: 'coalesce(p.closing, 0)::text',
   })}
   from pair p join ledger_accounts a on a.id = p.ledger_account_id
   where ($1::text is null or a.account_id = $1) and coalesce(p.opening, 0) <> coalesce(p.closing, 0)`,
  `with ending as (
     select month, coalesce((lag(month) over (order by month) + interval '1 month')::date, '-infinity') as starts_on,
       (month + interval '1 month')::date as ends_on
     from ledger_periods where closed_at is not null),
   moved as (
     select p.month, e.ledger_account_id, coalesce(sum(e.amount) filter (where e.amount > 0), 0) as debits,
       coalesce(-sum(e.amount) filter (where e.amount < 0), 0) as credits
     from ending p join ledger_transactions t on t.effective_on >= p.starts_on and t.effective_on < p.ends_on
     join ledger_entries e on e.transaction_id = t.id
     group by 1, 2),
   said as (
     select b.month, b.ledger_account_id, b.opening, b.debits, b.credits, b.closing
     from ledger_period_balances b join ending using (month))
   select ${columns({
     problem: `'period_differs'`,
     accountId: 'a.account_id',
     purpose: 'a.purpose',
     currency: 'a.currency',
     month: `to_char(month, 'YYYY-MM')`,
     found: '(coalesce(s.closing, 0) - coalesce(s.opening, 0))::text',
     expected: '(coalesce(m.debits, 0) - coalesce(m.credits, 0))::text',
   })}
   from moved m full join said s using (month, ledger_account_id)
   join ledger_accounts a on a.id = ledger_account_id
   where ($1::text is null or a.account_id = $1)
     and ((coalesce(m.debits, 0), coalesce(m.credits, 0)) <> (coalesce(s.debits, 0), coalesce(s.credits, 0))
       or coalesce(s.closing, 0) <> coalesce(s.opening, 0) + coalesce(s.debits, 0) - coalesce(s.credits, 0))`,
  `select ${columns({
    problem: `'period_unbalanced'`,
    currency: 'a.currency',
    month: `to_char(b.month, 'YYYY-MM')`,
    found: 'sum(b.closing)::text',
    expected: `'0'`,
  })}
   from ledger_period_balances b join ledger_accounts a on a.id = b.ledger_account_id
   where $1::text is null
   group by b.month, a.currency having sum(b.closing) <> 0 or sum(b.debits) <> sum(b.credits)`,
];

/** What is wrong with entries, balances and periods; chains are hashed elsewhere. */
export async function verifyBooks(
  db: Queryable,
  findings: Findings,
  accountId: string | undefined,
): Promise<void> {
  for (const check of CHECKS) {
    const { rows } = await db.query<Row>(
      `select * from (${check}) f order by "month", "accountId", "transactionId", "block", "purpose", "currency" limit $2`,
      [accountId ?? null, findings.room],
    );
    for (const row of rows) findings.add(findingOf(row));
  }
}

function findingOf({ problem, found, expected, ...place }: Row): LedgerFinding {
  const known = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== null));
  return {
    problem,
    ...known,
    ...(found === null ? {} : { found: BigInt(found) }),
    ...(expected === null ? {} : { expected: BigInt(expected) }),
  };
}
