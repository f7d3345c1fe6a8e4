import type {
  Account,
  Bid,
  Buyer,
  CallAttempt,
  Campaign,
  DidNumber,
  E164,
  Micros,
  Seller,
  Target,
  Trunk,
} from '../../../src/domain';
import type { BidQuery } from '../../../src/market';
import { EMPTY_MARKET, Market, NO_DUPLICATES } from '../../../src/market';

/** A Saturday, 2026-11-21 15:00 UTC: 10:00 in New York. */
export const NOON = Date.UTC(2026, 10, 21, 15);
export const DID = '+18005550199' as E164;
export const CALLER = '+12123334567' as E164;

export const usd = (units: number): Micros => Math.round(units * 1_000_000) as Micros;

export const account = (over: Partial<Account> = {}): Account => ({
  id: 'buyer-account',
  name: 'Buyer Inc',
  type: 'buyer',
  status: 'active',
  currency: 'USD',
  timezone: 'America/New_York',
  ...over,
});

export const trunk = (over: Partial<Trunk> = {}): Trunk => ({
  id: 'trunk',
  accountId: 'carrier',
  name: 'Carrier',
  status: 'active',
  sources: ['192.0.2.0/24'],
  origin: 'inbound_consumer',
  maxCps: 0,
  maxChannels: 0,
  trustsVerstat: true,
  ...over,
});

export const seller = (over: Partial<Seller> = {}): Seller => ({
  id: 'seller-account',
  status: 'active',
  origin: undefined,
  claims: [],
  caps: {},
  bidRequestsPerSecond: 0,
  ...over,
});

export const number = (over: Partial<DidNumber> = {}): DidNumber => ({
  id: 'number',
  number: DID,
  campaignId: 'campaign',
  sellerId: 'seller-account',
  status: 'active',
  ...over,
});

export const campaign = (over: Partial<Campaign> = {}): Campaign => ({
  id: 'campaign',
  name: 'Campaign',
  status: 'active',
  currency: 'USD',
  auctionType: 'first_price',
  reservePrice: usd(1),
  routing: 'auction',
  ringTimeoutMs: 20_000,
  maxAttempts: 3,
  maxDurationMs: 3_600_000,
  payout: { kind: 'per_call', amount: usd(5), afterMs: 30_000 },
  velocityPerHour: 100,
  ringback: 'early_media',
  duplicates: { windowMs: 30 * 86_400_000, after: 'connected', scope: 'buyer' },
  compliance: {},
  fraud: { flag: 0.3, challenge: 0.6, block: 0.8 },
  margin: { allowLoss: true },
  qualityWeight: 0,
  rtb: { deadlineMs: 300, maxPings: 20 },
  stickyWindowMs: 0,
  skillTag: 'skills',
  ...over,
});

export const buyer = (over: Partial<Buyer> = {}): Buyer => ({
  id: 'buyer',
  accountId: 'buyer-account',
  name: 'Buyer',
  status: 'active',
  caps: {},
  settings: undefined,
  discipline: undefined,
  ...over,
});

export const target = (over: Partial<Target> = {}): Target => ({
  id: 'target',
  buyerId: 'buyer',
  name: 'Target',
  status: 'active',
  kind: 'sip',
  uri: 'sip:sales@192.0.2.7:5060',
  caps: {},
  settings: undefined,
  skills: undefined,
  costPerMinute: 0,
  pausedUntil: undefined,
  ...over,
});

/** A per-call bid whose plan pays its price. */
export const bid = (over: Partial<Bid> = {}): Bid => {
  const price = over.price ?? usd(10);
  return {
    id: 'bid',
    campaignId: 'campaign',
    buyerId: 'buyer',
    targetId: 'target',
    status: 'active',
    plan: { kind: 'per_call', amount: price, afterMs: 0 },
    price,
    priority: 1,
    weight: 100,
    targeting: {},
    caps: {},
    expiresAt: undefined,
    modifiers: [],
    ping: undefined,
    fallback: false,
    ...over,
  };
};

export const attempt = (over: Partial<CallAttempt> = {}): CallAttempt => ({
  callId: 'call',
  receivedAt: NOON,
  from: CALLER,
  to: DID,
  trunkId: 'trunk',
  origin: 'inbound_consumer',
  claimedOrigin: undefined,
  attestation: 'A',
  verstat: 'passed',
  reservation: undefined,
  forwardedBy: [],
  tags: {},
  ...over,
});

/** What bids are asked about a usual call. */
export const queryOf = (over: Partial<BidQuery> = {}): BidQuery => ({
  now: NOON,
  state: 'NY',
  npa: '212',
  zip: undefined,
  place: undefined,
  attestation: 'A',
  lineType: 'unknown',
  language: 'en',
  sellerId: 'seller-account',
  tags: {},
  reserve: usd(1),
  marginFloor: 0,
  duplicates: NO_DUPLICATES,
  skills: [],
  liveBids: [],
  ...over,
});

/** A market of one campaign whose bids each have a buyer, an account and a target of their own. */
export function marketOf(bids: readonly Bid[], campaignOver: Partial<Campaign> = {}): Market {
  const market = new Market();
  market.load({
    ...EMPTY_MARKET,
    accounts: [account(), ...bids.map(({ buyerId }) => account({ id: `account-${buyerId}` }))],
    trunks: [trunk()],
    numbers: [number()],
    campaigns: [campaign(campaignOver)],
    buyers: bids.map(({ buyerId }) => buyer({ id: buyerId, accountId: `account-${buyerId}` })),
    targets: bids.map(({ targetId, buyerId }) =>
      target({ id: targetId, buyerId, uri: `sip:${targetId}@192.0.2.7` }),
    ),
    bids,
  });
  return market;
}

/** A bid of the nth buyer for its own target. */
export const bidOf = (n: number, over: Partial<Bid> = {}): Bid =>
  bid({ id: `bid-${n}`, buyerId: `buyer-${n}`, targetId: `target-${n}`, ...over });
