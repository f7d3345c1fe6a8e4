import type { BidOutcome, IneligibleReason, RingTarget } from '../domain';
import type { Queryable } from './database';

/** What a call was offered to, in short: every call whose campaign's bids were asked. */
export interface AuctionRow {
  readonly callId: string;
  readonly campaignId: string;
  /** UTC epoch milliseconds. */
  readonly receivedAt: number;
  readonly sold: boolean;
  /** Why nobody was rung; null where somebody was. */
  readonly reason: string | null;
  readonly detail: string | null;
  /** Bids of the campaign. */
  readonly bids: number;
  /** Those of them that were in the ring plan. */
  readonly ranked: number;
  readonly leftOut: Readonly<Partial<Record<IneligibleReason, number>>>;
  /** The first of the ring plan. */
  readonly first: Pick<RingTarget, 'bidId' | 'buyerId' | 'targetId' | 'price'> | null;
  /** Who took the call in the end; null when nobody did, or nobody has yet. */
  readonly takenBy: string | null;
  /** As the campaign has it now. */
  readonly reservePrice: number | null;
  readonly currency: string | null;
}

/** One auction with what became of each bid that was kept. */
export interface Auction extends AuctionRow {
  readonly decidedAt: number | null;
  readonly microseconds: number;
  readonly seed: number | null;
  readonly plan: readonly RingTarget[];
  readonly listed: readonly BidOutcome[];
}

export interface AuctionFilter {
  readonly campaignId?: string | undefined;
  readonly buyerId?: string | undefined;
  /** UTC epoch milliseconds, inclusive. */
  readonly fromTime?: number | undefined;
  /** Exclusive. */
  readonly toTime?: number | undefined;
  /** `receivedAt` and id of the last call of the page before. */
  readonly after?: { readonly receivedAt: number; readonly id: string } | undefined;
  readonly oldestFirst?: boolean;
  readonly limit: number;
}

/** Calls that were refused before any bid was asked had no auction. */
const NO_AUCTION = `('compliance', 'fraud', 'unknown_number', 'reservation')`;

/** A decision is some tens of kilobytes: what is needed of it is taken out of it once, not the whole sent. */
const AUCTIONS = `select c.id as "callId", c.campaign_id as "campaignId", c.received_at as "receivedAt",
    coalesce((d.decision ->> 'ok')::boolean, false) as sold, d.decision ->> 'reason' as reason,
    d.decision ->> 'detail' as detail, coalesce((b.bids ->> 'total')::integer, 0) as bids,
    coalesce(jsonb_array_length(p.plan), 0) as ranked, coalesce(b.bids -> 'counts', '{}') as "leftOut",
    case when p.plan -> 0 is not null then jsonb_build_object('bidId', p.plan -> 0 -> 'bidId',
      'buyerId', p.plan -> 0 -> 'buyerId', 'targetId', p.plan -> 0 -> 'targetId', 'price', p.plan -> 0 -> 'price')
    end as first,
    c.target_id as "takenBy", k.reserve_price as "reservePrice", k.currency`;
const FROM = `from calls c join call_decisions d on d.call_id = c.id left join campaigns k on k.id = c.campaign_id
    cross join lateral (select d.decision -> 'plan' as plan offset 0) p
    cross join lateral (select d.decision #> '{trace,bids}' as bids offset 0) b
  where c.campaign_id is not null and (c.end_reason is null or c.end_reason not in ${NO_AUCTION})`;

/** Auctions, newest first where nothing else is said. */
export async function listAuctions(db: Queryable, filter: AuctionFilter): Promise<AuctionRow[]> {
  const { campaignId, buyerId, fromTime, toTime, after, oldestFirst = false, limit } = filter;
  const [way, beyond] = oldestFirst ? ['asc', '>'] : ['desc', '<'];
  const values: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (place: string) => string): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(`and ${condition(`$${values.length}`)}`);
  };
  add(campaignId, (place) => `c.campaign_id = ${place}`);
  add(buyerId, (place) => `c.buyer_id = ${place}`);
  add(fromTime, (place) => `c.received_at >= ${place}`);
  add(toTime, (place) => `c.received_at < ${place}`);
  if (after) {
    values.push(after.receivedAt, after.id);
    conditions.push(`and (c.received_at, c.id) ${beyond} ($${values.length - 1}, $${values.length})`);
  }
  values.push(limit);
  const { rows } = await db.query<AuctionRow>(
    `${AUCTIONS} ${FROM} ${conditions.join(' ')}
     order by c.received_at ${way}, c.id ${way} limit $${values.length}`,
    values,
  );
  return rows;
}

/** The auction of a call; undefined when it had none. */
export async function getAuction(db: Queryable, callId: string): Promise<Auction | undefined> {
  const { rows } = await db.query<Auction>(
    `${AUCTIONS}, (d.decision #>> '{trace,decidedAt}')::bigint as "decidedAt", d.microseconds,
       (d.decision #>> '{trace,seed}')::bigint as seed, coalesce(p.plan, '[]') as plan,
       coalesce(b.bids -> 'listed', '[]') as listed
     ${FROM} and c.id = $1`,
    [callId],
  );
  return rows[0];
}
