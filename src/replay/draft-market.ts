import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bid, Buyer, CallAttempt, DidNumber, Target } from '../domain';
import type { MarketChange, MarketEntities, MarketEntity } from '../market';
import { Market } from '../market';
import type { MarketEdits } from './market-edits';

/** Bids taken over in one turn of the event loop: calls are decided in between. */
const BIDS_A_TURN = 500;

type Fields = Readonly<Record<string, unknown>>;
type Upsert = Extract<MarketChange, { op: 'upsert' }>;
/** A bid, and what it belongs to. */
type BidWithItsOwn = readonly [Bid, readonly Upsert[]];

/** What there is of a kind of entity by its id, as far as a decision may read it. */
export function inMarket(
  market: Market,
  attempt: Pick<CallAttempt, 'to'>,
  entity: MarketEntity,
  id: string,
): Fields | undefined {
  switch (entity) {
    case 'account':
      return market.account(id) as Fields | undefined;
    case 'trunk':
      return market.trunk(id) as Fields | undefined;
    case 'seller':
      return market.seller(id) as Fields | undefined;
    case 'campaign':
      return market.campaign(id) as Fields | undefined;
    case 'buyer':
      return market.buyer(id) as Fields | undefined;
    case 'target':
      return market.target(id) as Fields | undefined;
    case 'bid':
      return market.bid(id) as Fields | undefined;
    case 'override':
      return market.overrides.find((override) => override.id === id) as Fields | undefined;
    case 'number': {
      const number = market.numberByE164(attempt.to);
      return number?.id === id ? (number as unknown as Fields) : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * A market of its own that holds what a decision about one call reads of the present one, with edits made
 * in it. What is not read is left out: the cost goes with the campaign, not with the market. The present
 * market is read in one turn, so that the copy is of one instant; bids are put into it over several.
 *
 * @throws AppError `validation` for an edit that cannot be made; RangeError for a value that cannot be compiled
 */
export async function draftMarket(live: Market, attempt: CallAttempt, edits: MarketEdits): Promise<Market> {
  const draft = new DraftMarket(live, attempt, edits);
  const bids = draft.takeCampaign();
  for (let at = 0; at < bids.length; at += BIDS_A_TURN) {
    if (at > 0) await nextTurn();
    draft.putBids(bids.slice(at, at + BIDS_A_TURN));
  }
  draft.market.position = undefined;
  return draft.market;
}

class DraftMarket {
  readonly market = new Market();
  readonly #live: Market;
  readonly #attempt: CallAttempt;
  readonly #edits: MarketEdits;
  readonly #taken = new Set<string>();

  constructor(live: Market, attempt: CallAttempt, edits: MarketEdits) {
    this.#live = live;
    this.#attempt = attempt;
    this.#edits = edits;
  }

  /** Takes everything but the bids. @returns those that are to be put into it, with what they belong to */
  takeCampaign(): readonly BidWithItsOwn[] {
    const live = this.#live;
    const { to, forwardedBy, trunkId } = this.#attempt;
    const added = this.#edits.added;
    for (const change of added) this.#apply(change);
    for (const { entity, id } of this.#edits.named) this.#take(entity, id);
    this.#take('trunk', trunkId);
    for (const number of [to, ...forwardedBy]) {
      const known = live.numberByE164(number);
      if (known) this.#put({ entity: 'number', op: 'upsert', value: known });
    }
    const number = this.market.numberByE164(to);
    if (number) this.#takeSeller(number);
    for (const override of live.overrides) this.#put({ entity: 'override', op: 'upsert', value: override });
    for (const value of live.models.values()) this.#apply({ entity: 'model', op: 'upsert', value });
    this.#takePriors(number);
    const book = number && live.bookOf(number.campaignId);
    const bids = book ? [...book.rows()].map((row) => book.bidAt(row)) : [];
    for (const change of added) {
      if (change.entity === 'bid' && change.op === 'upsert') this.#takeBuyerOf(change.value);
    }
    return bids.map((bid) => [bid, this.#belongings(bid)] as const);
  }

  putBids(bids: readonly BidWithItsOwn[]): void {
    for (const [bid, belongings] of bids) {
      for (const change of belongings) this.#put(change);
      this.#put({ entity: 'bid', op: 'upsert', value: bid });
    }
  }

  #takeSeller({ campaignId, sellerId }: DidNumber): void {
    this.#take('campaign', campaignId);
    this.#take('seller', sellerId);
    this.#take('account', sellerId);
  }

  #takePriors(number: DidNumber | undefined): void {
    const { from, to, trunkId } = this.#attempt;
    const ids = ['all', `number:${to}`, `trunk:${trunkId}`];
    if (number) ids.push(`seller:${number.sellerId}`);
    // Of a North American number: area code, exchange and the first digit after it.
    if (from !== undefined && from.length === 12) ids.push(`prefix:${from.slice(2, 9)}`);
    for (const id of ids) {
      const value = this.#live.prior(id);
      if (value) this.#apply({ entity: 'prior', op: 'upsert', value });
    }
  }

  /** What a bid as it is now belongs to, and what it was like. */
  #belongings(bid: Bid): readonly Upsert[] {
    const changes: Upsert[] = [];
    const buyer = this.#live.buyer(bid.buyerId);
    const account = buyer && this.#live.account(buyer.accountId);
    const target = this.#live.target(bid.targetId);
    const quality = this.#live.quality(bid.id);
    if (account) changes.push({ entity: 'account', op: 'upsert', value: account });
    if (buyer) changes.push({ entity: 'buyer', op: 'upsert', value: buyer });
    if (target) changes.push({ entity: 'target', op: 'upsert', value: target });
    if (quality) changes.push({ entity: 'quality', op: 'upsert', value: quality });
    return changes;
  }

  #takeBuyerOf({ buyerId, targetId }: Pick<Bid, 'buyerId' | 'targetId'>): void {
    this.#take('buyer', buyerId);
    this.#take('target', targetId);
    const accountId = this.market.buyer(buyerId)?.accountId;
    if (accountId !== undefined) this.#take('account', accountId);
  }

  #take(entity: MarketEntity, id: string): void {
    const value = inMarket(this.#live, this.#attempt, entity, id);
    if (!value) return;
    this.#put({ entity, op: 'upsert', value } as unknown as Upsert);
    const now = { bid: this.market.bid(id), buyer: this.market.buyer(id), target: this.market.target(id) };
    if (entity === 'bid' && now.bid) this.#takeBuyerOf(now.bid);
    else if (entity === 'buyer' && now.buyer) this.#takeAccountOf(now.buyer);
    else if (entity === 'target' && now.target) this.#takeOwnerOf(now.target);
  }

  #takeAccountOf({ accountId }: Buyer): void {
    this.#take('account', accountId);
  }

  #takeOwnerOf({ buyerId }: Target): void {
    this.#take('buyer', buyerId);
  }

  /** An entity of the present market, as the edits have it; once. */
  #put(change: Upsert): void {
    const { id } = change.value as MarketEntities['bid'];
    const key = `${change.entity}/${id}`;
    if (this.#taken.has(key)) return;
    const altered = this.#edits.alter(change);
    if (altered) this.#apply(altered);
    this.#taken.add(key);
  }

  #apply(change: MarketChange): void {
    if (change.op === 'upsert') {
      const { id } = change.value as MarketEntities['bid'];
      this.#taken.add(`${change.entity}/${id}`);
    }
    this.market.apply(change);
  }
}
