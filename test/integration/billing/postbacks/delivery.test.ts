import { randomUUID } from 'node:crypto';
import { claimDeliveries } from '../../../../src/billing/postbacks/delivery-queue';
import { expandEvents } from '../../../../src/billing/postbacks/expand-events';
import { sweepDeliveries } from '../../../../src/billing/postbacks/sweep';
import { PortPolicy, redriveDead, replayEvents } from '../../../../src/billing';
import { AddressPolicy } from '../../../../src/domain';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { until } from '../../../support/until';
import type { DeliveryRow } from './support/postback-room';
import { HERE, PostbackRoom } from './support/postback-room';
import { Receiver } from './support/receiver';

let room: PostbackRoom;
let receiver: Receiver;
let count = 0;

beforeAll(async () => {
  room = await PostbackRoom.open();
});
afterAll(() => room.close());
beforeEach(async () => {
  receiver = await Receiver.start();
  room.atEnd(() => receiver.close());
});
afterEach(() => room.clear());

/** Events of one wallet each, and so in no order. */
async function happen(events: number): Promise<void> {
  for (let n = 0; n < events; n++) {
    const accountId = `account-${count++}`;
    await room.event('wallet.low', `${accountId}:USD:1`, { accountId, currency: 'USD' });
  }
}
const wallets = (path = '', more = {}): Promise<string> =>
  room.hook({ url: `${receiver.url}${path}`, events: ['wallet.low'], ...more });
const only = async (): Promise<DeliveryRow> => {
  const rows = await room.deliveries();
  expect(rows).toHaveLength(1);
  return rows[0] as DeliveryRow;
};
const tried = (attempts: number): Promise<void> =>
  until(`${attempts} attempts`, async () => {
    if (room.errors[0]) throw room.errors[0];
    const [row] = await room.deliveries();
    return row?.attempts === attempts && row.claim === null;
  });
/** Those that were tried, by their URL. */
const ended = async (): Promise<DeliveryRow[]> =>
  (await room.deliveries())
    .filter(({ attempts, claim }) => attempts > 0 && claim === null)
    .sort((a, b) => (String(a.request?.url) < String(b.request?.url) ? -1 : 1));
const LIMITS = {
  total: 50,
  perPostback: 50,
  perHost: 50,
  ofPostback: new Map<string, number>(),
  ofHost: new Map<string, number>(),
  leaseMs: 60_000,
};

test('what fails is tried again, later and later, until it is delivered', async () => {
  receiver.behave = () => (receiver.received.length < 4 ? 500 : 204);
  await wallets();
  await happen(1);
  room.dispatcher();
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 3; attempt++) {
    await tried(attempt);
    const row = await only();
    expect(row).toMatchObject({
      state: 'failed',
      last_status: 500,
      response: 'status 500',
      last_error: 'answered 500',
    });
    waits.push(Math.round(row.waits_s / 5) * 5);
    await room.hurry();
  }
  await room.allDone(1);
  expect(waits).toEqual([5, 30, 120]);
  expect(await only()).toMatchObject({ state: 'delivered', attempts: 4, last_status: 204, last_error: null });
  expect(receiver.received.map(({ headers }) => headers['dce-attempt'])).toEqual(['1', '2', '3', '4']);
  expect(new Set(receiver.eventIds()).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
});

/** Webhooks of which it was told, for whoever watches alerts, that something could not be delivered. */
const alerts = async (): Promise<unknown[]> => {
  const { rows } = await room.db.query(
    `select payload->>'webhookId' as id, payload->>'why' as why, done_at is not null as done from outbox where type = 'webhook.dead'`,
  );
  return rows;
};

test('after three days it is dead, and can be driven again', async () => {
  receiver.behave = () => 500;
  const id = await wallets();
  await happen(1);
  room.dispatcher();
  await tried(1);
  await room.db.query(
    `update postback_deliveries set give_up_at = now() + interval '1 minute', attempts = 3`,
  );
  await room.hurry();
  await room.allDone(1);
  expect(await only()).toMatchObject({ state: 'dead', attempts: 4 });
  expect(await alerts()).toEqual([{ id, why: expect.any(String) as string, done: true }]);
  receiver.behave = () => 200;
  expect(await redriveDead(room.db, id)).toBe(1);
  await until('it is delivered', async () => (await only()).state === 'delivered');
  expect(await only()).toMatchObject({ attempts: 1 });
});

