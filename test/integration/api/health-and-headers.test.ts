import { createMetrics } from '../../../src/telemetry';
import { openMarket } from './support/market-bodies';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
let skipped = 0;
let fresh: TestApi | undefined;
const metrics = createMetrics();

beforeAll(async () => {
  const started = await startTestApi({
    now: () => performance.now() + skipped,
    corsOrigins: ['https://console.example'],
    onRequest: ({ method, endpoint, status, seconds }) => {
      metrics.httpRequests.inc({ method, endpoint, status });
      metrics.httpDuration.observe({ method, endpoint }, seconds);
    },
    health: {
      checks: () => api.switch.checks(),
      ready: () => api.switch.ready,
      metrics: async () => ({
        contentType: metrics.registry.contentType,
        text: await metrics.registry.metrics(),
      }),
    },
  });
  api = started;
  await openMarket(api);
});
afterAll(async () => {
  await fresh?.close();
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

const open = (path: string, method = 'GET') => api.ask(method, path, { key: null });

describe('health', () => {
  const health = async (checks: TestApi['switch']['checks']) => {
    skipped += 2_000;
    api.switch.checks = checks;
    const { status, body } = await open('/health');
    return [status, body['status']];
  };

  test('is the worst of its parts: 200, 206 degraded, 503 down', async () => {
    const part = {
      ok: { status: 'ok' },
      degraded: { status: 'degraded' },
      down: { status: 'down' },
    } as const;
    expect(await health(() => Promise.resolve({ a: part.ok }))).toEqual([200, 'ok']);
    expect(await health(() => Promise.resolve({ a: part.ok, b: part.degraded }))).toEqual([206, 'degraded']);
    expect(await health(() => Promise.resolve({ a: part.down, b: part.degraded }))).toEqual([503, 'down']);
  });

  test('whose parts cannot be looked at is down, not a bug', async () => {
    expect(await health(() => Promise.reject(new Error('no')))).toEqual([503, 'down']);
    expect(await health(() => new Promise(() => undefined))).toEqual([503, 'down']);
  });

  test('is looked at once for all who ask at about the same time', async () => {
    let looks = 0;
    const look = (): Promise<Record<string, never>> => {
      looks++;
      return Promise.resolve({});
    };
    await health(look);
    await Promise.all(Array.from({ length: 20 }, () => open('/health')));
    expect(looks).toBe(1);
  });

  test('startup, ready and live say three different things', async () => {
    fresh = await startTestApi();
    const say = async () =>
      Promise.all(
        ['startup', 'ready', 'live'].map(
          async (what) => (await fresh?.ask('GET', `/health/${what}`, { key: null }))?.status,
        ),
      );
    fresh.switch.ready = false;
    expect(await say()).toEqual([503, 503, 200]);
    fresh.switch.ready = true;
    expect(await say()).toEqual([200, 200, 200]);
    // SIP is away, or the node drains: no new calls, but no restart either.
    fresh.switch.ready = false;
    expect(await say()).toEqual([200, 503, 200]);
  });

  test('takes no key and no other method', async () => {
    expect((await open('/health/live', 'HEAD')).status).toBe(200);
    const posted = await open('/health', 'POST');
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await open('/health/other')).status).toBe(404);
  });
});

