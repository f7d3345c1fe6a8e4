import fc from 'fast-check';
import type { Schema } from '../../support/schema-arbitrary';
import { fromSchema } from '../../support/schema-arbitrary';
import { newDialplan } from './support/dialplan-cases';
import { bodyOf, MARKET_RESOURCES, openMarket } from './support/market-bodies';
import type { OpenApi, Operation } from './support/openapi-reader';
import { audienceOf, operationsOf, readDocument, undocumented } from './support/openapi-reader';
import { CONSENT, storeFraudCase, WEBHOOK } from './support/stored-calls';
import type { Answer } from './support/test-api';
import type { WholeApi } from './support/whole-api';
import { startWholeApi } from './support/whole-api';

/** A few of each: the fuzz test throws more of everything at every operation. */
const RUNS = 12;

let api: WholeApi;
let document: OpenApi;
/** Something that is not there: bodies are looked at before it is looked for. */
const NOBODY = '4711';
/** One of each resource, to be changed. */
const ids = new Map<string, string>();

beforeAll(async () => {
  api = await startWholeApi();
  await openMarket(api);
  document = await readDocument(api);
  for (const { path } of MARKET_RESOURCES) {
    const { body: created } = await api.ask('POST', `/api/v1/${path}`, { body: await bodyOf(api, path, 1) });
    ids.set(`/api/v1/${path}/{id}`, String(created['id']));
  }
  const { body: consent } = await api.ask('POST', '/api/v1/consents', { body: CONSENT });
  ids.set('/api/v1/consents/{id}/revocations', String(consent['id']));
  ids.set('/api/v1/accounts/{id}/terms', 'buyer-account');
  const { body: webhook } = await api.ask('POST', '/api/v1/webhooks', { body: WEBHOOK });
  for (const path of ['', '/secret', '/test']) ids.set(`/api/v1/webhooks/{id}${path}`, String(webhook['id']));
  const { body: user } = await api.ask('POST', '/api/v1/users', {
    body: { email: 'somebody@people.example', name: 'Somebody' },
  });
  ids.set('/api/v1/users/{id}', String(user['id']));
  const plan = await newDialplan(api);
  for (const path of ['', '/publish', '/simulate']) ids.set(`/api/v1/dialplans/{id}${path}`, plan);
  await storeFraudCase(api, 'case');
  ids.set('/api/v1/fraud/cases/{id}/resolve', 'case');
});
afterAll(() => api.close());

/** How long these take is what their bodies say. */
const LASTING = new Set(['profileCpu']);

/** Operations that take JSON. */
const withBody = (): Operation[] =>
  operationsOf(document).filter(
    ({ requestBody, operationId }) =>
      requestBody && 'application/json' in requestBody.content && !LASTING.has(operationId),
  );
const schemaOf = ({ requestBody }: Operation): Schema =>
  requestBody?.content['application/json'].schema as Schema;

function send(operation: Operation, body: { body: unknown } | { raw: string }): Promise<Answer> {
  const id = ids.get(operation.path) ?? NOBODY;
  return api.askFor(operation, operation.path.replace(/\{\w+\}/g, encodeURIComponent(id)), body);
}

/** Texts that have hurt someone: PostgreSQL, JSON, SQL, headers, zones, addresses, numbers. */
const NASTY = [
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\ud83d\ude00',
  "'; drop table accounts; --",
  '$1',
  '%s%n',
  '../../etc/passwd',
  '\r\nVia: x',
  '__proto__',
  'constructor',
  '٣٤',
  'e\u0301'.repeat(50),
  'A'.repeat(100),
  'A'.repeat(100_000),
  'fe80::1%eth0',
  '::ffff:1.2.3.0/24',
  '0.0.0.0/0',
  '1.2.3.4/33',
  'Etc/GMT+14',
  'GMT+25:00',
  'localtime',
  'sip:a:secret@b',
  'sip:a@b?Replaces=1',
  '+999999999999999',
  '',
  ' ',
];
const nasty = fc.constantFrom<unknown>(
  ...NASTY,
  null,
  [],
  {},
  0,
  -0,
  -1,
  0.1,
  1e15,
  1e21,
  Number.MAX_SAFE_INTEGER,
  2 ** 31,
  true,
  [null],
  { __proto__: null, a: 1 },
);
const garbage = fc.oneof(nasty, fc.jsonValue({ maxDepth: 3 }));

