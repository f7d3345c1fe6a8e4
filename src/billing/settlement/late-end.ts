import type { Currency, Sale } from '../../domain';
import { rateSale } from '../../rating';
import type { RatedLine } from '../../rating';
import type { Queryable } from '../../storage';
import type { Posting } from '../ledger/ledger';
import { callPostings } from './call-postings';
import type { SoldCall } from './ended-call';
import type { PricedEnd } from './late-price';
import { currencyOf, postingsBetween, pricedEnd, unpricedEnd } from './late-price';
import type { SettlementSources } from './settlement-sources';
import { readFacts } from './settlement-sources';

/** What a late end changes about the money of a call. */
export interface LateDifference {
  readonly currency: Currency;
  readonly was: PricedEnd;
  readonly wouldBe: PricedEnd;
  /** What is missing from the books. */
  readonly postings: readonly Posting[];
  /** The newest rerating of the call that was looked at. */
  readonly lookedAt: number | null;
}

interface StoredLateEnd {
  readonly record: {
    readonly connected_ms: number;
    readonly answered_at?: number | null;
    readonly received_at: number;
    readonly trunk_id: string;
    readonly dialled: string;
    readonly sale?: Sale | null;
  };
  readonly sale: Sale | null;
  readonly connectedMs: number;
  readonly settlement: {
    readonly connectedMs: number;
    readonly revenue: PricedEnd['revenue'];
    readonly payout: PricedEnd['payout'];
    readonly fees: PricedEnd['fees'];
    readonly taxes: PricedEnd['taxes'];
    readonly carrierCost: PricedEnd['carrierCost'];
    readonly priced: string;
    readonly lines: readonly RatedLine[];
  } | null;
}

const READ = {
  name: 'late-end-read',
  text: `select l.record, c.sale, c.connected_ms as "connectedMs",
      case when s.call_id is null then null else json_build_object('connectedMs', s.connected_ms, 'revenue', s.revenue,
        'payout', s.payout, 'fees', s.fees, 'taxes', s.taxes, 'carrierCost', s.carrier_cost, 'priced', s.priced,
        'lines', s.lines) end as settlement
    from call_late_ends l join calls c on c.id = l.call_id left join settlements s on s.call_id = c.id
    where l.call_id = $1`,
};
/** What was posted on top of the settlement by whoever rated the call again. */
const RERATED = {
  name: 'late-end-rerated',
  text: `select a.account_id as "accountId", a.purpose, a.currency, sum(e.amount)::bigint as amount, max(t.id) as newest
    from ledger_transactions t
    join ledger_entries e on e.transaction_id = t.id
    join ledger_accounts a on a.id = e.ledger_account_id
    where t.call_id = $1 and t.kind = 'call_rerating'
    group by a.account_id, a.purpose, a.currency`,
};

/**
 * Compares what the books have of a call that was closed for its node with what they would have, had its
 * own end come in time.
 * @returns undefined when there is no such call or no late end of it any more, or when it makes no difference
 * @throws RangeError when it cannot be rated
 */
export async function lateDifference(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
): Promise<LateDifference | undefined> {
  const { rows } = await tx.query<StoredLateEnd>({ ...READ, values: [callId] });
  const [stored] = rows;
  if (!stored) return undefined;
  const { record, sale, settlement } = stored;
  const currency = currencyOf(record.sale, sale);
  if (currency === undefined) return undefined;

  const wouldBe = await priceOf(tx, sources, callId, record);
  const rerated = await tx.query<Posting & { newest: number }>({ ...RERATED, values: [callId] });
  const booked = [
    ...(sale && settlement ? callPostings(sale.target.buyerAccountId, settlement.lines, []) : []),
    ...rerated.rows.map(({ newest: _, ...posting }) => posting),
  ];
  const wanted = record.sale ? callPostings(record.sale.target.buyerAccountId, wouldBe.lines, []) : [];
  const postings = postingsBetween(booked, wanted);
  if (postings.length === 0) return undefined;
  return {
    currency,
    was: settlement ?? unpricedEnd(stored.connectedMs),
    wouldBe,
    postings,
    lookedAt: rerated.rows.reduce<number | null>((newest, row) => Math.max(newest ?? 0, row.newest), null),
  };
}

async function priceOf(
  tx: Queryable,
  sources: SettlementSources,
  callId: string,
  record: StoredLateEnd['record'],
): Promise<PricedEnd> {
  const { sale, connected_ms: connectedMs } = record;
  if (!sale) return unpricedEnd(connectedMs);
  const call: SoldCall = {
    callId,
    connectedMs,
    at: record.answered_at ?? record.received_at,
    sale,
    trunkId: record.trunk_id,
    dialled: record.dialled,
  };
  const facts = await readFacts(tx, sources, [call]);
  return pricedEnd(connectedMs, rateSale({ sale, connectedMs, ...facts(callId) }));
}
