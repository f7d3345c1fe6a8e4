import type { Redis } from 'ioredis';
import type { SettlementQueue } from '../../../src/billing';
import { openSettlementQueue } from '../../../src/billing';
import { openRedis } from '../../../src/storage';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let own: TestRedis;
let redis: Redis;
let queue: SettlementQueue;
let ready = true;
let reader: string;
let writer: string;

const PAGE = '/admin/queues';
const basic = (key: string, user = 'anyone'): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`,
});
const asked = (path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> =>
  api.ask(method, path, { key: null, headers });

beforeAll(async () => {
  own = await testRedis();
  redis = openRedis(own.url, true);
  queue = openSettlementQueue(redis, () => undefined);
  await queue.add('settle', { callId: 'waiting-call' }, { jobId: 'waiting-call' });
  api = await startTestApi({ queues: { queues: [queue], ready: () => ready }, requestsPerMinute: 1_000 });
  reader = await api.keyWith('queues:read');
  writer = await api.keyWith('queues:write');
});
afterAll(async () => {
  await api.close();
  await queue.close();
  await redis.quit();
  await own.drop();
});

test.each(['', '/', '/api/queues', '/static/css/main.css', '/queue/settlement'])(
  'without a key there is nothing at %s, and browsers ask for one',
  async (path) => {
    const answer = await asked(PAGE + path, {});
    expect(answer.status).toBe(401);
    expect(answer.headers.get('WWW-Authenticate')).toBe('Basic realm="dce queues", charset="UTF-8"');
    expect(answer.headers.get('Content-Type')).toContain('application/problem+json');
  },
);

test('a password that is no key, or is of nobody, is refused', async () => {
  for (const headers of [
    basic('wrong-wrong-wrong'),
    basic(''),
    basic('a b'),
    { Authorization: 'Basic %%%' },
  ]) {
    expect((await asked(PAGE, headers)).status).toBe(401);
  }
});

test('a key of another scope is refused', async () => {
  const other = await api.keyWith('calls:*', 'settlements:write');
  for (const path of ['', '/api/queues', '/static/favicon.ico']) {
    const answer = await asked(PAGE + path, basic(other));
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({ code: 'scope_missing' });
  }
});

test('with the scope there are the page, what it loads, and the queue', async () => {
  const page = await asked(PAGE, basic(reader));
  expect(page.status).toBe(200);
  expect(page.headers.get('Content-Type')).toContain('text/html');
  expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'self'");
  expect(page.headers.get('X-Frame-Options')).toBe('DENY');
  expect(page.headers.get('X-Content-Type-Options')).toBe('nosniff');
  expect(page.headers.has('X-RateLimit-Remaining')).toBe(true);
  expect(page.headers.has('WWW-Authenticate')).toBe(false);
  expect(page.text).toContain(`<base href="${PAGE}/"`);
  const scripts = [...page.text.matchAll(/<script defer src="([^"]+)"/g)].map(([, src]) => src);
  expect(scripts.length).toBeGreaterThan(0);
  for (const script of scripts) {
    const answer = await asked(`${PAGE}/${script}`, basic(reader));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toContain('javascript');
  }
  const { status, body } = await asked(
    `${PAGE}/api/queues?activeQueue=settlement&status=waiting`,
    basic(reader),
  );
  expect(status).toBe(200);
  expect(body).toMatchObject({
    queues: [{ name: 'settlement', readOnlyMode: true, counts: { waiting: 1 } }],
  });
});

test('a key in a header will do as well', async () => {
  expect((await api.ask('GET', `${PAGE}/api/queues`, { key: reader })).status).toBe(200);
});

test('passwords are for this page only', async () => {
  const answer = await asked('/api/v1/settlements/dead', basic(api.admin));
  expect(answer.status).toBe(401);
  expect(answer.headers.get('WWW-Authenticate')).toBe('Bearer realm="dce"');
});

const PAUSE = `${PAGE}/api/queues/settlement/pause`;

test('who may only look changes nothing', async () => {
  expect(await asked(PAUSE, basic(reader), 'PUT')).toMatchObject({
    status: 403,
    body: { code: 'scope_missing' },
  });
  expect(await queue.isPaused()).toBe(false);
});

test.each([
  { 'Sec-Fetch-Site': 'cross-site' },
  { 'Sec-Fetch-Site': 'same-site' },
  { Origin: 'https://elsewhere.example' },
  { Origin: 'null' },
])('nor do other pages in the name of who may: %j', async (headers) => {
  expect(await asked(PAUSE, { ...basic(writer), ...headers }, 'PUT')).toMatchObject({
    status: 403,
    body: { code: 'foreign_origin' },
  });
  expect(await queue.isPaused()).toBe(false);
});

test('who may change it does', async () => {
  const own = { ...basic(writer), Origin: api.url, 'Sec-Fetch-Site': 'same-origin' };
  expect((await asked(PAUSE, own, 'PUT')).status).toBe(200);
  expect(await queue.isPaused()).toBe(true);
  expect((await asked(`${PAGE}/api/queues/settlement/resume`, own, 'PUT')).status).toBe(200);
  expect(await queue.isPaused()).toBe(false);
});

test('while Redis is away it says so at once', async () => {
  ready = false;
  try {
    expect(await asked(`${PAGE}/api/queues`, basic(reader))).toMatchObject({
      status: 503,
      body: { code: 'queues_unavailable' },
    });
  } finally {
    ready = true;
  }
});
