import { runRequest } from '../../../src/storage';
import { TEST_VAULT } from '../../support/consents';
import type { TestRedis } from '../../support/test-redis';
import { testRedis } from '../../support/test-redis';
import type { TestNode } from '../events/support/stage';
import { openNode } from '../events/support/stage';
import { accessCases } from './support/access-cases';
import { watchCalls } from './support/event-client';
import { controlCases } from './support/control-cases';
import { dialplanCases } from './support/dialplan-cases';
import { disputeCases, openDisputes } from './support/dispute-cases';
import type { HappyPath } from './support/happy-path';
import { invoiceCases, openInvoices } from './support/invoice-cases';
import { bodyOf, MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { OpenApi, Operation } from './support/openapi-reader';
import { audienceOf, operationsOf, readDocument, undocumented, writtenOf } from './support/openapi-reader';
import { openPayments, paymentCases } from './support/payment-cases';
import {
  CONSENT,
  storeCallback,
  storeDeadDelivery,
  storeFraudCase,
  storeSettledCall,
  WEBHOOK,
} from './support/stored-calls';
import { settlementCases } from './support/settlement-cases';
import { peopleCases, WITH_PROVIDER } from './support/people-cases';
import type { Answer, Ask } from './support/test-api';
import { RESERVATION } from './support/test-api';
import { storeRecording } from './support/test-recordings';
import type { WholeApi } from './support/whole-api';
import { newAgentToken, newUserToken, startWholeApi } from './support/whole-api';

let api: WholeApi;
let redis: TestRedis;
let node: TestNode;
let document: OpenApi;
let count = 100;
/** Minutes pass between operations that are asked for with wrong keys: who tries many is slowed down. */
let skewMs = 0;

beforeAll(async () => {
  redis = await testRedis();
  node = openNode(redis.url, 'n1');
  api = await startWholeApi({ now: () => performance.now() + skewMs, events: node.hub });
  await openMarket(api);
  for (const { path } of MARKET_RESOURCES) await bodyOf(api, path, 99);
  await openDisputes(api);
  await openPayments(api);
  await openInvoices(api);
  document = await readDocument(api);
});
afterAll(async () => {
  await api.close();
  await node.close();
  await redis.drop();
});

/** One of a resource, new for each who asks. */
async function newOne(path: string): Promise<string> {
  const body = await bodyOf(api, path, count++);
  return String((await api.ask('POST', `/api/v1/${path}`, { body })).body['id']);
}

/** What a client sends to leave one as it is. */
async function wholeOf(path: string, id: string): Promise<Record<string, unknown>> {
  const one = await api.ask('GET', `/api/v1/${path}/${encodeURIComponent(id)}`);
  return writtenOf(document, path, one.status === 200 ? one.body : await bodyOf(api, path, 99));
}

async function exported(path: string): Promise<string> {
  return (await api.ask('GET', `/api/v1/${path}/export`)).text;
}

const RATES = 'prefix,rate_per_minute,first_increment_s,next_increment_s\n1,0.0125,6,6\n';

/** What needs a scope. */
function guarded(whole: OpenApi): Operation[] {
  return operationsOf(whole).filter((operation) => audienceOf(operation) === 'account');
}

/** What a test can do by itself. */
function doable(whole: OpenApi): Operation[] {
  return operationsOf(whole).filter((operation) => !WITH_PROVIDER.includes(nameOf(operation)));
}

const TEST_CALL = { to: { kind: 'target', id: 'target' } };

const HAPPY = new Map<string, HappyPath>([
  ...MARKET_RESOURCES.flatMap(({ path, body, change }): [string, HappyPath][] => [
    [`GET /api/v1/${path}`, {}],
    [`POST /api/v1/${path}`, { body: body(99) }],
    [`GET /api/v1/${path}/export`, {}],
    [`POST /api/v1/${path}/import`, { query: '?mode=upsert', csvFor: () => exported(path) }],
    [`GET /api/v1/${path}/{id}`, { id: () => newOne(path) }],
    [`PUT /api/v1/${path}/{id}`, { id: () => newOne(path), bodyFor: (id) => wholeOf(path, id) }],
    [`PATCH /api/v1/${path}/{id}`, { id: () => newOne(path), body: change }],
    [`DELETE /api/v1/${path}/{id}`, { id: () => newOne(path) }],
  ]),
  [
    'PUT /api/v1/agents/{id}/password',
    { id: () => newOne('agents'), body: { password: 'a password of some length' } },
  ],
  ['GET /api/v1/accounts/{id}/terms', { id: buyerAccount }],
  ['POST /api/v1/accounts/{id}/terms', { id: buyerAccount, body: {} }],
  [
    'POST /api/v1/trunks/{id}/rate-decks',
    { id: () => newOne('trunks'), query: '?direction=inbound', csv: RATES },
  ],
  ['GET /api/v1/trunks/{id}/rate-decks', { id: () => newOne('trunks') }],
  [
    'GET /api/v1/trunks/{id}/rate',
    { id: () => newOne('trunks'), query: '?direction=inbound&number=8005550123' },
  ],
  ['GET /api/v1/rate-decks/{id}', { id: rateDeck }],
  ['GET /api/v1/rate-decks/{id}/rates', { id: rateDeck }],
  ['GET /api/v1/auctions', {}],
  ['GET /api/v1/auctions/export', {}],
  ['GET /api/v1/auctions/{id}', { id: auction }],
  ...accessCases(() => api),
  ...peopleCases(() => api),
  ['GET /api/v1/calls', {}],
  ['GET /api/v1/calls/export', {}],
  ['GET /api/v1/disputes/export', {}],
  ['GET /api/v1/invoices/export', {}],
  ['GET /api/v1/ledger/entries/export', { query: '?accountId=operator' }],
  ['GET /api/v1/calls/live', {}],
  ['GET /api/v1/calls/events', { stream: true }],
  ['GET /api/v1/events', { stream: true }],
  ['GET /api/v1/events/schema', {}],
  ['GET /api/v1/calls/{id}', { id: settledCall }],
  ['DELETE /api/v1/calls/{id}', { id: liveCall }],
  ...controlCases(liveCall, () => storeCallback(api)),
  ['GET /api/v1/recordings', {}],
  ['GET /api/v1/recordings/{id}', { id: recording }],
  ['GET /api/v1/recordings/{id}/audio', { id: recording }],
  ['PATCH /api/v1/recordings/{id}', { id: recording, body: { legalHold: true, reason: 'a claim' } }],
  ['DELETE /api/v1/recordings/{id}', { id: recording, query: '?reason=asked' }],
  ['POST /api/v1/test-calls', { body: TEST_CALL }],
  ['GET /api/v1/test-calls', {}],
  ['GET /api/v1/test-calls/{id}', { id: testCall }],
  ['POST /api/v1/test-calls/{id}/hangup', { id: testCall, body: {} }],
  ['GET /api/v1/calls/{id}/ladder', { id: settledCall }],
  ['GET /api/v1/analytics/calls', { query: '?groupBy=hour' }],
  ['GET /api/v1/analytics/live', {}],
  ['GET /api/v1/fraud/cases', {}],
  ['GET /api/v1/fraud/cases/{id}', { id: fraudCase }],
  [
    'POST /api/v1/fraud/cases/{id}/resolve',
    { id: fraudCase, body: { state: 'confirmed', note: 'heard it' } },
  ],
  ['GET /api/v1/fraud/priors', {}],
  ['GET /api/v1/fraud/models', {}],
  ['POST /api/v1/consents', { body: CONSENT }],
  ['GET /api/v1/consents', { query: '?number=12125550123' }],
  ['GET /api/v1/consents/{id}', { id: consent }],
  ['POST /api/v1/consents/{id}/revocations', { id: consent, body: { method: 'email' } }],
  ['POST /api/v1/privacy/requests', { body: { kind: 'export', number: '212-555-0123', basis: 'Art. 15' } }],
  ['GET /api/v1/privacy/requests', {}],
  ['GET /api/v1/privacy/requests/{id}', { id: privacyRequest }],
  ['GET /api/v1/privacy/requests/{id}/export', { id: privacyExport }],
  ['GET /api/v1/privacy/purposes', {}],
  ['POST /api/v1/bid-requests', { body: { sellerId: 'seller', number: '800-555-0199' } }],
  ['GET /api/v1/bid-requests', {}],
  ['DELETE /api/v1/bid-requests/{id}', { id: () => Promise.resolve(RESERVATION) }],
  ['GET /api/v1/wallets', {}],
  ['POST /api/v1/wallets', { body: { accountId: 'buyer-account', currency: 'GBP' } }],
  ['GET /api/v1/wallets/{id}', { id: wallet }],
  ['PATCH /api/v1/wallets/{id}', { id: wallet, body: { onExhausted: 'end' } }],
  ['GET /api/v1/wallets/{id}/holds', { id: wallet }],
  ['GET /api/v1/wallets/{id}/top-ups', { id: wallet }],
  [
    'POST /api/v1/wallets/{id}/top-ups',
    { id: wallet, body: { currency: 'EUR', amount: 5_000_000, reference: 'bank 1' } },
  ],
  ...paymentCases(() => api),
  ['GET /api/v1/ledger/accounts', {}],
  ['GET /api/v1/ledger/entries', { query: '?accountId=operator' }],
  ['GET /api/v1/ledger/trial-balance', {}],
  ['GET /api/v1/ledger/verification', {}],
  ['GET /api/v1/ledger/periods', {}],
  ['GET /api/v1/ledger/periods/{month}/balances', { id: pastMonth, query: '?accountId=operator' }],
  ['POST /api/v1/ledger/periods/{month}/close', { id: pastMonth }],
  ...settlementCases(() => api),
  ...invoiceCases(() => api),
  ...dialplanCases(() => api),
  ...disputeCases(() => api),
  ['GET /api/v1/number-lists', {}],
  ['GET /api/v1/number-lists/check', { query: '?number=2125550123' }],
  ['GET /api/v1/webhooks', {}],
  ['POST /api/v1/webhooks', { body: WEBHOOK }],
  ['GET /api/v1/webhooks/{id}', { id: webhook }],
  ['PATCH /api/v1/webhooks/{id}', { id: webhook, body: { status: 'paused' } }],
  ['DELETE /api/v1/webhooks/{id}', { id: webhook }],
  ['POST /api/v1/webhooks/{id}/secret', { id: webhook, body: {} }],
  ['POST /api/v1/webhooks/{id}/test', { id: webhook, body: {} }],
  ['POST /api/v1/webhooks/{id}/replay', { id: webhook, query: '?from=0&to=60000' }],
  ['POST /api/v1/webhooks/{id}/redrive', { id: webhook }],
  ['GET /api/v1/webhook-deliveries', { query: '?webhookId=x' }],
  ['GET /api/v1/webhook-deliveries/{id}', { id: webhookDelivery }],
  ['POST /api/v1/webhook-deliveries/{id}/redrive', { id: webhookDelivery }],
  ['GET /api/v1/audit', {}],
  ['POST /api/v1/audit/verify', { body: { blocks: 10 } }],
  ['GET /api/v1/debug/config', {}],
  ['GET /api/v1/debug/event-loop', {}],
  ['POST /api/v1/debug/profile', { body: { seconds: 0.01 } }],
  ['POST /api/v1/debug/heap', { body: { force: true } }],
  ['GET /api/v1/system/stats', {}],
]);

async function settledCall(): Promise<string> {
  const id = `settled-${count++}`;
  await storeSettledCall(api, id);
  return id;
}

async function auction(): Promise<string> {
  const id = await settledCall();
  await api.pool.query(`update calls set campaign_id = 'campaign' where id = $1`, [id]);
  return id;
}

function pastMonth(): Promise<string> {
  return Promise.resolve('2020-01');
}

function buyerAccount(): Promise<string> {
  return Promise.resolve('buyer-account');
}

async function rateDeck(): Promise<string> {
  const path = `/api/v1/trunks/${await newOne('trunks')}/rate-decks?direction=inbound`;
  const deck = await api.ask('POST', path, { raw: RATES, headers: { 'Content-Type': 'text/csv' } });
  return String(deck.body['id']);
}

async function wallet(): Promise<string> {
  const accountId = await newOne('accounts');
  await api.ask('POST', '/api/v1/wallets', { body: { accountId, currency: 'EUR' } });
  return accountId;
}

async function fraudCase(): Promise<string> {
  const id = `case-${count++}`;
  await storeFraudCase(api, id);
  return id;
}

async function webhook(): Promise<string> {
  return String((await api.ask('POST', '/api/v1/webhooks', { body: WEBHOOK })).body['id']);
}

async function webhookDelivery(): Promise<string> {
  return storeDeadDelivery(api, await webhook());
}

async function consent(): Promise<string> {
  const body = { ...CONSENT, session: String(count++) };
  return String((await api.ask('POST', '/api/v1/consents', { body })).body['id']);
}

async function privacyRequest(): Promise<string> {
  const body = { kind: 'export', number: '212-555-0123', basis: 'Art. 15' };
  return String((await api.ask('POST', '/api/v1/privacy/requests', { body })).body['id']);
}

async function privacyExport(): Promise<string> {
  const id = await privacyRequest();
  const rules = { keepProof: true, consentYears: 5, now: Date.now() };
  await runRequest(api.pool, TEST_VAULT, Number(id), rules);
  return id;
}

async function recording(): Promise<string> {
  return (await storeRecording(api.pool)).id;
}

async function testCall(): Promise<string> {
  return String((await api.ask('POST', '/api/v1/test-calls', { body: TEST_CALL })).body['id']);
}

function liveCall(): Promise<string> {
  const callId = `live-${count++}`;
  api.switch.calls.push({ callId, state: 'answered' });
  return Promise.resolve(callId);
}

const nameOf = (operation: Operation): string => `${operation.method} ${operation.path}`;
const scopeOf = (operation: Operation): string => /`(\w+:\w+)`/.exec(operation.description)?.[1] ?? '';

/** Calls an operation in its happy path, but for what is said otherwise. */
async function perform(
  operation: Operation,
  other: { key?: string | null; id?: string; more?: string } = {},
): Promise<Answer> {
  const happy = HAPPY.get(nameOf(operation));
  const whole = other.key === undefined;
  const token = whole ? await happy?.as?.() : undefined;
  const id = other.id ?? (operation.path.includes('{') ? await happy?.id?.() : undefined) ?? 'x';
  const key = whole ? (audienceOf(operation) === 'account' ? api.admin : null) : (other.key ?? null);
  const path =
    operation.path.replace('{number}', '1').replace(/\{\w+\}/, encodeURIComponent(id)) +
    queryOf(happy?.query, other.more);
  if (happy?.stream && whole) {
    const { status, headers, close } = await watchCalls(api, api.admin, path);
    close();
    return { status, headers, text: '', body: '' as never };
  }
  return api.ask(operation.method, path, { key, ...(await sentTo(happy, id, whole, token)) });
}

/** @param whole - false for what is refused before anybody looks at the body */
async function sentTo(
  happy: HappyPath | undefined,
  id: string,
  whole: boolean,
  token: string | undefined,
): Promise<Ask> {
  const bearer: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const raw = (text: string, type: string): Ask => ({
    raw: text,
    headers: { ...bearer, 'Content-Type': type },
  });
  const { body, bodyFor, csv, csvFor, formFor } = happy ?? {};
  if (formFor) {
    const form = whole ? await formFor() : {};
    return raw(new URLSearchParams(form).toString(), 'application/x-www-form-urlencoded');
  }
  if (csvFor) return raw(whole ? await csvFor() : 'id', 'text/csv');
  if (csv !== undefined) return raw(csv, 'text/csv');
  const json = bodyFor && whole ? await bodyFor(id) : body;
  return { headers: bearer, ...(json === undefined ? {} : { body: json }) };
}

/** A query with something more in it. */
function queryOf(query = '', more = ''): string {
  if (more === '') return query;
  return query === '' ? `?${more}` : `${query}&${more}`;
}

/** Does something with each operation, and says which do not come out as they should. */
async function each(
  work: (operation: Operation) => Promise<string | undefined>,
  operations = guarded(document),
): Promise<string[]> {
  const wrong: string[] = [];
  for (const operation of operations) {
    const why = await work(operation);
    if (why !== undefined) wrong.push(`${nameOf(operation)}: ${why}`);
  }
  return wrong;
}

/** What is wrong with a problem that should have this status and code. */
function notProblem(operation: Operation, answer: Answer, status: number, code: RegExp): string | undefined {
  if (answer.status !== status) return `${answer.status} ${answer.text}`;
  if (!code.test(String(answer.body['code']))) return answer.text;
  if (answer.body['requestId'] !== answer.headers.get('x-request-id')) return 'names another request';
  return undocumented(document, operation, answer);
}

test('the document and the cases below name the same operations', () => {
  expect(doable(document).map(nameOf).sort()).toEqual([...HAPPY.keys()].sort());
});

test('every operation works, and answers as documented', async () => {
  const wrong = await each(async (operation) => {
    const answer = await perform(operation);
    if (answer.status >= 300) return `${answer.status} ${answer.text}`;
    return undocumented(document, operation, answer);
  }, doable(document));
  expect(wrong).toEqual([]);
  expect(api.switch.bugs).toEqual([]);
});

test('every list answers as documented in each of its orders, and with one field alone', async () => {
  let lists = 0;
  const wrong = await each(async (operation) => {
    const pattern = (name: string): readonly string[] => {
      const { schema } = operation.parameters.find((one) => one.name === name) ?? {};
      return (
        /\(\?:([\w|]+)\)/
          .exec((schema as { pattern?: string } | undefined)?.pattern ?? '')?.[1]
          ?.split('|') ?? []
      );
    };
    const fields = pattern('fields');
    if (operation.method !== 'GET' || fields.length === 0) return undefined;
    lists++;
    const orders = pattern('sort').flatMap((field) => [`sort=${field}`, `sort=-${field}`]);
    for (const more of [...orders, `fields=${fields.at(-1) ?? ''}`, `fields=${fields.join()}`]) {
      const answer = await perform(operation, { more });
      const why = answer.status === 200 ? undocumented(document, operation, answer) : answer.text;
      if (why !== undefined) return `${more}: ${why}`;
    }
    const unknown = await perform(operation, { more: 'fields=nonsense' });
    expect(unknown.body['errors']).toMatchObject([{ in: 'query', pointer: '/fields' }]);
    return notProblem(operation, unknown, 400, /^invalid_request$/);
  });
  expect(wrong).toEqual([]);
  expect(lists).toBeGreaterThan(25);
});

test('answers that are not as documented would be found', async () => {
  const [operation] = guarded(document).filter(({ operationId }) => operationId === 'getAccount');
  const answer = await perform(operation as Operation);
  const broken = (body: Record<string, unknown>): string | undefined =>
    undocumented(document, operation as Operation, { ...answer, body });
  expect(broken(answer.body)).toBeUndefined();
  expect(broken({ ...answer.body, version: '1' })).toMatch(/version/);
  expect(broken({ ...answer.body, more: 1 })).toMatch(/more/);
  const { name: _name, ...nameless } = answer.body;
  expect(broken(nameless)).toMatch(/name/);
});

/** What may be anything, by the name of the field; of a whole answer, by the operation. */
const ANYTHING = [
  // As the call was, and its media engine told; what the exchange decided, and why.
  ...['attempts', 'decision', 'media', 'transfers'],
  // Values of whatever entity changed; what the exchange and a carrier have of one call; sums by name.
  ...['after', 'before', 'expected', 'found', 'totals'],
  // Of what an alert is, of evidence that somebody brought, of a schema that is shown.
  ...['content', 'schema', 'tags'],
  ...['dumpHeap', 'getDebugConfig', 'getPrivacyExport', 'getSystemStats', 'listLiveCalls', 'profileCpu'],
];

interface Shape {
  readonly $ref?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: boolean | Shape;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly allOf?: readonly Shape[];
  readonly description?: string;
}

/** Names of what a schema lets be anything. */
function anything(shape: Shape, name: string): string[] {
  const { properties, additionalProperties: more, items, anyOf, oneOf, allOf } = shape;
  const { description: _description, ...said } = shape;
  if (Object.keys(said).length === 0) return [name];
  return [
    ...(shape.type === 'object' && (more === true || (more === undefined && properties)) ? [name] : []),
    ...(typeof more === 'object' ? anything(more, name) : []),
    ...(items ? anything(items, name) : []),
    ...[...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])].flatMap((one) => anything(one, name)),
    ...Object.entries(properties ?? {}).flatMap(([field, of]) =>
      anything(of, field === 'items' ? name : field),
    ),
  ];
}

