import type {
  Account,
  Agent,
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
  Team,
  Trunk,
} from '../domain';
import { AgentTable } from './agent-table';
import { BidBook } from './bid-book';
import { BidScreen } from './bid-screen';
import { BidTable } from './bid-table';
import { ConsentIndex } from './consent-index';
import { ConsentSuppressions } from './consent-suppressions';
import { Links } from './links';
import type { MarketChange, MarketContents } from './market-change';
import { NumberLists } from './number-lists';
import { NumberTable } from './number-table';
import type { Ordinals } from './ordinals';
import { TrunkTable } from './trunk-table';

/**
 * The market in memory: what the decision reads, always whole and consistent within one turn of the
 * event loop. Changes are applied one by one and touch only what they are about.
 */
export class Market {
  readonly #accounts = new Map<string, Account>();
  readonly #trunks = new TrunkTable();
  readonly #numbers = new NumberTable();
  readonly #campaigns = new Map<string, Campaign>();
  readonly #buyers = new Map<string, Buyer>();
  readonly #targets = new Map<string, Target>();
  readonly #agents = new AgentTable();
  readonly #sellers = new Map<string, Seller>();
  readonly #overrides = new Map<string, HoursOverride>();
  #overridesNow: readonly HoursOverride[] = [];
  readonly #qualities = new Map<string, BidQuality>();
  readonly #priors = new Map<string, FraudPrior>();
  readonly #models = new Map<string, FraudModelRow>();
  /** Which buyers a change of an account reaches. */
  readonly #buyersByAccount = new Links();
  readonly #bids = new BidTable(this);
  #version = 0;

  /** Lists that name callers: rows of this market, and imported lists, which come and go on their own. */
  readonly lists = new NumberLists();
  /** Memory in which one decision looks for bids, and the next does again. */
  readonly screen = new BidScreen(new BidBook(this.#bids.targets));
  /** Consents and suppressed numbers have a feed of their own: a reload of the market leaves them alone. */
  readonly consents = new ConsentIndex();
  readonly suppressions = new ConsentSuppressions();

  /** Where it stands in the history of the database that it was read from; kept by whoever fills it. */
  position: string | undefined;

  /** Grows by one with each change. */
  get version(): number {
    return this.#version;
  }

  /** Small integers for ids, by which live counters are kept beside the market. */
  get ordinals(): Readonly<Record<'bid' | 'target' | 'buyer', Ordinals>> {
    return this.#bids.ordinals;
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

  get campaigns(): Iterable<Campaign> {
    return this.#campaigns.values();
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

  agent(id: string): Agent | undefined {
    return this.#agents.get(id);
  }

  /** Every agent, active or not. */
  agents(): Iterable<Agent> {
    return this.#agents.all();
  }

  /** Active or not. @param username - in lower case */
  agentByUsername(username: string): Agent | undefined {
    return this.#agents.byUsername(username);
  }

  /** Agents of a buyer, active or not, by their ids. */
  agentsOfBuyer(buyerId: string): readonly Agent[] {
    return this.#agents.ofBuyer(buyerId);
  }

  team(id: string): Team | undefined {
    return this.#agents.team(id);
  }

  /** Teams that an agent is in, active or not, by their ids. */
  teamsOf(agentId: string): readonly Team[] {
    return this.#agents.teamsOf(agentId);
  }

  /** Teams of a buyer, active or not, by their ids. */
  teamsOfBuyer(buyerId: string): readonly Team[] {
    return this.#agents.teamsOfBuyer(buyerId);
  }

  /** Targets of a buyer, whatever their status, by their ids. Looks through all of them: for people, not for calls. */
  targetsOfBuyer(buyerId: string): readonly Target[] {
    const targets = [...this.#targets.values()].filter((target) => target.buyerId === buyerId);
    return targets.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  bid(id: string): Bid | undefined {
    return this.#bids.get(id);
  }

  seller(id: string): Seller | undefined {
    return this.#sellers.get(id);
  }

  /** Every override of calling hours, over or not. */
  get overrides(): readonly HoursOverride[] {
    return this.#overridesNow;
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
    return this.#numbers.byDigits(number);
  }

  /** The bids of a campaign; undefined when it never had one. */
  bookOf(campaignId: string): BidBook | undefined {
    return this.#bids.bookOf(campaignId);
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
    for (const value of contents.agents) this.apply({ entity: 'agent', op: 'upsert', value });
    for (const value of contents.teams) this.apply({ entity: 'team', op: 'upsert', value });
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
        this.#overridesNow = sortedById(this.#overrides);
        break;
      case 'quality':
        if (change.op === 'upsert') this.#qualities.set(change.value.id, change.value);
        else this.#qualities.delete(change.id);
        this.#bids.recordChanged(change.op === 'upsert' ? change.value.id : change.id);
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
        if (change.op === 'upsert') this.#numbers.put(change.value);
        else this.#numbers.drop(change.id);
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
        if (change.op === 'upsert') this.#putTarget(change.value);
        else this.#dropTarget(change.id);
        break;
      case 'agent':
        if (change.op === 'upsert') this.#agents.put(change.value);
        else this.#agents.drop(change.id);
        break;
      case 'team':
        if (change.op === 'upsert') this.#agents.putTeam(change.value);
        else this.#agents.dropTeam(change.id);
        break;
      case 'bid':
        if (change.op === 'upsert') this.#bids.put(change.value);
        else this.#bids.drop(change.id);
        break;
      case 'dnc':
        if (change.op === 'upsert') this.lists.rows.add(change.value);
        else this.#dropDnc(change.id);
        break;
    }
    this.#version++;
  }

  #clear(): void {
    this.#bids.clear();
    for (const id of [...this.#buyers.keys()]) this.#dropBuyer(id);
    this.#numbers.clear();
    for (const map of [this.#accounts, this.#campaigns, this.#targets, this.#sellers]) map.clear();
    for (const map of [this.#overrides, this.#qualities, this.#priors, this.#models]) map.clear();
    this.#agents.clear();
    this.#overridesNow = [];
    this.lists.clearRows();
    this.#trunks.clear();
  }

  #putBuyer(buyer: Buyer): void {
    const before = this.#buyers.get(buyer.id);
    if (before) this.#buyersByAccount.delete(before.accountId, before.id);
    this.#buyersByAccount.add(buyer.accountId, buyer.id);
    this.#buyers.set(buyer.id, buyer);
    this.#bids.buyerChanged(buyer.id);
  }

  #dropBuyer(id: string): void {
    const before = this.#buyers.get(id);
    if (!before) return;
    this.#buyersByAccount.delete(before.accountId, id);
    this.#buyers.delete(id);
    this.#bids.buyerChanged(id);
  }

  #accountChanged(id: string): void {
    for (const buyerId of this.#buyersByAccount.of(id)) this.#bids.buyerChanged(buyerId);
  }

  #putTarget(target: Target): void {
    this.#bids.targets.check(target);
    this.#targets.set(target.id, target);
    this.#bids.targetChanged(target.id);
  }

  #dropTarget(id: string): void {
    this.#targets.delete(id);
    this.#bids.targetChanged(id);
  }

  #dropDnc(id: string): void {
    const [number, source] = id.split('/');
    this.lists.rows.remove(number as E164, source as DncEntry['source'] | undefined);
  }
}

/** In an order that does not tell how they came. */
function sortedById<T extends { readonly id: string }>(entities: ReadonlyMap<string, T>): readonly T[] {
  return [...entities.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
