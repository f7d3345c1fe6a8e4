import type { TestApi } from './test-api';

type Body = Record<string, unknown>;

/** How one resource of the market is made, changed and put away. */
export interface MarketResource {
  readonly path: string;
  /** A body that is acceptable, another one for each `n`. */
  readonly body: (n: number) => Body;
  /** A change that is acceptable. */
  readonly change: Body;
  /** Status after DELETE; undefined when the row is gone. */
  readonly archived: string | undefined;
}

/** What the bodies below refer to: made once by {@link openMarket}. */
const PARTIES = [
  { path: 'accounts', body: { id: 'buyer-account', name: 'A buyer', type: 'buyer' } },
  { path: 'accounts', body: { id: 'seller-account', name: 'A seller', type: 'seller' } },
  { path: 'accounts', body: { id: 'carrier-account', name: 'A carrier', type: 'carrier' } },
  {
    path: 'campaigns',
    body: {
      id: 'campaign',
      name: 'A campaign',
      status: 'active',
      reservePrice: 10_000_000,
      payout: { kind: 'per_call', amount: 8_000_000, afterMs: 30_000 },
    },
  },
  { path: 'buyers', body: { id: 'buyer', accountId: 'buyer-account', name: 'The buyer' } },
  { path: 'targets', body: { id: 'target', buyerId: 'buyer', name: 'Desk', uri: 'sip:desk@192.0.2.7:5060' } },
] as const;

/** Creates the parties that other rows refer to. */
export async function openMarket(api: TestApi): Promise<void> {
  for (const { path, body } of PARTIES) {
    const { status, text } = await api.ask('POST', `/api/v1/${path}`, { body });
    if (status !== 201) throw new Error(`${path}: ${status} ${text}`);
  }
}

export const MARKET_RESOURCES: readonly MarketResource[] = [
  {
    path: 'accounts',
    body: (n) => ({ name: `Account ${n}`, type: 'buyer', currency: 'EUR', timezone: 'Europe/Paris' }),
    change: { name: 'Renamed' },
    archived: 'closed',
  },
  {
    path: 'trunks',
    body: (n) => ({
      accountId: 'carrier-account',
      name: `Trunk ${n}`,
      sources: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'],
      origin: 'inbound_consumer',
    }),
    change: { maxChannels: 30 },
    archived: 'disabled',
  },
  {
    path: 'numbers',
    body: (n) => ({
      number: `+1212555${String(n).padStart(4, '0')}`,
      campaignId: 'campaign',
      sellerId: 'seller-account',
    }),
    change: { status: 'disabled' },
    archived: 'disabled',
  },
  {
    path: 'campaigns',
    body: (n) => ({
      name: `Campaign ${n}`,
      reservePrice: 5_000_000,
      payout: {
        kind: 'per_minute',
        ratePerMinute: 500_000,
        firstIncrementMs: 30_000,
        nextIncrementMs: 6_000,
        afterMs: 0,
      },
    }),
    change: { status: 'paused' },
    archived: 'archived',
  },
  {
    path: 'buyers',
    body: (n) => ({ accountId: 'buyer-account', name: `Buyer ${n}` }),
    change: { maxConcurrent: 5 },
    archived: 'archived',
  },
  {
    path: 'targets',
    body: (n) => ({ buyerId: 'buyer', name: `Target ${n}`, uri: `sip:${n}@192.0.2.7:5060;transport=tcp` }),
    change: { ringTimeoutMs: 15_000 },
    archived: 'archived',
  },
  {
    path: 'bids',
    body: (n) => ({
      campaignId: 'campaign',
      buyerId: 'buyer',
      targetId: 'target',
      plan: { kind: 'per_call', amount: 20_000_000 + n, afterMs: 60_000 },
      price: 20_000_000 + n,
      targeting: {
        states: ['NY', 'NJ'],
        npas: ['212'],
        tags: { Language: 'es' },
        schedule: {
          timezone: 'America/New_York',
          windows: [{ days: [1, 2, 3, 4, 5], startMinute: 540, endMinute: 1020 }],
        },
        attestation: ['A', null],
      },
      caps: { daily: 100, concurrent: 2 },
    }),
    change: { status: 'paused' },
    archived: 'archived',
  },
  {
    path: 'dnc',
    body: (n) => ({ number: `+1646555${String(n).padStart(4, '0')}`, source: 'internal' }),
    change: { expiresAt: 1_900_000_000_000 },
    archived: undefined,
  },
];
