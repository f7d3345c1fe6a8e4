import type { Bid, BidQuality, CallAttempt, Campaign, E164, Micros } from '../../../src/domain';
import { EMPTY_MARKET, Market } from '../../../src/market';

/** A Friday, 16:00 UTC. */
export const START = Date.UTC(2026, 10, 20, 16);
const BUYERS = 5_000;

/** Three area codes each of twenty states, all of one zone or another. */
export const PLACES: readonly (readonly [state: string, npas: readonly string[]])[] = [
  ['AL', ['205', '251', '334']],
  ['CA', ['213', '310', '415']],
  ['CO', ['303', '719', '970']],
  ['FL', ['305', '407', '813']],
  ['GA', ['404', '706', '912']],
  ['IL', ['217', '312', '847']],
  ['IN', ['219', '317', '812']],
  ['LA', ['225', '318', '504']],
  ['MA', ['413', '508', '617']],
  ['MI', ['231', '313', '616']],
  ['MN', ['218', '507', '612']],
  ['MO', ['314', '417', '816']],
  ['NC', ['252', '704', '919']],
  ['NJ', ['201', '609', '973']],
  ['NY', ['212', '315', '716']],
  ['OH', ['216', '419', '614']],
  ['PA', ['215', '412', '717']],
  ['TX', ['210', '512', '713']],
  ['VA', ['276', '703', '804']],
  ['WA', ['206', '360', '509']],
];

export const campaignOf = (over: Partial<Campaign> = {}): Campaign => ({
  id: 'campaign',
  name: 'Benchmark',
  status: 'active',
  currency: 'USD',
  auctionType: 'second_price',
  reservePrice: 1_000_000 as Micros,
  routing: 'auction',
  ringTimeoutMs: 20_000,
  maxAttempts: 5,
  maxDurationMs: 3_600_000,
  payout: { kind: 'per_call', amount: 1_000_000 as Micros, afterMs: 30_000 },
  velocityPerHour: 100,
  ringback: 'local',
  duplicates: { windowMs: 86_400_000, after: 'connected', scope: 'buyer' },
  compliance: {},
  fraud: { flag: 0.3, challenge: 0.6, block: 0.8 },
  margin: { percentBp: 1_000, amount: 100_000 as Micros },
  qualityWeight: 0.5,
  rtb: { deadlineMs: 300, maxPings: 20 },
  stickyWindowMs: 86_400_000,
  skillTag: 'skills',
  ...over,
});

/** The nth bid, for calls from anywhere. */
export function bidOf(n: number, over: Partial<Bid> = {}): Bid {
  const price = (2_000_000 + ((n * 7_919) % 30_000) * 1_000) as Micros;
  const buyer = n % BUYERS;
  return {
    id: `bid-${n}`,
    campaignId: 'campaign',
    buyerId: `buyer-${buyer}`,
    targetId: `target-${buyer}`,
    status: 'active',
    plan: { kind: 'per_call', amount: over.price ?? price, afterMs: 0 },
    price,
    priority: 1 + (n % 3),
    weight: 100,
    targeting: {},
    caps: { connections: { hour: 50, day: 500 }, concurrent: 20 },
    expiresAt: undefined,
    modifiers: [],
    ping: undefined,
    fallback: false,
    ...over,
  };
}

/** Open all day, or never. */
export function scheduleOf(open: boolean): NonNullable<Bid['targeting']['schedule']> {
  return {
    timezone: 'America/New_York',
    windows: [{ days: open ? [0, 1, 2, 3, 4, 5, 6] : [], startMinute: 0, endMinute: 1440 }],
  };
}

/** A market of one campaign with these bids, every tenth of which has a record. */
export function marketFor(bids: readonly Bid[], campaign: Campaign): Market {
  const ids = [...new Set(bids.map(({ buyerId }) => buyerId.slice('buyer-'.length)))];
  const market = new Market();
  market.load({
    ...EMPTY_MARKET,
    accounts: ids.map((n) => ({
      id: `account-${n}`,
      name: `Buyer ${n}`,
      type: 'buyer',
      status: 'active',
      currency: 'USD',
      timezone: 'America/Chicago',
    })),
    numbers: [
      {
        id: 'number',
        number: '+18005550199' as E164,
        campaignId: campaign.id,
        sellerId: 'seller',
        status: 'active',
      },
    ],
    campaigns: [campaign],
    buyers: ids.map((n) => ({
      id: `buyer-${n}`,
      accountId: `account-${n}`,
      name: `Buyer ${n}`,
      status: 'active',
      caps: { concurrent: 50 },
      settings: undefined,
      discipline: undefined,
    })),
    targets: ids.map((n) => ({
      id: `target-${n}`,
      buyerId: `buyer-${n}`,
      name: `Target ${n}`,
      status: 'active',
      kind: 'sip',
      uri: `sip:agent@buyer-${n}.example`,
      caps: { concurrent: 10 },
      settings: undefined,
      skills: undefined,
      costPerMinute: 0,
      pausedUntil: undefined,
    })),
    bids,
    qualities: bids.filter((_bid, n) => n % 10 === 0).map(({ id }, n) => recordOf(id, n)),
  });
  return market;
}

function recordOf(id: string, n: number): BidQuality {
  const rings = 10 + (n % 90);
  const answers = rings * (0.5 + (n % 7) * 0.05);
  const conversions = answers * (0.4 + (n % 5) * 0.1);
  return { id, rings, answers, conversions, connectedMs: answers * 180_000, revenue: conversions * 20e6 };
}

export function attempts(count: number): CallAttempt[] {
  return Array.from({ length: count }, (_, n) => {
    const [, npas] = PLACES[n % PLACES.length] as (typeof PLACES)[number];
    const npa = npas[Math.floor(n / PLACES.length) % npas.length] as string;
    return {
      callId: `call-${n}`,
      receivedAt: START,
      from: `+1${npa}${2_340_000 + (n % 90_000)}` as E164,
      to: '+18005550199' as E164,
      trunkId: 'trunk',
      origin: 'inbound_consumer',
      claimedOrigin: undefined,
      attestation: 'A',
      verstat: 'passed',
      reservation: undefined,
      forwardedBy: [],
      tags: { vertical: 'solar' },
    };
  });
}
