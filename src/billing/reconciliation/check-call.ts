import type { Currency, Micros } from '../../domain';
import { micros, ZERO_MICROS } from '../../domain';
import type { LineSums, RatedCall, RatedLine } from '../../rating';
import { sumsOf } from '../../rating';
import type { LedgerPurpose } from '../ledger/chart';
import { accountKey } from '../ledger/ledger';
import type { CallBook } from '../revisions/call-book';
import type { ChangedLine } from '../revisions/call-lines';
import { ratingChanges } from '../revisions/call-lines';
import { callPostings } from '../settlement/call-postings';
import type { DifferenceKind, FoundDifference } from './difference';

/** One side of what the ledger has. */
export interface BookedEntry {
  readonly accountId: string;
  readonly purpose: LedgerPurpose;
  readonly currency: Currency;
  readonly amount: Micros;
}

/** Lines that were booked, and what the ledger has of them. */
export interface BookedLinesOf {
  /** `settlement`, or `revision 2`. */
  readonly what: string;
  readonly transactionId: number | null;
  readonly lines: readonly ChangedLine[];
  /** What was held and taken over. */
  readonly held: Micros;
  readonly entries: readonly BookedEntry[];
}

export interface SettledCall {
  readonly callId: string;
  readonly currency: Currency;
  /** By a buyer, or by somebody else whose leg carriers are paid for. */
  readonly answered: boolean;
  /** Undefined when there is none. */
  readonly book: CallBook | undefined;
  /** The sums that its settlement says. */
  readonly said: LineSums;
  readonly bookings: readonly BookedLinesOf[];
  /** Rated again; an Error when that cannot be done. */
  readonly rated: RatedCall | Error | undefined;
  /** Signals are known that its money does not reflect yet. */
  readonly pending: boolean;
  /** Transactions for the call that are neither its settlement's nor a revision's. */
  readonly unexplained: readonly { readonly transactionId: number; readonly amount: Micros }[];
}

/** Everything that is wrong with a settled call; nothing of one whose books are in order. */
export function checkSettledCall(call: SettledCall): FoundDifference[] {
  const { callId, currency, book, answered, rated, pending } = call;
  const tell = (
    kind: DifferenceKind,
    detail: string,
    expected: unknown,
    found: unknown,
    amount: Micros,
  ): FoundDifference => ({ kind, callId, detail, expected, found, amount, currency });
  const differences: FoundDifference[] = [];
  const settled = call.bookings[0]?.lines ?? [];
  const unsold = book?.sale === null && settled.some(({ kind }) => kind !== 'carrier_cost');
  if (!answered || !book || unsold) {
    const why = answered ? 'nobody bought it' : 'it was not answered';
    differences.push(tell('not_sold', `it is settled, and ${why}`, null, call.said, stakeOf(settled)));
  }
  const sums = sumsOf(settled, currency);
  if (settled.length > 0 && !sameSums(sums, call.said)) {
    differences.push(
      tell('sums_differ', 'its sums are not those of its lines', sums, call.said, sumsApart(sums, call.said)),
    );
  }
  const buyerAccountId = book?.buyerAccountId;
  for (const { what, transactionId, lines, held, entries } of call.bookings) {
    if (!book || (what === 'settlement' && settled.length === 0)) continue;
    const holds =
      held > 0 && buyerAccountId !== undefined ? [{ accountId: buyerAccountId, currency, amount: held }] : [];
    const expected = callPostings(buyerAccountId, lines, holds);
    const apart = entriesApart(expected, entries);
    if (apart.length === 0) continue;
    differences.push(
      tell(
        'ledger_differs',
        `the ledger has something else of its ${what}${transactionId === null ? '' : ` (transaction ${transactionId})`}`,
        expected,
        entries,
        largest(apart),
      ),
    );
  }
  for (const { transactionId, amount } of call.unexplained) {
    differences.push(
      tell(
        'unexplained_money',
        `transaction ${transactionId} is of no settlement and no revision`,
        null,
        { transactionId, amount },
        amount,
      ),
    );
  }
  if (rated instanceof Error) {
    differences.push(tell('not_ratable', rated.message, null, null, stakeOf(settled)));
  } else if (rated && book && !pending) {
    const changes = ratingChanges(book.standing, rated.lines, true);
    if (changes.length > 0) {
      differences.push(
        tell(
          'rating_differs',
          `rated again it is priced by ${rated.priced}`,
          rated.lines,
          book.standing,
          largest(changes.map(({ amount }) => amount)),
        ),
      );
    }
  }
  return differences;
}

/** What is at stake of a call: what its buyer pays, or else what anybody earns. */
export function stakeOf(lines: readonly RatedLine[]): Micros {
  const sum = (...kinds: readonly RatedLine['kind'][]): number =>
    lines.reduce((all, line) => (kinds.includes(line.kind) ? all + Math.abs(line.amount) : all), 0);
  return micros(sum('revenue', 'fee', 'tax') || sum('payout') || sum('carrier_cost'));
}

const SUMS = ['revenue', 'payout', 'fees', 'taxes', 'carrierCost'] as const;

function sameSums(a: LineSums, b: LineSums): boolean {
  return SUMS.every((sum) => a[sum] === b[sum]);
}

function sumsApart(a: LineSums, b: LineSums): Micros {
  return largest(SUMS.map((sum) => micros(a[sum] - b[sum])));
}

/** By how much ledger accounts differ; nothing when they do not. */
function entriesApart(expected: readonly BookedEntry[], found: readonly BookedEntry[]): Micros[] {
  const sums = new Map<string, number>();
  const add = (entry: BookedEntry, sign: 1 | -1): void => {
    const key = accountKey(entry);
    sums.set(key, (sums.get(key) ?? 0) + sign * entry.amount);
  };
  for (const one of expected) add(one, 1);
  for (const one of found) add(one, -1);
  return [...sums.values()].filter((sum) => sum !== 0).map(micros);
}

function largest(amounts: readonly Micros[]): Micros {
  return amounts.reduce((most, amount) => micros(Math.max(most, Math.abs(amount))), ZERO_MICROS);
}
