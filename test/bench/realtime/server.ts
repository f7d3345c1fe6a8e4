import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Realtime } from '../../../src/api';
import type { RealtimeServices } from '../../../src/api';
import type { DomainEvent } from '../../../src/events';
import { domainEvent, EventHub } from '../../../src/events';
import { EventStream, openRedis } from '../../../src/storage';
import type { FromServer, ToServer } from './messages';

/** The part of the exchange that tells what happens, with its stream in Redis, and nothing else. */

const TOKEN = 'dce_of_the_benchmark';
const PRINCIPAL = {
  kind: 'key',
  id: 'bench',
  accountId: 'buyer',
  role: 'buyer',
  scopes: ['calls:read'],
} as const;

const say = (message: FromServer): void => void process.send?.(message);

const authenticates: RealtimeServices['authenticates'] = {
  fromToken: (token) => Promise.resolve(token === TOKEN ? PRINCIPAL : undefined),
  fromCookies: () => Promise.resolve(undefined),
  stillGood: (tokens) => Promise.resolve(new Set(tokens)),
};

/** Monotonic over the processes of a machine, as {@link Date.now} need not be. */
const microseconds = (): number => Number(process.hrtime.bigint() / 1_000n);

function ringing(n: number): DomainEvent {
  return domainEvent('call.ringing', {
    at: Date.now(),
    subject: `call-${n}`,
    accounts: ['buyer'],
    data: {
      buyerId: 'buyer-1',
      buyerAccountId: 'buyer',
      targetId: 'target-1',
      // What a buyer sees of a call is told with it; this is when it was.
      bidId: String(microseconds()),
      campaignId: 'campaign-1',
      sellerId: 'seller-1',
      attempt: 1,
      priceMicros: 25_000_000,
    },
  });
}

function memory(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().rss;
}

async function main(redisUrl: string): Promise<void> {
  const redis = openRedis(redisUrl);
  const hub = new EventHub(new EventStream(redis), { origin: 'bench' });
  hub.start();
  const server = createServer();
  server.listen({ port: 0, host: '0.0.0.0', backlog: 4_096 });
  new Realtime(server, {
    database: undefined as never,
    phone: {
      market: undefined as never,
      presences: { onChange: () => () => undefined } as never,
      news: { onQueue: () => undefined, onQuality: () => undefined } as never,
    },
    authenticates,
    events: hub,
    now: () => performance.now(),
    onError: (error) => process.stderr.write(`${error.stack ?? error.message}\n`),
  });
  while (hub.degraded) await new Promise((resolve) => setTimeout(resolve, 20));
  process.on('message', (message: ToServer) => {
    if (message.kind === 'memory') {
      say({ rssBytes: memory() });
      return;
    }
    let told = 0;
    const timer = setInterval(() => {
      hub.publish(ringing(told++));
      if (told < message.events) return;
      clearInterval(timer);
      say({});
    }, message.everyMs);
  });
  say({ port: (server.address() as AddressInfo).port, token: TOKEN, rssBytes: memory() });
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
