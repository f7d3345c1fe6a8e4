import type {
  Account,
  Bid,
  BidQuality,
  Buyer,
  Campaign,
  DidNumber,
  DncEntry,
  E164,
  FraudModelRow,
  FraudPrior,
  HoursOverride,
  Seller,
  Target,
  Trunk,
} from '../domain';
import { CAP_METRICS, CAP_PERIODS } from '../domain';
import type { Standing } from './bid-book';
import { BidBook } from './bid-book';
import { Candidates } from './candidates';
import { ConsentIndex } from './consent-index';
import { ConsentSuppressions } from './consent-suppressions';
import type { DncLookup } from './dnc-set';
import { EligibilityScratch } from './eligibility';
import { Links } from './links';
import type { MarketChange, MarketContents } from './market-change';
import { NumberLists } from './number-lists';
import { Ordinals } from './ordinals';
import { TrunkTable } from './trunk-table';

/**
 * The market in memory: what the decision reads, always whole and consistent within one turn of the
 * event loop. Changes are applied one by one and touch only what they are about.
 */
export class Market {
  readonly #accounts = new Map<string, Account>();
  readonly #trunks = new TrunkTable();
  readonly #numbers = new Map<string, DidNumber>();
  readonly #numbersByE164 = new Map<string, DidNumber>();
  readonly #campaigns = new Map<string, Campaign>();
  readonly #buyers = new Map<string, Buyer>();
  readonly #targets = new Map<string, Target>();
  readonly #bids = new Map<string, Bid>();
  readonly #sellers = new Map<string, Seller>();
  readonly #overrides = new Map<string, HoursOverride>();
  readonly #qualities = new Map<string, BidQuality>();
  readonly #priors = new Map<string, FraudPrior>();
  readonly #models = new Map<string, FraudModelRow>();
  /** Which bids a change of a buyer, a target or an account reaches. */
  readonly #bidsByBuyer = new Links();
  readonly #bidsByTarget = new Links();
  readonly #buyersByAccount = new Links();
  readonly #books = new Map<string, BidBook>();
  #version = 0;

  /** Small integers for ids, by which live counters are kept beside the market. */
  readonly ordinals = { bid: new Ordinals(), target: new Ordinals(), buyer: new Ordinals() } as const;
  /** Lists that name callers: rows of this market, and imported lists, which come and go on their own. */
  readonly lists = new NumberLists();
  /** Memory that one decision uses and the next uses again. */
  readonly candidates = new Candidates(new BidBook());
  readonly scratch = new EligibilityScratch();
  /** Consents and suppressed numbers have a feed of their own: a reload of the market leaves them alone. */
  readonly consents = new ConsentIndex();
  readonly suppressions = new ConsentSuppressions();

  /** Where it stands in the history of the database that it was read from; kept by whoever fills it. */
  position: string | undefined;

  /** Grows by one with each change. */
  get version(): number {
    return this.#version;
  }

  get dnc(): DncLookup {
    return this.lists.rows;
  }

  /** Standing bids over all campaigns. */
  get bidCount(): number {
    return this.#bids.size;
  }

  account(id: string): Account | undefined {
    return this.#accounts.get(id);
  }

  trunk(id: string): Trunk | undefined {
    return this.#trunks.get(id);
  }

  campaign(id: string): Campaign | undefined {
    return this.#campaigns.get(id);
  }

  buyer(id: string): Buyer | undefined {
    return this.#buyers.get(id);
  }

  target(id: string): Target | undefined {
    return this.#targets.get(id);
  }

  bid(id: string): Bid | undefined {
    return this.#bids.get(id);
  }

  seller(id: string): Seller | undefined {
    return this.#sellers.get(id);
  }

  /** Every override of calling hours, over or not. */
  get overrides(): ReadonlyMap<string, HoursOverride> {
    return this.#overrides;
  }

  quality(bidId: string): BidQuality | undefined {
    return this.#qualities.get(bidId);
  }

  prior(id: string): FraudPrior | undefined {
    return this.#priors.get(id);
  }

  get models(): ReadonlyMap<string, FraudModelRow> {
    return this.#models;
  }

  numberByE164(number: E164): DidNumber | undefined {
    return this.#numbersByE164.get(number);
  }

  /** The bids of a campaign; undefined when it never had one. */
  bookOf(campaignId: string): BidBook | undefined {
    return this.#books.get(campaignId);
  }

  /**
   * The active trunk whose longest block holds a source address: IPv4, IPv6, or IPv4 mapped into
   * IPv6. A disabled trunk shuts its block.
   */
  trunkBySource(address: string): Trunk | undefined {
    return this.#trunks.bySource(address);
  }

