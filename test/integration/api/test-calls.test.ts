import type { TestCallRow } from '../../../src/storage';
import { createApiKey, issueApiKey, TEST_CALL_LIMITS } from '../../../src/storage';
import { TestCalls } from '../../../src/parts/test-calls';
import { until } from '../../support/until';
import { CountingMedia, MemoryAgents, ScriptedStack } from '../../unit/signaling/fakes';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';

/** What peers do, by the user part of their address. */
const stack = new ScriptedStack((uri, listener, self) => {
  const does = /^sip:(\w+)@/.exec(uri)?.[1];
  setImmediate(() => {
    if (does === 'busy') listener.onFailure(486, '');
    if (does === 'rings' || does === 'answers') listener.onProgress(180, undefined);
    if (does === 'answers') listener.onAnswer(self.dialog());
  });
});
const media = new CountingMedia();
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const agents = new MemoryAgents();
const bugs: unknown[] = [];
const errors: Error[] = [];

let api: TestApi;
/** The node that the API is of, and another one. */
let here: TestCalls;
let there: TestCalls;
let buyerKey: string;
let otherKey: string;

function node(nodeId: string, engine = media): TestCalls {
  const services = { stack, media: engine, agents, clock, responseTimeoutMs: undefined };
  return new TestCalls({
    ...{ nodeId, database: api.pool, everyMs: 20, onError: (error) => errors.push(error) },
    services: { ...services, onBug: (bug) => bugs.push(bug) },
  });
}

beforeAll(async () => {
  // The node is made of the API's own database.
  const testCalls = {
    nodeId: 'here',
    assertReady: () => here.assertReady(),
    start: (order: Parameters<TestCalls['start']>[0]) => here.start(order),
    hangUp: (id: string, detail: string) => here.hangUp(id, detail),
  };
  api = await startTestApi({ testCalls });
  here = node('here');
  there = node('there');
  for (const name of ['buyer', 'other']) {
    await make('accounts', { id: `${name}-account`, name, type: 'buyer' });
    await make('buyers', { id: name, accountId: `${name}-account`, name });
  }
  for (const does of ['busy', 'rings', 'answers']) {
    await make('targets', { id: does, buyerId: 'buyer', name: does, uri: `sip:${does}@192.0.2.1` });
  }
  await make('targets', {
    id: 'phone',
    buyerId: 'buyer',
    name: 'x',
    kind: 'pstn',
    uri: 'sip:busy@192.0.2.1',
  });
  await make('targets', { id: 'theirs', buyerId: 'other', name: 'x', uri: 'sip:busy@192.0.2.1' });
  buyerKey = await createApiKey(api.pool, 'buyer-account', 'buyer', ['*']);
  otherKey = await createApiKey(api.pool, 'other-account', 'other', ['*']);
});
afterEach(async () => {
  for (const { id } of await up()) {
    await api.ask('POST', `/api/v1/test-calls/${id}/hangup`, { body: {} });
  }
  await until('every test call to end', async () => (await up()).length === 0);
  expect([bugs, errors, media.sessions, media.legs]).toEqual([[], [], 0, 0]);
});
afterAll(async () => {
  await here.close();
  await there.close();
  await api.close();
});

async function make(path: string, body: object): Promise<void> {
  const { status, text } = await api.ask('POST', `/api/v1/${path}`, { body });
  if (status !== 201) throw new Error(`${path}: ${text}`);
}

async function up(): Promise<TestCallRow[]> {
  const { body } = await api.ask('GET', '/api/v1/test-calls?limit=200');
  return (body['items'] as TestCallRow[]).filter(({ state }) => state !== 'ended');
}

function place(id: string, more: object = {}, key = api.admin): Promise<Answer> {
  return api.ask('POST', '/api/v1/test-calls', { key, body: { to: { kind: 'target', id }, ...more } });
}

async function standing(id: unknown, key = api.admin): Promise<Record<string, unknown>> {
  return (await api.ask('GET', `/api/v1/test-calls/${String(id)}`, { key })).body;
}

