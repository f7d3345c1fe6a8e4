import { randomUUID } from 'node:crypto';
import type { Exchange } from './exchange';

export const NUMBER = '+18005550199';
export const REVENUE = 20_000_000;
export const PAYOUT = 12_000_000;

/** One buyer of the test market. */
export interface TestBuyer {
  readonly id: string;
  readonly uri: string;
  readonly price: number;
  readonly ringTimeoutMs?: number;
  /** What its calls cost; a fixed price by default. */
  readonly plan?: Record<string, unknown>;
  /** Micro-units in its wallet, which must cover its calls, and how that behaves. */
  readonly wallet?: { readonly money: number } & Record<string, unknown>;
}

/** Parties, a trunk for loopback, a first-price campaign that pays on connect, and its number. */
export async function openMarket(exchange: Exchange, campaign: Record<string, unknown> = {}): Promise<void> {
  await exchange.create('accounts', { id: 'carrier', name: 'Carrier', type: 'carrier' });
  await exchange.create('accounts', { id: 'seller', name: 'Seller', type: 'seller' });
  await exchange.create('trunks', {
    id: 'trunk',
    accountId: 'carrier',
    name: 'Loopback',
    sources: ['127.0.0.1'],
    origin: 'inbound_consumer',
  });
  await exchange.create('campaigns', {
    id: 'campaign',
    name: 'Test campaign',
    status: 'active',
    auctionType: 'first_price',
    reservePrice: 1_000_000,
    payout: { kind: 'per_call', amount: PAYOUT, afterMs: 0 },
    velocityPerHour: 1_000_000,
    // Peers that call by the clock, and briefly, are what fraud is known by.
    fraud: { flag: 0.3, challenge: 0.6, block: 1 },
    duplicates: { windowMs: 0, after: 'connected', scope: 'buyer' },
    ...campaign,
  });
  await exchange.create('numbers', { number: NUMBER, campaignId: 'campaign', sellerId: 'seller' });
}

/** Adds a buyer with one target and one bid, and waits until decisions know it; the higher price rings first. */
export async function addBuyer(exchange: Exchange, buyer: TestBuyer): Promise<void> {
  const accountId = `${buyer.id}-account`;
  const funding = buyer.wallet ? 'wallet' : 'open';
  await exchange.create('accounts', { id: accountId, name: buyer.id, type: 'buyer', funding });
  if (buyer.wallet) {
    const { money, ...terms } = buyer.wallet;
    await exchange.create('wallets', { accountId, currency: 'USD', ...terms });
    if (money > 0) await topUp(exchange, buyer.id, money);
  }
  await exchange.create('buyers', {
    id: buyer.id,
    accountId,
    name: buyer.id,
    caps: { concurrent: 500 },
  });
  await exchange.create('targets', {
    id: `${buyer.id}-target`,
    buyerId: buyer.id,
    name: 'desk',
    uri: buyer.uri,
    caps: { concurrent: 500 },
    settings: { ringTimeoutMs: buyer.ringTimeoutMs ?? 10_000 },
  });
  await exchange.create('bids', {
    id: `${buyer.id}-bid`,
    campaignId: 'campaign',
    buyerId: buyer.id,
    targetId: `${buyer.id}-target`,
    plan: buyer.plan ?? { kind: 'per_call', amount: buyer.price, afterMs: 0 },
    price: buyer.price,
    caps: { connections: { day: 1_000_000 }, concurrent: 500 },
  });
  await exchange.knowsMarket();
}

/** Puts money into a buyer's wallet. */
export async function topUp(exchange: Exchange, buyerId: string, amount: number): Promise<void> {
  const reference = randomUUID();
  await exchange.create(`wallets/${buyerId}-account/top-ups`, { currency: 'USD', amount, reference });
}

/** Sends one target elsewhere, and waits until decisions know. */
export async function moveTarget(exchange: Exchange, buyerId: string, uri: string): Promise<void> {
  await exchange.change(`targets/${buyerId}-target`, { uri });
}
