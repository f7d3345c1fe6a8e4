import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { CallAttempt, CapLimit, E164, Reservation } from '../../../../src/domain';
import { micros, systemClock } from '../../../../src/domain';
import { CallerHasher, Reservations } from '../../../../src/rtb';
import type { Database } from '../../../../src/storage';
import {
  ChangeListener,
  openRedis,
  PostgresReservations,
  RedisCapReservations,
  RedisReservations,
} from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import { until } from '../../../support/until';

export const DID = '+18005550100' as E164;
export const CALLER = '+12125550123' as E164;
export const SELLER = 'seller-1';
const HASHER = new CallerHasher(Buffer.alloc(32, 3));

/** One switch, as far as reservations go. */
export class TestNode {
  readonly database: Database;
  readonly redis: Redis;
  readonly caps: RedisCapReservations;
  readonly reservations: Reservations;
  readonly books: PostgresReservations;
  readonly board: RedisReservations;
  readonly troubles: string[] = [];
  readonly #listener: ChangeListener;
  readonly #name: string;

  constructor(name: string, databaseUrl: string, redisUrl: string) {
    this.#name = name;
    this.database = openDatabase(databaseUrl, { connectTimeoutMs: 500, statementTimeoutMs: 1_000 });
    this.redis = openRedis(redisUrl);
    this.caps = new RedisCapReservations(this.redis, {
      fallback: 'local',
      leaseMs: 3_000,
      now: () => Date.now(),
    });
    this.books = new PostgresReservations(this.database);
    this.board = new RedisReservations(this.redis);
    this.reservations = new Reservations({
      books: this.books,
      board: this.board,
      caps: this.caps,
      market: {
        numberByE164: (number) =>
          number === DID
            ? { id: 'did', number: DID, campaignId: 'campaign-1', sellerId: SELLER, status: 'active' }
            : undefined,
        seller: (id) =>
          id === SELLER
            ? { id, status: 'active', origin: undefined, claims: [], caps: {}, bidRequestsPerSecond: 10 }
            : undefined,
      },
      hasher: HASHER,
      clock: systemClock,
      onTrouble: (error) => this.troubles.push(error.message),
    });
    this.#listener = new ChangeListener(
      this.database,
      { read: () => this.reservations.freeEnded() },
      { channel: 'rtb_reservation_ended' },
    );
  }

  async start(): Promise<this> {
    await this.caps.started();
    await this.#listener.start();
    return this;
  }

  /** A reservation of this node for a caller. */
  wanted(more: Partial<Reservation> = {}, forMs = 30_000): Reservation {
    const now = Date.now();
    return {
      id: `r${randomBytes(15).toString('hex')}`,
      sellerId: SELLER,
      campaignId: 'campaign-1',
      number: DID,
      callerHash: hashOf(CALLER),
      tagsKey: 'tags',
      tags: { zip: '10001' },
      price: micros(25_000_000),
      currency: 'USD',
      payout: { kind: 'per_call', amount: micros(25_000_000), afterMs: 60_000 },
      bidId: 'bid-1',
      limits: [],
      liveBids: [],
      nodeId: this.#name,
      createdAt: now,
      expiresAt: now + forMs,
      ...more,
    };
  }

  async close(): Promise<void> {
    await this.#listener.close();
    await this.reservations.close();
    await this.#end();
  }

  /** It is gone in this instant: nothing is given back, nothing renewed. */
  async die(): Promise<void> {
    await this.#listener.close();
    this.caps.close();
    this.redis.disconnect();
    // Ends its timers; what it says reaches nobody any more.
    await this.reservations.close();
    await this.database.close().catch(() => undefined);
  }

  async #end(): Promise<void> {
    this.caps.close();
    this.redis.disconnect();
    await this.database.close().catch(() => undefined);
  }
}

export function hashOf(caller: E164): string {
  return HASHER.lasting(caller);
}

export function arriving(
  callId: string,
  from: E164 | undefined = CALLER,
): Pick<CallAttempt, 'callId' | 'from' | 'to'> {
  return { callId, from, to: DID };
}

/** One place at a target. */
export function concurrent(target: string, limit: number): CapLimit {
  return { key: `target:${target}:concurrent`, counter: 'concurrent', limit, amount: 1, resetsAt: 0 };
}

export async function untilFree(node: TestNode, limit: CapLimit): Promise<void> {
  await until(`${limit.key} is free`, async () => (await node.caps.inUse(limit)) === 0);
}
