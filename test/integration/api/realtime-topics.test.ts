import fc from 'fast-check';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeAdapter, Realtime } from '../../../src/api';
import type { RealtimeServices } from '../../../src/api';
import type { Principal } from '../../../src/domain';
import type { DomainEvent } from '../../../src/events';
import { domainEvent, EVENT_NAMES, eventType } from '../../../src/events';
import { openRedis } from '../../../src/storage';
import type { OwnTestRedis } from '../../support/test-redis';
import { ownTestRedis } from '../../support/test-redis';
import { until } from '../../support/until';
import type { TestNode } from '../events/support/stage';
import { openNode, ringing } from '../events/support/stage';
import type { Told, TopicClient } from './support/topic-client';
import { connectTopics } from './support/topic-client';
import { testPhone } from './support/test-phone';

const STREAM = 'topics';
const MAX_BYTES = 64 * 1024;

/** A node of the exchange, as far as it tells of what happens. */
interface Node extends TestNode {
  readonly url: string;
  readonly realtime: Realtime;
}

let server: OwnTestRedis;
const http: Server[] = [];
let one: Node;
let two: Node;
const clients: TopicClient[] = [];
const revoked = new Set<string>();
const errors: Error[] = [];
const phone = testPhone();

const principal = (
  accountId: string,
  role: Principal['role'],
  scopes: readonly string[] = ['*'],
): Principal => ({
  kind: 'user',
  id: `user of ${accountId}`,
  accountId,
  role,
  scopes,
  sessionId: `session of ${accountId}`,
});

const PEOPLE: Readonly<Record<string, Principal>> = {
  admin: principal('operator', 'admin'),
  auditor: principal('operator', 'auditor', ['*:read']),
  buyer: principal('buyer-account', 'buyer'),
  other: principal('other-account', 'buyer'),
  seller: principal('seller-account', 'seller'),
  carrier: principal('carrier-account', 'carrier'),
  narrow: principal('buyer-account', 'buyer', ['bids:read']),
};

const authenticates: RealtimeServices['authenticates'] = {
  fromToken: (token) => Promise.resolve(revoked.has(token) ? undefined : PEOPLE[token]),
  fromCookies: ({ headers }) => {
    const token = /who=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? '';
    const found = PEOPLE[token];
    return Promise.resolve(found && { principal: found, token });
  },
  stillGood: (tokens) => Promise.resolve(new Set(tokens.filter((token) => !revoked.has(token)))),
};

let boards = 0;

async function openTestNode(): Promise<Node> {
  const node = openNode(server.url, STREAM, { maxRecent: 200 });
  const listener = createServer();
  http.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const realtime = new Realtime(listener, {
    database: undefined as never,
    phone: phone.services,
    authenticates,
    events: node.hub,
    board: { board: ({ accountId }) => ({ of: accountId, n: ++boards }) },
    nodes: nodeAdapter(openRedis(server.url, true)),
    limits: { lookAgainMs: 100, boardMs: 50, maxWaiting: 40, maxWaitingBytes: MAX_BYTES },
    now: () => performance.now(),
    onError: (error) => errors.push(error),
  });
  await until('the stream is read', () => !node.hub.degraded);
  const { port } = listener.address() as AddressInfo;
  return Object.assign(node, { url: `http://127.0.0.1:${port}`, realtime });
}

beforeAll(async () => {
  server = await ownTestRedis();
  one = await openTestNode();
  two = await openTestNode();
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  revoked.clear();
  await until('they are gone', () => one.realtime.size + two.realtime.size === 0);
  expect(errors.splice(0)).toEqual([]);
});
afterAll(async () => {
  for (const node of [one, two]) {
    node.realtime.close();
    await node.close();
  }
  for (const listener of http) {
    listener.closeAllConnections();
    await new Promise((closed) => listener.close(closed));
  }
  await server.drop();
});

