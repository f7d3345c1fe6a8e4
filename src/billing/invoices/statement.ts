import type { Currency } from '../../domain';
import { decimalText, minorDecimals, zoneOf } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { WriteText } from './csv-text';
import { csvRecord, localTime } from './csv-text';
import type { DocumentPeriod } from './document';
import { unknownAccount } from './profiles';

export interface StatementRequest {
  readonly accountId: string;
  /** The account's own by default. */
  readonly currency?: Currency | undefined;
  readonly period: DocumentPeriod;
}

/** What a statement is of. Balances: what the account owes is positive, what it has or is owed negative. */
export interface StatementHead {
  readonly accountId: string;
  readonly name: string;
  readonly currency: Currency;
  readonly timezone: string;
  readonly openingMicros: bigint;
  readonly closingMicros: bigint;
}

/** One transaction that moved the account's balance. */
export interface StatementMovement {
  readonly transactionId: number;
  readonly kind: string;
  readonly callId: string | null;
  readonly reason: string | null;
  /** UTC epoch milliseconds. */
  readonly postedAt: number;
  readonly amountMicros: number;
  readonly balanceMicros: bigint;
}

/** Where the page before ended. */
export interface StatementPosition {
  /** UTC epoch microseconds, as the ledger has them. */
  readonly postedAt: number;
  readonly transactionId: number;
  /** After it, as a decimal number. */
  readonly balance: string;
}

export interface StatementPage extends StatementHead {
  readonly movements: readonly StatementMovement[];
  /** Undefined on the last page. */
  readonly next: StatementPosition | undefined;
}

type Row = Omit<StatementMovement, 'balanceMicros'> & { readonly micros: number };

/** What is between the exchange and a party, whichever way; a hold moves nothing. */
const MINE = `select id from ledger_accounts where account_id = $1 and currency = $2 and purpose in ('wallet', 'held', 'payable')`;
const AT = (place: number): string => `to_timestamp($${place}::bigint / 1000.0)`;

const MOVEMENTS = `select t.id as "transactionId", t.kind, t.call_id as "callId", t.reason,
    (extract(epoch from t.posted_at) * 1000)::bigint as "postedAt", (extract(epoch from t.posted_at) * 1000000)::bigint as micros,
    sum(e.amount)::bigint as "amountMicros"
  from ledger_entries e join ledger_transactions t on t.id = e.transaction_id
  where e.ledger_account_id in (${MINE}) and e.posted_at >= ${AT(3)} and e.posted_at < ${AT(4)}`;
const GROUPED = 'group by t.id having sum(e.amount) <> 0 order by t.posted_at, t.id';

const FETCH = 2_000;

/**
 * A page of a statement. Balances are of one instant; what is posted while somebody turns pages is on the later
 * ones only when the period is not over.
 * @throws AppError `not_found` for an account that there is not
 */
export function readStatement(
  db: Queryable,
  request: StatementRequest,
  limit: number,
  after?: StatementPosition,
): Promise<StatementPage> {
  return atOnce(db, async (tx) => {
    const head = await headOf(tx, request);
    const { rows } = await tx.query<Row>(
      `${MOVEMENTS} and ($5::bigint is null or
         ((extract(epoch from e.posted_at) * 1000000)::bigint, t.id) > ($5, $6::bigint))
       ${GROUPED} limit $7`,
      [...valuesOf(head, request), after?.postedAt ?? null, after?.transactionId ?? null, limit + 1],
    );
    let balance = after === undefined ? head.openingMicros : BigInt(after.balance);
    const movements = rows.slice(0, limit).map(({ micros: _micros, ...row }) => {
      balance += BigInt(row.amountMicros);
      return { ...row, balanceMicros: balance };
    });
    const last = rows[limit - 1];
    const next =
      rows.length > limit && last
        ? { postedAt: last.micros, transactionId: last.transactionId, balance: balance.toString() }
        : undefined;
    return { ...head, movements, next };
  });
}

