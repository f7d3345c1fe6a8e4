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
  /** Positive debits, negative credits: the database sees to it that one entry is a safe integer. */
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
  const { rows } = await db.query<LedgerLine>({
    name: 'ledger-lines-of-call',
    text: `select ${LINE}
      from ledger_transactions t
      join ledger_entries e on e.transaction_id = t.id
      join ledger_accounts l on l.id = e.ledger_account_id
      join accounts a on a.id = l.account_id
      where t.call_id = $1 order by t.id, e.id`,
    values: [callId],
  });
  return rows;
}

/** Which lines of an account are wanted. */
export interface LedgerLineFilter {
  /** UTC epoch milliseconds, inclusive. */
  readonly from?: number | undefined;
  /** UTC epoch milliseconds, exclusive. */
  readonly to?: number | undefined;
  readonly purpose?: LedgerPurpose | undefined;
  readonly currency?: Currency | undefined;
  /** The other way round. */
  readonly newestFirst?: boolean | undefined;
  /** Where the page before ended. */
  readonly cursor?: LedgerCursor | undefined;
  readonly limit: number;
}

/** A place among the lines of an account. */
export interface LedgerCursor {
  /** UTC epoch microseconds. */
  readonly postedAt: number;
  readonly entryId: number;
}

export interface LedgerLinePage {
  readonly lines: readonly LedgerLine[];
  /** Undefined when there are no more. */
  readonly next: LedgerCursor | undefined;
}

const BEGINNING: LedgerCursor = { postedAt: 0, entryId: 0 };
const END: LedgerCursor = { postedAt: 4_102_444_800_000_000, entryId: 0 };
/** The year 2100. */
const END_MS = 4_102_444_800_000;

/**
 * The lines of an account in the order of posting: (instant of posting, entry), the newest first if asked. That order
 * never changes, and what is posted later comes later, but for transactions that are under way while it is
 * read: a statement is of a time that is past.
 */
export async function ledgerLines(
  db: Queryable,
  accountId: string,
  { from = 0, to = END_MS, purpose, currency, newestFirst = false, cursor, limit }: LedgerLineFilter,
): Promise<LedgerLinePage> {
  const after = cursor ?? (newestFirst ? END : BEGINNING);
  const [beyond, way] = newestFirst ? ['<', 'desc'] : ['>', 'asc'];
  const { rows } = await db.query<LedgerLine & { readonly micros: number }>({
    name: `ledger-lines-${way}`,
    text: `select ${LINE}, (extract(epoch from e.posted_at) * 1000000)::bigint as micros
      from ledger_accounts l
      cross join lateral (
        select * from ledger_entries e
        where e.ledger_account_id = l.id
          and e.posted_at >= to_timestamp($2::bigint / 1000.0) and e.posted_at < to_timestamp($3::bigint / 1000.0)
          and (e.posted_at, e.id) ${beyond} (timestamptz 'epoch' + $6::bigint * interval '1 microsecond', $7)
        order by e.posted_at ${way}, e.id ${way} limit $8) e
      join ledger_transactions t on t.id = e.transaction_id
      join accounts a on a.id = l.account_id
      where l.account_id = $1 and ($4::text is null or l.purpose = $4) and ($5::text is null or l.currency = $5)
      order by e.posted_at ${way}, e.id ${way} limit $8`,
    values: [
      accountId,
      from,
      to,
      purpose ?? null,
      currency ?? null,
      after.postedAt,
      after.entryId,
      limit + 1,
    ],
  });
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    lines: rows.slice(0, limit).map(({ micros: _micros, ...line }) => line),
    next: last && { postedAt: last.micros, entryId: last.entryId },
  };
}