  /** Every address and block of the active trunks. */
  trunkSources(): string[] {
    return this.#trunks.activeSources();
  }

  /** Replaces everything. @throws RangeError on the first thing that cannot be compiled. */
  load(contents: MarketContents): void {
    this.#clear();
    for (const value of contents.accounts) this.apply({ entity: 'account', op: 'upsert', value });
    for (const value of contents.trunks) this.apply({ entity: 'trunk', op: 'upsert', value });
    for (const value of contents.sellers) this.apply({ entity: 'seller', op: 'upsert', value });
    for (const value of contents.numbers) this.apply({ entity: 'number', op: 'upsert', value });
    for (const value of contents.campaigns) this.apply({ entity: 'campaign', op: 'upsert', value });
    for (const value of contents.buyers) this.apply({ entity: 'buyer', op: 'upsert', value });
    for (const value of contents.targets) this.apply({ entity: 'target', op: 'upsert', value });
    for (const value of contents.bids) this.apply({ entity: 'bid', op: 'upsert', value });
    for (const value of contents.dnc) this.apply({ entity: 'dnc', op: 'upsert', value });
    for (const value of contents.overrides) this.apply({ entity: 'override', op: 'upsert', value });
    for (const value of contents.qualities) this.apply({ entity: 'quality', op: 'upsert', value });
    for (const value of contents.priors) this.apply({ entity: 'prior', op: 'upsert', value });
    for (const value of contents.models) this.apply({ entity: 'model', op: 'upsert', value });
  }

  /**
   * Applies one change; order between entities does not matter, a bid may come before its buyer.
   * @throws RangeError when a value cannot be compiled (an unknown zone, a bad window, a source that
   * is no address); the market then still holds the value before it.
   */
  apply(change: MarketChange): void {
    switch (change.entity) {
      case 'account':
        if (change.op === 'upsert') this.#accounts.set(change.value.id, change.value);
        else this.#accounts.delete(change.id);
        this.#accountChanged(change.op === 'upsert' ? change.value.id : change.id);
        break;
      case 'trunk':
        if (change.op === 'upsert') this.#trunks.put(change.value);
        else this.#trunks.delete(change.id);
        break;
      case 'seller':
        if (change.op === 'upsert') this.#sellers.set(change.value.id, change.value);
        else this.#sellers.delete(change.id);
        break;
      case 'override':
        if (change.op === 'upsert') this.#overrides.set(change.value.id, change.value);
        else this.#overrides.delete(change.id);
        break;
      case 'quality':
        if (change.op === 'upsert') this.#qualities.set(change.value.id, change.value);
        else this.#qualities.delete(change.id);
        break;
      case 'prior':
        if (change.op === 'upsert') this.#priors.set(change.value.id, change.value);
        else this.#priors.delete(change.id);
        break;
      case 'model':
        if (change.op === 'upsert') this.#models.set(change.value.id, change.value);
        else this.#models.delete(change.id);
        break;
      case 'number':
        this.#dropNumber(change.op === 'upsert' ? change.value.id : change.id);
        if (change.op === 'upsert') {
          this.#numbers.set(change.value.id, change.value);
          this.#numbersByE164.set(change.value.number, change.value);
        }
        break;
      case 'campaign':
        if (change.op === 'upsert') this.#campaigns.set(change.value.id, change.value);
        else this.#campaigns.delete(change.id);
        break;
      case 'buyer':
        if (change.op === 'upsert') this.#putBuyer(change.value);
        else this.#dropBuyer(change.id);
        break;
      case 'target':
        if (change.op === 'upsert') this.#targets.set(change.value.id, change.value);
        else this.#targets.delete(change.id);
        this.#restand(this.#bidsByTarget.of(change.op === 'upsert' ? change.value.id : change.id));
        break;
      case 'bid':
        if (change.op === 'upsert') this.#putBid(change.value);
        else this.#dropBid(change.id);
        break;
      case 'dnc':
        if (change.op === 'upsert') this.lists.rows.add(change.value);
        else this.#dropDnc(change.id);
        break;
    }
    this.#version++;
  }