test('a receiver says when to come again, within an hour, and nothing else is sent to it until then', async () => {
  receiver.behave = () => (_request, response) => {
    response.writeHead(429, { 'Retry-After': '86400' }).end();
  };
  const id = await wallets('', { ratePerSecond: 1 });
  await happen(3);
  room.dispatcher();
  await until('one was refused', async () =>
    (await room.deliveries()).some(({ state }) => state === 'failed'),
  );
  const rows = await room.deliveries();
  expect(rows.map(({ attempts }) => attempts)).toEqual([1, 0, 0]);
  expect(Math.round((rows[0]?.waits_s ?? 0) / 60)).toBe(60);
  const [queue] = await room.own.query<{ minutes: number }>(
    `select extract(epoch from paced_until - now())::float / 60 as minutes from postback_queues where postback_id = $1`,
    [id],
  );
  expect(Math.round(queue?.minutes ?? 0)).toBe(60);
});

test('a receiver that is gone is not asked again', async () => {
  receiver.behave = () => 410;
  const id = await wallets();
  await happen(1);
  room.dispatcher();
  await room.allDone(1);
  expect(await only()).toMatchObject({ state: 'dead', last_status: 410 });
  expect(room.paused).toEqual([id]);
  expect(await room.store.get(id)).toMatchObject({
    status: 'paused',
    pausedWhy: expect.stringMatching(/410/) as unknown,
  });
  await happen(1);
  await until('it is passed over', async () => (await room.undone()).length === 0);
  expect(await room.deliveries()).toHaveLength(1);
});

test('redirects are not followed, wherever they lead', async () => {
  const inside = await Receiver.start();
  room.atEnd(() => inside.close());
  receiver.behave = () => (_request, response) => {
    response.writeHead(307, { Location: `${inside.url}/admin` }).end();
  };
  await wallets();
  await happen(1);
  room.dispatcher();
  await tried(1);
  expect(await only()).toMatchObject({
    state: 'failed',
    last_status: 307,
    last_error: expect.stringMatching(/not followed/) as unknown,
  });
  expect(inside.received).toEqual([]);
});

test('a private address is not connected to, though it was allowed when it was saved', async () => {
  await wallets();
  await happen(1);
  room.dispatcher({ places: { ...HERE, addresses: new AddressPolicy() } });
  await tried(1);
  expect(await only()).toMatchObject({
    last_status: null,
    last_error: 'refused: 127.0.0.1 is not an address of the public internet',
  });
  expect(receiver.received).toEqual([]);
});

test('a port that is not allowed is not connected to, though it was when it was saved', async () => {
  await wallets();
  await happen(1);
  room.dispatcher({ places: { ...HERE, ports: new PortPolicy() } });
  await tried(1);
  const { port } = new URL(receiver.url);
  expect(await only()).toMatchObject({
    last_status: null,
    last_error: `refused: port ${port} is not one that requests may go to`,
  });
  expect(receiver.received).toEqual([]);
});

test('a receiver that hangs is given up, and one that answers and then hangs has answered', async () => {
  receiver.behave =
    ({ path }) =>
    (_request, response) => {
      if (path === '/half') response.writeHead(200).write('half of it …');
    };
  await wallets('/silent');
  await wallets('/half');
  await happen(1);
  room.dispatcher({ timeoutMs: 150 });
  await until('both ended', async () => (await ended()).length === 2);
  const [half, silent] = await ended();
  expect(silent).toMatchObject({ state: 'failed', last_error: 'timeout: no reply in 150 ms' });
  expect(half).toMatchObject({ state: 'delivered', last_status: 200, response: 'half of it …' });
});

test('a huge body is not read, and what is kept of it is little', async () => {
  let written = 0;
  receiver.behave = () => (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, '\x01é'))) written += 65_536;
    };
    response.on('drain', more);
    more();
  };
  await wallets();
  await happen(1);
  room.dispatcher();
  await room.allDone(1);
  const { state, response } = await only();
  expect([state, (response ?? '').length <= 1_024, /[\x01]/.test(response ?? '')]).toEqual([
    'delivered',
    true,
    false,
  ]);
  await until('the connection is closed', () => receiver.underWay === 0);
  expect(written).toBeLessThan(64 * 1_048_576);
});

test('a reply that is none is a failure', async () => {
  receiver.behave =
    ({ path }) =>
    (_request, response) => {
      if (path === '/cut') response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
      else response.socket?.end(path === '/none' ? '' : 'NONSENSE\r\n\r\n');
    };
  for (const path of ['/none', '/nonsense', '/cut']) await wallets(path);
  await happen(1);
  room.dispatcher();
  await until('all ended', async () => (await ended()).length === 3);
  // The status of the first one came whole.
  const [cut, none, nonsense] = await ended();
  expect([cut?.state, none?.state, nonsense?.state]).toEqual(['delivered', 'failed', 'failed']);
  expect(nonsense?.last_error).toMatch(/^broken: /);
});

