import type { ControlAnswer, LiveCallView } from '../../../src/api';
import { createApiKey } from '../../../src/storage';
import { marketOf, bidOf, usd } from '../../unit/market/fixtures';
import type { TestApi } from './support/test-api';
import { storeCall } from './support/stored-calls';
import { startTestApi } from './support/test-api';
import { knowing } from './support/test-control';

const asked: { callId: string; command: unknown; buyerIds: readonly string[] | undefined }[] = [];
let answer: ControlAnswer;
let seen: LiveCallView | undefined;
let api: TestApi;
let buyerKey: string;
let sellerKey: string;
let auditor: string;

const LIVE = {
  callId: 'up',
  nodeId: 'n2',
  state: 'answered',
  receivedAt: 1,
  held: true,
  target: { targetId: 'hall', buyerId: 'acme' },
  agentId: 'ann',
  recording: { state: 'paused', resumesAt: 5 },
  can: ['record', 'monitor'],
} as const;

beforeAll(async () => {
  const market = marketOf([bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(30) })]);
  market.apply({
    entity: 'dnc',
    op: 'upsert',
    value: { number: '+12125550123' as never, source: 'litigator', expiresAt: undefined },
  });
  api = await startTestApi({
    ...knowing(market),
    callControl: {
      control: (callId, command, buyerIds) => {
        asked.push({ callId, command, buyerIds });
        return Promise.resolve(answer);
      },
      look: (callId) => Promise.resolve(callId === 'up' ? seen : undefined),
      list: () => Promise.resolve({ items: [LIVE], more: false, silentNodes: 1 }),
    },
  });
  await api.pool.query(
    `insert into accounts (id, name, type) values ('acme-account', 'Acme', 'buyer'), ('pub', 'Pub', 'seller')`,
  );
  await api.pool.query(
    `insert into buyers (id, account_id, name) values ('acme', 'acme-account', 'Acme'), ('two', 'acme-account', 'Two')`,
  );
  buyerKey = await createApiKey(api.pool, 'acme-account', 'buyer', ['*']);
  sellerKey = await createApiKey(api.pool, 'pub', 'seller', ['*']);
  auditor = await api.keyWith('*:read');
});
beforeEach(() => {
  asked.length = 0;
  answer = { kind: 'done', call: LIVE };
});
afterAll(() => api.close());

const post = (what: string, body?: unknown, key?: string) =>
  api.ask('POST', `/api/v1/calls/up/${what}`, { body, ...(key === undefined ? {} : { key }) });

test('what is asked of a call reaches whoever has it, and is answered with what became of it', async () => {
  expect(await post('hold')).toMatchObject({
    status: 200,
    body: { callId: 'up', nodeId: 'n2', state: 'answered', held: true, targetId: 'hall', agentId: 'ann' },
  });
  expect((await post('transfer', { to: { kind: 'number', number: '(212) 555-0188' } })).status).toBe(202);
  expect((await post('play', { sound: 'tone', to: 'caller', seconds: 2 })).status).toBe(200);
  expect((await post('hangup', { reason: 'a test' })).status).toBe(200);
  expect((await post('unhold', {})).status).toBe(200);
  expect(asked).toEqual([
    { callId: 'up', command: { kind: 'hold' }, buyerIds: undefined },
    {
      callId: 'up',
      command: { kind: 'transfer', to: { kind: 'number', number: '+12125550188' } },
      buyerIds: undefined,
    },
    {
      callId: 'up',
      command: { kind: 'play', sound: 'tone', to: 'caller', durationMs: 2_000 },
      buyerIds: undefined,
    },
    { callId: 'up', command: { kind: 'hangup', detail: 'hung up by operator: a test' }, buyerIds: undefined },
    { callId: 'up', command: { kind: 'unhold' }, buyerIds: undefined },
  ]);
});