test('what answers hold is told field by field, but for what may be anything', () => {
  const loose = operationsOf(document).flatMap(({ operationId, responses }) =>
    Object.entries(responses).flatMap(([status, { content = {} }]) => {
      const { schema } = content['application/json'] ?? {};
      return schema && Number(status) < 300 ? anything(schema, operationId) : [];
    }),
  );
  expect([...new Set(loose)].sort()).toEqual([...ANYTHING].sort());
});

test('no operation works without a key, with a wrong one, or with one that is revoked', async () => {
  const revoked = await api.keyWith('*');
  await api.pool.query(`update api_keys set revoked_at = now() where name = '*'`);
  const wrong = await each(async (operation) => {
    skewMs += 60_000;
    for (const [key, code] of [
      [null, /^no_api_key$/],
      [`${api.admin}x`, /^unknown_api_key$/],
      ['', /^(no|unknown)_api_key$/],
      [revoked, /^unknown_api_key$/],
    ] as const) {
      const answer = await perform(operation, { key, id: 'x' });
      const why = notProblem(operation, answer, 401, code);
      if (why !== undefined) return why;
      if (!answer.headers.get('www-authenticate')) return 'no WWW-Authenticate';
    }
    return undefined;
  });
  expect(wrong).toEqual([]);
});

