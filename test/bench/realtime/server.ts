import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { nodeAdapter, Realtime } from '../../../src/api';
import type { RealtimeServices } from '../../../src/api';
import { frameOf } from '../../../src/api/realtime/frames';
import type { DomainEvent } from '../../../src/events';
import { domainEvent, EventHub, toldTo } from '../../../src/events';
import { EventStream, openRedis } from '../../../src/storage';
import type { FromServer, ToServer } from './messages';

/** One node's part that tells what happens, with the stream and the adapter in Redis, and nothing else. */

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

/** Every connection of a node. */
function socketsOf(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function tellBare(sockets: ReadonlySet<Socket>, n: number): void {
  const told = toldTo(PRINCIPAL, { id: `${Date.now()}-0`, event: ringing(n) });
  const { webSocket } = frameOf('event', told);
  for (const socket of sockets) socket.write(webSocket);
}

function memory(): FromServer {
  globalThis.gc?.();
  globalThis.gc?.();
  return { rssBytes: process.memoryUsage.rss() };
}

function processor(): FromServer {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system };
}

async function main(redisUrl: string, isFirst: boolean): Promise<void> {
  const redis = openRedis(redisUrl);
  const hub = new EventHub(new EventStream(redis), { origin: `bench-${process.pid}` });
  hub.start();
  const server = createServer();
  const sockets = socketsOf(server);
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
    nodes: nodeAdapter(openRedis(redisUrl, true)),
    now: () => performance.now(),
    onError: (error) => process.stderr.write(`${error.stack ?? error.message}\n`),
  });
  // Whoever started it was killed: Redis is its own process, and nobody else would end it.
  process.on('disconnect', () => {
    if (!isFirst) process.exit(1);
    void redis
      .shutdown('NOSAVE')
      .catch(() => undefined)
      .finally(() => process.exit(1));
  });
  process.on('SIGINT', () => undefined);
  while (hub.degraded) await new Promise((resolve) => setTimeout(resolve, 20));
  process.on('message', (message: ToServer) => {
    if (message.kind !== 'tell') {
      say(message.kind === 'memory' ? memory() : processor());
      return;
    }
    let told = 0;
    const timer = setInterval(() => {
      if (message.bare) tellBare(sockets, told++);
      else hub.publish(ringing(told++));
      if (told < message.events) return;
      clearInterval(timer);
      say({});
    }, message.everyMs);
  });
  say({ port: (server.address() as AddressInfo).port, token: TOKEN, ...memory() });
}

main(process.argv[2] ?? '', process.argv[3] === 'first').catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