test('events of one call are told in order, and do not hold up those of others', async () => {
  const hook = await room.hook({ url: receiver.url });
  const first = (path: string): boolean =>
    receiver.received.filter(({ body }) => body.includes(path)).length === 1;
  receiver.behave = ({ body }) => (body.includes('in-order') && first('in-order') ? 500 : 200);
  await room.settled('in-order');
  await room.event('call.rerated', 'in-order:1', {
    callId: 'in-order',
    n: 1,
    currency: 'USD',
    reason: 'signal',
  });
  await room.settled('another');
  room.dispatcher();
  await until('another is delivered', async () => (await room.deliveries())[2]?.state === 'delivered');
  await tried(1);
  expect((await room.deliveries()).map(({ state, attempts }) => [state, attempts])).toEqual([
    ['failed', 1],
    ['waiting', 0],
    ['delivered', 1],
  ]);
  await room.hurry();
  await room.allDone(3);
  const ofCall = receiver.received.filter(({ body }) => body.includes('in-order'));
  expect(ofCall.map(({ headers }) => headers['dce-event'])).toEqual([
    'call.settled',
    'call.settled',
    'call.rerated',
  ]);
  expect(hook).toBeTruthy();
});

test('so many requests are under way at once, and so many to one host', async () => {
  const other = await Receiver.start();
  room.atEnd(() => other.close());
  const held: (() => void)[] = [];
  const hold = () => (_request: unknown, response: { end(): void }) => void held.push(() => response.end());
  receiver.behave = hold;
  other.behave = hold;
  await wallets('/a');
  await wallets('/b');
  await room.hook({ url: other.url, events: ['wallet.low'] });
  await happen(10);
  room.dispatcher({ concurrency: 6, perHost: 4 });
  await until('the limit is reached', () => receiver.underWay + other.underWay === 6);
  const letGo = setInterval(() => held.splice(0).forEach((end) => end()), 5);
  try {
    await room.allDone(30);
  } finally {
    clearInterval(letGo);
  }
  expect(receiver.mostUnderWay).toBeLessThanOrEqual(4);
  expect(receiver.mostUnderWay + other.mostUnderWay).toBeLessThanOrEqual(8);
});

test('a dead host is left alone after some failures, and the others are served', async () => {
  const dead = await wallets('/dead');
  await room.hook({ url: `${receiver.url}/alive`, events: ['wallet.low'] });
  receiver.behave = ({ path }) => (path === '/dead' ? 503 : 200);
  await happen(60);
  room.dispatcher({ perHost: 4, breaker: { requests: 10, failureRatio: 0.8, openMs: 3_600_000 } });
  await until('the others are served', async () => {
    const rows = await room.deliveries();
    return rows.filter(({ state }) => state === 'delivered').length === 60;
  });
  const asked = receiver.received.filter(({ path }) => path === '/dead').length;
  // Ten failures, and what was under way when the last of them came.
  expect(asked).toBeGreaterThanOrEqual(10);
  expect(asked).toBeLessThanOrEqual(14);
  const waiting = (await room.deliveries()).filter(
    ({ postback_id, attempts }) => postback_id === dead && attempts === 0,
  );
  expect(waiting.length).toBe(60 - asked);
});

test('a receiver that is back is found by one request', async () => {
  await wallets();
  receiver.behave = () => 503;
  await happen(20);
  room.dispatcher({ perHost: 2, breaker: { requests: 4, failureRatio: 0.5, openMs: 60 } });
  await until('it failed', () => receiver.received.length >= 4);
  receiver.behave = () => 200;
  await until('all that was due is delivered', async () => {
    await room.hurry();
    return (await room.deliveries()).every(({ state }) => state === 'delivered');
  });
  expect(receiver.received.length).toBeGreaterThanOrEqual(20);
});