async function reaches(id: unknown, state: string): Promise<Record<string, unknown>> {
  await until(`the test call to be ${state}`, async () => (await standing(id))['state'] === state);
  return standing(id);
}

test('a test call tells how it stands, from the order to its end', async () => {
  const placed = await place('answers', { talkSeconds: 60 });
  expect(placed.status).toBe(202);
  expect(placed.headers.get('location')).toBe(`/api/v1/test-calls/${String(placed.body['id'])}`);
  expect(placed.body).toMatchObject({ state: 'queued', outcome: null, targetId: 'answers', attempts: [] });
  const answered = await reaches(placed.body['id'], 'answered');
  expect(answered).toMatchObject({ sipStatus: 200, audio: null, attempts: [{ outcome: 'answered' }] });
  const asked = await api.ask('POST', `/api/v1/test-calls/${String(placed.body['id'])}/hangup`, { body: {} });
  expect(asked.status).toBe(202);
  const over = await reaches(placed.body['id'], 'ended');
  expect(over).toMatchObject({ outcome: 'answered', detail: 'ended by request', audio: { codec: 'PCMU' } });
  const instants = ['createdAt', 'calledAt', 'ringingAt', 'answeredAt', 'endedAt'].map((name) =>
    Number(over[name]),
  );
  expect(instants).toEqual([...instants].sort((a, b) => a - b));
});

test('what rings and refuses is told as it was said', async () => {
  const { body } = await place('busy');
  expect(await reaches(body['id'], 'ended')).toMatchObject({
    ...{ outcome: 'busy', sipStatus: 486, answeredAt: null },
    ladder: [
      { way: 'out', message: 'INVITE', uri: 'sip:busy@192.0.2.1' },
      { way: 'in', message: '486' },
    ],
  });
});

