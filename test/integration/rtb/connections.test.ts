import { AddressPolicy } from '../../../src/domain';
import type { HttpResult } from '../../../src/rtb/http/exchange';
import type { HttpClientSettings } from '../../../src/rtb/http/http-client';
import { HttpClient } from '../../../src/rtb/http/http-client';
import { until } from '../../support/until';
import { Farm, FARM_CA } from './support/farm';

const SPEAKS = ['http', 'https', 'h2'] as const;
const FINE = { reply: { price: 20 } };

let farm: Farm;
const clients: HttpClient[] = [];

beforeAll(async () => {
  farm = await Farm.start([
    ...SPEAKS.map((speaks) => ({ name: speaks, speaks, does: [FINE] })),
    ...SPEAKS.map((speaks) => ({ name: `slow-${speaks}`, speaks, does: [{ ...FINE, after: 500 }] })),
    ...SPEAKS.map((speaks) => ({ name: `drop-${speaks}`, speaks, does: [FINE] })),
    { name: 'brief', speaks: 'http', does: [FINE], keepAliveMs: 1 },
    { name: 'odd', speaks: 'https', does: [FINE] },
    { name: 'going', speaks: 'h2', does: [FINE] },
    { name: 'deaf', speaks: 'https', special: 'deaf' },
  ]);
});
afterAll(async () => {
  await farm.close();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function open(more: Partial<HttpClientSettings> = {}): HttpClient {
  const client = new HttpClient({
    addresses: new AddressPolicy(['127.0.0.1']),
    insecureAllowed: () => true,
    connectTimeoutMs: 500,
    maxInFlightPerOrigin: 64,
    maxConnectionsPerOrigin: 32,
    idleMs: 30_000,
    maxReplyBytes: 65_536,
    ca: FARM_CA,
    monotonic: () => performance.now(),
    ...more,
  });
  clients.push(client);
  return client;
}

/** @param abortAfterMs - 0 for never */
function post(client: HttpClient, url: string, abortAfterMs = 0, body = '{"id":"r1"}'): Promise<HttpResult> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let over = false;
    const sent = client.send(
      { url: new URL(url), method: 'POST', headers: { 'content-type': 'application/json' }, body },
      (result) => {
        over = true;
        clearTimeout(timer);
        resolve(result);
      },
    );
    if (abortAfterMs > 0 && !over) timer = setTimeout(() => sent.abort(), abortAfterMs);
  });
}

const text = (result: HttpResult): string =>
  result.ok ? result.body.toString() : `${result.why}: ${result.detail}`;

test.each(SPEAKS)(
  '%s: one request after the other goes over one connection, with all that was said',
  async (name) => {
    const client = open();
    for (let n = 0; n < 20; n++)
      expect(text(await post(client, farm.url(name)))).toBe('{"id":"r1","price":20}');
    const { connections, bodies } = await farm.of(name);
    expect(connections).toBe(1);
    expect(bodies[0]).toMatchObject({ url: '/ping', body: '{"id":"r1"}' });
    expect(bodies[0]?.headers['content-type']).toBe('application/json');
    expect(client.figures).toEqual({ origins: 1, connections: 1, inFlight: 0 });
  },
);

test.each(SPEAKS)(
  '%s: so many requests may be under way, and what is too much is refused at once',
  async (speaks) => {
    const client = open({ maxInFlightPerOrigin: 10, maxConnectionsPerOrigin: 6 });
    // The first finds out which protocol is spoken.
    await post(client, farm.url(`slow-${speaks}`));
    const results = await Promise.all(
      Array.from({ length: 15 }, () => post(client, farm.url(`slow-${speaks}`))),
    );
    const busy = results.filter((result) => !result.ok && result.why === 'busy').length;
    expect(busy).toBe(speaks === 'h2' ? 5 : 9);
    expect(results.filter((result) => result.ok)).toHaveLength(15 - busy);
    expect(client.figures.connections).toBeLessThanOrEqual(speaks === 'h2' ? 1 : 6);
  },
);

test.each(SPEAKS)(
  '%s: a connection that was lost between two requests costs nobody an answer',
  async (speaks) => {
    const client = open();
    const name = `drop-${speaks}`;
    for (let n = 0; n < 5; n++) {
      expect(text(await post(client, farm.url(name)))).toContain('price');
      await farm.drop(name);
    }
    expect(text(await post(client, farm.url(name)))).toContain('price');
    expect((await farm.of(name)).requests).toBe(6);
  },
);

test('a peer that keeps connections for a moment only is asked again on another', async () => {
  const client = open();
  for (let n = 0; n < 30; n++) expect(text(await post(client, farm.url('brief')))).toContain('price');
});

test.each(SPEAKS)(
  '%s: a request that is taken back ends at once, and the next is answered',
  async (speaks) => {
    const client = open();
    const url = farm.url(`slow-${speaks}`);
    const started = performance.now();
    const results = await Promise.all([post(client, url, 50), post(client, url, 50), post(client, url)]);
    expect(results.map(text)).toEqual([
      'aborted: taken back',
      'aborted: taken back',
      expect.stringContaining('price'),
    ]);
    expect(performance.now() - started).toBeGreaterThan(400);
    expect(client.figures.inFlight).toBe(0);
    await until('what was taken back is closed', () => client.figures.connections <= 1);
    expect(text(await post(client, url))).toContain('price');
  },
);

