import type { Queryable } from '../../storage';
import { explainRefusal, unknownAccounts } from './refusals';
import type { LedgerTransaction, Posting } from './transaction';
import { assertPostable } from './transaction';

export type { LedgerKind, LedgerPurpose } from './chart';
export type { LedgerTransaction, Posting } from './transaction';

/**
 * Inserts what was not posted before, in the order of keys so that two writers cannot wait for each other,
 * and finds the ledger accounts.
 */
const BEGIN = {
  name: 'ledger-begin',
  text: `with posted as (
      insert into ledger_transactions (idempotency_key, kind, call_id, reason, reverses_id, effective_on)
      select key, kind, call_id, reason, reverses_id, coalesce(effective_on, (now() at time zone 'utc')::date)
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::date[])
        as t(key, kind, call_id, reason, reverses_id, effective_on)
      on conflict (idempotency_key) do nothing
      returning id, idempotency_key)
    select idempotency_key as key, null as place, id from posted
    union all
    select null, w.place, l.id
    from unnest($7::text[], $8::text[], $9::text[]) with ordinality as w(account_id, purpose, currency, place)
    join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (w.account_id, w.purpose, w.currency)`,
};
const OPEN_ACCOUNTS = {
  name: 'ledger-open-accounts',
  text: `insert into ledger_accounts (account_id, purpose, currency)
    select w.account_id, w.purpose, w.currency
    from unnest($1::text[], $2::text[], $3::text[]) as w(account_id, purpose, currency)
    join accounts a on a.id = w.account_id
    order by w.account_id, w.purpose, w.currency
    on conflict (account_id, purpose, currency) do nothing`,
};
const FIND_ACCOUNTS = {
  name: 'ledger-find-accounts',
  text: `select w.place, l.id
    from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w(account_id, purpose, currency, place)
    join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (w.account_id, w.purpose, w.currency)`,
};
const LOCK = {
  name: 'ledger-lock',
  text: `select l.account_id as "accountId", l.purpose, l.currency, l.balance::text
    from unnest($1::text[], $2::text[], $3::text[]) as w(account_id, purpose, currency)
    join ledger_accounts l on (l.account_id, l.purpose, l.currency) = (w.account_id, w.purpose, w.currency)
    order by l.id for no key update of l`,
};
const ENTER = {
  name: 'ledger-enter',
  text: `insert into ledger_entries (transaction_id, ledger_account_id, amount)
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[])`,
};

/**
 * Posts balanced transactions, within the caller's database transaction: all of them or, when it throws,
 * none, for then the caller's transaction is to be rolled back. Nothing else writes to the ledger.
 *
 * It takes the locks of all ledger accounts that it touches, and of the chains of their accounts, until the
 * database transaction ends: post as late in it as can be, and once.
 *
 * @param transactions - 1,000 at most; of those with the same key the first counts
 * @returns their ids, undefined for each whose key had been posted before
 * @throws AppError `unprocessable` with the place, when one does not balance, names an account that there is
 * not, belongs to a closed period, or would bring a balance out of range
 */
export function postTransactions(
  tx: Queryable,
  transactions: readonly LedgerTransaction[],
): Promise<(number | undefined)[]> {
  return post(tx, transactions, (n) => `/${n}`);
}

/**
 * Posts one transaction, as {@link postTransactions} does.
 * @returns its id, or undefined when the key had been posted before
 */
export async function postTransaction(
  tx: Queryable,
  transaction: LedgerTransaction,
): Promise<number | undefined> {
  const [id] = await post(tx, [transaction], () => '');
  return id;
}

/** A ledger account by its name. */
export type LedgerAccountName = Pick<Posting, 'accountId' | 'purpose' | 'currency'>;

/**
 * Opens the ledger accounts that are not there yet, at zero: for who locks them before anything is posted.
 * Of an account that there is not none is opened.
 * @returns how many it opened
 */
export async function openLedgerAccounts(
  tx: Queryable,
  names: readonly LedgerAccountName[],
): Promise<number> {
  const { rowCount } = await tx.query({ ...OPEN_ACCOUNTS, values: columnsOf(names) });
  return rowCount ?? 0;
}

/**
 * Locks ledger accounts until the database transaction ends, those that there are: for who looks at balances
 * before anything is posted. It takes them in the order of ids, as posting does: name all that will be posted to.
 * @returns the balance of each of them, in micro-units; nothing of one that is not there
 */
export async function lockLedgerAccounts(
  tx: Queryable,
  names: readonly LedgerAccountName[],
): Promise<(name: LedgerAccountName) => bigint> {
  const { rows } = await tx.query<LedgerAccountName & { balance: string }>({
    ...LOCK,
    values: columnsOf(names),
  });
  const balances = new Map(rows.map((row) => [accountKey(row), BigInt(row.balance)]));
  return (name) => balances.get(accountKey(name)) ?? 0n;
}

