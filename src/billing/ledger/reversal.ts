import type { Micros } from '../../domain';
import { AppError, micros, notFound } from '../../domain';
import { splitMicros } from '../../rating';
import type { Queryable } from '../../storage';
import type { LedgerKind } from './chart';
import type { LedgerAccountName } from './ledger';
import type { LedgerTransaction, Posting } from './transaction';

/** What a transaction that takes back another says of it; the caller adds key, kind and reason. */
export type Reversal = Required<Pick<LedgerTransaction, 'reversesId' | 'callId' | 'postings'>>;

export interface ReversalOptions {
  /**
   * How much of the transaction as it was posted: `{ part: 5_000_000, of: 25_000_000 }` is a fifth. Rounded
   * down to the micro-unit. All that is left by default.
   */
  readonly portion?: { readonly part: number; readonly of: number };
  /** Only what was posted to these ledger accounts: the buyer's side of a call, say. They must balance. */
  readonly only?: (name: LedgerAccountName) => boolean;
}

/** Holds are given back by releasing them. */
const HOLDS: readonly LedgerKind[] = ['hold', 'hold_extension', 'hold_release'];

interface Row extends LedgerAccountName {
  readonly kind: LedgerKind;
  readonly callId: string | null;
  /** As it was posted, and what is left of it after earlier reversals. */
  readonly amount: Micros;
  readonly left: Micros;
}

/** Held money goes back to the wallet that it came from: the hold is over. */
const READ = {
  name: 'ledger-reversal',
  text: `select t.kind, t.call_id as "callId", a.account_id as "accountId", p.purpose, a.currency,
      sum(e.amount) filter (where e.transaction_id = $1) as amount, sum(e.amount) as left
    from ledger_transactions t
    join ledger_transactions r on r.id = t.id or r.reverses_id = t.id
    join ledger_entries e on e.transaction_id = r.id
    join ledger_accounts a on a.id = e.ledger_account_id
    cross join lateral (select case a.purpose when 'held' then 'wallet' else a.purpose end as purpose) p
    where t.id = $1
    group by t.kind, t.call_id, a.account_id, p.purpose, a.currency
    having coalesce(sum(e.amount) filter (where e.transaction_id = $1), 0) <> 0
    order by a.account_id, p.purpose, a.currency`,
};

/**
 * What takes back a transaction, or a part of it: its postings negated, in proportion to what is left of each,
 * so that parts taken back one after the other come to the whole and never to more. A part of money that was
 * held goes to the wallet. The transaction is locked until the caller's ends: nobody else takes it back meanwhile.
 *
 * @throws AppError `not_found`: `ledger_transaction_not_found`; `conflict`: `ledger_reversed` when nothing is
 * left, or less than asked for; `unprocessable`: `ledger_not_reversible` for holds and for a part that does not
 * balance by itself
 */
export async function reversalOf(
  tx: Queryable,
  transactionId: number,
  { portion, only = () => true }: ReversalOptions = {},
): Promise<Reversal> {
  assertPortion(portion);
  await tx.query('select 1 from ledger_transactions where id = $1 for no key update', [transactionId]);
  const { rows } = await tx.query<Row>({ ...READ, values: [transactionId] });
  const [first] = rows;
  if (!first) {
    throw notFound('ledger transaction', transactionId);
  }
  if (HOLDS.includes(first.kind)) {
    throw new AppError('unprocessable', 'ledger_not_reversible', 'a hold is released, not reversed');
  }
  const wanted = rows.filter(({ accountId, purpose, currency }) => only({ accountId, purpose, currency }));
  const postings = [...new Set(wanted.map((row) => row.currency))].flatMap((currency) =>
    negated(
      wanted.filter((row) => row.currency === currency),
      portion,
    ),
  );
  if (postings.length === 0) {
    throw new AppError(
      'conflict',
      'ledger_reversed',
      `nothing is left of ledger transaction ${transactionId}`,
    );
  }
  return { reversesId: transactionId, callId: first.callId ?? undefined, postings };
}

function assertPortion(portion: ReversalOptions['portion']): void {
  if (!portion) return;
  const { part, of } = portion;
  if (!Number.isSafeInteger(part) || !Number.isSafeInteger(of) || part <= 0 || part > of) {
    throw new RangeError(`not a portion: ${part}/${of}`);
  }
}

/** Of one currency. */
function negated(rows: readonly Row[], portion: ReversalOptions['portion']): Posting[] {
  const debits = rows.filter((row) => row.amount > 0);
  const credits = rows.filter((row) => row.amount < 0);
  const posted = sumOf(debits.map((row) => row.amount));
  if (posted !== -sumOf(credits.map((row) => row.amount))) {
    throw new AppError(
      'unprocessable',
      'ledger_not_reversible',
      'what is to be reversed does not balance by itself',
    );
  }
  const left = smaller(sumOf(debits.map(leftOf)), sumOf(credits.map(leftOf)));
  const total = portion ? (posted * BigInt(portion.part)) / BigInt(portion.of) : left;
  if (total > left) {
    throw new AppError(
      'conflict',
      'ledger_reversed',
      'more is to be reversed than is left of the transaction',
    );
  }
  if (total <= 0n) return [];
  return [...shared(debits, total, -1), ...shared(credits, total, 1)];
}

function shared(rows: readonly Row[], total: bigint, sign: 1 | -1): Posting[] {
  const parts = splitMicros(micros(Number(total)), rows.map(leftOf));
  return rows.flatMap(({ accountId, purpose, currency }, n) => {
    const amount = parts[n] as Micros;
    return amount === 0 ? [] : [{ accountId, purpose, currency, amount: micros(sign * amount) }];
  });
}

/** Micro-units that can be taken back of it. */
function leftOf({ amount, left }: Row): Micros {
  return micros(Math.max(amount > 0 ? left : -left, 0));
}

function sumOf(amounts: readonly number[]): bigint {
  return amounts.reduce((sum, amount) => sum + BigInt(amount), 0n);
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