test('a peer whose connection goes dead without a word gets a new one', async () => {
  const lone = await Farm.start([{ name: 'h2', speaks: 'h2', does: [FINE] }]);
  try {
    const client = open();
    expect(text(await post(client, lone.url('h2')))).toContain('price');
    lone.freeze();
    expect(text(await post(client, lone.url('h2'), 100))).toBe('aborted: taken back');
    await until('the dead connection is given up', () => client.figures.connections === 0);
    lone.thaw();
    expect(text(await post(client, lone.url('h2')))).toContain('price');
    expect((await lone.of('h2')).connections).toBe(2);
  } finally {
    await lone.close();
  }
});

test('a peer that says GOAWAY still answers what it took, and then gets a new connection', async () => {
  const client = open();
  await farm.behave('going', FINE, { ...FINE, special: 'goaway' });
  const results: string[] = [];
  for (let n = 0; n < 8; n++) results.push(text(await post(client, farm.url('going'))));
  expect(results.every((result) => result.includes('price'))).toBe(true);
  expect((await farm.of('going')).connections).toBe(4);
});

test.each([
  ['302', { special: 'redirect' }, { ok: true, status: 302 }],
  ['a compressed reply', { raw: 'x', headers: { 'content-encoding': 'gzip' } }, { ok: false, why: 'broken' }],
  ['an announced book', { raw: 'x'.repeat(65_537) }, { ok: false, why: 'too_large' }],
  ['a reply in crumbs', { special: 'crumbs' }, { ok: false, why: 'too_large' }],
  ['a poured book', { special: 'huge' }, { ok: false, why: 'too_large' }],
  ['just enough', { raw: 'x'.repeat(65_536) }, { ok: true, status: 200 }],
  ['a reset', { special: 'reset' }, { ok: false, why: 'broken' }],
] as const)('%s is not followed, unpacked or read to the end', async (_what, step, expected) => {
  const client = open();
  await farm.behave('odd', { ...step, to: farm.url('http') } as never);
  const before = (await farm.of('http')).requests;
  expect(await post(client, farm.url('odd'))).toMatchObject(expected);
  expect((await farm.of('http')).requests).toBe(before);
  // And the next request is none the worse for it.
  await farm.behave('odd', FINE);
  expect(text(await post(client, farm.url('odd')))).toContain('price');
});

describe('what is not connected to', () => {
  const refusal = async (url: string, more: Partial<HttpClientSettings> = {}): Promise<string> =>
    text(await post(open(more), url, 2_000));

  test('addresses that are not of the public internet, by number or by name', async () => {
    const closed = { addresses: new AddressPolicy() };
    const before = (await farm.of('http')).connections;
    expect(await refusal(farm.url('http'), closed)).toContain('refused');
    expect(await refusal(farm.url('http').replace('127.0.0.1', 'localhost'), closed)).toContain('refused');
    expect(await refusal(farm.url('http').replace('127.0.0.1', '2130706433'), closed)).toContain('refused');
    expect(await refusal(farm.url('http').replace('127.0.0.1', '[::ffff:127.0.0.1]'), closed)).toContain(
      'refused',
    );
    expect(await refusal('https://169.254.169.254/latest/meta-data', closed)).toContain('refused');
    expect((await farm.of('http')).connections).toBe(before);
  });

  test('a name that turns from a public address to a private one between look and connection', async () => {
    let looks = 0;
    const lookup: HttpClientSettings['lookup'] = (_host, done) => {
      looks++;
      done(null, [{ address: looks === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
    };
    const addresses = new AddressPolicy(['127.0.0.2']);
    const before = (await farm.of('http')).connections;
    // The first look is judged and connected to; there is no second one.
    const url = farm.url('http').replace('127.0.0.1', 'rebinding.example');
    expect(await refusal(url, { addresses, lookup: lookup as NonNullable<typeof lookup> })).toMatch(
      /unreachable|broken/,
    );
    expect(looks).toBe(1);
    expect((await farm.of('http')).connections).toBe(before);
  });

  test('anything without TLS that is not configured, and anything that is not HTTP', async () => {
    const strict = { insecureAllowed: () => false };
    expect(await refusal(farm.url('http'), strict)).toContain('HTTPS is asked for');
    expect(await refusal(farm.url('https'), strict)).toContain('price');
    for (const url of ['file:///etc/passwd', 'gopher://127.0.0.1:1/', 'ftp://127.0.0.1/']) {
      expect(await refusal(url, strict)).toContain('refused');
    }
    expect(await refusal('https://user:pw@127.0.0.1/')).toContain('refused');
  });

  test('a peer whose certificate nobody vouches for', async () => {
    const { ca: _ca, ...system } = { ca: FARM_CA };
    const client = new HttpClient({
      addresses: new AddressPolicy(['127.0.0.1']),
      insecureAllowed: () => false,
      connectTimeoutMs: 500,
      maxInFlightPerOrigin: 4,
      maxConnectionsPerOrigin: 4,
      idleMs: 1_000,
      maxReplyBytes: 1_000,
      monotonic: () => performance.now(),
      ...system,
    });
    clients.push(client);
    expect(text(await post(client, farm.url('https')))).toContain('unreachable');
  });

  test('a peer that takes the connection and says nothing is given up', async () => {
    const client = open({ connectTimeoutMs: 200 });
    expect(text(await post(client, farm.url('deaf')))).toBe('unreachable: no connection in 200 ms');
    expect(client.figures).toMatchObject({ connections: 0, inFlight: 0 });
  });
});

test('closing ends what is under way', async () => {
  const client = open();
  const results = SPEAKS.map((speaks) => post(client, farm.url(`slow-${speaks}`)));
  setTimeout(() => client.close(), 50);
  for (const result of await Promise.all(results)) expect(text(result)).toBe('aborted: taken back');
  expect(client.figures).toMatchObject({ connections: 0, inFlight: 0 });
  expect(text(await post(client, farm.url('http')))).toBe('refused: closed');
});
