import type { Currency } from '../../domain';
import { AppError } from '../../domain';
import type { Database, Queryable, Session } from '../../storage';
import type { LedgerPurpose } from './chart';

/** A month whose books are closed, or being closed. */
export interface LedgerPeriod {
  /** `YYYY-MM` */
  readonly month: string;
  /** `closing`: nothing is posted into it any more, and its balances are yet to be written. */
  readonly state: 'closing' | 'closed';
  readonly closedBy: string | null;
  readonly closedAt: Date | null;
}

/** What a ledger account did in a closed month, in micro-units: closing = opening + debits − credits. */
export interface PeriodBalance {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly opening: bigint;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly closing: bigint;
}

export interface ClosePeriodOptions {
  /** Who does it, for the record. */
  readonly by?: string;
  /** Milliseconds to wait for those who are posting, during which nobody else can; 2,000 by default. */
  readonly waitMs?: number;
}

/** One closes at a time. */
const LOCK = 0x1ed6e5;
const WAIT_MS = 2_000;
/** Milliseconds to wait for another who closes. */
const OTHERS_TIMEOUT_MS = 60_000;
const LOCK_NOT_AVAILABLE = '55P03';

const PERIOD = `select to_char(month, 'YYYY-MM') as month, case when closed_at is null then 'closing' else 'closed' end as state,
  closed_by as "closedBy", closed_at as "closedAt" from ledger_periods`;

/**
 * What moved in the month ($1, its first day), opened where the period before it closed. Months between them
 * have no entries.
 */
const BALANCES = `with moved as (
    select e.ledger_account_id as id, sum(e.amount) filter (where e.amount > 0) as debits,
      -sum(e.amount) filter (where e.amount < 0) as credits
    from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
    where t.effective_on >= $1 and t.effective_on < $1::date + interval '1 month'
    group by e.ledger_account_id),
  before as (
    select ledger_account_id as id, closing from ledger_period_balances
    where month = (select max(month) from ledger_periods where month < $1))
  insert into ledger_period_balances (month, ledger_account_id, opening, debits, credits, closing)
  select $1, id, coalesce(b.closing, 0), coalesce(m.debits, 0), coalesce(m.credits, 0),
    coalesce(b.closing, 0) + coalesce(m.debits, 0) - coalesce(m.credits, 0)
  from moved m full join before b using (id)`;

/** Currencies out of balance, and ledger accounts whose kept balance is not its closing one and what came later. */
const DIFFERENCES = `select
    (select count(*) from (
      select 1 from ledger_period_balances b join ledger_accounts a on a.id = b.ledger_account_id
      where b.month = $1 group by a.currency having sum(b.debits) <> sum(b.credits) or sum(b.closing) <> 0) c)::integer
      as currencies,
    (select count(*) from ledger_accounts a
      left join ledger_period_balances b on b.month = $1 and b.ledger_account_id = a.id
      left join (
        select e.ledger_account_id as id, sum(e.amount) as amount
        from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
        where t.effective_on >= $1::date + interval '1 month' group by 1) later on later.id = a.id
      where a.balance <> coalesce(b.closing, 0) + coalesce(later.amount, 0))::integer as accounts`;

/**
 * Closes the books of a month: from then on the database refuses whatever would belong to it or to a month
 * before it. Posting stands still for a moment, until those who are at it are done; the sums are taken
 * afterwards. When this dies half-way nothing can be posted into the month, and closing it again goes on.
 *
 * @param month - `YYYY-MM`; it is over by the clock of the database
 * @returns the period, also when it had been closed before
 * @throws AppError `validation` for no month; `conflict`: `ledger_period_not_over`,
 * `ledger_period_earlier_open`, `ledger_period_earlier`, `ledger_period_unbalanced`; `unavailable`: `ledger_busy`
 * when those who post or close do not come to an end
 */
export async function closePeriod(
  database: Database,
  month: string,
  { by, waitMs = WAIT_MS }: ClosePeriodOptions = {},
): Promise<LedgerPeriod> {
  const firstDay = firstDayOf(month);
  const session = await database.session(0);
  try {
    await session.query(`set lock_timeout = ${OTHERS_TIMEOUT_MS}`);
    await session.query('select pg_advisory_lock($1)', [LOCK]);
    const known = await readPeriod(session, firstDay);
    if (known?.state === 'closed') return known;
    if (!known) await inSession(session, 'read committed', () => begin(session, firstDay, by, waitMs));
    await inSession(session, 'repeatable read', () => finish(session, firstDay)).catch(
      async (error: unknown) => {
        // Books that do not balance are open until they do.
        if (error instanceof AppError)
          await session.query('delete from ledger_periods where month = $1', [firstDay]);
        throw error;
      },
    );
    return (await readPeriod(session, firstDay)) as LedgerPeriod;
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
    throw new AppError('unavailable', 'ledger_busy', 'somebody is posting or closing a month: try again');
  } finally {
    session.release();
  }
}

