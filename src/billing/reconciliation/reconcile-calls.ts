import type { Currency, Micros } from '../../domain';
import { asError, groupBy, micros, ZERO_MICROS } from '../../domain';
import type { LineSums, RatedCall, RatedLine } from '../../rating';
import type { Database, Queryable } from '../../storage';
import { isUnavailable } from '../../storage';
import type { DocumentPeriod } from '../invoices/document';
import type { ChangedLine } from '../revisions/call-lines';
import { readCallBooks } from '../revisions/call-book';
import type { EndedCall } from '../settlement/ended-call';
import { isCarriedOnly, mayCost, TRUE_END, TRULY_ENDED } from '../settlement/ended-call';
import { rateCall } from '../settlement/rate-call';
import type { CallFacts, SettlementSources } from '../settlement/settlement-sources';
import { readFacts } from '../settlement/settlement-sources';
import { HELD_DIFFERENCES } from '../wallets/holds';
import type { BookedEntry, BookedLinesOf } from './check-call';
import { checkSettledCall, stakeOf } from './check-call';
import type { FoundDifference } from './difference';

export interface CallsReconciliation {
  /** Calls that came in within it, money that was moved within it. */
  readonly period: DocumentPeriod;
  readonly sources: SettlementSources;
  /** UTC epoch milliseconds. */
  readonly now: number;
  /** Milliseconds that a settlement, or the release of a hold, may take. */
  readonly graceMs?: number;
  readonly stopped?: () => boolean;
}

/** What was looked at. */
export interface CallsTotals {
  calls: number;
  settled: number;
  revenueMicros: number;
  payoutMicros: number;
  carrierCostMicros: number;
}

type Tell = (differences: readonly FoundDifference[]) => Promise<void>;

const GRACE_MS = 300_000;
const BATCH = 500;

interface CallRow extends EndedCall, LineSums {
  readonly receivedAt: number;
  readonly answered: boolean;
  readonly endedAt: number | null;
  readonly settled: boolean;
  readonly transactionId: number | null;
  readonly currency: Currency | null;
  readonly held: Micros;
  readonly lines: readonly RatedLine[];
  /** Of the event that its settlement follows from; null when there is none. */
  readonly event: 'open' | 'done' | 'dead' | null;
  readonly deadReason: string | null;
}

/** A call that ended otherwise is rated by its own end, once that was accepted. */
const READ_CALLS = {
  name: 'reconcile-calls',
  text: `select ${TRULY_ENDED},
      c.received_at as "receivedAt", c.answered_at is not null or l.record ->> 'answered_at' is not null as answered, c.ended_at as "endedAt",
      s.call_id is not null as settled, s.transaction_id as "transactionId", s.currency, coalesce(s.held, 0) as held,
      coalesce(s.lines, '[]') as lines, coalesce(s.revenue, 0) as revenue, coalesce(s.payout, 0) as payout,
      coalesce(s.fees, 0) as fees, coalesce(s.taxes, 0) as taxes, coalesce(s.carrier_cost, 0) as "carrierCost",
      case when o.id is null then null when o.dead_at is not null then 'dead' when o.done_at is null then 'open' else 'done' end as event,
      o.dead_reason as "deadReason"
    from calls c
    left join settlements s on s.call_id = c.id
    left join outbox o on o.type = 'call.ended' and o.subject = c.id
    ${TRUE_END}
    where c.received_at >= $1 and c.received_at < $2 and (c.received_at, c.id) > ($3, $4)
    order by c.received_at, c.id limit $5`,
};

const READ_REVISIONS = {
  name: 'reconcile-revisions',
  text: `select call_id as "callId", n, transaction_id as "transactionId", lines
    from settlement_revisions where call_id = any($1) order by call_id, n`,
};
const READ_ENTRIES = {
  name: 'reconcile-entries',
  text: `select t.call_id as "callId", t.id as "transactionId", t.kind, a.account_id as "accountId", a.purpose, a.currency,
      sum(e.amount)::bigint as amount
    from ledger_transactions t
    join ledger_entries e on e.transaction_id = t.id
    join ledger_accounts a on a.id = e.ledger_account_id
    where t.call_id = any($1) and t.kind in ('call_settlement', 'call_rerating', 'reversal', 'adjustment')
    group by t.id, a.id`,
};
const READ_PENDING = {
  name: 'reconcile-pending',
  text: `select distinct payload ->> 'callId' as "callId" from outbox
    where type = 'call.signal' and done_at is null and dead_at is null and payload ->> 'callId' = any($1)`,
};

/**
 * Compares every call of a period with its settlement, its settlement with the ledger, and both with what
 * rating it again gives; and what is held with the calls that are up. Some calls at a time, each batch as
 * of one instant; nothing is changed.
 * @param tell - takes what was found, as it is found
 */