/** A body as the schema has it, with some of its fields exchanged, taken away or added. */
function damaged(schema: Schema): fc.Arbitrary<unknown> {
  const choices = schema.oneOf ?? schema.anyOf ?? [schema];
  const fields = [...new Set(choices.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  const harm = fc.dictionary(
    fc.oneof(fc.constantFrom(...(fields.length > 0 ? fields : NASTY)), fc.constantFrom(...NASTY)),
    garbage,
    {
      maxKeys: 3,
    },
  );
  const lost = fc.subarray(fields, { maxLength: Math.min(2, fields.length) });
  return fc.tuple(fromSchema(schema), harm, lost).map(([body, more, less]) => {
    const whole = { ...(body as Record<string, unknown>), ...more };
    return Object.fromEntries(Object.entries(whole).filter(([field]) => !less.includes(field)));
  });
}

/** What replaces an entity has the body that creates one. */
function runsOf({ method }: Operation, part = 1): number {
  return Math.ceil((method === 'PUT' ? RUNS / 4 : RUNS) * part);
}

/** What is wrong with an answer to a body that may be anything. */
function complaint(operation: Operation, answer: Answer): string | undefined {
  const why = undocumented(document, operation, answer);
  if (why !== undefined) return why;
  if (answer.status < 300) return undefined;
  if (answer.status >= 500) return answer.text;
  if (answer.status === 404 && operation.path.includes('{') && !ids.has(operation.path)) return undefined;
  // Who signs in is not told what is wrong; what a user has not begun yet is no matter of the body.
  const audience = audienceOf(operation);
  if (answer.status === 401 && audience === 'open') return undefined;
  if (answer.status === 409 && audience === 'user') return undefined;
  if (![400, 409, 422].includes(answer.status)) return answer.text;
  const errors = answer.body['errors'] as { pointer: string; message: string }[] | undefined;
  if (!errors?.length) return `names no field: ${answer.text}`;
  if (answer.text.length > 40_000) return `an answer of ${answer.text.length} bytes`;
  return undefined;
}

test('no body of any shape is a bug: each is taken, or refused with the fields that are wrong', async () => {
  for (const operation of withBody()) {
    const taken: number[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 4, arbitrary: damaged(schemaOf(operation)) }, garbage),
        async (body) => {
          const answer = await send(operation, { body });
          taken.push(answer.status);
          if (typeof body === 'object' && body !== null) expect(complaint(operation, answer)).toBeUndefined();
          else expect([400, 200]).toContain(answer.status);
        },
      ),
      { numRuns: runsOf(operation) },
    );
    expect([operation.operationId, taken.some((status) => status >= 400)]).toEqual([
      operation.operationId,
      true,
    ]);
  }
  expect(api.switch.bugs).toEqual([]);
});

test('bodies as the schema has them are not malformed: what is refused is refused for what it means', async () => {
  for (const operation of withBody()) {
    await fc.assert(
      fc.asyncProperty(fromSchema(schemaOf(operation)), async (body) => {
        const answer = await send(operation, { body });
        expect(complaint(operation, answer)).toBeUndefined();
      }),
      { numRuns: runsOf(operation, 0.5) },
    );
  }
  expect(api.switch.bugs).toEqual([]);
});

test.each(MARKET_RESOURCES)('no text in any field of $path is a bug', async ({ path, body }) => {
  const operation = withBody().find(
    ({ operationId, path: at }) => at === `/api/v1/${path}` && /^create/.test(operationId),
  );
  const whole = body(2);
  const bodies = Object.keys(whole).flatMap((field) => NASTY.map((text) => ({ ...whole, [field]: text })));
  if (path === 'bids') {
    const tags = NASTY.flatMap((text) => [{ [text]: 'x' }, { x: text }]);
    bodies.push(...tags.map((tag) => ({ ...whole, targeting: { tags: tag } }) as never));
  }
  for (const one of bodies) {
    const answer = await send(operation as Operation, { body: one });
    expect([JSON.stringify(one).slice(0, 500), complaint(operation as Operation, answer)]).toEqual([
      expect.anything(),
      undefined,
    ]);
  }
  expect(api.switch.bugs).toEqual([]);
});