type Place = (n: number) => string;

async function post(
  tx: Queryable,
  transactions: readonly LedgerTransaction[],
  place: Place,
): Promise<(number | undefined)[]> {
  assertPostable(transactions, place);
  if (transactions.length === 0) return [];
  const firsts = firstOfEachKey(transactions);
  const accounts = accountsOf(transactions);
  try {
    const { ids, found } = await begin(tx, firsts, accounts);
    if (ids.size > 0) {
      if (found.size < accounts.size) await open(tx, accounts, found, transactions, place);
      await enter(tx, firsts, ids, found);
    }
    return transactions.map((one) =>
      firsts.get(one.idempotencyKey) === one ? ids.get(one.idempotencyKey) : undefined,
    );
  } catch (error) {
    throw explainRefusal(error);
  }
}

function firstOfEachKey(transactions: readonly LedgerTransaction[]): Map<string, LedgerTransaction> {
  const firsts = new Map<string, LedgerTransaction>();
  for (const one of transactions) {
    if (!firsts.has(one.idempotencyKey)) firsts.set(one.idempotencyKey, one);
  }
  return new Map([...firsts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Ledger accounts of the transactions, by key. */
type Accounts = ReadonlyMap<string, LedgerAccountName>;

/** A key for maps. */
export function accountKey({ accountId, purpose, currency }: LedgerAccountName): string {
  return `${purpose} ${currency} ${accountId}`;
}

function accountsOf(transactions: readonly LedgerTransaction[]): Accounts {
  const accounts = new Map<string, LedgerAccountName>();
  for (const { postings } of transactions) {
    for (const posting of postings) accounts.set(accountKey(posting), posting);
  }
  return accounts;
}

function columnsOf(names: readonly LedgerAccountName[]): string[][] {
  return [
    names.map((one) => one.accountId),
    names.map((one) => one.purpose),
    names.map((one) => one.currency),
  ];
}

interface Begun {
  /** Ids by key, of those that had not been posted. */
  readonly ids: Map<string, number>;
  /** Ids of ledger accounts by key. */
  readonly found: Map<string, number>;
}

async function begin(
  tx: Queryable,
  firsts: ReadonlyMap<string, LedgerTransaction>,
  accounts: Accounts,
): Promise<Begun> {
  const all = [...firsts.values()];
  const keys = [...accounts.keys()];
  const { rows } = await tx.query<{ key: string | null; place: number | null; id: number }>({
    ...BEGIN,
    values: [
      all.map((one) => one.idempotencyKey),
      all.map((one) => one.kind),
      all.map((one) => one.callId ?? null),
      all.map((one) => one.reason ?? null),
      all.map((one) => one.reversesId ?? null),
      all.map((one) => one.effectiveOn ?? null),
      ...columnsOf([...accounts.values()]),
    ],
  });
  const ids = new Map<string, number>();
  const found = new Map<string, number>();
  for (const { key, place, id } of rows) {
    if (key !== null) ids.set(key, id);
    else found.set(keys[(place as number) - 1] as string, id);
  }
  return { ids, found };
}

/** Opens the ledger accounts that are not there yet. @throws AppError when there is no such account */
async function open(
  tx: Queryable,
  accounts: Accounts,
  found: Map<string, number>,
  transactions: readonly LedgerTransaction[],
  place: Place,
): Promise<void> {
  const missing = [...accounts].filter(([key]) => !found.has(key));
  const names = missing.map(([, name]) => name);
  await openLedgerAccounts(tx, names);
  // Another may have opened one meanwhile: the insert does not tell of it.
  const { rows } = await tx.query<{ place: number; id: number }>({
    ...FIND_ACCOUNTS,
    values: columnsOf(names),
  });
  for (const row of rows) found.set((missing[row.place - 1] as [string, LedgerAccountName])[0], row.id);
  if (found.size < accounts.size) {
    throw unknownAccounts(transactions, (posting) => !found.has(accountKey(posting)), place);
  }
}

/** The database checks them, moves the balances and links the chains by the same statement. */
async function enter(
  tx: Queryable,
  firsts: ReadonlyMap<string, LedgerTransaction>,
  ids: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
): Promise<void> {
  const columns: [number[], number[], number[]] = [[], [], []];
  for (const [key, id] of ids) {
    for (const posting of firsts.get(key)?.postings ?? []) {
      columns[0].push(id);
      columns[1].push(found.get(accountKey(posting)) as number);
      columns[2].push(posting.amount);
    }
  }
  await tx.query({ ...ENTER, values: columns });
}