test('what is for users and agents is for nobody else', async () => {
  const tokens = { user: await newUserToken(api), agent: await newAgentToken(api) };
  const personal = operationsOf(document).filter((one) => ['user', 'agent'].includes(audienceOf(one)));
  const wrong = await each(async (operation) => {
    const path = operation.path.replace('{number}', '1').replace(/\{\w+\}/, 'x');
    const ask = (headers: Record<string, string>): Promise<Answer> =>
      api.ask(operation.method, path, { key: null, headers });
    const ofUser = audienceOf(operation) === 'user';
    const [own, others] = ofUser ? [tokens.user, tokens.agent] : [tokens.agent, tokens.user];
    for (const [headers, status, code] of [
      [{}, 401, /^(no_api_key|not_signed_in)$/],
      [{ Authorization: `Bearer ${own}x` }, 401, /^(unknown_token|not_signed_in)$/],
      [{ Authorization: `Bearer ${others}` }, 401, /^(unknown_api_key|not_signed_in)$/],
      [{ 'X-API-Key': api.admin }, ofUser ? 403 : 401, /^(users_only|not_signed_in)$/],
    ] as const) {
      const why = notProblem(operation, await ask(headers), status, code);
      if (why !== undefined) return `${JSON.stringify(headers)}: ${why}`;
    }
    return undefined;
  }, personal);
  expect(wrong).toEqual([]);
  expect(personal.length).toBeGreaterThan(12);
});

