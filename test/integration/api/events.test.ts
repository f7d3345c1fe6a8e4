import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { until } from '../../support/until';
import { watchCalls } from './support/event-client';
import type { EventClient } from './support/event-client';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const LIMITS = { maxClients: 4, maxBuffered: 256 * 1024, keepAliveMs: 50 };

let api: TestApi;
const clients: EventClient[] = [];
beforeAll(async () => {
  api = await startTestApi({ streamLimits: LIMITS });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await until('the API to let go of the news', () => api.switch.listeners.size === 0);
  expect(api.switch.bugs).toEqual([]);
});
afterAll(() => api.close());

async function watch(key?: string): Promise<EventClient> {
  const client = await watchCalls(api, key);
  clients.push(client);
  return client;
}

/** Data of the events so far. */
const events = ({ blocks }: EventClient): unknown[] =>
  blocks.flatMap((block) => {
    // Lines end at \n alone: `.` would stop at U+2028.
    const data = /^data: ([^\n]*)$/m.exec(block)?.[1];
    return data === undefined ? [] : [JSON.parse(data) as unknown];
  });
const ids = ({ blocks }: EventClient): number[] =>
  blocks.flatMap((block) => {
    const id = /^id: (\d+)$/m.exec(block)?.[1];
    return id === undefined ? [] : [Number(id)];
  });

/** A client that asks and then reads nothing at all. @returns the socket at the server's end, and how to leave */
async function deafClient(): Promise<{ readonly atServer: Socket; leave(): void }> {
  const accepted = new Promise<Socket>((resolve) => api.server.once('connection', resolve));
  const socket = connect((api.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`GET /api/v1/calls/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${api.admin}\r\n\r\n`);
  const atServer = await accepted;
  await new Promise<void>((resolve) => socket.once('data', () => resolve()));
  socket.pause();
  return { atServer, leave: () => socket.destroy() };
}

test('events arrive whole, in order and numbered without gaps', async () => {
  const [first, second] = [await watch(), await watch()];
  expect(first.headers.get('content-type')).toBe('text/event-stream');
  expect(first.headers.get('cache-control')).toBe('no-store');
  const sent = Array.from({ length: 500 }, (_, n) => ({
    type: 'call.received',
    n,
    text: 'line\nbreak \u2028 ü 😀',
  }));
  for (const event of sent) api.switch.tell(event);
  await until('all events', () => events(first).length === 500 && events(second).length === 500);
  expect(events(first)).toEqual(sent);
  expect(events(second)).toEqual(sent);
  expect(ids(first)).toEqual(Array.from({ length: 500 }, (_, n) => (ids(first)[0] ?? 0) + n));
});

test('however many watch, the news are asked for once, and not at all when nobody does', async () => {
  expect(api.switch.listeners.size).toBe(0);
  await Promise.all([watch(), watch(), watch()]);
  expect(api.switch.listeners.size).toBe(1);
});

test('an event that cannot be written is a gap, and the next ones arrive', async () => {
  const client = await watch();
  api.switch.tell({ n: 1 });
  api.switch.tell({ n: 2n });
  api.switch.tell({ n: 3 });
  await until('the others', () => events(client).length === 2);
  expect(events(client)).toEqual([{ n: 1 }, { n: 3 }]);
  const [first = 0, last = 0] = ids(client);
  expect(last - first).toBe(2);
});

test('a client that goes away is forgotten, the others hear on', async () => {
  const [leaves, stays] = [await watch(), await watch()];
  leaves.close();
  api.switch.tell({ n: 1 });
  await until('the client to be gone', () => leaves.ended);
  api.switch.tell({ n: 2 });
  await until('both events', () => events(stays).length === 2);
});

test('a client that does not read is dropped before it costs memory; the others miss nothing', async () => {
  const reader = await watch();
  const { atServer, leave } = await deafClient();
  const text = 'x'.repeat(16 * 1024);
  let sent = 0;
  let waiting = 0;
  // At the pace of the one who reads; more than any socket buffer holds.
  while (!atServer.destroyed && sent < 2_000) {
    for (let n = 0; n < 10; n++) api.switch.tell({ n: sent++, text });
    waiting = Math.max(waiting, atServer.writableLength);
    await until('the reader to keep up', () => events(reader).length === sent);
  }
  leave();
  expect(atServer.destroyed).toBe(true);
  expect(waiting).toBeLessThan(LIMITS.maxBuffered + 12 * text.length);
  expect(ids(reader)).toEqual(Array.from({ length: sent }, (_, n) => (ids(reader)[0] ?? 0) + n));
});

test('so many clients at once and no more: 503 with Retry-After, until one leaves', async () => {
  for (let n = 0; n < LIMITS.maxClients; n++) expect((await watch()).status).toBe(200);
  const refused = await api.ask('GET', '/api/v1/calls/events');
  expect(refused).toMatchObject({ status: 503, body: { code: 'too_many_streams' } });
  expect(refused.headers.get('retry-after')).toBe('5');
  clients[0]?.close();
  await until('a place to be free', async () => {
    const next = await watch();
    return next.status === 200;
  });
});

test('an idle stream shows that it lives', async () => {
  const client = await watch();
  await until('signs of life', () => client.blocks.filter((block) => block === ': still here').length >= 2);
});

test('a stream ends when its key is revoked', async () => {
  const key = await api.keyWith('calls:read');
  const [theirs, ours] = [await watch(key), await watch()];
  expect(theirs.status).toBe(200);
  await api.pool.query(`update api_keys set revoked_at = now() where name = 'calls:read'`);
  await until('their stream to end', () => theirs.ended);
  expect(ours.ended).toBe(false);
});

test('how long a stream is watched is no latency', async () => {
  const before = api.switch.reports.length;
  const askedAt = performance.now();
  const client = await watch();
  const openAfter = performance.now() - askedAt;
  await until(
    'it to have lasted',
    () => client.blocks.filter((block) => block === ': still here').length >= 2,
  );
  client.close();
  await until('the report', () => api.switch.reports.length > before);
  const [report] = api.switch.reports.slice(before);
  expect(report).toMatchObject({ endpoint: '/api/v1/calls/events', status: 200 });
  expect(report?.seconds).toBeLessThanOrEqual(openAfter / 1_000);
});

test('HEAD gets the headers, and is no client', async () => {
  const answer = await api.ask('HEAD', '/api/v1/calls/events');
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(api.switch.listeners.size).toBe(0);
});

test('a live call can be seen and hung up', async () => {
  api.switch.calls.push({ callId: 'up', state: 'answered' });
  expect((await api.ask('GET', '/api/v1/calls/live')).body).toEqual({
    items: [{ callId: 'up', state: 'answered' }],
    more: false,
    silentNodes: 0,
  });
  expect((await api.ask('DELETE', '/api/v1/calls/up')).status).toBe(204);
  expect(api.switch.hungUp).toEqual(['up']);
  expect((await api.ask('DELETE', '/api/v1/calls/down')).body['code']).toBe('call_not_live');
});