test.each([
  [{ kind: 'not_live' }, 404, 'call_not_live'],
  [{ kind: 'silent' }, 504, 'node_silent'],
  [{ kind: 'unreachable' }, 503, 'nodes_unreachable'],
  [{ kind: 'refused', refusal: 'not_answered', call: LIVE }, 409, 'call_not_answered'],
  [{ kind: 'refused', refusal: 'in_transfer', call: LIVE }, 409, 'call_in_transfer'],
  [{ kind: 'refused', refusal: 'media_cannot', call: LIVE }, 501, 'media_cannot'],
  [{ kind: 'refused', refusal: 'place_of_others', call: LIVE }, 422, 'place_of_others'],
] as const)('%j is %d', async (told, status, code) => {
  answer = told as ControlAnswer;
  const said = await post('transfer', { to: { kind: 'target', id: 'hall' } });
  expect(said).toMatchObject({ status, body: { status, code } });
  if (status === 422) expect(said.body['errors']).toMatchObject([{ pointer: '/to' }]);
});

test('buyers end and hold their own calls and nothing else; sellers and auditors none', async () => {
  for (const what of ['hold', 'unhold', 'hangup']) expect((await post(what, {}, buyerKey)).status).toBe(200);
  expect(asked.map(({ buyerIds }) => [...(buyerIds ?? [])].sort())).toEqual(
    Array.from({ length: 3 }, () => ['acme', 'two']),
  );
  asked.length = 0;
  const transfer = { to: { kind: 'target', id: 'hall' } };
  expect(await post('transfer', transfer, buyerKey)).toMatchObject({ status: 403 });
  expect(await post('play', { sound: 'tone' }, buyerKey)).toMatchObject({ status: 403 });
  for (const what of ['hold', 'unhold', 'hangup']) {
    expect((await post(what, {}, sellerKey)).status).toBe(403);
    expect((await post(what, {}, auditor)).status).toBe(403);
  }
  expect(asked).toEqual([]);
});

test('a recording is paused for a while by the exchange and the buyer, begun and ended by the exchange', async () => {
  const paused = await post('recording', { action: 'pause', seconds: 30 }, buyerKey);
  expect(paused).toMatchObject({ status: 200, body: { recording: { state: 'paused', resumesAt: 5 } } });
  expect((await post('recording', { action: 'pause' })).status).toBe(200);
  expect((await post('recording', { action: 'start' })).status).toBe(200);
  expect(asked.map(({ command, buyerIds }) => [command, buyerIds?.length])).toEqual([
    [{ kind: 'record', action: 'pause', maxMs: 30_000, by: expect.any(String) as string }, 2],
    [{ kind: 'record', action: 'pause', maxMs: 120_000, by: expect.any(String) as string }, undefined],
    [{ kind: 'record', action: 'start', by: expect.any(String) as string }, undefined],
  ]);
  for (const action of ['start', 'stop']) {
    expect(await post('recording', { action }, buyerKey)).toMatchObject({
      status: 403,
      body: { code: 'operator_only', errors: [{ pointer: '/action' }] },
    });
  }
  answer = { kind: 'refused', refusal: 'recording_refused', detail: 'Cal. Penal Code § 632', call: LIVE };
  expect(await post('recording', { action: 'start' })).toMatchObject({
    status: 409,
    body: { code: 'call_recording_refused', detail: 'Cal. Penal Code § 632' },
  });
});

