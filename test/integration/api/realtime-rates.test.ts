import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RealtimeServices } from '../../../src/api';
import { Realtime } from '../../../src/api';
import { rateTable } from '../../../src/api/rate-table';
import { configSchema } from '../../../src/config';
import type { Principal } from '../../../src/domain';
import { LocalRateLimits } from '../../../src/storage';
import { until } from '../../support/until';
import type { RealtimeClient } from './support/realtime-client';
import { connectRealtime } from './support/realtime-client';
import { testPhone } from './support/test-phone';

const LIMIT = rateTable(6_000).realtime;
const INTERVAL_MS = (LIMIT.seconds * 1_000) / LIMIT.count;

let skipped = 0;
let listener: Server;
let realtime: Realtime;
let url: string;
const clients: RealtimeClient[] = [];
/** Who is asked about is told only when this resolves. */
let answers: Promise<unknown> = Promise.resolve();
let asked = 0;

const keyOf = (id: string): Principal => ({
  kind: 'key',
  id,
  accountId: 'operator',
  role: 'admin',
  scopes: ['presence:read'],
});

const authenticates: RealtimeServices['authenticates'] = {
  fromToken: async (token) => {
    asked++;
    await answers;
    return token.startsWith('dce_key-') ? keyOf(token) : undefined;
  },
  fromCookies: () => Promise.resolve(undefined),
  stillGood: (tokens) => Promise.resolve(new Set(tokens)),
};

beforeEach(async () => {
  skipped = 0;
  asked = 0;
  answers = Promise.resolve();
  listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const now = (): number => skipped;
  realtime = new Realtime(listener, {
    database: undefined as never,
    phone: testPhone().services,
    authenticates,
    rate: { limiter: new LocalRateLimits(now), limit: LIMIT },
    trustedProxies: ['127.0.0.1'],
    now,
    onError: (error) => {
      throw error;
    },
  });
  url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.terminate();
  await until('they are gone', () => realtime.size === 0);
  realtime.close();
  listener.closeAllConnections();
  await new Promise((closed) => listener.close(closed));
});

async function connect(token: string, address = '192.0.2.1'): Promise<RealtimeClient> {
  const client = await connectRealtime(url, token, { 'X-Forwarded-For': address });
  clients.push(client);
  return client;
}

test('the configuration says the same as the table', () => {
  expect(configSchema.parse({}).api.limits.realtime).toEqual(LIMIT);
  expect(LIMIT).toEqual({ count: 10, seconds: 3_600, burst: 60 });
});

test('who comes and goes is let in sixty times in a row, then told when to come again; nobody else is held up', async () => {
  const flapping = await Promise.all(Array.from({ length: LIMIT.burst }, () => connect('dce_key-a')));
  expect(flapping.filter(({ refused }) => refused !== undefined)).toEqual([]);
  const refused = await connect('dce_key-a');
  expect([refused.refused, refused.refusal]).toEqual(['rate_limited', { retryAfterMs: INTERVAL_MS }]);
  expect((await connect('dce_key-b')).refused).toBeUndefined();
  // From wherever it comes.
  expect((await connect('dce_key-a', '192.0.2.2')).refused).toBe('rate_limited');
  skipped += INTERVAL_MS;
  expect((await connect('dce_key-a')).refused).toBeUndefined();
  expect((await connect('dce_key-a')).refused).toBe('rate_limited');
});

test('all who sit behind one address come back at once', async () => {
  let tell: (value?: unknown) => void = () => undefined;
  answers = new Promise((resolve) => (tell = resolve));
  const coming = Array.from({ length: 150 }, (_, n) => connect(`dce_key-${n}`));
  await until('all of them are asked about', () => asked === 150);
  tell();
  const back = await Promise.all(coming);
  expect(back.filter(({ refused }) => refused !== undefined)).toEqual([]);
});

test('an address that guesses is not asked about any more for a while, and no other is held up', async () => {
  const guesses = await Promise.all(Array.from({ length: 60 }, (_, n) => connect(`dce_guess-${n}`)));
  expect(guesses.every(({ refused }) => refused === 'unauthorized')).toBe(true);
  expect((await connect('dce_key-a')).refused).toBe('too_many_failures');
  expect(asked).toBe(60);
  expect((await connect('dce_key-a', '192.0.2.2')).refused).toBeUndefined();
  skipped += 60_000;
  expect((await connect('dce_key-a')).refused).toBeUndefined();
});