async function connect(
  token: string,
  node: Node = one,
  headers?: Record<string, string>,
): Promise<TopicClient> {
  const client = await connectTopics(node.url, headers ? undefined : token, headers);
  clients.push(client);
  return client;
}

async function watching(token: string, topics: readonly string[], node: Node = one): Promise<TopicClient> {
  const client = await connect(token, node);
  expect(await client.ask('subscribe', { topics })).toMatchObject({ ok: true, topics });
  return client;
}

/** The last thing that everybody of the exchange hears: what is not told by then is not told. */
async function flushed(client: TopicClient, node: Node = one): Promise<void> {
  const mark = `mark-${Math.random()}`;
  node.hub.publish(ringing(mark, 0, 'nobody'));
  await until('the mark comes', () => client.told().some(({ subject }) => subject.id === mark));
}

const numbers = (told: readonly Told[]): number[] => told.map(({ at }) => at);

test('who subscribes hears of its topics on whichever node, with places to come back to', async () => {
  const here = await watching('admin', ['calls']);
  const there = await watching('auditor', ['calls'], two);
  const bids = await watching('admin', ['bids']);
  one.hub.publish(ringing('c', 1));
  two.hub.publish(ringing('c', 2));
  await until('both hear', () => here.told().length === 2 && there.told().length === 2);
  expect(here.told()).toEqual(there.told());
  expect(here.told()[0]).toMatchObject({
    topic: 'calls',
    type: 'call.ringing',
    version: 1,
    data: { attempt: 1 },
  });
  expect([bids.told(), here.messages('status')]).toEqual([[], [{ degraded: false }]]);
  expect(await here.ask('unsubscribe', { topics: ['calls'] })).toMatchObject({ ok: true, topics: [] });
  one.hub.publish(ringing('c', 3));
  await until('the other hears', () => there.told().length === 3);
  expect(here.told()).toHaveLength(2);
});

test('a topic asks for its role and its scope, and a message for its shape', async () => {
  const ask = async (token: string, message: unknown): Promise<unknown> =>
    (await (await connect(token)).ask('subscribe', message))['code'];
  expect(await ask('seller', { topics: ['bids'] })).toBe('role_forbidden');
  expect(await ask('carrier', { topics: ['calls', 'money'] })).toBe('role_forbidden');
  expect(await ask('narrow', { topics: ['calls'] })).toBe('scope_missing');
  expect(await ask('admin', { topics: ['calls', 'weather'] })).toBe('topic_unknown');
  for (const bad of [
    undefined,
    null,
    7,
    'calls',
    {},
    { topics: [] },
    { topics: 'calls' },
    { topics: ['calls'], after: 7 },
  ]) {
    expect(await ask('admin', bad)).toBe('invalid_message');
  }
  expect((await connect('nobody')).refused).toBe('unauthorized');
});