describe('metrics', () => {
  /** The Prometheus text format 0.0.4, line by line. */
  const LINE = new RegExp(
    [
      String.raw`# HELP [a-zA-Z_:][\w:]* .*`,
      String.raw`# TYPE [a-zA-Z_:][\w:]* (?:counter|gauge|histogram|summary|untyped)`,
      String.raw`[a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*\})? (?:-?[\d.]+(?:e[+-]?\d+)?|[+-]Inf|Na[Nn])`,
    ]
      .map((form) => `^${form}$`)
      .join('|'),
  );
  const scrape = async (): Promise<string[]> => (await open('/metrics')).text.trimEnd().split('\n');

  test('are Prometheus text', async () => {
    await open('/metrics');
    const { status, headers, text } = await open('/metrics');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(text.endsWith('\n')).toBe(true);
    expect((await scrape()).filter((line) => line !== '' && !LINE.test(line))).toEqual([]);
    expect(text).toMatch(/^http_requests_total\{method="GET",endpoint="\/metrics",status="200"\} \d+$/m);
  });

  test('have labels that no client can multiply', async () => {
    const series = async (): Promise<Set<string>> =>
      new Set(
        (await scrape()).filter((line) => line.startsWith('http_')).map((line) => line.replace(/ \S+$/, '')),
      );
    const visit = async (n: number): Promise<void> => {
      const word = `visit-${n}`;
      await Promise.all([
        api.ask('GET', `/api/v1/accounts/${word}`),
        api.ask('GET', `/api/v1/calls/${word}`),
        api.ask('GET', `/api/v1/${word}`),
        api.ask('PUT', `/api/v1/accounts/${word}`, { body: {} }),
        api.ask('GET', `/api/v1/accounts?limit=${n + 1}`),
        api.ask('GET', `/api/v1/accounts/%E0%A4${n % 10}`),
        open(`/${word}`),
        open(`/docs/assets/${word}`),
        open(`/health/${word}`),
        open(`/api/v1/accounts/${word}`),
      ]);
    };
    await visit(0);
    const before = await series();
    for (let n = 1; n < 8; n++) await visit(n);
    expect([...(await series())].filter((name) => !before.has(name))).toEqual([]);
    expect([...before].join('\n')).not.toContain('visit-');
  });
});

