import { createApiKey, Database } from '../../../src/storage';
import { until } from '../../support/until';
import type { CutOff } from './support/cut-off';
import { cutOff } from './support/cut-off';
import type { OpenApi } from './support/openapi-reader';
import { operationsOf, readDocument, undocumented } from './support/openapi-reader';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

const TIMEOUT_MS = 400;

let api: TestApi;
let way: CutOff;
let pool: Database;
let document: OpenApi;
/** The API's own clock, so that what it remembers of keys can be made old. */
let skipped = 0;

beforeAll(async () => {
  const behind = await startTestApi();
  way = await cutOff(behind.database.url);
  pool = new Database({ url: way.url, poolSize: 4, statementTimeoutMs: 2_000, connectTimeoutMs: 1_000 });
  api = await startTestApi({ database: pool, timeoutMs: TIMEOUT_MS, now: () => performance.now() + skipped });
  const admin = await createApiKey(pool, 'operator', 'admin', ['*']);
  const { close, ask } = api;
  api = {
    ...api,
    admin,
    ask: (method, path, more = {}) => ask(method, path, { key: admin, ...more }),
    close: async () => {
      await close();
      await pool.close();
      await way.close();
      await behind.close();
    },
  };
  document = await readDocument(api);
});
afterAll(() => api.close());
afterEach(async () => {
  way.mend();
  await until(
    'the database to be back',
    async () => (await api.ask('GET', '/api/v1/accounts')).status === 200,
  );
  expect(api.switch.bugs).toEqual([]);
});

const account = { name: 'Somebody', type: 'buyer' };

test('without its database every operation that needs it is 503 with Retry-After, and the API lives on', async () => {
  expect((await api.ask('GET', '/api/v1/accounts')).status).toBe(200);
  way.cut();
  const reads = operationsOf(document).filter(
    ({ method, path }) =>
      method === 'GET' &&
      /\/v1\/(accounts|trunks|bids|dnc|calls|ledger\/accounts|disputes)(\/\{\w+\})?$/.test(path),
  );
  expect(reads.length).toBeGreaterThan(8);
  for (const operation of reads) {
    const answer = await api.ask('GET', operation.path.replace('{id}', 'x'));
    expect([operation.path, answer.status]).toEqual([operation.path, 503]);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(undocumented(document, operation, answer)).toBeUndefined();
    expect(answer.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/);
  }
  const writes = await Promise.all([
    api.ask('POST', '/api/v1/accounts', { body: account }),
    api.ask('POST', '/api/v1/accounts', { body: account, headers: { 'Idempotency-Key': 'outage' } }),
    api.ask('PATCH', '/api/v1/accounts/operator', { body: { name: 'Nobody' } }),
  ]);
  expect(writes.map(({ status }) => status)).toEqual([503, 503, 503]);
  expect((await api.ask('GET', '/api/v1/calls/live')).status).toBe(200);
  expect((await api.ask('GET', '/health/live')).status).toBe(200);
});

test('a key that must be looked up anew is 503 too, not 401', async () => {
  await api.ask('GET', '/api/v1/accounts');
  way.cut();
  skipped += 6_000;
  expect((await api.ask('GET', '/api/v1/calls/live')).status).toBe(503);
  expect((await api.ask('GET', '/api/v1/calls/live', { key: `${api.admin}x` })).status).toBe(503);
});

test('a database that takes the question and never answers is 503 when the time is up', async () => {
  await api.ask('GET', '/api/v1/accounts');
  way.stall();
  const answers = await Promise.all([
    api.ask('GET', '/api/v1/accounts'),
    api.ask('POST', '/api/v1/accounts', { body: account, headers: { 'Idempotency-Key': 'stalled' } }),
  ]);
  for (const answer of answers) {
    expect([answer.status, answer.body['code']]).toEqual([503, 'timed_out']);
    expect(answer.headers.get('retry-after')).toBe('5');
  }
});

test('work that was cut off half way has not been done, and can be done again with the same key', async () => {
  const holder = await pool.session();
  await holder.query('begin');
  await holder.query('lock table accounts in exclusive mode');
  const body = { name: 'Half way', type: 'buyer' };
  const headers = { 'Idempotency-Key': 'half-way' };
  const first = await api.ask('POST', '/api/v1/accounts', { body, headers });
  expect(first.status).toBe(503);
  way.cut();
  holder.release();
  way.mend();
  await until(
    'the database to be back',
    async () => (await api.ask('GET', '/api/v1/accounts')).status === 200,
  );
  const second = await api.ask('POST', '/api/v1/accounts', { body, headers });
  expect(second.status).toBe(201);
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from accounts where name = 'Half way'`,
  );
  expect(rows).toEqual([{ n: 1 }]);
});

test('calls that are up can be hung up all the same, and that is written down when the database is back', async () => {
  await api.ask('GET', '/api/v1/calls/live');
  api.switch.calls.push({ callId: 'up-in-outage', state: 'answered' });
  way.cut();
  expect((await api.ask('DELETE', '/api/v1/calls/up-in-outage')).status).toBe(204);
  expect(api.switch.hungUp).toContain('up-in-outage');
  way.mend();
  await until('the entry of the audit log', async () => {
    const { body } = await api.ask('GET', '/api/v1/audit?subject=up-in-outage');
    return (body?.['items'] as unknown[] | undefined)?.length === 1;
  });
});