test('tenants see their part of their own events, and no letter of anything else', async () => {
  const canary = 'canary-7c1';
  const tenants = await Promise.all(
    (['buyer', 'other', 'seller', 'carrier'] as const).map(async (who) => {
      const client = await connect(who);
      const topics = { buyer: ['calls', 'bids', 'auctions', 'alerts', 'money'], carrier: ['calls'] };
      await client.ask('subscribe', {
        topics: topics[who as 'buyer'] ?? ['calls', 'auctions', 'alerts', 'money'],
      });
      return [who, client] as const;
    }),
  );
  const admin = await watching('admin', ['calls', 'bids', 'auctions', 'alerts', 'money']);
  for (const type of EVENT_NAMES) {
    if (eventType(type).source !== 'live') continue;
    // Everything in it is a secret, and it is for nobody.
    const data = Object.fromEntries(Object.keys(eventType(type).data.shape).map((field) => [field, canary]));
    one.hub.publish(domainEvent(type, { at: 1, subject: canary, data: data as never }));
  }
  one.hub.publish(ringing('c', 2));
  one.hub.publish(
    domainEvent('auction.cleared', {
      at: 3,
      subject: 'c',
      accounts: ['buyer-account', 'other-account', 'seller-account'],
      data: {
        campaignId: 'campaign',
        sellerId: 'seller-account',
        currency: 'USD',
        total: 9,
        ranked: 2,
        bids: [
          { accountId: 'buyer-account', buyerId: 'b', bidId: 'mine', rank: 1, priceMicros: 5 },
          { accountId: 'other-account', buyerId: 'o', bidId: 'theirs', rank: 2, priceMicros: 4 },
        ],
      },
    }) as DomainEvent,
  );
  one.hub.publish(
    domainEvent('call.received', {
      at: 4,
      subject: 'd',
      accounts: ['carrier-account'],
      data: { from: null, to: '+18005550100', trunkId: 'trunk', origin: 'unknown' },
    }) as DomainEvent,
  );
  await flushed(admin);
  await until('everybody has heard the last of theirs', () =>
    tenants.every(([who, client]) => client.told().length >= (who === 'buyer' ? 2 : 1)),
  );
  expect(admin.told().filter(({ subject }) => subject.id === canary).length).toBeGreaterThan(8);
  const seen = Object.fromEntries(tenants.map(([who, client]) => [who, client]));
  for (const [, client] of tenants) expect(JSON.stringify(client.events)).not.toContain(canary);
  expect(seen['buyer']?.told().map(({ data }) => data)).toEqual([
    { campaignId: 'campaign', buyerId: 'buyer', targetId: 'target', bidId: 'bid', priceMicros: 25_000_000 },
    {
      campaignId: 'campaign',
      currency: 'USD',
      ranked: 2,
      bids: [{ accountId: 'buyer-account', buyerId: 'b', bidId: 'mine', rank: 1, priceMicros: 5 }],
    },
  ]);
  expect(JSON.stringify(seen['other']?.events)).not.toContain('mine');
  expect(JSON.stringify(seen['seller']?.events)).not.toMatch(/priceMicros|mine|theirs/);
  expect(seen['carrier']?.told().map(({ type }) => type)).toEqual(['call.received']);
});

test('however often somebody is cut off, it hears everything once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(40), { minLength: 1, maxLength: 6 }), async (bursts) => {
      const start = await watching('admin', ['calls']);
      const { position } = await start.ask('subscribe', { topics: ['calls'] });
      const heard: Told[] = [];
      let after = position as string;
      let client = start;
      let n = 0;
      for (const [turn, burst] of bursts.entries()) {
        const node = turn % 2 === 0 ? one : two;
        const publish = (count: number): void => {
          for (let left = count; left > 0; left--) node.hub.publish(ringing(`c${n % 3}`, n++));
        };
        publish(burst);
        // In the middle of it, at whatever has come so far.
        client.socket.terminate();
        await until('it is gone', () => client.closed);
        heard.push(...client.told());
        after = client.told().at(-1)?.id ?? after;
        client = await connect('buyer', node);
        const coming = client.ask('subscribe', { topics: ['calls'], after });
        publish(burst);
        await coming;
        const due = n;
        await until('the rest has come', () => heard.length + client.told().length >= due);
      }
      heard.push(...client.told());
      expect(numbers(heard)).toEqual(Array.from({ length: n }, (_, at) => at));
      expect(client.messages('gap')).toEqual([]);
    }),
    { numRuns: 4 },
  );
});

test('who comes back from before what is known is told of a gap, and goes on from there', async () => {
  const client = await connect('admin');
  expect(await client.ask('subscribe', { topics: ['calls'], after: '1-1' })).toMatchObject({ ok: true });
  expect(client.messages('gap')).toMatchObject([{ from: '1-1', to: one.hub.position }]);
  one.hub.publish(ringing('c', 1));
  await until('it goes on', () => client.told().length === 1);
});