test('a rate holds over all workers', async () => {
  await wallets('', { ratePerSecond: 5 });
  await happen(20);
  await expandEvents(room.db);
  const claim = (): Promise<number> =>
    claimDeliveries(room.db, randomUUID(), LIMITS).then(({ length }) => length);
  expect(await claim()).toBe(5);
  expect(await claim()).toBeLessThanOrEqual(1);
  await room.db.query('update postback_queues set paced_until = now()');
  const both = await Promise.all([claim(), claim(), claim()]);
  expect(both.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(6);
});

test('a delivery is claimed by one, and by another when its time is over', async () => {
  await wallets();
  await happen(8);
  await expandEvents(room.db);
  const claim = async (): Promise<number[]> =>
    (await claimDeliveries(room.db, randomUUID(), LIMITS)).map(({ id }) => id);
  const all = await Promise.all(Array.from({ length: 4 }, claim));
  expect(new Set(all.flat()).size).toBe(8);
  expect(all.flat()).toHaveLength(8);
  expect(await claim()).toEqual([]);
  await room.db.query('update postback_deliveries set next_at = now()');
  expect(await claim()).toHaveLength(8);
});

test('what waits too long is dead, what was done long ago is let go', async () => {
  await wallets();
  await happen(3);
  await expandEvents(room.db);
  await room.db.query(
    `update postback_deliveries set give_up_at = now() - interval '1 second' where id = (select min(id) from postback_deliveries)`,
  );
  await room.db.query(
    `update postback_deliveries set state = 'delivered', done_at = now() - interval '31 days' where id = (select max(id) from postback_deliveries)`,
  );
  expect(await sweepDeliveries(room.db, 30, () => false)).toEqual({ expired: 1, removed: 1 });
  expect((await room.deliveries()).map(({ state, last_error }) => [state, last_error])).toEqual([
    ['dead', 'its time was over before it could be sent'],
    ['waiting', null],
  ]);
});

test('a queue has an end: what comes on top is dead at once, and can be driven again', async () => {
  const id = await wallets();
  await happen(5);
  expect(await expandEvents(room.db, { maxOpen: 3 })).toMatchObject({ deliveries: 5 });
  // Once an hour of each webhook: of a flood of dead ones there is one alert.
  expect(await alerts()).toEqual([{ id, why: expect.any(String) as string, done: true }]);
  expect((await room.deliveries()).map(({ state }) => state)).toEqual([
    'waiting',
    'waiting',
    'waiting',
    'dead',
    'dead',
  ]);
  expect(await room.undone()).toEqual([]);
});

test('a replay tells again of a time, with the ids that events had, and of what was missed', async () => {
  await wallets();
  const late = await room.hook({
    url: `${receiver.url}/late`,
    events: ['wallet.low'],
    status: 'paused',
    accountId: BUYER_ACCOUNT,
  });
  const before = Date.now();
  await happen(3);
  await room.event('wallet.low', 'mine:1', { accountId: BUYER_ACCOUNT });
  const dispatcher = room.dispatcher();
  await room.allDone(4);
  const range = { from: before - 1_000, to: Date.now() + 1_000 };
  await expect(replayEvents(room.db, late, range)).rejects.toMatchObject({ code: 'postback_not_active' });
  await room.store.change(late, { status: 'active' }, () => undefined);
  expect(await replayEvents(room.db, late, range)).toMatchObject({ deliveries: 1 });
  const [everything] = (await room.store.list({ limit: 10, where: { accountId: 'operator' } })).map(
    ({ row }) => row.id,
  );
  expect(await replayEvents(room.db, everything ?? '', range)).toMatchObject({ deliveries: 4 });
  expect(await replayEvents(room.db, everything ?? '', { from: 0, to: before - 1_000 })).toMatchObject({
    deliveries: 0,
  });
  expect(await replayEvents(room.db, 'nobody', range)).toBeUndefined();
  await room.allDone(9);
  const ids = receiver.received
    .filter(({ path }) => path === '/')
    .map(({ headers }) => headers['dce-event-id']);
  expect(ids.slice(4)).toHaveLength(4);
  expect([...ids.slice(4)].sort()).toEqual([...ids.slice(0, 4)].sort());
  expect(
    receiver.received.filter(({ path }) => path === '/late').map(({ headers }) => headers['dce-event-id']),
  ).toEqual([ids[3]]);
  await dispatcher.close();
});

test('a worker that stops ends what is under way, and leaves the rest to others', async () => {
  const answers: (() => void)[] = [];
  receiver.behave = () => (_request, response) => void answers.push(() => response.end());
  await wallets();
  await happen(6);
  const dispatcher = room.dispatcher({ concurrency: 2 });
  await until('two are under way', () => receiver.underWay === 2);
  const closed = dispatcher.close();
  for (const answer of answers) answer();
  await closed;
  const states = (await room.deliveries()).map(({ state }) => state).sort();
  expect(states).toEqual(['delivered', 'delivered', 'waiting', 'waiting', 'waiting', 'waiting']);
  receiver.behave = () => 200;
  room.dispatcher();
  await room.allDone(6);
  expect(receiver.received).toHaveLength(6);
});

test('what cannot be opened with this key is tried again, and said', async () => {
  await wallets();
  await happen(1);
  await room.db.query(`update postbacks set sealed_secret = 'nonsense'`);
  room.dispatcher();
  await until('it failed', async () => (await room.deliveries())[0]?.state === 'failed');
  expect(await only()).toMatchObject({ last_error: 'it could not be signed', attempts: 1 });
  expect(room.errors[0]?.name).toBe('VaultError');
  expect(receiver.received).toEqual([]);
});