describe('headers', () => {
  const everywhere = ['/health', '/metrics', '/docs', '/api/v1/openapi.json', '/api/v1/accounts', '/nothing'];

  test.each(everywhere)('of %s let nobody frame, sniff or remember', async (path) => {
    const { headers } = await open(path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers.get('content-security-policy')).toMatch(
      /default-src '(none|self)'.*frame-ancestors 'none'/,
    );
    expect(headers.has('x-powered-by')).toBe(false);
    // Over plain HTTP it means nothing (RFC 6797 §7.2).
    expect(headers.has('strict-transport-security')).toBe(false);
    const byTls = await api.ask('GET', path, { key: null, headers: { 'X-Forwarded-Proto': 'https' } });
    expect(byTls.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains');
  });

  test('every answer has its own name, or the one the client gave', async () => {
    const one = (await open('/health/live')).headers.get('x-request-id');
    expect(one).toMatch(/^[0-9a-f-]{36}$/);
    expect((await open('/health/live')).headers.get('x-request-id')).not.toBe(one);
    const named = await api.ask('GET', '/nothing', { headers: { 'X-Request-Id': 'mine-1' } });
    expect([named.headers.get('x-request-id'), named.body['requestId']]).toEqual(['mine-1', 'mine-1']);
    const bad = await api.ask('GET', '/nothing', { headers: { 'X-Request-Id': 'a b<script>' } });
    expect(bad.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('pages of configured origins may call, others may not', async () => {
    const from = (origin: string) => api.ask('GET', '/api/v1/accounts', { headers: { Origin: origin } });
    const allowed = await from('https://console.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://console.example');
    expect(allowed.headers.get('vary')).toMatch(/Origin/);
    for (const origin of ['https://evil.example', 'null', 'https://console.example.evil.example']) {
      const { headers } = await from(origin);
      expect(headers.has('access-control-allow-origin')).toBe(false);
      expect(headers.get('vary')).toMatch(/Origin/);
    }
    const preflight = await api.ask('OPTIONS', '/api/v1/accounts', {
      key: null,
      headers: { Origin: 'https://console.example', 'Access-Control-Request-Method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/X-API-Key/);
    expect(preflight.headers.get('access-control-allow-credentials')).toBe('true');
    expect(preflight.headers.get('access-control-max-age')).toBe('600');
  });
});

describe('the documentation page', () => {
  /** Everything that a page or a style sheet names for loading. */
  const loads = (text: string): string[] =>
    [...text.matchAll(/(?:src|href)="([^"]+)"|url\(['"]?([^'")]+)/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );

  test('loads only what is served here', async () => {
    const page = await open('/docs');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const named = loads(page.text);
    expect(named.length).toBeGreaterThanOrEqual(4);
    for (const path of named) {
      expect(path).toMatch(/^\/docs\//);
      const loaded = await open(path);
      expect([path, loaded.status]).toEqual([path, 200]);
      if (path.includes('/assets/'))
        expect(loaded.headers.get('cache-control')).toBe('public, max-age=86400');
      if (path.endsWith('.css')) {
        expect(loads(loaded.text).filter((url) => !url.startsWith('data:'))).toEqual([]);
      }
    }
  });

  test('shows our document, and asks no validator', async () => {
    const { text } = await open('/docs/start.js');
    expect(text).toContain("url: '/api/v1/openapi.json'");
    expect(text).toContain('validatorUrl: null');
    expect(text).not.toMatch(/https?:/);
  });

  test('may reach no foreign host, by its policy', async () => {
    const policy = (await open('/docs')).headers.get('content-security-policy') ?? '';
    const directives = new Map(
      policy.split('; ').map((directive) => {
        const [name = '', ...sources] = directive.split(' ');
        return [name, sources] as const;
      }),
    );
    expect(directives.get('default-src')).toEqual(["'self'"]);
    const sources = [...directives.values()].flat();
    expect(
      sources.filter((source) => !["'self'", "'none'", "'unsafe-inline'", 'data:'].includes(source)),
    ).toEqual([]);
    expect(directives.has('script-src')).toBe(false);
  });

  test('serves nothing else of the package it comes from', async () => {
    for (const file of [
      'swagger-initializer.js',
      'index.html',
      'package.json',
      '..%2fpackage.json',
      '%2e%2e/package.json',
    ]) {
      expect((await open(`/docs/assets/${file}`)).status).toBe(404);
    }
  });
});

describe('secrets', () => {
  test('keys are stored as SHA-256 only', async () => {
    const key = await api.keyWith('calls:read');
    const [row] = await api.database.query<{ length: number; whole: string }>(
      `select length(key_hash) as length, k::text as whole from api_keys k where name = 'calls:read'`,
    );
    expect(row?.length).toBe(32);
    expect(row?.whole).not.toContain(key.slice(4));
  });

  test('no answer holds a key, a hash or a password, whatever is asked', async () => {
    const secret = 'dce_looks-like-a-key-but-is-none';
    const texts: string[] = [];
    const ask = async (path: string, key: string | null): Promise<void> => {
      const answer = await api.ask('GET', path, { key });
      texts.push(answer.text, JSON.stringify(Object.fromEntries(answer.headers)));
    };
    for (const path of [
      '/api/v1/accounts',
      '/api/v1/targets',
      '/api/v1/trunks',
      '/api/v1/openapi.json',
      '/health',
      '/metrics',
      '/nothing',
    ]) {
      await ask(path, api.admin);
      await ask(path, secret);
    }
    const all = texts.join('\n');
    expect(all).not.toContain(api.admin);
    expect(all).not.toContain(secret);
    expect(all).not.toMatch(/key_?hash|password/i);
  });

  test('a SIP URI with a password is refused, so that there is none to be shown', async () => {
    const { status, body, text } = await api.ask('POST', '/api/v1/targets', {
      body: { buyerId: 'buyer', name: 'Desk', uri: 'sip:desk:hunter2@192.0.2.7' },
    });
    expect(status).toBe(400);
    expect(body['errors']).toMatchObject([{ pointer: '/uri' }]);
    expect(text).not.toContain('hunter2');
  });

  test('a bearer token is the same key; nothing else is one', async () => {
    const as = async (authorization: string) =>
      (await api.ask('GET', '/api/v1/accounts', { key: null, headers: { Authorization: authorization } }))
        .status;
    expect(await as(`Bearer ${api.admin}`)).toBe(200);
    expect(await as(`bearer ${api.admin}`)).toBe(200);
    expect(await as(`Basic ${Buffer.from(`x:${api.admin}`).toString('base64')}`)).toBe(401);
    expect((await open(`/api/v1/accounts?api_key=${api.admin}`)).status).toBe(401);
  });
});