test('who listens in names a phone: buyers one of their own, and never a telephone at the cost of the exchange', async () => {
  await api.pool.query(`insert into accounts (id, name, type) values ('else-account', 'Else', 'buyer')`);
  await api.pool.query(`insert into buyers (id, account_id, name) values ('else', 'else-account', 'Else')`);
  await api.pool.query(
    `insert into agents (id, buyer_id, name, username) values ('eve', 'acme', 'Eve', 'eve'), ('mal', 'else', 'Mal', 'mal')`,
  );
  await api.pool.query(
    `insert into targets (id, buyer_id, name, kind, uri) values
      ('desk', 'acme', 'Desk', 'sip', 'sip:desk@192.0.2.1'), ('phone', 'acme', 'Phone', 'pstn', 'sip:+12125550188@192.0.2.1')`,
  );
  const listen = (to: unknown, key?: string) => post('monitor', { action: 'start', to }, key);
  expect((await listen({ kind: 'agent', id: 'eve' }, buyerKey)).status).toBe(202);
  expect((await listen({ kind: 'agent', id: 'mal' })).status).toBe(202);
  expect((await post('monitor', { action: 'change', mode: 'whisper' })).status).toBe(202);
  const by = expect.objectContaining({ accountId: expect.any(String) as string }) as unknown;
  expect(asked.map(({ command }) => command)).toEqual([
    ...[
      { id: 'eve', buyerId: 'acme' },
      { id: 'mal', buyerId: 'else' },
    ].map((who) => ({ kind: 'monitor', action: 'start', mode: 'listen', by, to: { kind: 'agent', ...who } })),
    { kind: 'monitor', action: 'change', mode: 'whisper', by },
  ]);
  for (const key of [buyerKey, undefined]) {
    const nobody = await listen({ kind: 'agent', id: key === undefined ? 'nobody' : 'mal' }, key);
    expect(nobody).toMatchObject({
      status: 422,
      body: { code: 'no_such_place', errors: [{ pointer: '/to' }] },
    });
  }
  expect(await listen({ kind: 'target', id: 'phone' }, buyerKey)).toMatchObject({ status: 403 });
  expect((await listen({ kind: 'target', id: 'phone' })).status).toBe(202);
  const changes = await api.keyWith('calls:write');
  expect(await listen({ kind: 'agent', id: 'eve' }, changes)).toMatchObject({
    body: { code: 'scope_missing' },
  });
  expect((await listen({ kind: 'agent', id: 'eve' }, await api.keyWith('calls:monitor'))).status).toBe(202);
  answer = { kind: 'refused', refusal: 'needs_consent', detail: 'Fla. Stat. § 934.03', call: LIVE };
  expect(await listen({ kind: 'agent', id: 'eve' })).toMatchObject({
    status: 409,
    body: { code: 'call_needs_consent', detail: 'Fla. Stat. § 934.03' },
  });
  const { rows } = await api.pool.query<{ status: number; changes: unknown }>(
    `select status, changes from audit_entries where action = 'monitorCall' and subject_id = 'up' order by at, id limit 1`,
  );
  expect(rows).toMatchObject([{ status: 202 }]);
  expect(JSON.stringify(rows[0]?.changes)).toContain('eve');
});

test('a key that repeats itself does it once', async () => {
  const headers = { 'Idempotency-Key': 'hang-up-once' };
  const path = '/api/v1/calls/up/hangup';
  const first = await api.ask('POST', path, { body: {}, headers });
  const again = await api.ask('POST', path, { body: {}, headers });
  expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
  expect(asked).toHaveLength(1);
});

test('one call tells whether it is on hold, to the exchange and to its buyer', async () => {
  await storeCall(api, { id: 'up', receivedAt: 1_700_000_000_000, state: 'answered' });
  await api.pool.query(
    `update calls set sale = '{"target": {"buyerAccountId": "acme-account"}}', seller_id = 'pub' where id = 'up'`,
  );
  const heldFor = async (key?: string, id = 'up') =>
    (await api.ask('GET', `/api/v1/calls/${id}`, key === undefined ? {} : { key })).body['held'];
  seen = LIVE;
  expect([await heldFor(), await heldFor(buyerKey), await heldFor(sellerKey)]).toEqual([
    true,
    true,
    undefined,
  ]);
  seen = { ...LIVE, held: false };
  expect([await heldFor(), await heldFor(buyerKey)]).toEqual([false, false]);
  // Its node is silent.
  seen = undefined;
  expect([await heldFor(), await heldFor(buyerKey)]).toEqual([null, null]);
  await storeCall(api, { id: 'over', receivedAt: 1_700_000_000_000 });
  expect(await heldFor(undefined, 'over')).toBe(false);
});