export async function reconcileCalls(
  database: Database,
  request: CallsReconciliation,
  tell: Tell,
): Promise<CallsTotals> {
  const { period, stopped = () => false } = request;
  const totals: CallsTotals = {
    calls: 0,
    settled: 0,
    revenueMicros: 0,
    payoutMicros: 0,
    carrierCostMicros: 0,
  };
  let after: readonly [number, string] = [period.from - 1, ''];
  for (;;) {
    if (stopped()) throw new Error('it was told to stop');
    const from = after;
    const { rows, found } = await database.transaction(async (tx) => {
      const batch = await tx.query<CallRow>({
        ...READ_CALLS,
        values: [period.from, period.to, ...from, BATCH],
      });
      return { rows: batch.rows, found: await checkCalls(tx, batch.rows, request) };
    }, 'snapshot');
    for (const row of rows) {
      totals.calls++;
      if (!row.settled) continue;
      totals.settled++;
      totals.revenueMicros += row.revenue;
      totals.payoutMicros += row.payout;
      totals.carrierCostMicros += row.carrierCost;
    }
    if (found.length > 0) await tell(found);
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) break;
    after = [last.receivedAt, last.callId];
  }
  const others = await database.transaction((tx) => otherDifferences(tx, request), 'snapshot');
  if (others.length > 0) await tell(others);
  return totals;
}

async function checkCalls(
  tx: Queryable,
  rows: readonly CallRow[],
  request: CallsReconciliation,
): Promise<FoundDifference[]> {
  const settled = rows.filter(({ settled: is }) => is);
  const factsOf = await readFacts(
    tx,
    request.sources,
    rows.filter((row) => (row.settled ? mayCost(row) : isCarriedOnly(row))),
  );
  const differences = rows.flatMap((row) =>
    row.settled ? [] : unsettled(row, factsOf(row.callId), request),
  );
  if (settled.length === 0) return differences;
  const ids = settled.map(({ callId }) => callId);
  const books = await readCallBooks(tx, ids);
  const bookings = await bookingsOf(tx, settled);
  const { rows: pending } = await tx.query<{ callId: string }>({ ...READ_PENDING, values: [ids] });
  const waiting = new Set(pending.map(({ callId }) => callId));
  for (const row of settled) {
    const { callId } = row;
    const mine = bookings.get(callId);
    differences.push(
      ...checkSettledCall({
        callId,
        currency: row.currency as Currency,
        answered: row.answered || isCarriedOnly(row),
        book: books.get(callId),
        said: row,
        bookings: mine?.bookings ?? [],
        unexplained: mine?.unexplained ?? [],
        pending: waiting.has(callId),
        rated: mayCost(row) ? tryRating(() => rateCall(row, factsOf(callId))) : undefined,
      }).map((difference) => ({
        ...difference,
        expected: trimmed(difference.expected),
        found: trimmed(difference.found),
      })),
    );
  }
  return differences;
}

/**
 * A call that should be settled, or will be. One that nobody bought is, where carriers are paid for it.
 * @param facts - of a call that nobody bought; of a sold one its price alone is told
 */
function unsettled(
  row: CallRow,
  facts: CallFacts,
  { now, graceMs = GRACE_MS }: CallsReconciliation,
): FoundDifference[] {
  const { callId, answered, sale, endedAt, event, deadReason } = row;
  const found = { event, deadReason };
  const rated = mayCost(row) ? tryRating(() => rateCall(row, facts)) : undefined;
  const lines = rated && !(rated instanceof Error) ? rated.lines : [];
  const currency = sale?.terms.currency ?? lines[0]?.currency ?? null;
  const difference = { callId, expected: lines, found, amount: stakeOf(lines), currency };
  if (event === 'dead') {
    return [{ ...difference, kind: 'settlement_dead', detail: deadReason ?? 'it is for people' }];
  }
  const isOwed = sale === null ? rated instanceof Error || lines.length > 0 : answered;
  if (!isOwed || endedAt === null || endedAt > now - graceMs) return [];
  if (event === 'open') {
    return [
      { ...difference, kind: 'settlement_open', detail: `it ended at ${new Date(endedAt).toISOString()}` },
    ];
  }
  const what = sale === null ? 'carriers are to be paid for it, and it' : 'it was answered, sold, and';
  const detail = `${what} is over since ${new Date(endedAt).toISOString()}`;
  return [{ ...difference, kind: 'unsettled', detail }];
}

interface EntryRow extends BookedEntry {
  readonly callId: string;
  readonly transactionId: number;
  readonly kind: string;
}

interface BookingsOfCall {
  readonly bookings: BookedLinesOf[];
  readonly unexplained: { transactionId: number; amount: Micros }[];
}