/** Shuts the door: whoever posts holds a lock that this one waits for. */
async function begin(
  session: Session,
  firstDay: string,
  by: string | undefined,
  waitMs: number,
): Promise<void> {
  await session.query(`set local lock_timeout = ${Math.max(1, Math.trunc(waitMs))}`);
  await session.query('lock table ledger_transactions in share row exclusive mode');
  const { rows } = await session.query<{ over: boolean; earlier: string | null }>(
    `select (now() at time zone 'utc')::date >= $1::date + interval '1 month' as over,
       (select to_char(min(effective_on), 'YYYY-MM') from ledger_transactions
        where effective_on < $1 and effective_on >= coalesce(
          (select max(month) + interval '1 month' from ledger_periods where closed_at is not null), '-infinity')) as earlier`,
    [firstDay],
  );
  const { over, earlier } = rows[0] ?? { over: false, earlier: null };
  const month = firstDay.slice(0, 7);
  if (!over) throw new AppError('conflict', 'ledger_period_not_over', `${month} is not over`);
  if (earlier !== null) {
    throw new AppError(
      'conflict',
      'ledger_period_earlier_open',
      `${earlier} is to be closed before ${month}`,
    );
  }
  const { rows: later } = await session.query('select 1 from ledger_periods where month > $1 limit 1', [
    firstDay,
  ]);
  if (later.length > 0) {
    throw new AppError(
      'conflict',
      'ledger_period_earlier',
      `a month after ${month} is closed, and ${month} with it`,
    );
  }
  await session.query('insert into ledger_periods (month, closed_by) values ($1, $2)', [
    firstDay,
    by ?? null,
  ]);
}

/** Takes the sums as of one instant. */
async function finish(session: Session, firstDay: string): Promise<void> {
  await session.query(BALANCES, [firstDay]);
  const { rows } = await session.query<{ currencies: number; accounts: number }>(DIFFERENCES, [firstDay]);
  const { currencies, accounts } = rows[0] ?? { currencies: 0, accounts: 0 };
  if (currencies > 0 || accounts > 0) {
    throw new AppError(
      'conflict',
      'ledger_period_unbalanced',
      `the books do not balance: ${currencies} currencies, ${accounts} accounts; verify the ledger`,
    );
  }
  await session.query('update ledger_periods set closed_at = now() where month = $1', [firstDay]);
}

async function inSession(
  session: Session,
  isolation: 'read committed' | 'repeatable read',
  work: () => Promise<void>,
): Promise<void> {
  await session.query(`begin isolation level ${isolation}`);
  try {
    await work();
    await session.query('commit');
  } catch (error) {
    await session.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function readPeriod(db: Queryable, firstDay: string): Promise<LedgerPeriod | undefined> {
  const { rows } = await db.query<LedgerPeriod>(`${PERIOD} where month = $1`, [firstDay]);
  return rows[0];
}

/** The newest first, 200 at most. */
export async function listPeriods(db: Queryable): Promise<LedgerPeriod[]> {
  const { rows } = await db.query<LedgerPeriod>(`${PERIOD} order by ledger_periods.month desc limit 200`);
  return rows;
}

/** Balances of a closed month, of one account or of all, by account, purpose and currency. */
export async function periodBalances(
  db: Queryable,
  month: string,
  accountId?: string,
): Promise<PeriodBalance[]> {
  const { rows } = await db.query<Record<keyof PeriodBalance, string>>(
    `select a.account_id as "accountId", a.purpose, a.currency, b.opening::text, b.debits::text, b.credits::text,
       b.closing::text
     from ledger_period_balances b join ledger_accounts a on a.id = b.ledger_account_id
     where b.month = $1 and ($2::text is null or a.account_id = $2)
     order by a.account_id, a.purpose, a.currency`,
    [firstDayOf(month), accountId ?? null],
  );
  return rows.map(({ accountId: account, purpose, currency, opening, debits, credits, closing }) => ({
    accountId: account,
    purpose: purpose as LedgerPurpose,
    currency: currency as Currency,
    opening: BigInt(opening),
    debits: BigInt(debits),
    credits: BigInt(credits),
    closing: BigInt(closing),
  }));
}

function firstDayOf(month: string): string {
  if (/^20\d\d-(0[1-9]|1[0-2])$/.test(month)) return `${month}-01`;
  throw new AppError('validation', 'ledger_no_month', `${month} is not a month: 2026-10 is`, {
    errors: [{ pointer: '/month', message: 'must look like 2026-10' }],
  });
}
