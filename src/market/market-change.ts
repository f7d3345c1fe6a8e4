import type {
  Account,
  Agent,
  Bid,
  BidQuality,
  Buyer,
  Campaign,
  DidNumber,
  DncEntry,
  FraudModelRow,
  FraudPrior,
  HoursOverride,
  Seller,
  Target,
  Team,
  Trunk,
} from '../domain';

/** What the market holds, by the name of its kind. */
export interface MarketEntities {
  account: Account;
  trunk: Trunk;
  seller: Seller;
  number: DidNumber;
  campaign: Campaign;
  buyer: Buyer;
  target: Target;
  agent: Agent;
  team: Team;
  bid: Bid;
  dnc: DncEntry;
  override: HoursOverride;
  quality: BidQuality;
  prior: FraudPrior;
  model: FraudModelRow;
}

export type MarketEntity = keyof MarketEntities;

/**
 * One change of the market. A `dnc` entry has no id of its own: it is removed by its number, from
 * every list (`+12125550123`) or from one (`+12125550123/litigator`).
 */
export type MarketChange = {
  [Entity in MarketEntity]:
    | { readonly entity: Entity; readonly op: 'upsert'; readonly value: MarketEntities[Entity] }
    | { readonly entity: Entity; readonly op: 'remove'; readonly id: string };
}[MarketEntity];

/** A whole market, for the first load and for a reload after the feed was lost. */
export interface MarketContents {
  readonly accounts: Iterable<Account>;
  readonly trunks: Iterable<Trunk>;
  readonly sellers: Iterable<Seller>;
  readonly numbers: Iterable<DidNumber>;
  readonly campaigns: Iterable<Campaign>;
  readonly buyers: Iterable<Buyer>;
  readonly targets: Iterable<Target>;
  readonly agents: Iterable<Agent>;
  readonly teams: Iterable<Team>;
  readonly bids: Iterable<Bid>;
  readonly dnc: Iterable<DncEntry>;
  readonly overrides: Iterable<HoursOverride>;
  readonly qualities: Iterable<BidQuality>;
  readonly priors: Iterable<FraudPrior>;
  readonly models: Iterable<FraudModelRow>;
}

/** A market of nothing, to be spread under what there is. */
export const EMPTY_MARKET: MarketContents = {
  accounts: [],
  trunks: [],
  sellers: [],
  numbers: [],
  campaigns: [],
  buyers: [],
  targets: [],
  agents: [],
  teams: [],
  bids: [],
  dnc: [],
  overrides: [],
  qualities: [],
  priors: [],
  models: [],
};
