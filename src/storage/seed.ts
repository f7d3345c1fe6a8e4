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
  /** Whose calls the phone page takes. */
  phoneNumber: '+18005550101',
  agent: { id: 'demo-agent', username: 'demo' },
} as const;

const MINUTE_MS = 60_000;

/** Fills an empty database with a small market for demonstration. @returns false when there was one already */
export async function seedDemoMarket(database: Database, options: SeedOptions): Promise<boolean> {
  return database.transaction(async (tx) => {
    // Two nodes that start together must not seed twice.
    await tx.query('select pg_advisory_xact_lock($1)', [0x5eed]);
    const { rowCount } = await tx.query('select 1 from trunks limit 1');
    if ((rowCount ?? 0) > 0) return false;
    const { account, trunk, seller, number, campaign, buyer, target, bid, agent, team } = entityStores(tx);
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
    const terms = {
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
    } as const;
    const sold = { sellerId: 'demo-seller', status: 'active' } as const;
    await campaign.insert(DEMO.campaignId, { ...terms, name: 'Demo insurance' });
    await number.insert('demo-number', {
      ...sold,
      number: DEMO.number as never,
      campaignId: DEMO.campaignId,
    });
    const card = { number: 'answered', price: true, tags: [] } as const;
    await campaign.insert('demo-phones', { ...terms, name: 'Demo calls for the phone page', card });
    await number.insert('demo-phone-number', {
      ...sold,
      number: DEMO.phoneNumber as never,
      campaignId: 'demo-phones',
    });
    const offer = {
      status: 'active',
      priority: 1,
      weight: 1,
      targeting: {},
      caps: { connections: { day: 1_000 }, concurrent: 50 },
      expiresAt: undefined,
      modifiers: [],
      ping: undefined,
      fallback: false,
    } as const;
    const contract = {
      status: 'active',
      caps: { concurrent: 100 },
      settings: undefined,
      discipline: undefined,
      states: ['TX'],
    } as const;
    const floor = {
      status: 'active',
      caps: { concurrent: 50 },
      skills: undefined,
      costPerMinute: 0,
      pausedUntil: undefined,
    } as const;
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
      await buyer.insert(id, { ...contract, accountId: `${id}-account`, name });
      await target.insert(`${id}-target`, {
        ...floor,
        buyerId: id,
        name: `${name}, sales floor`,
        kind: 'sip',
        uri: `sip:sales@127.0.0.1:${port}`,
        settings: ring === undefined ? undefined : { ringTimeoutMs: ring },
      });
      await bid.insert(`${id}-bid`, {
        ...offer,
        campaignId: DEMO.campaignId,
        buyerId: id,
        targetId: `${id}-target`,
        plan: { kind: 'per_call', amount: micros(price), afterMs: 2_000 },
        price: micros(price),
      });
    }
    const buyerId = 'demo-buyer-3';
    await account.insert(`${buyerId}-account`, { ...party, name: 'Day Shift Insurance', type: 'buyer' });
    await buyer.insert(buyerId, {
      ...contract,
      accountId: `${buyerId}-account`,
      name: 'Day Shift Insurance',
    });
    await agent.insert(DEMO.agent.id, {
      buyerId,
      name: 'Demo agent',
      username: DEMO.agent.username,
      status: 'active',
      skills: undefined,
      maxContacts: 5,
      wrapUpMs: 10_000,
    });
    await team.insert('demo-team', {
      buyerId,
      name: 'Day shift',
      status: 'active',
      agentIds: [DEMO.agent.id],
      distribution: 'simultaneous',
      ringMs: 15_000,
      queue: { maxWaitMs: 60_000, maxLength: 10 },
    });
    await target.insert(`${buyerId}-target`, {
      ...floor,
      buyerId,
      name: 'Day shift, at their browsers',
      kind: 'softphone',
      uri: 'team:demo-team',
      settings: undefined,
    });
    await bid.insert(`${buyerId}-bid`, {
      ...offer,
      campaignId: 'demo-phones',
      buyerId,
      targetId: `${buyerId}-target`,
      plan: { kind: 'per_call', amount: micros(20_000_000), afterMs: 2_000 },
      price: micros(20_000_000),
    });
    return true;
  });
}
