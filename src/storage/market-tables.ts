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
import type { MarketContents, MarketEntities, MarketEntity } from '../market';

/** How one kind of entity lies in its table: field → column. */
export interface TableSpec {
  readonly table: string;
  readonly columns: Readonly<Record<string, string>>;
  /** Fields that lie as JSON. */
  readonly json: readonly string[];
}

/** A spec that names every field of its entity: a field forgotten here does not compile. */
function spec<T>(
  table: string,
  columns: Readonly<Record<Exclude<keyof T & string, 'id'>, string>>,
  json: readonly (keyof T & string)[] = [],
): TableSpec {
  return { table, columns, json };
}

/** Where each kind of market entity is stored. */
export const MARKET_TABLES: Readonly<Record<MarketEntity, TableSpec>> = {
  account: spec<Account>('accounts', {
    name: 'name',
    type: 'type',
    status: 'status',
    currency: 'currency',
    timezone: 'timezone',
    funding: 'funding',
    funds: 'funds',
  }),
  trunk: spec<Trunk>('trunks', {
    accountId: 'account_id',
    name: 'name',
    status: 'status',
    sources: 'sources',
    origin: 'origin',
    maxCps: 'max_cps',
    maxChannels: 'max_channels',
    trustsVerstat: 'trusts_verstat',
  }),
  seller: spec<Seller>(
    'sellers',
    {
      status: 'status',
      origin: 'origin',
      claims: 'claims',
      caps: 'caps',
      bidRequestsPerSecond: 'bid_requests_per_second',
      payouts: 'payouts',
      splits: 'splits',
    },
    ['caps', 'payouts', 'splits'],
  ),
  number: spec<DidNumber>('did_numbers', {
    number: 'number',
    campaignId: 'campaign_id',
    sellerId: 'seller_id',
    status: 'status',
    dialplan: 'dialplan',
  }),
  campaign: spec<Campaign>(
    'campaigns',
    {
      name: 'name',
      status: 'status',
      currency: 'currency',
      auctionType: 'auction_type',
      reservePrice: 'reserve_price',
      routing: 'routing',
      ringTimeoutMs: 'ring_timeout_ms',
      maxAttempts: 'max_attempts',
      maxDurationMs: 'max_duration_ms',
      payout: 'payout',
      conversions: 'conversions',
      shortCallMs: 'short_call_ms',
      velocityPerHour: 'velocity_per_hour',
      ringback: 'ringback',
      duplicates: 'duplicates',
      compliance: 'compliance',
      fraud: 'fraud',
      margin: 'margin',
      qualityWeight: 'quality_weight',
      rtb: 'rtb',
      stickyWindowMs: 'sticky_window_ms',
      skillTag: 'skill_tag',
      card: 'card',
      recording: 'recording',
      dialplan: 'dialplan',
    },
    ['payout', 'conversions', 'duplicates', 'compliance', 'fraud', 'margin', 'rtb', 'card', 'recording'],
  ),
  buyer: spec<Buyer>(
    'buyers',
    {
      accountId: 'account_id',
      name: 'name',
      status: 'status',
      caps: 'caps',
      settings: 'settings',
      discipline: 'discipline',
      recording: 'recording',
      states: 'states',
    },
    ['caps', 'settings', 'discipline'],
  ),
  target: spec<Target>(
    'targets',
    {
      buyerId: 'buyer_id',
      name: 'name',
      status: 'status',
      kind: 'kind',
      uri: 'uri',
      caps: 'caps',
      settings: 'settings',
      skills: 'skills',
      costPerMinute: 'cost_per_minute',
      pausedUntil: 'paused_until',
      trunkId: 'trunk_id',
    },
    ['caps', 'settings', 'skills'],
  ),
  agent: spec<Agent>(
    'agents',
    {
      buyerId: 'buyer_id',
      name: 'name',
      username: 'username',
      status: 'status',
      skills: 'skills',
      maxContacts: 'max_contacts',
      wrapUpMs: 'wrap_up_ms',
      signedOutAt: 'signed_out_at',
    },
    ['skills'],
  ),
  team: spec<Team>(
    'teams',
    {
      buyerId: 'buyer_id',
      name: 'name',
      status: 'status',
      agentIds: 'agent_ids',
      distribution: 'distribution',
      ringMs: 'ring_ms',
      queue: 'queue',
    },
    ['queue'],
  ),
  bid: spec<Bid>(
    'bids',
    {
      campaignId: 'campaign_id',
      buyerId: 'buyer_id',
      targetId: 'target_id',
      status: 'status',
      plan: 'plan',
      conversions: 'conversions',
      price: 'price',
      priority: 'priority',
      weight: 'weight',
      targeting: 'targeting',
      caps: 'caps',
      expiresAt: 'expires_at',
      modifiers: 'modifiers',
      ping: 'ping',
      fallback: 'fallback',
    },
    ['plan', 'conversions', 'targeting', 'caps', 'modifiers', 'ping'],
  ),
  dnc: spec<DncEntry>('dnc_entries', { number: 'number', source: 'source', expiresAt: 'expires_at' }),
  override: spec<HoursOverride>('hours_overrides', {
    place: 'place',
    effect: 'effect',
    startsAt: 'starts_at',
    endsAt: 'ends_at',
    citation: 'citation',
  }),
  quality: spec<BidQuality>('bid_qualities', {
    rings: 'rings',
    answers: 'answers',
    conversions: 'conversions',
    connectedMs: 'connected_ms',
    revenue: 'revenue',
  }),
  prior: spec<FraudPrior>('fraud_priors', {
    calls: 'calls',
    bad: 'bad',
    shortCalls: 'short_calls',
    answered: 'answered',
    confirmed: 'confirmed',
    cleared: 'cleared',
  }),
  model: spec<FraudModelRow>('fraud_models', { status: 'status', model: 'model' }, ['model']),
};

/** What a market is made of, in the order in which it is loaded: what others refer to comes first. */
export const MARKET_ENTITIES = [
  'account',
  'trunk',
  'seller',
  'number',
  'campaign',
  'buyer',
  'target',
  'agent',
  'team',
  'bid',
  'dnc',
  'override',
  'quality',
  'prior',
  'model',
] as const satisfies readonly MarketEntity[];

/** Under which name each kind stands in the contents of a market. */
export const CONTENTS_KEY = {
  account: 'accounts',
  trunk: 'trunks',
  seller: 'sellers',
  number: 'numbers',
  campaign: 'campaigns',
  buyer: 'buyers',
  target: 'targets',
  agent: 'agents',
  team: 'teams',
  bid: 'bids',
  dnc: 'dnc',
  override: 'overrides',
  quality: 'qualities',
  prior: 'priors',
  model: 'models',
} as const satisfies Readonly<Record<MarketEntity, keyof MarketContents>>;

/** A row as its columns are called, e.g. of `to_jsonb`. */
export type ColumnRow = Readonly<Record<string, unknown>>;

/** The entity that a row holds: its fields by name, and undefined where SQL says null. */
export function toMarketEntity<E extends MarketEntity>(
  entity: E,
  id: string,
  row: ColumnRow,
): MarketEntities[E] {
  const value: Record<string, unknown> = { id };
  for (const [field, column] of Object.entries(MARKET_TABLES[entity].columns)) {
    value[field] = row[column] ?? undefined;
  }
  return value as unknown as MarketEntities[E];
}
