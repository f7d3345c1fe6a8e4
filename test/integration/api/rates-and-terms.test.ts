import { request as httpRequest } from 'node:http';
import { openMarket } from './support/market-bodies';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
  const trunk = {
    id: 'trunk',
    accountId: 'carrier-account',
    name: 'A trunk',
    sources: ['192.0.2.1'],
    origin: 'inbound_consumer',
  };
  await api.ask('POST', '/api/v1/trunks', { body: trunk });
});
afterAll(() => api.close());

const HEADER = 'prefix,rate_per_minute,first_increment_s,next_increment_s\n';
const DECKS = '/api/v1/trunks/trunk/rate-decks';
const upload = (
  raw: string,
  query = '?direction=inbound',
  headers: Record<string, string> = {},
): Promise<Answer> =>
  api.ask('POST', DECKS + query, { raw, headers: { 'Content-Type': 'text/csv', ...headers } });
const problems = ({ body }: Answer): unknown => body['errors'];
const decks = async (): Promise<unknown[]> =>
  (await api.ask('GET', `${DECKS}?limit=200`)).body['items'] as unknown[];

describe('a deck of rates', () => {
  test('is imported, read, and asked for a number', async () => {
    const imported = await upload(
      `${HEADER}1,0.01,60,60\n1800,0.0125,6,6\n`,
      '?direction=inbound&name=November&currency=EUR',
      { 'Content-Type': 'text/csv; charset=utf-8' },
    );
    expect(imported).toMatchObject({
      status: 201,
      body: {
        trunkId: 'trunk',
        direction: 'inbound',
        accountId: 'carrier-account',
        name: 'November',
        currency: 'EUR',
        rates: 2,
      },
    });
    const path = `/api/v1/rate-decks/${String(imported.body['id'])}`;
    expect(imported.headers.get('location')).toBe(path);
    expect((await api.ask('GET', path)).body).toEqual(imported.body);
    expect(await decks()).toEqual([imported.body]);
    const first = await api.ask('GET', `${path}/rates?limit=1`);
    expect(first.body).toMatchObject({ items: [{ prefix: '1', ratePerMinute: 10_000, connectFee: 0 }] });
    const next = await api.ask('GET', `${path}/rates?limit=1&cursor=${String(first.body['nextCursor'])}`);
    expect(next.body).toMatchObject({
      items: [{ prefix: '1800', firstIncrementMs: 6_000 }],
      nextCursor: null,
    });
    const rate = async (query: string): Promise<unknown> =>
      (await api.ask('GET', `/api/v1/trunks/trunk/rate?direction=inbound&number=${query}`)).body['rate'];
    expect(await rate('800-555-0123')).toMatchObject({
      prefix: '1800',
      ratePerMinute: 12_500,
      currency: 'EUR',
    });
    expect(await rate('%2B442079460958')).toBeNull();
    expect(await rate('8005550123&at=1000')).toBeNull();
  });

  test('with broken lines is refused with each of them, and nothing is imported', async () => {
    const before = await decks();
    const good = Array.from({ length: 39_998 }, (_, n) => `${100_000 + n},0.01,6,6`).join('\n');
    const refused = await upload(`${HEADER}${good}\n49,0.0x,6,6\n`);
    expect([refused.status, refused.body['code'], problems(refused)]).toEqual([
      422,
      'rate_deck_broken',
      [
        {
          pointer: '/lines/40000/rate_per_minute',
          message: 'line 40000: rate_per_minute "0.0x" is no decimal number like 0.0125',
        },
      ],
    ]);
    const many = await upload(HEADER + 'x,0.1,6,6\n'.repeat(100_000));
    expect([many.status, (problems(many) as unknown[]).length]).toEqual([422, 50]);
    expect((await upload('')).status).toBe(422);
    expect(await decks()).toEqual(before);
  });

  test('is CSV as it is, and no more of it than can be read', async () => {
    expect((await upload(HEADER, undefined, { 'Content-Type': 'application/json' })).status).toBe(415);
    expect((await upload(HEADER, undefined, { 'Content-Encoding': 'gzip' })).body).toMatchObject({
      status: 415,
      code: 'unsupported_encoding',
    });
    const large = await upload(`${HEADER}1,0.1,6,6\n`.padEnd(34_000_000, '\n'));
    expect([large.status, large.body['code']]).toEqual([413, 'body_too_large']);
    // Elsewhere JSON alone is taken.
    const other = await api.ask('POST', '/api/v1/trunks', {
      raw: HEADER,
      headers: { 'Content-Type': 'text/csv' },
    });
    expect(other.status).toBe(415);
  });

  test('says which way and from when, and not from a closed past', async () => {
    expect((await upload(`${HEADER}1,0.1,6,6\n`, '')).status).toBe(400);
    expect((await upload(`${HEADER}1,0.1,6,6\n`, '?direction=sideways')).status).toBe(400);
    const past = await upload(
      `${HEADER}1,0.1,6,6\n`,
      `?direction=inbound&effectiveFrom=${Date.now() - 120_000}`,
    );
    expect([past.status, past.body['code']]).toEqual([422, 'rates_in_the_past']);
    const later = Date.now() + 86_400_000;
    const next = await upload(`${HEADER}1,0.1,6,6\n`, `?direction=outbound&effectiveFrom=${later}`);
    expect(next).toMatchObject({
      status: 201,
      body: { effectiveFrom: later, direction: 'outbound', currency: 'USD' },
    });
  });

  test('whose sender goes away is not imported, and is no bug', async () => {
    const before = await decks();
    const url = new URL(`${DECKS}?direction=inbound`, api.url);
    const sending = httpRequest(url, {
      method: 'POST',
      headers: { 'X-API-Key': api.admin, 'Content-Type': 'text/csv', 'Content-Length': 1_000_000 },
    });
    const closed = new Promise((resolve) => sending.on('close', resolve));
    sending.on('error', () => undefined);
    await new Promise((resolve) => sending.write(`${HEADER}1,0.1,6,6\n`, resolve));
    sending.destroy();
    await closed;
    // Whoever asks afterwards is answered: what was sent before has been dealt with, or is nothing yet.
    expect(await decks()).toEqual(before);
    expect(api.switch.bugs).toEqual([]);
  });
});