test('who does not read is told of a gap once it does, and costs a bounded piece of memory', async () => {
  const slow = await watching('admin', ['calls']);
  const quick = await watching('admin', ['calls']);
  slow.socket.pause();
  const big = 'x'.repeat(60_000);
  let sent = 0;
  for (; sent < 200; sent++) {
    const event = ringing('c', sent);
    one.hub.publish({ ...event, data: { ...event.data, targetId: big } } as DomainEvent);
    await until('the other keeps up', () => quick.told().length === sent + 1, 10_000, 2);
  }
  expect(one.realtime.waitingBytes).toBeLessThan(MAX_BYTES + 20 * (big.length + 500));
  slow.socket.resume();
  await until('it hears of the gap', () => slow.messages('gap').length === 1);
  const before = slow.told().length;
  expect(before).toBeLessThan(200);
  expect(numbers(slow.told())).toEqual(Array.from({ length: before }, (_, n) => n));
  one.hub.publish(ringing('c', 1_000));
  await until('it goes on', () => slow.told().at(-1)?.at === 1_000);
});

test('a session that is revoked is let go on every node at once, and so is one that is found to be over', async () => {
  const [here, there, stays] = [
    await watching('buyer', ['calls'], one),
    await watching('buyer', ['calls'], two),
    await watching('other', ['calls'], two),
  ];
  await until('both are let go', () => {
    one.realtime.revoked({ sessionId: 'session of buyer-account' });
    return here.closed && there.closed;
  });
  expect(stays.closed).toBe(false);
  revoked.add('other');
  await until('it is found', () => stays.closed);
});

test('the cookie of a session proves who it is, on pages of our own alone', async () => {
  const client = await connect('', one, { Cookie: 'who=buyer', Origin: one.url });
  expect(await client.ask('subscribe', { topics: ['bids'] })).toMatchObject({ ok: true });
  expect((await connect('', one, { Cookie: 'who=buyer', Origin: 'https://evil.example' })).refused).toContain(
    '400',
  );
  expect((await connect('', one, { Cookie: 'who=nobody' })).refused).toBe('unauthorized');
});

test('the board is made once for everybody who sees the same', async () => {
  const [a, b, c] = [
    await watching('admin', ['board']),
    await watching('auditor', ['board']),
    await watching('buyer', ['board']),
  ];
  await until('several have come', () => [a, b, c].every((client) => client.messages('board').length >= 4));
  const last = (client: TopicClient): unknown[] => client.messages('board').slice(-2);
  expect(last(a)).toMatchObject([{ of: 'operator' }, { of: 'operator' }]);
  expect(last(c)).toMatchObject([{ of: 'buyer-account' }, { of: 'buyer-account' }]);
  const ofA = JSON.stringify(a.messages('board'));
  expect(
    b
      .messages('board')
      .slice(1, 3)
      .every((board) => ofA.includes(JSON.stringify(board))),
  ).toBe(true);
});

test('when Redis dies its node goes on telling, and says so; when it is back nothing is left over', async () => {
  const client = await watching('admin', ['calls']);
  await server.stop();
  await until('it is told', () => (client.messages('status').at(-1) as { degraded: boolean }).degraded);
  one.hub.publish(ringing('c', 1));
  await until('it still hears', () => client.told().length === 1);
  expect(client.told()[0]?.id).toBeNull();
  const late = await watching('buyer', ['calls']);
  expect(late.messages('status')).toEqual([{ degraded: true }]);
  await server.start();
  await until('it is over', () => !(client.messages('status').at(-1) as { degraded: boolean }).degraded);
  await until(
    'both know of the gap',
    () => client.messages('gap').length > 0 && late.messages('gap').length > 0,
  );
  one.hub.publish(ringing('c', 2));
  await until('both hear', () => client.told().length === 2 && late.told().length === 1);
  expect(client.told()[1]?.id).not.toBeNull();
  expect(one.hub.figures).toMatchObject({ onTheWay: 0, waiting: 0 });
}, 60_000);
