import type { Queryable } from '../../storage';
import type { SoldBook } from '../revisions/call-book';

/** Entries of a list that are kept; the call itself has all of them. */
const MAX_LISTED = 50;
/** Characters of JSON that a snapshot may have. */
const MAX_LENGTH = 200_000;

interface CallRow {
  readonly call: Record<string, unknown>;
  readonly attempts: unknown;
  readonly decision: Decided | null;
  readonly microseconds: number | null;
  readonly signals: unknown;
}

/** What is taken of a stored decision. */
interface Decided {
  readonly ok?: unknown;
  readonly reason?: unknown;
  readonly detail?: unknown;
  readonly plan?: readonly Record<string, unknown>[];
  readonly trace?: {
    readonly decidedAt?: unknown;
    readonly findings?: readonly unknown[];
    readonly fraud?: unknown;
    readonly bids?: {
      readonly total?: unknown;
      readonly counts?: unknown;
      readonly listed?: readonly unknown[];
    };
  };
}

/** Without numbers of persons: those stay in the call alone, from which they can be erased. */
const READ = {
  name: 'dispute-snapshot',
  text: `select json_build_object('state', c.state, 'endReason', c.end_reason, 'sipStatus', c.sip_status,
      'trunkId', c.trunk_id, 'origin', c.origin, 'campaignId', c.campaign_id, 'buyerId', c.buyer_id,
      'targetId', c.target_id, 'receivedAt', c.received_at, 'firstRingAt', c.first_ring_at,
      'answeredAt', c.answered_at, 'endedAt', c.ended_at, 'connectedMs', c.connected_ms) as call,
      c.attempts, d.decision, d.microseconds,
      (select json_agg(json_build_object('kind', s.kind, 'value', s.value, 'at', s.at) order by s.id)
       from call_signals s where s.call_id = c.id) as signals
    from calls c left join call_decisions d on d.call_id = c.id where c.id = $1`,
};

/**
 * What the exchange knows of a call: its record, how it was decided in short, and every line of its money.
 * @returns JSON of bounded size
 */
export async function snapshotOf(db: Queryable, book: SoldBook): Promise<string> {
  const { rows } = await db.query<CallRow>({ ...READ, values: [book.callId] });
  const [row] = rows;
  const money = {
    currency: book.currency,
    priced: book.priced,
    earned: book.earned,
    settledAt: book.settledAt,
    revisions: book.revisions,
    lines: book.standing,
    plan: book.sale.target.plan,
    conversions: book.sale.target.conversions,
  };
  const whole = JSON.stringify({
    call: row?.call,
    signals: row?.signals,
    money,
    attempts: listOf(row?.attempts),
    decision: row?.decision ? summaryOf(row.decision, row.microseconds) : undefined,
  });
  if (whole.length <= MAX_LENGTH) return whole;
  return JSON.stringify({ call: row?.call, signals: row?.signals, money: { ...money, plan: undefined } });
}

function summaryOf(decision: Decided, microseconds: number | null): object {
  const { ok, reason, detail, plan, trace } = decision;
  return {
    ok,
    reason,
    detail,
    microseconds,
    plan: listOf(plan).map((entry) => {
      const { bidId, buyerId, targetId, price } = entry as Record<string, unknown>;
      return { bidId, buyerId, targetId, price };
    }),
    decidedAt: trace?.decidedAt,
    findings: listOf(trace?.findings).map((entry) => {
      const { rule, outcome } = entry as Record<string, unknown>;
      return { rule, outcome };
    }),
    fraud: trace?.fraud,
    bids: {
      total: trace?.bids?.total,
      counts: trace?.bids?.counts,
      listed: listOf(trace?.bids?.listed),
    },
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]).slice(0, MAX_LISTED) : [];
}
