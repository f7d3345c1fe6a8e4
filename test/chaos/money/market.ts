export const NUMBER = '+18005550199';
/** A million units: what a buyer that shall never run dry has. */
const PLENTY = 1_000_000_000_000;

/** Buyers of the run: how each pays, and what its wallet has. */
interface ChaosBuyer {
  readonly id: string;
  readonly plan: Record<string, unknown>;
  readonly price: number;
  readonly wallet?: Record<string, unknown>;
  readonly topUp?: number;
}

const PER_MINUTE = {
  kind: 'per_minute',
  ratePerMinute: 7_300_000,
  firstIncrementMs: 1_000,
  nextIncrementMs: 100,
  afterMs: 0,
  connectFee: 110_000,
};

const BUYERS: readonly ChaosBuyer[] = [
  {
    id: 'prepaid',
    plan: { kind: 'per_call', amount: 20_000_000, afterMs: 0 },
    price: 20_000_000,
    wallet: { kind: 'prepaid' },
    topUp: PLENTY,
  },
  {
    id: 'minutes',
    plan: PER_MINUTE,
    price: 20_000_000,
    wallet: { kind: 'prepaid' },
    topUp: PLENTY,
  },
  // Runs dry within the run: the calls it cannot pay go to the others.
  {
    id: 'poor',
    plan: { kind: 'per_call', amount: 21_000_000, afterMs: 300 },
    price: 21_000_000,
    wallet: { kind: 'prepaid' },
    topUp: 600_000_000,
  },
  {
    id: 'credit',
    plan: { kind: 'per_call', amount: 19_333_333, afterMs: 500 },
    price: 19_333_333,
    wallet: { kind: 'credit', creditLimit: 500_000_000_000 },
  },
  { id: 'open', plan: { kind: 'per_call', amount: 18_000_001, afterMs: 0 }, price: 18_000_001 },
];

/** Requests of the admin API of one switch. */
export class Admin {
  readonly #api: string;
  readonly #key: string;

  constructor(api: string, key: string) {
    this.#api = api;
    this.#key = key;
  }

  /** @throws Error with the problem when it is refused */
  async post(path: string, body: unknown, type = 'application/json'): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#api}/api/v1/${path}`, {
      method: 'POST',
      headers: { 'X-API-Key': this.#key, 'Content-Type': type },
      body: type === 'application/json' ? JSON.stringify(body) : String(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  }
}

/**
 * Parties with everything that money may be made of: prices by the call and by the minute, wallets that
 * are full, run dry or are on credit, fees, a tax, two who share in what is earned, a carrier that is paid.
 */
export async function openChaosMarket(admin: Admin, buyerPort: number): Promise<void> {
  await admin.post('accounts', { id: 'carrier', name: 'Carrier', type: 'carrier' });
  await admin.post('accounts', { id: 'seller', name: 'Seller', type: 'seller' });
  await admin.post('accounts', { id: 'partner', name: 'Partner', type: 'seller' });
  await admin.post('sellers', { id: 'seller', splits: [{ accountId: 'partner', shareBp: 3_333 }] });
  await admin.post('trunks', {
    id: 'trunk',
    accountId: 'carrier',
    name: 'Loopback',
    sources: ['127.0.0.1'],
    origin: 'inbound_consumer',
  });
  await admin.post('campaigns', {
    id: 'campaign',
    name: 'Chaos',
    status: 'active',
    auctionType: 'first_price',
    routing: 'round_robin',
    reservePrice: 1_000_000,
    payout: { kind: 'per_call', amount: 12_000_001, afterMs: 200 },
    velocityPerHour: 0,
    // Peers that call by the clock, and briefly, are what fraud is known by.
    fraud: { flag: 0.3, challenge: 0.6, block: 1 },
    duplicates: { windowMs: 0, after: 'connected', scope: 'buyer' },
    margin: { allowLoss: true },
    maxDurationMs: 600_000,
  });
  await admin.post('numbers', { number: NUMBER, campaignId: 'campaign', sellerId: 'seller' });
  await admin.post(
    'trunks/trunk/rate-decks?direction=inbound&currency=USD',
    'prefix,rate_per_minute,first_increment_s,next_increment_s\n+1800,0.0171,6,6\n+1,0.009,1,1\n',
    'text/csv',
  );
  for (const buyer of BUYERS) await addBuyer(admin, buyer, buyerPort);
}

async function addBuyer(admin: Admin, buyer: ChaosBuyer, port: number): Promise<void> {
  const { id, plan, price, wallet, topUp } = buyer;
  const accountId = `${id}-account`;
  await admin.post('accounts', {
    id: accountId,
    name: id,
    type: 'buyer',
    ...(wallet ? { funding: 'wallet' } : {}),
  });
  if (wallet) await admin.post('wallets', { accountId, currency: 'USD', ...wallet });
  if (topUp !== undefined) {
    await admin.post(`wallets/${accountId}/top-ups`, {
      currency: 'USD',
      amount: topUp,
      reference: `first money of ${id}`,
    });
  }
  await admin.post(`accounts/${accountId}/terms`, {
    fees: [
      {
        code: 'platform',
        name: 'Platform fee',
        basis: 'per_call',
        amount: 150_000,
        shareBp: 0,
        on: 'converted',
      },
    ],
    taxes: [{ code: 'sales', name: 'Sales tax', ratePpm: 88_750, on: ['revenue', 'fees'] }],
  });
  await admin.post('buyers', { id, accountId, name: id });
  await admin.post('targets', {
    id: `${id}-target`,
    buyerId: id,
    name: 'desk',
    uri: `sip:${id}@127.0.0.1:${port}`,
    settings: { ringTimeoutMs: 4_000 },
  });
  await admin.post('bids', {
    id: `${id}-bid`,
    campaignId: 'campaign',
    buyerId: id,
    targetId: `${id}-target`,
    plan,
    price,
  });
}

/** What the wallets of the run were given, by account, in micro-units. */
export const TOP_UPS: ReadonlyMap<string, number> = new Map(
  BUYERS.flatMap(({ id, topUp }) => (topUp === undefined ? [] : [[`${id}-account`, topUp] as const])),
);

/** What an account may owe at most, in micro-units. */
export const CREDIT: ReadonlyMap<string, number> = new Map(
  BUYERS.map(({ id, wallet }) => [
    `${id}-account`,
    wallet === undefined ? Infinity : Number(wallet['creditLimit'] ?? 0),
  ]),
);
