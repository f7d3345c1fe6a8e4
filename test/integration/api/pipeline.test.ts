import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import type { RequestReport } from '../../../src/api';
import { pipeline, requestLimits } from '../../../src/api/pipeline';
import { RouteTable } from '../../../src/api/route-table';
import { requestLog } from '../../../src/parts/api-log';
import { createLogger } from '../../../src/telemetry';
import { until } from '../../support/until';
import { openMarket } from './support/market-bodies';
import { WEBHOOK } from './support/stored-calls';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const ORIGIN = 'https://a.console.example';
/** Refuses what this one asks for, and nobody else. */
const BUSY = '198.51.100.200';

let api: TestApi;
let lines: Record<string, unknown>[] = [];
let reports: RequestReport[] = [];
/** How long the counting of a request takes; and what it says. */
let counting: (name: string) => Promise<boolean> | boolean = () => true;

beforeAll(async () => {
  const log = createLogger({
    level: 'info',
    component: 'test',
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const taken = (allowed: boolean) => ({
    allowed,
    remaining: allowed ? 7 : 0,
    retryAfterMs: 1_500,
    resetMs: 9_000,
  });
  api = await startTestApi({
    corsOrigins: ['https://*.console.example'],
    timeoutMs: 300,
    limiter: {
      take: (name) => {
        const allowed = counting(name);
        return typeof allowed === 'boolean' ? taken(allowed) : allowed.then(taken);
      },
    },
    logRequest: requestLog(log),
    onRequest: (report) => reports.push(report),
  });
  await openMarket(api);
});
beforeEach(() => {
  lines = [];
  reports = [];
  counting = (name) => !name.includes(BUSY);
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

const busy = { 'X-Forwarded-For': BUSY };
const get = (path: string, headers: Record<string, string> = {}, key?: null): Promise<Answer> =>
  api.ask('GET', path, { headers, ...(key === null ? { key } : {}) });

describe('the order', () => {
  test('is this', () => {
    const services = { trail: {}, requestsPerMinute: 1, now: () => 0, onRequest: () => undefined } as never;
    expect(
      pipeline(services, new RouteTable([], () => false), requestLimits(services)).map(({ name }) => name),
    ).toEqual([
      'request id',
      'logging',
      'metrics',
      'tracing',
      'recovery',
      'security headers',
      'CORS',
      'rate limit',
      'timeout',
      'authentication',
      'CSRF',
      'compression',
      'body',
    ]);
  });

  test('name, log, metrics and headers come before whatever may refuse a request', async () => {
    const refused = await get(
      '/api/v1/accounts',
      { ...busy, Origin: ORIGIN, 'X-Request-Id': 'refused-1' },
      null,
    );
    expect([refused.status, refused.headers.get('x-request-id')]).toEqual([429, 'refused-1']);
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff');
    expect(refused.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    await until('the reports', () => lines.length > 0 && reports.length > 0);
    expect(lines).toMatchObject([{ requestId: 'refused-1', status: 429, route: '/api/v1/accounts' }]);
    expect(reports).toMatchObject([{ status: 429, endpoint: '/api/v1/accounts', principal: undefined }]);
  });

  test('what fails anywhere is recovered from as a problem with all of that', async () => {
    counting = () => Promise.reject(new Error('a bug in counting'));
    const broken = await get('/api/v1/accounts', { Origin: ORIGIN });
    expect([broken.status, broken.body['code']]).toEqual([500, 'internal_error']);
    expect(broken.text).not.toContain('counting');
    expect(broken.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(api.switch.bugs.splice(0)).toMatchObject([{ message: 'a bug in counting' }]);
    await until('the report', () => reports.length > 0);
    expect(reports[0]?.status).toBe(500);
  });

  test('a preflight is answered before it is counted', async () => {
    const preflight = await api.ask('OPTIONS', '/api/v1/accounts', {
      key: null,
      headers: { ...busy, Origin: ORIGIN, 'Access-Control-Request-Method': 'DELETE' },
    });
    expect([preflight.status, preflight.headers.get('access-control-max-age')]).toEqual([204, '600']);
    expect(preflight.headers.get('vary')).toMatch(/Origin.*Access-Control-Request-Method/);
  });

  test('limits come before authentication: who is refused is not looked up', async () => {
    expect((await get('/api/v1/accounts', busy, null)).status).toBe(429);
    expect((await get('/api/v1/accounts', {}, null)).status).toBe(401);
    const key = await api.keyWith('*');
    counting = (name) => name.startsWith('unproven:');
    // Its first request proves who it is; then it is counted of whom that is.
    const own = await api.ask('GET', '/api/v1/accounts', { key });
    expect([own.status, own.headers.get('ratelimit')]).toEqual([429, '"default";r=0;t=9']);
  });

  test('authentication has the time that a request has', async () => {
    const key = await api.keyWith('*');
    const holder = await api.pool.session();
    await holder.query('begin');
    await holder.query('lock table api_keys in access exclusive mode');
    const late = await api.ask('GET', '/api/v1/accounts', { key });
    await holder.query('rollback');
    holder.release();
    expect([late.status, late.body['code']]).toEqual([503, 'timed_out']);
  });

  test('nobody who is unknown has a body read, however long it is', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const { port } = new URL(api.url);
      const sent = httpRequest({
        port,
        method: 'POST',
        path: '/api/v1/accounts',
        headers: { 'Content-Length': 10_000_000, 'Content-Type': 'application/json' },
      });
      sent.on('response', ({ statusCode = 0 }) => {
        resolve(statusCode);
        sent.destroy();
      });
      sent.on('error', reject);
      sent.write('{');
    });
    expect(status).toBe(401);
  });

  test('packing comes last: problems on the way are short and plain', async () => {
    const { headers } = await get('/api/v1/accounts', { 'Accept-Encoding': 'gzip' }, null);
    expect(headers.has('content-encoding')).toBe(false);
  });
});

describe('the log', () => {
  test('tells of each request who, what, how it came out and how long it took; and no secret, no query', async () => {
    await get('/api/v1/calls?buyerId=buyer&limit=3');
    await api.ask('POST', '/api/v1/dnc', { body: { number: '+12125550188', source: 'internal' } });
    await until('two lines', () => lines.length === 2);
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'request',
      method: 'GET',
      route: '/api/v1/calls',
      status: 200,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      ms: expect.any(Number) as number,
      principal: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    });
    expect(JSON.stringify(lines)).not.toMatch(/buyerId|5550188|dce_/);
  });

  test('tells of failures louder, and of probes not at all', async () => {
    counting = () => Promise.reject(new Error('a bug'));
    await get('/api/v1/accounts');
    api.switch.bugs.splice(0);
    await get('/health/live');
    await until('the line', () => lines.length === 1 && reports.length === 2);
    expect(lines).toMatchObject([{ level: 'warn', status: 500 }]);
  });
});

describe('packing', () => {
  const encoded = async (path: string): Promise<string | null> =>
    (await get(path, { 'Accept-Encoding': 'gzip' })).headers.get('content-encoding');

  test('is for long answers, and depends on what the client takes', async () => {
    const document = () => get('/api/v1/openapi.json', { 'Accept-Encoding': 'gzip' });
    let long = await document();
    // It is written when it is first asked for: a busy machine may need longer than the 300 ms of this API.
    while (long.status === 503) long = await document();
    expect(long.headers.get('content-encoding')).toBe('gzip');
    expect(long.headers.get('vary')).toMatch(/Accept-Encoding/);
    expect(long.body).toHaveProperty('openapi');
    expect(
      (await get('/api/v1/openapi.json', { 'Accept-Encoding': 'identity' })).headers.has('content-encoding'),
    ).toBe(false);
    expect(await encoded('/api/v1/accounts?limit=1')).toBeNull();
  });

  test('is not for answers that may hold secrets', async () => {
    for (let n = 0; n < 8; n++) await api.ask('POST', '/api/v1/webhooks', { body: WEBHOOK });
    const { status, headers, text } = await get('/api/v1/webhooks', { 'Accept-Encoding': 'gzip' });
    expect([status, text.length > 1_500, headers.has('content-encoding')]).toEqual([200, true, false]);
  });
});

describe('what is too much', () => {
  /** What a server says to bytes as they are. */
  const raw = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(bytes));
      let text = '';
      socket.on('data', (data) => (text += String(data)));
      socket.on('end', () => resolve(text));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });

  test('of headers is refused as they come', async () => {
    const answer = await raw(`GET /health/live HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('of time is not given: for headers ten seconds, for all of a request thirty', () => {
    const { headersTimeout, requestTimeout, keepAliveTimeout } = api.server;
    expect([headersTimeout, requestTimeout, keepAliveTimeout]).toEqual([10_000, 30_000, 65_000]);
  });

  test.each(['GET / HTTP/9.9\r\nHost: x\r\n\r\n', '\0\0\0\r\n\r\n', 'GET /api/v1/accounts HTTP/1.1\r\n\r\n'])(
    'of a stranger is refused: %j',
    async (bytes) => expect(await raw(bytes)).toMatch(/^HTTP\/1\.1 4\d\d /),
  );
});
