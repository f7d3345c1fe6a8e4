import type { CarriedLeg, Currency, Sale } from '../../domain';
import { ZERO_MICROS } from '../../domain';
import type { LineSums, RatedLine } from '../../rating';
import { sumsOf } from '../../rating';
import type { Queryable } from '../../storage';
import type { CallBook } from '../revisions/call-book';
import { lockCallBook, soldTo } from '../revisions/call-book';
import type { ChangedLine } from '../revisions/call-lines';
import { ratingChanges } from '../revisions/call-lines';
import type { EndedCall } from './ended-call';
import { mayCost } from './ended-call';
import type { RatedEnd } from './rate-call';
import { rateCall } from './rate-call';
import type { SettlementSources } from './settlement-sources';
import { readFacts } from './settlement-sources';

/** What a call came to, or would come to. */
export interface PricedEnd extends LineSums {
  /** Milliseconds from the answer. */
  readonly connectedMs: number;
  /** The rule that decided the revenue; null when nothing was sold, and no carrier was paid. */
  readonly priced: string | null;
  readonly lines: readonly RatedLine[];
}

/** What a late end changes about the money of a call. */
export interface LateDifference {
  readonly currency: Currency;
  readonly was: PricedEnd;
  readonly wouldBe: PricedEnd;
  /** What is to be booked on top: lines whose amounts are differences. */
  readonly changes: readonly ChangedLine[];
  /** The books of the call, locked; undefined when it was closed as one that costs and earns nobody anything. */
  readonly book: CallBook | undefined;
  /** As it truly ended. */
  readonly ended: { readonly call: EndedCall; readonly rated: RatedEnd; readonly signals: number };
}

interface StoredLateEnd {
  readonly record: {
    readonly connected_ms: number;
    readonly answered_at?: number | null;
    readonly received_at: number;
    readonly trunk_id: string;
    readonly dialled: string;
    readonly campaign_id?: string | null;
    readonly sale?: Sale | null;
    readonly carried?: readonly CarriedLeg[] | null;
  };
  readonly connectedMs: number;
}

const READ = {
  name: 'late-end-read',
  text: `select l.record, c.connected_ms as "connectedMs"
    from call_late_ends l join calls c on c.id = l.call_id where l.call_id = $1`,
};

/**
 * Compares what is booked for a call that was closed for its node with what would be, had its own end come
 * in time. The call's books are locked until the transaction ends.
 * @returns undefined when there is no late end of it any more, or when it makes no difference
 * @throws RangeError when it cannot be rated
 */
export async function lateDifference(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
): Promise<LateDifference | undefined> {
  const booked = await lockCallBook(tx, callId);
  const { rows } = await tx.query<StoredLateEnd>({ ...READ, values: [callId] });
  const [late] = rows;
  if (!late) return undefined;
  const { connected_ms: connectedMs, sale } = late.record;
  const ended = await rateLate(tx, sources, callId, late);
  const { rated } = ended;
  const book = booked && sale && !booked.sale ? soldTo(booked, sale) : booked;
  const currency = sale?.terms.currency ?? book?.currency ?? rated.currency;
  if (currency === undefined) return undefined;
  const changes = ratingChanges(book?.standing ?? [], rated.lines, true);
  if (changes.length === 0) return undefined;
  const isNothing = !sale && rated.lines.length === 0;
  return {
    currency,
    was: endOf(book?.connectedMs ?? late.connectedMs, book?.standing, book?.priced, currency),
    wouldBe: endOf(connectedMs, rated.lines, isNothing ? undefined : rated.priced, currency),
    changes,
    book,
    ended,
  };
}

async function rateLate(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
  { record }: StoredLateEnd,
): Promise<LateDifference['ended']> {
  const call: EndedCall = {
    callId,
    connectedMs: record.connected_ms,
    at: record.answered_at ?? record.received_at,
    sale: record.sale ?? null,
    trunkId: record.trunk_id,
    dialled: record.dialled,
    campaignId: record.campaign_id ?? null,
    carried: record.carried ?? null,
  };
  const facts = (await readFacts(tx, sources, mayCost(call) ? [call] : []))(callId);
  return { call, rated: rateCall(call, facts), signals: facts.signals.length };
}

function endOf(
  connectedMs: number,
  lines: readonly RatedLine[] = [],
  priced: string | undefined,
  currency: Currency,
): PricedEnd {
  const shown = lines
    .filter(({ amount }) => amount !== ZERO_MICROS)
    .map(({ kind, accountId, code, text, amount, currency: own }) => ({
      kind,
      accountId,
      code,
      text,
      amount,
      currency: own,
    }));
  return { connectedMs, ...sumsOf(lines, currency), priced: priced ?? null, lines: shown };
}
