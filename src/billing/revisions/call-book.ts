import type { Currency, Micros, Sale } from '../../domain';
import { groupBy, ZERO_MICROS } from '../../domain';
import type { RatedLine } from '../../rating';
import type { Queryable } from '../../storage';
import { TRUE_END } from '../settlement/ended-call';
import type { BookedLines, CallParties, ChangedLine, StandingLine } from './call-lines';
import { standingLines } from './call-lines';

/** Why the money of a settled call was changed. */
export type RevisionKind = 'rerating' | 'reversal' | 'award' | 'correction';

/** A settled call with everything that was booked for it. */
export interface CallBook extends Partial<CallParties> {
  readonly callId: string;
  /** Null when nobody bought it: then carriers alone were paid, and there are no parties. */
  readonly sale: Sale | null;
  /** In which amounts are told: of the sale, else of the settlement. */
  readonly currency: Currency;
  /** In which the sums of its settlement and revisions are. */
  readonly summedIn: Currency;
  /** Milliseconds from the answer, as it was settled. */
  readonly connectedMs: number;
  /** Of its settlement; null when no money moved. */
  readonly transactionId: number | null;
  readonly settledAt: Date;
  /** The rules that decide what is paid and earned, by the latest rating. */
  readonly priced: string;
  readonly earned: string;
  /** Revisions so far. */
  readonly revisions: number;
  /** Micro-units given back to the buyer of which the seller bore no part. */
  readonly borne: Micros;
  readonly standing: readonly StandingLine[];
}

/** The book of a call that somebody bought. */
export type SoldBook = CallBook & CallParties & { readonly sale: Sale };

interface SettledRow {
  readonly callId: string;
  readonly sale: Sale | null;
  readonly currency: Currency;
  readonly connectedMs: number;
  readonly transactionId: number | null;
  readonly settledAt: Date;
  readonly revenue: Micros;
  readonly payout: Micros;
  readonly priced: string;
  readonly earned: string;
  readonly lines: readonly RatedLine[];
}

interface RevisionRow {
  readonly callId: string;
  readonly n: number;
  readonly kind: RevisionKind;
  readonly borne: Micros;
  readonly priced: string | null;
  readonly earned: string | null;
  readonly lines: readonly ChangedLine[];
}

const LOCK = {
  name: 'call-books-lock',
  text: 'select call_id from settlements where call_id = any($1) order by call_id for no key update',
};
/** A call that ended otherwise than it was closed is the one of its own end, once that was accepted. */
const READ_SETTLED = {
  name: 'call-books-settled',
  text: `select s.call_id as "callId", coalesce(nullif(l.record -> 'sale', 'null'), c.sale) as sale,
      coalesce((l.record ->> 'connected_ms')::bigint, s.connected_ms) as "connectedMs",
      s.currency, s.transaction_id as "transactionId", s.settled_at as "settledAt", s.revenue, s.payout, s.priced, s.earned, s.lines
    from settlements s join calls c on c.id = s.call_id
    ${TRUE_END}
    where s.call_id = any($1)`,
};
const READ_REVISIONS = {
  name: 'call-books-revisions',
  text: `select call_id as "callId", n, kind, borne, priced, earned, lines
    from settlement_revisions where call_id = any($1) order by call_id, n`,
};

/**
 * The books of settled calls; those that are not settled are left out.
 * What is read is only true for as long as nobody revises them: see {@link lockCallBook}.
 */
export async function readCallBooks(
  db: Queryable,
  callIds: readonly string[],
): Promise<Map<string, CallBook>> {
  const { rows } = await db.query<SettledRow>({ ...READ_SETTLED, values: [callIds] });
  if (rows.length === 0) return new Map();
  const { rows: revisions } = await db.query<RevisionRow>({ ...READ_REVISIONS, values: [callIds] });
  const byCall = groupBy(revisions, ({ callId }) => callId);
  return new Map(rows.map((row) => [row.callId, bookOf(row, byCall.get(row.callId) ?? [])]));
}

/** The book of a call, which nobody else revises until the transaction ends. */
export async function lockCallBook(tx: Queryable, callId: string): Promise<CallBook | undefined> {
  const { rowCount } = await tx.query({ ...LOCK, values: [[callId]] });
  if (rowCount === 0) return undefined;
  return (await readCallBooks(tx, [callId])).get(callId);
}

/** The same of a call that somebody bought; undefined of others, which have no money that parties could contest. */
export async function lockSoldBook(tx: Queryable, callId: string): Promise<SoldBook | undefined> {
  const book = await lockCallBook(tx, callId);
  return book && isSoldBook(book) ? book : undefined;
}

export function isSoldBook(book: CallBook): book is SoldBook {
  return book.sale !== null;
}

/** A book as that of a call which somebody bought, as its true end says. */
export function soldTo(book: CallBook, sale: Sale): SoldBook {
  return { ...book, sale, ...partiesOf(sale) };
}

function partiesOf({ target, terms }: Sale): CallParties {
  return { buyerAccountId: target.buyerAccountId, sellerId: terms.sellerId, currency: terms.currency };
}

function bookOf(row: SettledRow, revisions: readonly RevisionRow[]): CallBook {
  const { sale, callId, connectedMs, transactionId, settledAt } = row;
  const bookings: BookedLines[] = [
    { lines: linesOf(row), concession: false },
    ...revisions.map(({ kind, lines }) => ({
      lines,
      concession: kind === 'reversal' || kind === 'award',
    })),
  ];
  const rated = revisions.findLast(({ priced }) => priced !== null);
  return {
    callId,
    sale,
    connectedMs,
    transactionId,
    settledAt,
    currency: row.currency,
    summedIn: row.currency,
    ...(sale ? partiesOf(sale) : {}),
    priced: rated?.priced ?? row.priced,
    earned: rated?.earned ?? row.earned,
    revisions: revisions.length,
    borne: revisions.reduce((sum, { borne }) => sum + borne, ZERO_MICROS as number) as Micros,
    standing: standingLines(bookings),
  };
}

/** Of calls that were settled before settlements had lines, the two sums are known. */
function linesOf({ lines, revenue, payout, sale, priced, earned }: SettledRow): readonly RatedLine[] {
  if (lines.length > 0 || !sale) return lines;
  const { currency, sellerId } = sale.terms;
  const sums: RatedLine[] = [
    {
      kind: 'revenue',
      accountId: sale.target.buyerAccountId,
      code: priced,
      text: 'Call',
      amount: revenue,
      currency,
    },
    { kind: 'payout', accountId: sellerId, code: earned, text: 'Call', amount: payout, currency },
  ];
  return sums.filter(({ amount }) => amount > 0);
}