  #clear(): void {
    for (const id of [...this.#bids.keys()]) this.#dropBid(id);
    for (const id of [...this.#buyers.keys()]) this.#dropBuyer(id);
    for (const map of [this.#accounts, this.#numbers, this.#numbersByE164]) map.clear();
    for (const map of [this.#campaigns, this.#targets, this.#books, this.#sellers]) map.clear();
    for (const map of [this.#overrides, this.#qualities, this.#priors, this.#models]) map.clear();
    this.lists.clearRows();
    this.#trunks.clear();
  }

  #dropNumber(id: string): void {
    const known = this.#numbers.get(id);
    if (!known) return;
    this.#numbers.delete(id);
    if (this.#numbersByE164.get(known.number)?.id === id) this.#numbersByE164.delete(known.number);
  }

  #putBuyer(buyer: Buyer): void {
    const before = this.#buyers.get(buyer.id);
    if (before) this.#buyersByAccount.delete(before.accountId, before.id);
    this.#buyersByAccount.add(buyer.accountId, buyer.id);
    this.#buyers.set(buyer.id, buyer);
    this.#restand(this.#bidsByBuyer.of(buyer.id));
  }

  #dropBuyer(id: string): void {
    const before = this.#buyers.get(id);
    if (!before) return;
    this.#buyersByAccount.delete(before.accountId, id);
    this.#buyers.delete(id);
    this.#restand(this.#bidsByBuyer.of(id));
  }

  #accountChanged(id: string): void {
    for (const buyerId of this.#buyersByAccount.of(id)) this.#restand(this.#bidsByBuyer.of(buyerId));
  }

  #putBid(bid: Bid): void {
    if (bid.status === 'archived') {
      this.#dropBid(bid.id);
      return;
    }
    const before = this.#bids.get(bid.id);
    const book = this.#bookFor(bid.campaignId);
    // What cannot be compiled is refused here, before anything is changed.
    const plan = book.compile(bid);
    this.#bidsByBuyer.add(bid.buyerId, bid.id);
    this.#bidsByTarget.add(bid.targetId, bid.id);
    if (before) {
      if (before.campaignId !== bid.campaignId) this.#books.get(before.campaignId)?.remove(bid.id);
      if (before.buyerId !== bid.buyerId) this.#unlinkBuyer(before);
      if (before.targetId !== bid.targetId) this.#unlinkTarget(before);
      // Caps seen exhausted under other limits mean nothing: a new ordinal forgets them.
      if (!sameCaps(before, bid)) this.ordinals.bid.release(bid.id);
    }
    book.upsert(bid, plan, this.#linksOf(bid), this.#standingOf(bid));
    this.#bids.set(bid.id, bid);
  }

  #bookFor(campaignId: string): BidBook {
    let book = this.#books.get(campaignId);
    if (!book) {
      book = new BidBook();
      this.#books.set(campaignId, book);
    }
    return book;
  }

  #linksOf(bid: Bid): { bid: number; buyer: number; target: number } {
    const { ordinals } = this;
    return {
      bid: ordinals.bid.assign(bid.id),
      buyer: ordinals.buyer.assign(bid.buyerId),
      target: ordinals.target.assign(bid.targetId),
    };
  }

  #dropBid(id: string): void {
    const bid = this.#bids.get(id);
    if (!bid) return;
    this.#bids.delete(id);
    this.#books.get(bid.campaignId)?.remove(id);
    this.#unlinkBuyer(bid);
    this.#unlinkTarget(bid);
    this.ordinals.bid.release(id);
  }

  /** Ordinals of buyers and targets live while a bid names them. */
  #unlinkBuyer({ id, buyerId }: Bid): void {
    this.#bidsByBuyer.delete(buyerId, id);
    if (this.#bidsByBuyer.of(buyerId).size === 0) this.ordinals.buyer.release(buyerId);
  }

  #unlinkTarget({ id, targetId }: Bid): void {
    this.#bidsByTarget.delete(targetId, id);
    if (this.#bidsByTarget.of(targetId).size === 0) this.ordinals.target.release(targetId);
  }

  #restand(bidIds: Iterable<string>): void {
    for (const id of bidIds) {
      const bid = this.#bids.get(id);
      if (bid) this.#books.get(bid.campaignId)?.setStanding(id, this.#standingOf(bid));
    }
  }

  #standingOf(bid: Bid): Standing {
    if (bid.status !== 'active') return 1;
    const buyer = this.#buyers.get(bid.buyerId);
    if (buyer?.status !== 'active') return 2;
    const target = this.#targets.get(bid.targetId);
    if (target?.status !== 'active' || target.buyerId !== bid.buyerId) return 3;
    return this.#accounts.get(buyer.accountId)?.status === 'active' ? 0 : 4;
  }

  #dropDnc(id: string): void {
    const [number, source] = id.split('/');
    this.lists.rows.remove(number as E164, source as DncEntry['source'] | undefined);
  }
}

function sameCaps(a: Bid, b: Bid): boolean {
  const one = a.caps;
  const two = b.caps;
  if (one === two) return true;
  if (one.concurrent !== two.concurrent || one.spacingMs !== two.spacingMs) return false;
  return CAP_METRICS.every((metric) => {
    const [before, after] = [one[metric], two[metric]];
    return before === after || CAP_PERIODS.every((period) => before?.[period] === after?.[period]);
  });
}
