import { Readable } from 'node:stream';
import { createApiKey } from '../../../src/storage';
import { until } from '../../support/until';
import type { TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

let api: TestApi;
/** The heap that is being sent; it is as long as it is told. */
let heap: Readable | undefined;

beforeAll(async () => {
  api = await startTestApi({
    debug: {
      config: () => ({ database: { url: 'postgres://dce:********@db/dce' } }),
      heap: () => (heap = new Readable({ read: () => undefined })),
    },
  });
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

const post = (path: string, body: object, key?: string) =>
  api.ask('POST', `/api/v1/debug/${path}`, { body, ...(key === undefined ? {} : { key }) });
const audited = async (action: string): Promise<unknown[]> =>
  (await api.ask('GET', `/api/v1/audit?action=${action}`)).body['items'] as unknown[];

test('the configuration is shown as it is masked', async () => {
  const { status, body } = await api.ask('GET', '/api/v1/debug/config');
  expect([status, body]).toEqual([200, { database: { url: 'postgres://dce:********@db/dce' } }]);
  await until('the entry', async () => (await audited('getDebugConfig')).length === 1);
});

test('the event loop is watched for a second', async () => {
  const { status, body } = await api.ask('GET', '/api/v1/debug/event-loop');
  expect(status).toBe(200);
  expect(body).toMatchObject({ memory: { rssBytes: expect.any(Number) as number } });
  expect(Object.keys(body['resources'] as object).length).toBeGreaterThan(0);
});

test('a profile is taken by one at a time, for half a minute at most', async () => {
  const first = await fetch(`${api.url}/api/v1/debug/profile`, {
    method: 'POST',
    headers: { 'X-API-Key': api.admin, 'Content-Type': 'application/json' },
    body: JSON.stringify({ seconds: 0.3 }),
  });
  // It has begun: its answer has.
  expect((await post('profile', { seconds: 0.01 })).body['code']).toBe('profile_running');
  expect([first.status, first.headers.get('content-disposition')]).toEqual([
    200,
    'attachment; filename="profile.cpuprofile"',
  ]);
  const body = (await first.json()) as Record<string, unknown>;
  expect((body['nodes'] as unknown[]).length).toBeGreaterThan(3);
  expect((body['samples'] as unknown[]).length).toBeGreaterThan(0);
  expect((await post('profile', { seconds: 31 })).status).toBe(400);
  expect((await post('profile', { seconds: 0.01 })).status).toBe(200);
  await until('the entries', async () => (await audited('profileCpu')).length >= 2);
});

test('a heap is not taken while calls are up, unless that is meant; and by one at a time', async () => {
  api.switch.calls.push({ callId: 'up' });
  const refused = await post('heap', {});
  expect([refused.status, refused.body['code']]).toEqual([409, 'calls_are_up']);
  const forced = post('heap', { force: true });
  await until('the heap to begin', () => heap !== undefined);
  api.switch.calls.length = 0;
  expect((await post('heap', {})).body['code']).toBe('heap_running');
  heap?.push('{"snapshot":');
  heap?.push('{}}');
  heap?.push(null);
  expect((await forced).body).toEqual({ snapshot: {} });
  await until('the entry', async () => (await audited('dumpHeap')).length >= 1);
});

test('who goes away leaves nothing behind', async () => {
  heap = undefined;
  const gone = new AbortController();
  const asked = fetch(`${api.url}/api/v1/debug/heap`, {
    method: 'POST',
    headers: { 'X-API-Key': api.admin, 'Content-Type': 'application/json' },
    body: '{}',
    signal: gone.signal,
  });
  await asked;
  gone.abort();
  await until('the heap to be let go', () => heap?.destroyed === true);
  await until('room for the next', async () => {
    const next = post('heap', {});
    await until('an answer or a heap', () => heap?.destroyed === false, 500).catch(() => undefined);
    heap?.push('{}');
    heap?.push(null);
    return (await next).status === 200;
  });
});

test('it is for administrators alone', async () => {
  const buyer = await (async () => {
    await api.ask('POST', '/api/v1/accounts', { body: { id: 'debugger', name: 'Debugger', type: 'buyer' } });
    return createApiKey(api.pool, 'debugger', 'all', ['*']);
  })();
  const reader = await api.keyWith('debug:read');
  expect((await post('heap', {}, buyer)).body['code']).toBe('operator_only');
  expect((await post('profile', {}, reader)).body['code']).toBe('scope_missing');
  expect((await api.ask('GET', '/api/v1/debug/config', { key: buyer })).status).toBe(403);
});

test('without it there is nothing', async () => {
  const without = await startTestApi({ debug: undefined });
  expect((await without.ask('GET', '/api/v1/debug/config')).status).toBe(404);
  await without.close();
});