test.each([
  ['trunks', { sources: ['fe80::1%eth0'] }, '/sources/0'],
  ['trunks', { sources: ['192.0.2.1', '192.0.2.0/33'] }, '/sources/1'],
  ['trunks', { sources: ['::ffff:192.0.2.0/24'] }, '/sources/0'],
  ['trunks', { sources: [] }, '/sources'],
  ['accounts', { name: 'a\0b' }, '/name'],
  ['accounts', { name: '\ud800' }, '/name'],
  ['accounts', { name: ' x ' }, '/name'],
  ['accounts', { timezone: 'Mars/Olympus' }, '/timezone'],
  ['accounts', { currency: 'XAU' }, '/currency'],
  ['numbers', { number: '555' }, '/number'],
  ['targets', { uri: 'sip:a@b?Replaces=1' }, '/uri'],
  ['targets', { uri: 'sip:a@b\r\nVia: x' }, '/uri'],
  ['targets', { uri: 'tel:+12125550123' }, '/uri'],
  ['campaigns', { reservePrice: 1.5 }, '/reservePrice'],
  ['campaigns', { reservePrice: 1_000_000_000_001 }, '/reservePrice'],
  ['campaigns', { payout: { kind: 'barter' } }, '/payout/kind'],
  [
    'bids',
    { targeting: { schedule: { timezone: 'UTC', windows: [{ days: [7], startMinute: 0, endMinute: 1 }] } } },
    '/targeting/schedule/windows/0/days/0',
  ],
  ['bids', { targeting: { tags: { 'a\0': 'x' } } }, '/targeting/tags/a\0'],
  ['dnc', { id: 'mine' }, '/id'],
])('%s with %j is refused for %s', async (path, field, pointer) => {
  const whole = MARKET_RESOURCES.find((resource) => resource.path === path)?.body(3);
  const { status, body } = await api.ask('POST', `/api/v1/${path}`, { body: { ...whole, ...field } });
  expect(status).toBe(400);
  const pointers = (body['errors'] as { pointer: string }[]).map((error) => error.pointer);
  expect(new Set(pointers)).toEqual(new Set([pointer]));
});

test('text that is no JSON, or JSON that is no object, is 400', async () => {
  for (const operation of withBody()) {
    for (const raw of ['{', '{"name": }', 'null', '1', '"x"', '[1', '\ufeff', '{"a":"\\ud8"}', '{"a":1}{']) {
      const answer = await send(operation, { raw });
      expect([operation.operationId, raw, answer.status]).toEqual([operation.operationId, raw, 400]);
      expect(undocumented(document, operation, answer)).toBeUndefined();
    }
  }
});

test('JSON that is nested without end is refused, not followed', async () => {
  const [operation] = withBody();
  const deep = `{"name":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  const answer = await send(operation as Operation, { raw: deep });
  expect(answer.status).toBe(400);
  expect(api.switch.bugs).toEqual([]);
});

test('fields are named by JSON pointers', async () => {
  const { body } = await api.ask('POST', '/api/v1/bids', {
    body: {
      plan: { kind: 'per_call', amount: -1, afterMs: 0 },
      targeting: { states: ['ny'], 'a/b~c': 1 },
      price: 'x',
    },
  });
  const pointers = (body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
  expect(pointers.sort()).toEqual(
    [
      '/buyerId',
      '/campaignId',
      '/plan/amount',
      '/price',
      '/targetId',
      '/targeting/a~1b~0c',
      '/targeting/states/0',
    ].sort(),
  );
});

test.each([
  ['/api/v1/accounts?limit=0', '/limit'],
  ['/api/v1/accounts?limit=1e9', '/limit'],
  ['/api/v1/accounts?limit=1&limit=2', '/limit'],
  ['/api/v1/accounts?type=alien', '/type'],
  ['/api/v1/accounts?type=', '/type'],
  ['/api/v1/accounts?nonsense=1', '/nonsense'],
  ['/api/v1/accounts?__proto__=1', '/__proto__'],
  ['/api/v1/accounts?cursor=%00', '/cursor'],
  ['/api/v1/accounts?cursor=bm9uc2Vuc2U', '/cursor'],
  ['/api/v1/accounts?cursor=WyJcdTAwMDAiXQ', '/cursor'],
  ['/api/v1/numbers?number=%00', '/number'],
  ['/api/v1/calls?state=up', '/state'],
  ['/api/v1/calls?fromTime=yesterday', '/fromTime'],
  ['/api/v1/calls?fromTime=1e300', '/fromTime'],
  ['/api/v1/calls?cursor=WzEsIlwwIl0', '/cursor'],
  ['/api/v1/calls?campaignId=%ff', '/campaignId'],
  ['/api/v1/ledger/accounts?accountId=a%00', '/accountId'],
])('%s is 400 for %s', async (path, pointer) => {
  const { status, body } = await api.ask('GET', path);
  expect({ status, errors: body['errors'] }).toMatchObject({
    status: 400,
    errors: [{ in: 'query', pointer }],
  });
  expect(api.switch.bugs).toEqual([]);
});

test('a path that cannot be decoded is 400', async () => {
  const { status, body } = await api.ask('GET', '/api/v1/accounts/%E0%A4%A');
  expect([status, body['code']]).toEqual([400, 'malformed_request']);
});
