import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Config } from '../config';
import type { Clock, E164 } from '../domain';
import type { KnownMarket } from './known-market';
import { LookupService, RedisAnswers } from '../lookups';
import type { CapService } from '../market';
import type { PingReport } from '../rtb';
import { BidRequestDesk, CallerHasher, LiveBidding, Reservations } from '../rtb';
import { rtbSecret } from './rtb-secret';
import { ExchangeSaleDesk } from './sale-desk';
import type { Database, Vault } from '../storage';
import {
  BidRequestLog,
  ChangeListener,
  PostgresReservations,
  RedisReservations,
  RtbKeeper,
} from '../storage';

export interface SalesParts {
  readonly config: Config;
  readonly database: Database;
  readonly redis: Redis;
  readonly vault: Vault;
  readonly known: KnownMarket;
  readonly caps: CapService;
  readonly clock: Clock;
  /** Told of each answer of a buyer. */
  readonly onPing: (report: PingReport) => void;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
}

/** Where calls are sold, and where sellers ask beforehand. */
export interface Sales {
  readonly desk: ExchangeSaleDesk;
  readonly bidRequests: BidRequestDesk;
  start(): Promise<void>;
  close(): Promise<void>;
}

const CHANNEL = 'rtb_reservation_ended';

/** Puts together whom a call is offered to and who is asked about it. @throws Error when the database is away */
export async function openSales(parts: SalesParts): Promise<Sales> {
  const { config, database, redis, vault, known, caps, clock, onPing, warn } = parts;
  const { market, activity, fraud, shelf } = known;
  const secret = await rtbSecret(database, config);
  const monotonic = (): number => clock.monotonic();
  const hideKey = (key: string): string => vault.fingerprint(key).toString('base64url');
  const lookups = new LookupService(
    config.lookups,
    process.env,
    clock,
    new RedisAnswers(redis, hideKey, monotonic),
  );
  const bidding = new LiveBidding(config.rtb, { clock, secret, onPing });
  const books = new PostgresReservations(database);
  const board = new RedisReservations(redis);
  const hasher = new CallerHasher(secret);
  const reservations = new Reservations({
    books,
    board,
    caps,
    market,
    hasher,
    clock,
    onTrouble: warn('reservations'),
  });
  const ended = new ChangeListener(
    database,
    { read: () => reservations.freeEnded(), onStale: warn('ends of reservations are not heard of') },
    { channel: CHANNEL },
  );
  const desk = new ExchangeSaleDesk({
    market,
    activity,
    fraud,
    shelf,
    lookups,
    bidding,
    reservations,
    clock,
    seed: () => randomBytes(4).readUInt32LE(),
    degraded: () => config.decision.without,
  });
  const log = new BidRequestLog(database, {
    nodeId: config.node.id,
    maxWaiting: 10_000,
    everyMs: 250,
    onDropped: (count) => warn('bid requests are not logged')(new Error(`${count} dropped`)),
  });
  const { sipHost = config.sip.externalAddress, reservationSeconds, maxReservationsPerSeller } = config.rtb;
  const bidRequests = new BidRequestDesk(
    { nodeId: config.node.id, sipHost, reservationSeconds, maxReservationsPerSeller },
    {
      market,
      reservations,
      quote: (attempt) => desk.quote(attempt),
      numberOf: (sellerId, campaignId) => numberOf(database, sellerId, campaignId),
      waiting: (sellerId, now) => books.waiting(sellerId, now),
      count: (sellerId, now) => board.count(sellerId, now),
      hasher,
      clock,
      onAnswered: (answered) => log.add(answered),
    },
  );
  const keeper = new RtbKeeper(database, {
    logDays: config.rtb.logDays,
    now: () => clock.now(),
    onError: warn('reservations that are over stay for now'),
  });
  return {
    desk,
    bidRequests,
    async start() {
      await ended.start();
      keeper.start();
    },
    async close() {
      await keeper.close();
      await ended.close();
      await reservations.close();
      bidding.close();
      lookups.close();
      await log.close();
    },
  };
}

async function numberOf(database: Database, sellerId: string, campaignId: string): Promise<E164 | undefined> {
  const { rows } = await database.query<{ number: E164 }>({
    name: 'number-of-seller',
    text: `select number from did_numbers where seller_id = $1 and campaign_id = $2 and status = 'active'
      order by id limit 1`,
    values: [sellerId, campaignId],
  });
  return rows[0]?.number;
}