test('every operation needs its own scope', async () => {
  const scopes = [...new Set(guarded(document).map(scopeOf))];
  expect(scopes.every((scope) => /^\w+:(read|write)$|^calls:monitor$|^recordings:listen$/.test(scope))).toBe(
    true,
  );
  const wrong = await each(async (operation) => {
    const lacking = await api.keyWith(...scopes.filter((scope) => scope !== scopeOf(operation)));
    return notProblem(operation, await perform(operation, { key: lacking, id: 'x' }), 403, /^scope_missing$/);
  });
  expect(wrong).toEqual([]);
});

test('its own scope is enough, and so is its resource with a star', async () => {
  const wrong = await each(async (operation) => {
    if (HAPPY.get(nameOf(operation))?.stream || operation.method !== 'GET') return undefined;
    for (const scope of [scopeOf(operation), scopeOf(operation).replace(/:.*/, ':*')]) {
      const { status } = await perform(operation, { key: await api.keyWith(scope) });
      if (status !== 200) return `${scope}: ${status}`;
    }
    return undefined;
  });
  expect(wrong).toEqual([]);
});

test('what is not there is 404, and what cannot be an id is 400', async () => {
  const named = doable(document).filter(({ path }) => path.includes('{') && !path.includes('{month}'));
  const wrong = await each(async (operation) => {
    const [, name] = /\{(\w+)\}/.exec(operation.path) ?? [];
    const ask = async (id: string): Promise<Answer> => {
      const { body } = HAPPY.get(nameOf(operation)) ?? {};
      const path = operation.path.replace('{number}', '1').replace(/\{\w+\}/, encodeURIComponent(id));
      return audienceOf(operation) === 'account'
        ? perform(operation, { id })
        : api.askFor(operation, path, body === undefined ? {} : { body });
    };
    for (const id of ['nobody', '__proto__x', 'a'.repeat(64), '+1/2']) {
      const why = notProblem(operation, await ask(id), id.startsWith('_') ? 400 : 404, /./);
      if (why !== undefined) return `${id}: ${why}`;
    }
    for (const id of ['a b', '\0', 'é', '"', "'; drop table calls", 'a'.repeat(65), '\ud83d\ude00']) {
      const answer = await ask(id);
      const why = notProblem(operation, answer, 400, /^invalid_request$/);
      if (why !== undefined) return `${JSON.stringify(id)}: ${why}`;
      expect(answer.body['errors']).toMatchObject([{ in: 'path', pointer: `/${name}` }]);
    }
    return undefined;
  }, named);
  expect(wrong).toEqual([]);
});

test('a path takes only its own methods, and says which', async () => {
  const all = operationsOf(document);
  for (const path of new Set(all.map((operation) => operation.path))) {
    const operations = all.filter((operation) => operation.path === path);
    const methods = operations.map(({ method }) => method);
    const other = ['PUT', 'PATCH', 'DELETE', 'POST'].find((method) => !methods.includes(method)) ?? 'POST';
    const asked = { ...(operations[0] as Operation), method: other };
    const answer = await api.askFor(asked, path.replace('{number}', '1').replace(/\{\w+\}/, 'x'), {
      body: {},
    });
    expect([path, answer.status, answer.body['code']]).toEqual([path, 405, 'method_not_allowed']);
    const allowed = answer.headers.get('allow')?.split(', ') ?? [];
    expect(allowed.filter((method) => method !== 'HEAD').sort()).toEqual(methods.sort());
  }
  expect(await api.ask('GET', '/api/v1/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
});
