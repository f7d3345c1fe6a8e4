import { once } from 'node:events';
import { WebSocket } from 'ws';
import { Realtime } from '../../../src/api';
import { createApiKey } from '../../../src/storage';
import { until } from '../../support/until';
import { openPeople, signIn, tokenOf } from './support/phone-people';
import type { RealtimeClient } from './support/realtime-client';
import { connectRealtime } from './support/realtime-client';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import type { TestPhone } from './support/test-phone';
import { testPhone } from './support/test-phone';

const MAX_WAITING = 20;
const MAX_CLIENTS = 6;

let api: TestApi;
let phone: TestPhone;
let realtime: Realtime;
let ann: string;
let zoe: string;
const errors: Error[] = [];
let clients: RealtimeClient[];

beforeAll(async () => {
  phone = testPhone();
  api = await startTestApi({ phone: phone.services });
  realtime = new Realtime(api.server, {
    database: api.pool,
    phone: phone.services,
    corsOrigins: ['https://console.example'],
    limits: { maxWaiting: MAX_WAITING, lookAgainMs: 100, maxClients: MAX_CLIENTS },
    now: () => performance.now(),
    onError: (error) => errors.push(error),
  });
  await openPeople(api, phone.market);
  ann = await tokenOf(api, 'ann');
  zoe = await tokenOf(api, 'zoe');
});
beforeEach(() => {
  clients = [];
  phone.states.clear();
  phone.states.set('ann', { state: 'available', since: 1 });
  phone.states.set('zoe', { state: 'away', since: 2 });
});
afterEach(async () => {
  for (const { socket } of clients) socket.terminate();
  await until('the clients are told', () => realtime.size === 0);
});
afterAll(async () => {
  realtime.close();
  await api.close();
});

async function connect(token: unknown, headers?: Record<string, string>): Promise<RealtimeClient> {
  const client = await connectRealtime(api.url, token, headers);
  clients.push(client);
  return client;
}

/** With what it was told first. */
async function connected(token: string): Promise<RealtimeClient> {
  const client = await connect(token);
  await until('the clients are told', () => client.events.length > 0);
  return client;
}

test('an agent hears what its buyer’s people do, then what changes, and nothing of others', async () => {
  const client = await connected(ann);
  const other = await connected(zoe);
  phone.tell({ agentId: 'zoe', state: 'available', since: 3 });
  phone.tell({ agentId: 'ben', state: 'ringing', since: 4 });
  phone.tellQueue({ teamId: 'sales', waiting: 2 });
  await until('the clients are told', () => client.events.length === 3 && other.events.length === 2);
  expect(client.events).toEqual([
    ['presence.snapshot', [{ agentId: 'ann', state: 'available', since: 1 }]],
    ['presence', { agentId: 'ben', state: 'ringing', since: 4 }],
    ['queue', { teamId: 'sales', waiting: 2 }],
  ]);
  expect(other.events).toEqual([
    ['presence.snapshot', [{ agentId: 'zoe', state: 'away', since: 2 }]],
    ['presence', { agentId: 'zoe', state: 'available', since: 3 }],
  ]);
});

test('how a call sounds is for the agent who is on it', async () => {
  const ben = await connected(await tokenOf(api, 'ben'));
  const client = await connected(ann);
  phone.tellQuality({ agentId: 'ann', callId: 'c', legs: { buyer: { mos: 4.1 } } });
  phone.tell({ agentId: 'ann', state: 'wrap_up', since: 9 });
  await until('the clients are told', () => client.events.length === 3 && ben.events.length === 2);
  expect(client.events[1]).toEqual(['quality', { callId: 'c', legs: { buyer: { mos: 4.1 } } }]);
  expect(ben.events[1]?.[0]).toBe('presence');
});

test('what changes while the whole is read comes after it', async () => {
  const { of } = phone.services.presences;
  let read: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    phone.services.presences.of = async (ids) => {
      const states = await of(ids);
      resolve();
      await new Promise<void>((done) => (read = done));
      return states;
    };
  });
  const client = await connect(ann);
  await asked;
  phone.tell({ agentId: 'ann', state: 'on_call', since: 8 });
  phone.services.presences.of = of;
  read();
  await until('the clients are told', () => client.events.length === 2);
  expect(client.events).toEqual([
    ['presence.snapshot', [{ agentId: 'ann', state: 'available', since: 1 }]],
    ['presence', { agentId: 'ann', state: 'on_call', since: 8 }],
  ]);
});