test('nothing of it is a call: no record, no decision, no event, no use of a limit, no entry of the ledger', async () => {
  const tables = await api.database.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'
       and tablename !~ '^(test_calls|audit_.*|api_idempotency|api_keys)$' order by 1`,
  );
  const count = async (): Promise<string> => {
    const each = tables.map(({ name }) => `select '${name}', (select count(*) from "${name}")`);
    return JSON.stringify(await api.database.query(each.join(' union all ')));
  };
  const before = await count();
  const { body } = await place('answers', { talkSeconds: 1 });
  await reaches(body['id'], 'ended');
  expect(await count()).toEqual(before);
});

test('any node ends what another one rings', async () => {
  const plan = [{ targetId: 'rings', buyerId: 'buyer', uri: 'sip:rings@192.0.2.1', ringTimeoutMs: 60_000 }];
  await api.database.query(
    `insert into test_calls (id, account_id, target_id, node_id, due_at) values ('far', 'buyer-account', 'rings', 'there', now() + interval '1 minute')`,
  );
  there.start({ id: 'far', plan, ringMs: 60_000, talkMs: 1_000 });
  await reaches('far', 'ringing');
  const { status } = await api.ask('POST', '/api/v1/test-calls/far/hangup', { key: buyerKey, body: {} });
  expect(status).toBe(202);
  expect(await reaches('far', 'ended')).toMatchObject({ outcome: 'canceled', detail: 'ended by request' });
});

test('a test call whose node was killed is lost, and holds no place of others', async () => {
  await api.database.query(
    `insert into test_calls (id, account_id, target_id, node_id, state, due_at)
     values ('dead', 'buyer-account', 'rings', 'gone', 'ringing', now() - interval '1 second')`,
  );
  expect(await standing('dead')).toMatchObject({
    state: 'ended',
    outcome: 'lost',
    detail: 'the node that rang is gone',
  });
  for (let count = 0; count < TEST_CALL_LIMITS.atOncePerAccount; count++) {
    expect((await place('rings')).status).toBe(202);
  }
  const { status, body } = await place('rings');
  expect([status, body['code']]).toEqual([429, 'too_many_test_calls']);
});

test('a node that goes down ends its own, and says so', async () => {
  const leaving = node('leaving');
  await api.database.query(
    `insert into test_calls (id, account_id, target_id, node_id, due_at) values ('left', 'buyer-account', 'rings', 'leaving', now() + interval '1 minute')`,
  );
  const plan = [{ targetId: 'rings', buyerId: 'buyer', uri: 'sip:rings@192.0.2.1', ringTimeoutMs: 60_000 }];
  leaving.start({ id: 'left', plan, ringMs: 60_000, talkMs: 1_000 });
  await reaches('left', 'ringing');
  await leaving.close();
  expect(await standing('left')).toMatchObject({ outcome: 'canceled', detail: 'the node is going down' });
  expect(() => leaving.assertReady()).toThrow('going down');
  const without = node('passthrough', Object.assign(new CountingMedia(), { name: 'passthrough' as never }));
  expect(() => without.assertReady()).toThrow('no audio');
});

test('a buyer rings its own targets, as nobody, and sees those that rang them', async () => {
  const { status, body } = await place('busy', {}, buyerKey);
  expect(status).toBe(202);
  await reaches(body['id'], 'ended');
  const { body: byExchange } = await place('busy');
  await reaches(byExchange['id'], 'ended');
  for (const id of [body['id'], byExchange['id']]) {
    expect(await standing(id, buyerKey)).toMatchObject({ outcome: 'busy' });
    expect(await standing(id, otherKey)).toMatchObject({ code: 'test_call_not_found' });
  }
  const seen = await api.ask('GET', '/api/v1/test-calls', { key: otherKey });
  expect(seen.body['items']).toEqual([]);
  for (const [id, more, code] of [
    ['theirs', {}, 'target_not_found'],
    ['phone', {}, 'operator_only'],
    ['busy', { from: '212-555-0123' }, 'caller_not_yours'],
    ['busy', { to: { kind: 'number', number: '800-555-0199' } }, 'operator_only'],
  ] as const) {
    const refused = await place(id, more, buyerKey);
    expect([refused.body['code'], refused.status >= 400]).toEqual([code, true]);
    expect(refused.body['errors']).toHaveLength(1);
  }
});

test('roles that have no targets, and auditors, place none; the exchange rings telephones', async () => {
  const wanted = { accountId: 'operator', name: 'auditor', role: 'auditor', scopes: ['*'] } as const;
  const { key: auditor } = await issueApiKey(api.pool, { ...wanted, createdBy: 'test' });
  expect((await place('busy', {}, auditor)).status).toBe(403);
  expect((await api.ask('GET', '/api/v1/test-calls', { key: auditor })).status).toBe(200);
  const { status, body } = await place('phone', { from: '212-555-0123' });
  expect(status).toBe(202);
  await reaches(body['id'], 'ended');
  expect(stack.requests.at(-1)).toMatchObject({ callingNumber: '12125550123' });
});

test('what is archived is not rung, what is paused is', async () => {
  await make('targets', {
    id: 'draft',
    buyerId: 'buyer',
    name: 'x',
    uri: 'sip:busy@192.0.2.1',
    status: 'paused',
  });
  const { status, body } = await place('draft');
  expect(status).toBe(202);
  await reaches(body['id'], 'ended');
  await api.ask('DELETE', '/api/v1/targets/draft');
  expect((await place('draft')).body).toMatchObject({ status: 422, code: 'target_archived' });
});

test('a number that nobody is sold is said to be that, and rings nobody', async () => {
  const rung = stack.rung.length;
  const { status, body } = await place('', { to: { kind: 'number', number: '800-555-0199' } });
  expect([status, stack.rung.length]).toEqual([202, rung]);
  expect(body).toMatchObject({ state: 'ended', outcome: 'rejected', number: '+18005550199', targetId: null });
  expect(String(body['detail'])).toMatch(/^unknown_number: /);
});

test('one key makes one of them', async () => {
  const sent = {
    body: { to: { kind: 'target', id: 'busy' } },
    headers: { 'Idempotency-Key': 'test-call-once' },
  };
  const first = await api.ask('POST', '/api/v1/test-calls', sent);
  const second = await api.ask('POST', '/api/v1/test-calls', sent);
  expect(second.text).toBe(first.text);
  await reaches(first.body['id'], 'ended');
});
