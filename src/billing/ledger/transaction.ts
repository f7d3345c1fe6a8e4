import type { Currency, Micros } from '../../domain';
import { AppError, isCurrency, negateMicros } from '../../domain';
import type { LedgerKind, LedgerPurpose } from './chart';
import { LEDGER_KINDS, LEDGER_PURPOSES } from './chart';

/** One side of a posting: positive debits, negative credits, never nothing. */
export interface Posting {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly amount: Micros;
}

/** Where money comes from or goes to, whatever its currency. */
export type LedgerEnd = Pick<Posting, 'accountId' | 'purpose'>;

/**
 * One amount between two ledger accounts: a debit here, a credit there.
 * @param amount - micro-units; negative for the other way
 */
export function movement(debit: LedgerEnd, credit: LedgerEnd, currency: Currency, amount: Micros): Posting[] {
  return [
    { accountId: debit.accountId, purpose: debit.purpose, currency, amount },
    { accountId: credit.accountId, purpose: credit.purpose, currency, amount: negateMicros(amount) },
  ];
}

/** Money that moves at once: its postings balance in every currency. */
export interface LedgerTransaction {
  /** The same key is posted once, however often it is asked for; 200 characters at most. */
  readonly idempotencyKey: string;
  readonly kind: LedgerKind;
  readonly callId?: string | undefined;
  /** For people; 500 characters at most. */
  readonly reason?: string | undefined;
  /** Id of the transaction that this one takes back, in whole or in part. */
  readonly reversesId?: number | undefined;
  /** `YYYY-MM-DD`: the day whose books it belongs to; the UTC day of posting by default, and never later. */
  readonly effectiveOn?: string | undefined;
  readonly postings: readonly Posting[];
}

const MAX_TRANSACTIONS = 1_000;
const MAX_POSTINGS = 1_000;
const MAX_KEY = 200;
const MAX_REASON = 500;
const MAX_ERRORS = 50;

interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

/**
 * Refuses what the ledger would refuse, with the place of everything that is wrong.
 * @throws AppError `unprocessable`: `ledger_unbalanced` when balance is all that is wrong, else `ledger_invalid`
 */
export function assertPostable(
  transactions: readonly LedgerTransaction[],
  place: (n: number) => string,
): void {
  if (transactions.length > MAX_TRANSACTIONS) {
    throw new RangeError(`more than ${MAX_TRANSACTIONS} ledger transactions at once: ${transactions.length}`);
  }
  const errors: FieldError[] = [];
  const uneven: FieldError[] = [];
  transactions.forEach((transaction, n) => {
    const before = errors.length;
    errors.push(...problemsOf(transaction, place(n)));
    if (errors.length === before && !balances(transaction.postings)) {
      uneven.push({ pointer: `${place(n)}/postings`, message: 'must balance in every currency' });
    }
  });
  if (errors.length > 0) {
    throw new AppError('unprocessable', 'ledger_invalid', 'a ledger transaction is not acceptable', {
      errors: [...errors, ...uneven].slice(0, MAX_ERRORS),
    });
  }
  if (uneven.length > 0) {
    throw new AppError('unprocessable', 'ledger_unbalanced', 'a ledger transaction must balance', {
      errors: uneven.slice(0, MAX_ERRORS),
    });
  }
}

function problemsOf(transaction: LedgerTransaction, place: string): FieldError[] {
  const { idempotencyKey, kind, callId, reason, reversesId, effectiveOn, postings } = transaction;
  const errors: FieldError[] = [];
  const check = (right: boolean, field: string, message: string): void => {
    if (!right) errors.push({ pointer: `${place}/${field}`, message });
  };
  check(isText(idempotencyKey, MAX_KEY), 'idempotencyKey', `must be a text of 1 to ${MAX_KEY} characters`);
  check(LEDGER_KINDS.includes(kind), 'kind', 'is not known');
  check(callId === undefined || isText(callId, MAX_KEY), 'callId', 'must be the id of a call');
  check(
    reason === undefined || isText(reason, MAX_REASON),
    'reason',
    `must be a text of 1 to ${MAX_REASON} characters`,
  );
  check(
    reversesId === undefined || (Number.isSafeInteger(reversesId) && reversesId > 0),
    'reversesId',
    'must be the id of a transaction',
  );
  check(effectiveOn === undefined || isDay(effectiveOn), 'effectiveOn', 'must be a day, YYYY-MM-DD');
  check(postings.length >= 2, 'postings', 'must be two or more');
  check(postings.length <= MAX_POSTINGS, 'postings', `must be ${MAX_POSTINGS} at most`);
  postings.slice(0, MAX_POSTINGS).forEach(({ accountId, purpose, currency, amount }, n) => {
    check(isText(accountId, MAX_KEY), `postings/${n}/accountId`, 'must be the id of an account');
    check(LEDGER_PURPOSES.includes(purpose), `postings/${n}/purpose`, 'is not known');
    check(isCurrency(currency), `postings/${n}/currency`, 'is not a currency of the exchange');
    check(
      Number.isSafeInteger(amount) && amount !== 0,
      `postings/${n}/amount`,
      'must be an integer of micro-units, and not 0',
    );
  });
  return errors;
}

/** Neither U+0000 nor a half of a surrogate pair: PostgreSQL stores no such text. */
const STORABLE = /^[^\0\p{Surrogate}]+$/u;

function isText(text: string, most: number): boolean {
  return text.length <= most && STORABLE.test(text);
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function balances(postings: readonly Posting[]): boolean {
  const sums = new Map<Currency, bigint>();
  for (const { currency, amount } of postings) {
    sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(amount));
  }
  return [...sums.values()].every((sum) => sum === 0n);
}
