import { micros } from '../domain';
import type { Database } from './database';
import { entityStores } from './entity-store';

/** Where the demo buyers answer. */
export interface SeedOptions {
  /** Ports of the demo buyers on loopback: the first bids higher and never answers. */
  readonly buyerPorts: readonly [number, number];
}

/** What the seed made, for whoever places the first call. */
export const DEMO = {
  number: '+18005550100',
  operatorId: 'operator',
  campaignId: 'demo-insurance',
} as const;

const MINUTE_MS = 60_000;

/** Fills an empty database with a small market for demonstration. @returns false when there was one already */
export async function seedDemoMarket(database: Database, options: SeedOptions): Promise<boolean> {
  return database.transaction(async (tx) => {
    // Two nodes that start together must not seed twice.
    await tx.query('select pg_advisory_xact_lock($1)', [0x5eed]);
    const { rowCount } = await tx.query('select 1 from trunks limit 1');
    if ((rowCount ?? 0) > 0) return false;
    const { account, trunk, seller, number, campaign, buyer, target, bid } = entityStores(tx);
    const party = { status: 'active', currency: 'USD', timezone: 'America/New_York' } as const;
    await account.insert('demo-carrier', { ...party, name: 'Demo carrier', type: 'carrier' });
    await account.insert('demo-seller', { ...party, name: 'Demo publisher', type: 'seller' });
    await seller.insert('demo-seller', {
      status: 'active',
      origin: 'inbound_consumer',
      claims: [],
      caps: {},
      bidRequestsPerSecond: 50,
    });
    await trunk.insert('demo-trunk', {
      accountId: 'demo-carrier',
      name: 'Loopback',
      status: 'active',
      sources: ['127.0.0.0/8', '::1'],
      origin: 'inbound_consumer',
      maxCps: 0,
      maxChannels: 0,
      trustsVerstat: true,
    });
    await campaign.insert(DEMO.campaignId, {
      name: 'Demo insurance',
      status: 'active',
      currency: 'USD',
      auctionType: 'second_price',
      reservePrice: micros(12_000_000),
      routing: 'auction',
      ringTimeoutMs: 20_000,
      maxAttempts: 5,
      maxDurationMs: 60 * MINUTE_MS,
      payout: { kind: 'per_call', amount: micros(8_000_000), afterMs: 2_000 },
      velocityPerHour: 100,
      ringback: 'early_media',
      // Whoever tries it out calls again and again.
      duplicates: { windowMs: 0, after: 'connected', scope: 'buyer' },
      compliance: {},
      fraud: { flag: 0.3, challenge: 0.6, block: 0.8 },
      margin: {},
      qualityWeight: 0,
      rtb: { deadlineMs: 300, maxPings: 20 },
      stickyWindowMs: 0,
      skillTag: 'skills',
    });
    await number.insert('demo-number', {
      number: DEMO.number as never,
      campaignId: DEMO.campaignId,
      sellerId: 'demo-seller',
      status: 'active',
    });
    const buyers = [
      {
        id: 'demo-buyer-1',
        name: 'Night Owl Insurance',
        price: 25_000_000,
        port: options.buyerPorts[0],
        ring: 3_000,
      },
      {
        id: 'demo-buyer-2',
        name: 'Early Bird Insurance',
        price: 18_000_000,
        port: options.buyerPorts[1],
        ring: undefined,
      },
    ];
    for (const { id, name, price, port, ring } of buyers) {
      await account.insert(`${id}-account`, { ...party, name, type: 'buyer' });
      await buyer.insert(id, {
        accountId: `${id}-account`,
        name,
        status: 'active',
        caps: { concurrent: 100 },
        settings: undefined,
        discipline: undefined,
      });
      await target.insert(`${id}-target`, {
        buyerId: id,
        name: `${name}, sales floor`,
        status: 'active',
        kind: 'sip',
        uri: `sip:sales@127.0.0.1:${port}`,
        caps: { concurrent: 50 },
        settings: ring === undefined ? undefined : { ringTimeoutMs: ring },
        skills: undefined,
        costPerMinute: 0,
        pausedUntil: undefined,
      });
      await bid.insert(`${id}-bid`, {
        campaignId: DEMO.campaignId,
        buyerId: id,
        targetId: `${id}-target`,
        status: 'active',
        plan: { kind: 'per_call', amount: micros(price), afterMs: 2_000 },
        price: micros(price),
        priority: 1,
        weight: 1,
        targeting: {},
        caps: { connections: { day: 1_000 }, concurrent: 50 },
        expiresAt: undefined,
        modifiers: [],
        ping: undefined,
        fallback: false,
      });
    }
    return true;
  });
}