test('API keys see the buyers of their account, those of the exchange all, and need a scope', async () => {
  const own = await createApiKey(api.pool, 'buyer-account-2', 'own', ['presence:read']);
  expect((await connected(own)).events[0]).toEqual([
    'presence.snapshot',
    [{ agentId: 'zoe', state: 'away', since: 2 }],
  ]);
  const all = await connected(await api.keyWith('presence:read'));
  expect((all.events[0]?.[1] as { agentId: string }[]).map(({ agentId }) => agentId)).toEqual(['ann', 'zoe']);
  expect((await connect(await api.keyWith('calls:read'))).refused).toBe('unauthorized');
});

test.each([undefined, 7, '', 'dcep_nobody', `dcep_${'x'.repeat(43)}`, 'dce_nobody', 'x'.repeat(3_000)])(
  'who shows %p is not let in',
  async (token) => {
    expect((await connect(token)).refused).toBe('unauthorized');
    expect(realtime.size).toBe(0);
  },
);

test('pages of other origins are not let in', async () => {
  expect((await connect(ann, { Origin: 'https://evil.example' })).refused).toContain('400');
  expect((await connect(ann, { Origin: 'https://console.example' })).refused).toBeUndefined();
  expect((await connect(ann, { Origin: api.url })).refused).toBeUndefined();
});

test('who signs out is let go', async () => {
  const token = String((await signIn(api, 'ben')).body['token']);
  const client = await connected(token);
  const stays = await connected(ann);
  const headers = { Authorization: `Bearer ${token}` };
  await api.ask('DELETE', '/api/v1/phone/sessions/current', { key: null, headers });
  realtime.signedOut('ben');
  await until('the clients are told', () => client.closed);
  expect([stays.closed, realtime.size]).toEqual([false, 1]);
});

test('who may not watch any more is let go, whoever ended it', async () => {
  const token = String((await signIn(api, 'ben')).body['token']);
  const key = await api.keyWith('presence:read');
  const [client, other, stays, staysToo] = [
    await connected(token),
    await connected(key),
    await connected(ann),
    await connected(await api.keyWith('presence:read')),
  ];
  await api.database.query(
    `update phone_sessions set revoked_at = now() where agent_id = 'ben' and revoked_at is null`,
  );
  await api.database.query(
    'update api_keys set revoked_at = now() where key_hash = sha256(convert_to($1, $2))',
    [key, 'UTF8'],
  );
  await until('both are let go', () => client.closed && other.closed);
  expect([stays.closed, staysToo.closed]).toEqual([false, false]);
});

test('a connection says once who it is', async () => {
  const client = await connect('dcep_nobody');
  expect(client.refused).toBe('unauthorized');
  client.refused = undefined;
  client.socket.send(`40${JSON.stringify({ token: ann })}`);
  await until('it is answered', () => client.refused !== undefined);
  expect([client.refused, realtime.size]).toEqual(['asked_already', 0]);
});

test('who does not say who it is takes a place as well', async () => {
  const silent = await Promise.all(
    Array.from({ length: MAX_CLIENTS }, async () => {
      const socket = new WebSocket(`${api.url.replace('http', 'ws')}/ws/v1/?EIO=4&transport=websocket`);
      await once(socket, 'message');
      return socket;
    }),
  );
  expect((await connect(ann)).refused).toContain('400');
  for (const socket of silent) socket.terminate();
  await until('there is room again', async () => (await connect(ann)).refused === undefined);
});

test('who does not read is let go, and holds up nobody', async () => {
  const deaf = await connected(ann);
  const client = await connected(ann);
  deaf.socket.pause();
  // More than the buffers of two sockets hold, a piece at a time, as the other reads it.
  const legs = 'x'.repeat(100_000);
  for (let told = 2; realtime.size === 2; told++) {
    phone.tellQuality({ agentId: 'ann', callId: 'c', legs });
    await until('the clients are told', () => client.events.length === told);
  }
  expect(client.closed).toBe(false);
});

test('when nobody can be asked what people do, a client is let go, to come again', async () => {
  const { of } = phone.services.presences;
  phone.services.presences.of = () => Promise.reject(new Error('away'));
  const client = await connect(ann);
  await until('the clients are told', () => client.closed);
  phone.services.presences.of = of;
  expect(errors.map(({ message }) => message)).toEqual(['away']);
});