test('calls of all nodes are listed, and it is said whose are missing', async () => {
  const { body } = await api.ask('GET', '/api/v1/calls/live');
  expect(body).toMatchObject({ items: [{ callId: 'up', nodeId: 'n2' }], more: false, silentNodes: 1 });
});

test('a call that there is not is decided, also over a draft, and auditors may ask', async () => {
  const ask = (body: unknown, key = auditor) => api.ask('POST', '/api/v1/decisions/dry-run', { body, key });
  const plain = await ask({ number: '800-555-0199', caller: '212-333-4567', origin: 'inbound_consumer' });
  expect(plain).toMatchObject({
    status: 200,
    body: { decision: { ok: true, plan: [{ bidId: 'bid-2' }, { bidId: 'bid-1' }] }, withoutEffect: [] },
  });
  const draft = await ask({
    number: '800-555-0199',
    caller: '212-333-4567',
    origin: 'inbound_consumer',
    changes: [
      { entity: 'campaign', id: 'campaign', fields: { reservePrice: usd(20) } },
      { entity: 'override', id: 'x', fields: overrideOfNowhere() },
    ],
  });
  expect(draft.body).toMatchObject({ decision: { ok: true, plan: [{ bidId: 'bid-2' }] } });
  const wrong = await ask({
    number: '800-555-0199',
    changes: [{ entity: 'bid', id: 'b', fields: { price: -1 } }],
  });
  expect(wrong).toMatchObject({
    status: 422,
    body: { code: 'not_a_change', errors: [{ pointer: '/changes' }] },
  });
  expect(await ask({ campaignId: 'nobody' })).toMatchObject({
    status: 422,
    body: { code: 'seller_needed', errors: [{ pointer: '/sellerId' }] },
  });
  expect(await ask({ number: '800-555-0199', trunkId: 'nobody' })).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: '/trunkId' }] },
  });
  expect((await ask({ number: '800-555-0199' }, buyerKey)).status).toBe(403);
});

function overrideOfNowhere(): Record<string, unknown> {
  return { place: 'NV', effect: 'forbid', startsAt: 0, endsAt: 1, citation: 'an order that is over' };
}

test('a number is checked, and a person: with what each rule rests on', async () => {
  const phone = await api.ask('POST', '/api/v1/checks/phone', { body: { number: '212-555-0123' } });
  expect(phone).toMatchObject({
    status: 200,
    body: {
      number: '+12125550123',
      kind: 'geographic',
      fictional: true,
      npa: '212',
      place: { countries: ['US'], states: ['NY'], zones: ['America/New_York'] },
      hits: [{ list: 'litigator' }],
      ours: null,
    },
  });
  const check = (body: unknown) => api.ask('POST', '/api/v1/checks/compliance', { body });
  const said = await check({
    number: '212-555-0123',
    origin: 'agent_outbound',
    at: Date.UTC(2026, 10, 21, 8),
  });
  expect(said).toMatchObject({
    status: 200,
    body: { allowed: false, origin: 'agent_outbound', recording: { consent: 'one_party' } },
  });
  const { findings, nextAllowedAt } = said.body as {
    findings: { rule: string; outcome: string; citation: string }[];
    nextAllowedAt: number;
  };
  const blocking = findings.filter(({ outcome }) => outcome === 'block');
  expect(blocking.map(({ rule }) => rule)).toEqual(
    expect.arrayContaining(['tcpa.calling_hours', 'policy.litigator']),
  );
  expect(blocking.every(({ citation }) => citation.length > 0)).toBe(true);
  expect(nextAllowedAt).toBeGreaterThan(Date.UTC(2026, 10, 21, 8));
  expect(await check({ number: '212-555-0123', campaignId: 'nobody' })).toMatchObject({
    status: 422,
    body: { code: 'campaign_not_found' },
  });
});
