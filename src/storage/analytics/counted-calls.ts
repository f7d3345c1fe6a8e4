import type { Queryable } from '../database';

/** What an ended call and its books say, of which its facts are made. */
export interface CountedCall {
  readonly callId: string;
  readonly receivedAt: number;
  readonly trunkId: string;
  readonly carrierAccount: string | null;
  readonly campaignId: string | null;
  readonly sellerId: string | null;
  readonly buyerId: string | null;
  readonly buyerAccount: string | null;
  /** E.164; a hash once it was anonymised; null when withheld. */
  readonly caller: string | null;
  /** Claims of the sender. */
  readonly claimedState: string | null;
  readonly claimedZip: string | null;
  /** As an earlier reading found it; null when there was none. */
  readonly knownState: string | null;
  readonly endReason: string | null;
  readonly firstRingAt: number | null;
  readonly answered: boolean;
  readonly connectedMs: number;
  /** Buyers that were rung, in their order. */
  readonly rung: readonly RungBuyer[];
  readonly settled: boolean;
  readonly revisions: number;
  /** Of the campaign, as it was when the call was first counted; null when that is not known. */
  readonly campaignCurrency: string | null;
  /** What stands in the books, by currency, that of the sale first; empty before the settlement. */
  readonly money: readonly StandingMoney[];
}

export interface RungBuyer {
  readonly buyerId: string;
  readonly accountId: string | null;
  /** The call came as far as its people: it rang there, was busy, was turned down. */
  readonly reached: boolean;
}

/** Micro-units. */
export interface StandingMoney {
  readonly currency: string;
  readonly revenue: number;
  readonly payout: number;
  readonly fees: number;
  readonly taxes: number;
  readonly carrierCost: number;
}

/** Nobody was rung: a limit or a wallet was exhausted. */
const NOT_RUNG = `('cap_reached', 'no_funds')`;
/** ITU-T E.425 counts these as effective: the network did its part. */
const REACHED = `('answered', 'busy', 'no_answer', 'declined', 'canceled', 'queue_timeout')`;

/** Lines of carriers' legs may be in another currency than the sale: they are in none of its sums. */
const FOREIGN = `select x.line ->> 'currency' as currency,
    sum((x.line ->> 'amount')::bigint) filter (where x.line ->> 'kind' = 'revenue') as revenue,
    sum((x.line ->> 'amount')::bigint) filter (where x.line ->> 'kind' = 'payout') as payout,
    sum((x.line ->> 'amount')::bigint) filter (where x.line ->> 'kind' = 'fee') as fees,
    sum((x.line ->> 'amount')::bigint) filter (where x.line ->> 'kind' = 'tax') as taxes,
    sum((x.line ->> 'amount')::bigint) filter (where x.line ->> 'kind' = 'carrier_cost') as carrier_cost
  from (select jsonb_array_elements(s.lines) as line
    union all select jsonb_array_elements(v.lines) from settlement_revisions v where v.call_id = s.call_id) x
  where x.line ->> 'currency' <> s.currency group by 1`;

/**
 * Calls are as they truly ended where their own end came late and was accepted, and otherwise as they are
 * stored. A call whose facts are known keeps its state and its carrier: the caller may be forgotten by now.
 */
const READ = {
  name: 'analytics-calls',
  text: `select c.id as "callId", c.received_at as "receivedAt", c.trunk_id as "trunkId",
      coalesce(f.carrier_account, t.account_id) as "carrierAccount",
      coalesce(e.sale #>> '{terms,campaignId}', c.campaign_id) as "campaignId",
      coalesce(e.sale #>> '{terms,sellerId}', c.seller_id) as "sellerId",
      coalesce(e.sale #>> '{target,buyerId}', c.buyer_id) as "buyerId",
      coalesce(e.sale #>> '{target,buyerAccountId}', b.account_id) as "buyerAccount",
      c.caller, case when f.state is null then d.decision #>> '{trace,attempt,tags,state}' end as "claimedState",
      case when f.state is null then d.decision #>> '{trace,attempt,tags,zip}' end as "claimedZip", f.state as "knownState",
      c.end_reason as "endReason", e.first_ring_at as "firstRingAt", e.answered, e.connected_ms as "connectedMs",
      coalesce(r.rung, '[]'::json) as rung, coalesce(f.currency, p.currency) as "campaignCurrency",
      s.call_id is not null as settled, coalesce(v.n, 0) as revisions,
      case when s.call_id is null then '[]'::json else (select json_agg(m.money order by m.place, m.money ->> 'currency')
        from (
          select 0 as place, json_build_object('currency', s.currency, 'revenue', s.revenue + coalesce(v.revenue, 0),
            'payout', s.payout + coalesce(v.payout, 0), 'fees', s.fees + coalesce(v.fees, 0),
            'taxes', s.taxes + coalesce(v.taxes, 0), 'carrierCost', s.carrier_cost + coalesce(v.carrier_cost, 0)) as money
          union all
          select 1, json_build_object('currency', o.currency, 'revenue', coalesce(o.revenue, 0), 'payout', coalesce(o.payout, 0),
            'fees', coalesce(o.fees, 0), 'taxes', coalesce(o.taxes, 0), 'carrierCost', coalesce(o.carrier_cost, 0))
          from (${FOREIGN}) o) m) end as money
    from calls c
    left join settlement_differences x on x.call_id = c.id and x.kind = 'late_end' and x.state = 'accepted'
    left join call_late_ends l on l.call_id = x.call_id
    cross join lateral (select
      case when l.call_id is null then c.sale else nullif(l.record -> 'sale', 'null') end as sale,
      case when l.call_id is null then c.answered_at is not null else l.record ->> 'answered_at' is not null end as answered,
      case when l.call_id is null then c.connected_ms else (l.record ->> 'connected_ms')::bigint end as connected_ms,
      coalesce((l.record ->> 'first_ring_at')::bigint, c.first_ring_at) as first_ring_at) e
    left join call_facts f on f.call_id = c.id and f.n = 0
    left join call_decisions d on d.call_id = c.id
    left join trunks t on t.id = c.trunk_id
    left join campaigns p on p.id = c.campaign_id
    left join buyers b on b.id = c.buyer_id
    left join settlements s on s.call_id = c.id
    left join lateral (select max(n) as n, sum(revenue)::bigint as revenue, sum(payout)::bigint as payout,
        sum(fees)::bigint as fees, sum(taxes)::bigint as taxes, sum(carrier_cost)::bigint as carrier_cost
      from settlement_revisions where call_id = s.call_id) v on true
    left join lateral (
      select json_agg(json_build_object('buyerId', a.buyer_id, 'accountId', y.account_id, 'reached', a.reached)
        order by a.place) as rung
      from (
        select p.attempt ->> 'buyerId' as buyer_id, min(p.place) as place, bool_or(p.attempt ->> 'outcome' in ${REACHED}) as reached
        from jsonb_array_elements(c.attempts) with ordinality as p(attempt, place)
        where p.attempt ->> 'buyerId' is not null and p.attempt ->> 'outcome' not in ${NOT_RUNG}
        group by 1) a
      left join buyers y on y.id = a.buyer_id) r on true
    where c.id = any($1) and c.ended_at is not null`,
};

/** Calls that are over, with what stands in their books; others are left out. */
export async function readCountedCalls(db: Queryable, callIds: readonly string[]): Promise<CountedCall[]> {
  if (callIds.length === 0) return [];
  const { rows } = await db.query<CountedCall>({ ...READ, values: [callIds] });
  return rows;
}