describe('fees and taxes of an account', () => {
  const TERMS = '/api/v1/accounts/buyer-account/terms';
  const platform = {
    code: 'platform',
    name: 'Platform fee',
    basis: 'per_call',
    amount: 250_000,
    shareBp: 0,
    on: 'connected',
  };
  const vat = { code: 'vat', name: 'VAT', ratePpm: 190_000, on: ['revenue', 'fees'] };

  test('are added from an instant on, and listed with those before', async () => {
    const later = Date.now() + 3_600_000;
    const now = await api.ask('POST', TERMS, { body: { fees: [platform], taxes: [vat], note: 'as agreed' } });
    expect(now).toMatchObject({
      status: 201,
      body: { accountId: 'buyer-account', fees: [platform], taxes: [vat], note: 'as agreed' },
    });
    const none = await api.ask('POST', TERMS, { body: { effectiveFrom: later } });
    expect(none).toMatchObject({ status: 201, body: { effectiveFrom: later, fees: [], taxes: [] } });
    const first = await api.ask('GET', `${TERMS}?limit=1`);
    expect(first.body['items']).toEqual([none.body]);
    const rest = await api.ask('GET', `${TERMS}?limit=1&cursor=${String(first.body['nextCursor'])}`);
    expect(rest.body).toEqual({ items: [now.body], nextCursor: null });
  });

  test.each<[string, object, number, string]>([
    ['a closed past', { effectiveFrom: 1_000 }, 422, '/effectiveFrom'],
    [
      'an amount of a share',
      { fees: [{ ...platform, basis: 'share', shareBp: 100 }] },
      400,
      '/fees/0/amount',
    ],
    ['a share of an amount', { fees: [{ ...platform, shareBp: 100 }] }, 400, '/fees/0/shareBp'],
    ['a negative fee', { fees: [{ ...platform, amount: -1 }] }, 400, '/fees/0/amount'],
    ['two of one name', { taxes: [vat, vat] }, 400, '/taxes/1/code'],
    ['a tax of more than all', { taxes: [{ ...vat, ratePpm: 1_000_001 }] }, 400, '/taxes/0/ratePpm'],
    ['a tax on nothing', { taxes: [{ ...vat, on: [] }] }, 400, '/taxes/0/on'],
  ])('with %s are refused at their place', async (_what, body, status, pointer) => {
    const refused = await api.ask('POST', TERMS, { body });
    expect([refused.status, problems(refused)]).toMatchObject([status, [{ pointer }]]);
  });

  test('of nobody are not there', async () => {
    expect((await api.ask('POST', '/api/v1/accounts/nobody/terms', { body: {} })).status).toBe(404);
    expect((await api.ask('GET', '/api/v1/accounts/nobody/terms')).status).toBe(404);
  });
});