/**
 * Writes a whole statement as CSV: opening balance, every movement with the balance after it, closing balance.
 * All of it is of one instant, some at a time.
 * @throws AppError `not_found` for an account that there is not; Error when the movements do not lead from the
 * opening to the closing balance
 */
export function writeStatementCsv(db: Queryable, request: StatementRequest, write: WriteText): Promise<void> {
  return atOnce(db, async (tx) => {
    const head = await headOf(tx, request);
    const { currency, openingMicros, closingMicros } = head;
    const zone = zoneOf(head.timezone);
    const time = (instant: number): string => localTime(instant, zone.offsetAt(instant));
    const money = (amount: bigint | number): string => decimalText(amount, minorDecimals(currency));
    await write(
      csvRecord(['posted_at', 'transaction', 'kind', 'call_id', 'text', 'amount', 'balance', 'currency']),
    );
    await write(
      csvRecord([
        time(request.period.from),
        null,
        'opening_balance',
        null,
        null,
        null,
        money(openingMicros),
        currency,
      ]),
    );
    let balance = openingMicros;
    await tx.query(
      `declare statement_movements no scroll cursor for ${MOVEMENTS} ${GROUPED}`,
      valuesOf(head, request),
    );
    for (;;) {
      const { rows } = await tx.query<Row>(`fetch ${FETCH} from statement_movements`);
      let text = '';
      for (const row of rows) {
        balance += BigInt(row.amountMicros);
        text += csvRecord([
          time(row.postedAt),
          row.transactionId,
          row.kind,
          row.callId,
          row.reason,
          money(row.amountMicros),
          money(balance),
          currency,
        ]);
      }
      if (text !== '') await write(text);
      if (rows.length < FETCH) break;
    }
    await tx.query('close statement_movements');
    if (balance !== closingMicros) {
      throw new Error(
        `the statement of ${head.accountId} comes to ${balance}, its balance is ${closingMicros}`,
      );
    }
    await write(
      csvRecord([
        time(request.period.to),
        null,
        'closing_balance',
        null,
        null,
        null,
        money(balance),
        currency,
      ]),
    );
  });
}

/** Balances before and after a period: what there is now, less what was posted since. */
async function headOf(tx: Queryable, request: StatementRequest): Promise<StatementHead> {
  const { rows: accounts } = await tx.query<{ name: string; currency: Currency; timezone: string }>(
    'select name, currency, timezone from accounts where id = $1',
    [request.accountId],
  );
  const [account] = accounts;
  if (!account) throw unknownAccount(request.accountId);
  const head = {
    ...account,
    ...(request.currency === undefined ? {} : { currency: request.currency }),
    accountId: request.accountId,
  };
  const { rows } = await tx.query<{ opening: string; closing: string }>(
    `with since as (
       select coalesce(sum(e.amount), 0) as from_on, coalesce(sum(e.amount) filter (where e.posted_at >= ${AT(4)}), 0) as to_on
       from ledger_entries e
       where e.ledger_account_id in (${MINE}) and e.posted_at >= ${AT(3)}),
     kept as (select coalesce(sum(balance), 0) as balance from ledger_accounts where id in (${MINE}))
     select (balance - from_on)::text as opening, (balance - to_on)::text as closing from kept, since`,
    valuesOf(head, request),
  );
  return {
    ...head,
    openingMicros: BigInt(rows[0]?.opening ?? 0),
    closingMicros: BigInt(rows[0]?.closing ?? 0),
  };
}

function valuesOf(
  { accountId, currency }: { accountId: string; currency: string },
  { period }: StatementRequest,
) {
  return [accountId, currency, period.from, period.to];
}

function atOnce<T>(db: Queryable, work: (tx: Queryable) => Promise<T>): Promise<T> {
  return inTransaction(db, work, 'snapshot');
}
