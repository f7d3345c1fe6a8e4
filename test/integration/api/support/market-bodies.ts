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
  /** What a body needs beforehand. */
  readonly before?: (n: number) => { readonly path: string; readonly body: Body };
  /** Fields that are not shown as they were sent. */
  readonly shownOtherwise?: readonly string[];
}

/** A body of a resource, and what it needs made. @throws Error when that cannot be made */
export async function bodyOf(api: TestApi, path: string, n: number): Promise<Body> {
  const resource = MARKET_RESOURCES.find((one) => one.path === path);
  if (!resource) throw new Error(`there are no ${path}`);
  const before = resource.before?.(n);
  if (before) {
    const { status, text } = await api.ask('POST', `/api/v1/${before.path}`, { body: before.body });
    if (status !== 201 && status !== 409) throw new Error(`${before.path}: ${status} ${text}`);
  }
  return resource.body(n);
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
    change: { maxChannels: 30, trustsVerstat: false },
    archived: 'disabled',
  },
  {
    path: 'sellers',
    before: (n) => ({
      path: 'accounts',
      body: { id: `seller-${n}`, name: `Seller ${n}`, type: 'seller' },
    }),
    body: (n) => ({ id: `seller-${n}`, origin: 'inbound_consumer', claims: ['callback'] }),
    change: { caps: { connections: { hour: 100 }, spacingMs: 250 }, bidRequestsPerSecond: 20 },
    archived: 'archived',
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
    change: {
      status: 'paused',
      routing: 'performance',
      velocityPerHour: 0,
      duplicates: { windowMs: 86_400_000, after: 'converted', scope: 'campaign' },
      recording: { mode: 'always', announce: 'consent/recording', keepDays: 30, buyersListen: true },
      compliance: {
        enforceHoursInbound: true,
        minAttestation: 'B',
        consentFor: ['outbound_transfer'],
        contactsPerDay: 2,
        lookups: ['dnc', 'reassigned'],
        onLookupFailure: 'block',
        refuseListed: ['litigator'],
      },
      fraud: { flag: 0.2, challenge: 0.5, block: 0.9 },
      margin: { percentBp: 1_500, amount: 500_000, minimum: 1_000_000 },
      qualityWeight: 0.25,
      rtb: { deadlineMs: 200, maxPings: 5 },
      stickyWindowMs: 3_600_000,
      skillTag: 'language, skills',
    },
    archived: 'archived',
  },
  {
    path: 'buyers',
    body: (n) => ({ accountId: 'buyer-account', name: `Buyer ${n}` }),
    change: {
      caps: { attempts: { hour: 60 }, revenue: { day: 5_000_000_000 }, concurrent: 5, spacingMs: 500 },
      settings: { ringTimeoutMs: 12_000, maxDurationMs: 600_000, ringback: 'local' },
      discipline: { unanswered: 3, windowMs: 600_000, pauseMs: 300_000 },
      recording: 'forbidden',
      states: ['TX', 'FL'],
    },
    archived: 'archived',
  },
  {
    path: 'targets',
    body: (n) => ({ buyerId: 'buyer', name: `Target ${n}`, uri: `sip:${n}@192.0.2.7:5060;transport=tcp` }),
    change: {
      settings: { ringTimeoutMs: 15_000 },
      skills: { spanish: 8 },
      costPerMinute: 12_000,
      pausedUntil: 1_900_000_000_000,
    },
    archived: 'archived',
  },
  {
    path: 'agents',
    body: (n) => ({ buyerId: 'buyer', name: `Agent ${n}`, username: `agent-${n}`, skills: { spanish: 8 } }),
    change: { wrapUpMs: 5_000, maxContacts: 1 },
    archived: 'disabled',
  },
  {
    path: 'teams',
    before: (n) => ({
      path: 'agents',
      body: { id: `of-team-${n}`, buyerId: 'buyer', name: 'Somebody', username: `of-team-${n}` },
    }),
    body: (n) => ({
      buyerId: 'buyer',
      name: `Team ${n}`,
      agentIds: [`of-team-${n}`],
      queue: { maxWaitMs: 60_000, maxLength: 20 },
    }),
    change: { distribution: 'round_robin', queue: { maxWaitMs: 5_000, maxLength: 1 } },
    archived: 'disabled',
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
        zips: ['10001'],
        near: { zip: '10001', miles: 50 },
        tags: { Vertical: 'auto', plan: ['gold', 'silver'], consent: '*' },
        languages: ['es'],
        lineTypes: ['mobile', 'unknown'],
        excludedSellers: ['seller-account'],
        schedule: {
          timezone: 'America/New_York',
          windows: [{ days: [1, 2, 3, 4, 5], startMinute: 540, endMinute: 1020 }],
        },
        attestation: ['A', null],
      },
      caps: { connections: { day: 100 }, conversions: { total: 5 }, concurrent: 2 },
      modifiers: [
        { factorBp: 12_000, states: ['NY'] },
        { factorBp: 0, sellers: ['seller-account'] },
      ],
      ping: {
        url: 'https://buyer.example:8443/ping?account=7',
        method: 'POST',
        timeoutMs: 250,
        perSecond: 100,
        showCaller: false,
        secret: 'a-secret-of-two-parties',
        noticeUrl: 'http://192.0.2.9/notices',
      },
      fallback: true,
    }),
    change: { status: 'paused' },
    archived: 'archived',
    // Names of tags are folded, secrets kept.
    shownOtherwise: ['targeting', 'ping'],
  },
  {
    path: 'dnc',
    body: (n) => ({ number: `+1646555${String(n).padStart(4, '0')}`, source: 'internal' }),
    change: { expiresAt: 1_900_000_000_000 },
    archived: undefined,
  },
  {
    path: 'hours-overrides',
    body: (n) => ({
      place: 'FL',
      effect: 'forbid',
      startsAt: 1_790_000_000_000 + n,
      endsAt: 1_790_100_000_000 + n,
      citation: 'Executive Order 24-208',
    }),
    change: { effect: 'allow', endsAt: 1_790_200_000_000 },
    archived: undefined,
  },
];