/** What was booked for calls, each booking with what the ledger has of it. */
async function bookingsOf(tx: Queryable, rows: readonly CallRow[]): Promise<Map<string, BookingsOfCall>> {
  const ids = rows.map(({ callId }) => callId);
  const { rows: revisions } = await tx.query<{
    callId: string;
    n: number;
    transactionId: number | null;
    lines: readonly ChangedLine[];
  }>({ ...READ_REVISIONS, values: [ids] });
  const { rows: entries } = await tx.query<EntryRow>({ ...READ_ENTRIES, values: [ids] });
  const byTransaction = groupBy(entries, ({ transactionId }) => transactionId);
  const entriesOf = (id: number | null): readonly BookedEntry[] =>
    id === null ? [] : (byTransaction.get(id) ?? []);
  const ofCalls = new Map<string, BookingsOfCall>(
    rows.map(({ callId, transactionId, lines, held }) => {
      const entriesOfIt = entriesOf(transactionId);
      return [
        callId,
        {
          bookings: [{ what: 'settlement', transactionId, lines, held, entries: entriesOfIt }],
          unexplained: [],
        },
      ];
    }),
  );
  const explained = new Set(rows.map(({ transactionId }) => transactionId));
  for (const { callId, n, transactionId, lines } of revisions) {
    explained.add(transactionId);
    const entriesOfIt = entriesOf(transactionId);
    ofCalls.get(callId)?.bookings.push({
      what: `revision ${n}`,
      transactionId,
      lines,
      held: ZERO_MICROS,
      entries: entriesOfIt,
    });
  }
  for (const [transactionId, ofIt] of byTransaction) {
    const [first] = ofIt;
    // Adjustments of a call may be anything that people agreed on.
    if (!first || explained.has(transactionId) || !first.kind.startsWith('call_')) continue;
    const amount = ofIt.reduce((sum, entry) => (entry.amount > 0 ? sum + entry.amount : sum), 0);
    ofCalls.get(first.callId)?.unexplained.push({ transactionId, amount: micros(amount) });
  }
  return ofCalls;
}

/** What is not to be seen from the calls of the period. */
async function otherDifferences(
  tx: Queryable,
  { period, now, graceMs = GRACE_MS }: CallsReconciliation,
): Promise<FoundDifference[]> {
  const { rows } = await tx.query<FoundDifference>(
    `select 'no_call' as kind, s.call_id as "callId", 'it is settled, and there is no such call' as detail, 'null'::jsonb as expected,
       jsonb_build_object('revenue', s.revenue, 'payout', s.payout) as found, greatest(s.revenue, s.payout) as amount, s.currency
     from settlements s
     where s.settled_at >= to_timestamp($1::bigint / 1000.0) and s.settled_at < to_timestamp($2::bigint / 1000.0)
       and not exists (select 1 from calls c where c.id = s.call_id)
     union all
     select 'unexplained_money', t.call_id, 'transaction ' || t.id || ' settles a call that has no settlement', 'null',
       jsonb_build_object('transactionId', t.id), m.amount, m.currency
     from ledger_transactions t
     cross join lateral (
       select sum(e.amount) filter (where e.amount > 0)::bigint as amount, min(a.currency) as currency
       from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id where e.transaction_id = t.id) m
     where t.kind in ('call_settlement', 'call_rerating')
       and t.posted_at >= to_timestamp($1::bigint / 1000.0) and t.posted_at < to_timestamp($2::bigint / 1000.0)
       and not exists (select 1 from settlements s where s.call_id = t.call_id)
     union all
     select 'stale_hold', h.call_id,
       'hold ' || h.id || case when c.id is null then ': there is no such call'
         else ': the call is over since ' || to_char(to_timestamp(c.ended_at / 1000.0) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end,
       'null', jsonb_build_object('hold', h.id, 'amount', h.amount), h.amount, h.currency
     from holds h left join calls c on c.id = h.call_id
     where h.state = 'open' and h.placed_at < to_timestamp(($3::bigint - $4::bigint) / 1000.0)
       and (c.id is null or c.ended_at < $3::bigint - $4::bigint)
     union all
     select 'held_differs', null, 'of account ' || h."accountId", jsonb_build_object('holds', h.holds),
       jsonb_build_object('ledger', h.held), abs(h.holds - h.held), h.currency
     from (${HELD_DIFFERENCES}) h
     union all
     select 'late_end', d.call_id, 'it was settled by another end than its own', d.was, d.would_be,
       (select coalesce(max(abs((x ->> 'amount')::bigint)), 0) from jsonb_array_elements(d.changes) as x), d.currency
     from settlement_differences d
     where d.state = 'open' and d.opened_at >= to_timestamp($1::bigint / 1000.0) and d.opened_at < to_timestamp($2::bigint / 1000.0)`,
    [period.from, period.to, now, graceMs],
  );
  return rows;
}

/** What cannot be rated is told; what the database cannot do is not. */
function tryRating<Rated extends RatedCall>(work: () => Rated): Rated | Error {
  try {
    return work();
  } catch (error) {
    if (isUnavailable(error)) throw error;
    return asError(error);
  }
}

const MAX_SHOWN = 100;

/** Enough of a list to see what it is. */
function trimmed(value: unknown): unknown {
  return Array.isArray(value) && value.length > MAX_SHOWN ? value.slice(0, MAX_SHOWN) : value;
}
