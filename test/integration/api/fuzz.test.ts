import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import type { Schema } from '../../support/schema-arbitrary';
import { fromSchema } from '../../support/schema-arbitrary';
import { openMarket } from './support/market-bodies';
import type { OpenApi, Operation } from './support/openapi-reader';
import { operationsOf, readDocument, undocumented } from './support/openapi-reader';
import type { Ask } from './support/test-api';
import type { WholeApi } from './support/whole-api';
import { startWholeApi } from './support/whole-api';

/** Of each run; `DCE_FUZZ_SEED` does a run again. */
const SEED = Number(process.env['DCE_FUZZ_SEED'] ?? randomInt(2 ** 31));
/** Requests for each operation, and the time after which no more are begun. */
const TRIES = 6;
const MOST_MS = 8_000;
const AT_ONCE = 4;
/** What lasts, by design. */
const LASTING = new Set(['watchCalls', 'watchEvents', 'profileCpu', 'getDebugEventLoop']);

let api: WholeApi;
let document: OpenApi;

beforeAll(async () => {
  api = await startWholeApi();
  await openMarket(api);
  document = await readDocument(api);
});
afterAll(() => api.close());

/** Texts that have hurt someone: SQL, paths, JSON, headers, JavaScript, text in all directions. */
const TRICKS = [
  "' or '1'='1",
  "'; drop table accounts; --",
  '" union select key_hash from api_keys --',
  '1; select pg_sleep(60)',
  '$1',
  '\\',
  '%',
  '%s%n%x',
  '../../../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '....//....//etc/passwd',
  '/',
  '.',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00x',
  '\u202egnp.exe',
  '\u{1f600}\u200d\u{1f525}',
  'e\u0301'.repeat(40),
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  '${7*7}{{7*7}}<%=7*7%>',
  '<script>alert(1)</script>',
  '\r\nX-Injected: 1',
  'true',
  'null',
  'NaN',
  '-0',
  '1e309',
  '9007199254740993',
  '99999999999999999999',
  '-1',
  '2026-13-45',
  '[]',
  '{}',
  'A'.repeat(2_000),
  '',
  ' ',
];
const trick = fc.constantFrom(...TRICKS);
const garbage = fc.oneof(
  trick,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, -1, 1e21),
);
const deep = (depth: number): string => `${'{"a":['.repeat(depth)}${']}'.repeat(depth)}`;

/** A lone half of a surrogate pair has no UTF-8: it is sent as what stands for it. */
const encoded = (text: string): string => encodeURIComponent(Buffer.from(text).toString());

function pathOf(operation: Operation): fc.Arbitrary<string> {
  const words = fc.oneof(
    fc.constantFrom('x', 'buyer', 'campaign', '1'),
    trick.filter((text) => text !== ''),
  );
  const names = operation.path.match(/\{\w+\}/g) ?? [];
  return fc
    .tuple(...names.map(() => words))
    .map((values) =>
      names.reduce((path, name, at) => path.replace(name, encoded(values[at] ?? 'x')), operation.path),
    );
}

function queryOf({ parameters }: Operation): fc.Arbitrary<string> {
  const known = parameters.filter((one) => one.in === 'query');
  const name = fc.oneof(fc.constantFrom('limit', 'cursor', ...known.map((one) => one.name)), trick);
  const value = fc.oneof(
    trick,
    ...known.map((one) => fromSchema(one.schema as Schema).map((any) => String(any))),
  );
  return fc
    .array(fc.tuple(name, value), { maxLength: 3 })
    .map((pairs) => pairs.map(([key, text]) => `${encoded(key)}=${encoded(text)}`).join('&'))
    .map((query) => (query === '' ? '' : `?${query}`));
}

/** Headers that a client library lets through. */
const headers = fc.dictionary(
  fc.constantFrom(
    'Idempotency-Key',
    'If-Match',
    'X-Request-Id',
    'Accept',
    'Accept-Language',
    'Range',
    'Origin',
    'X-CSRF-Token',
    'traceparent',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-HTTP-Method-Override',
    'Cookie',
  ),
  trick.map((text) => text.replace(/[^\x20-\x7e]/g, '?').trim()),
  { maxKeys: 3 },
);

function bodyOf({ requestBody }: Operation): fc.Arbitrary<Ask> {
  const schema = (requestBody?.content['application/json'] as { schema?: Schema } | undefined)?.schema;
  const raw = fc.oneof(
    fc.constantFrom(
      '{',
      'null',
      '[[',
      '"',
      '{"a":"\\ud8"}',
      '{"a":1}{',
      '\ufeff{}',
      '{"__proto__":{"x":1}}',
      deep(3),
      deep(20_000),
    ),
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
  );
  const other = raw.map((bytes): Ask => ({ raw: bytes }));
  if (!requestBody) return fc.constant({});
  if (!schema)
    return fc.oneof({ weight: 1, arbitrary: other }, { weight: 4, arbitrary: textOf(requestBody.content) });
  const whole = fromSchema(schema);
  const fields = Object.keys(schema.properties ?? {});
  const field = fields.length === 0 ? trick : fc.oneof(fc.constantFrom(...fields), trick);
  const harmed = fc
    .tuple(whole, fc.dictionary(field, garbage, { minKeys: 1, maxKeys: 3 }))
    .map(([body, harm]): Ask => ({ body: { ...(body as object), ...harm } }));
  return fc.oneof(
    { weight: 3, arbitrary: harmed },
    { weight: 1, arbitrary: whole.map((body): Ask => ({ body })) },
    { weight: 1, arbitrary: garbage.map((body): Ask => ({ body })) },
    { weight: 1, arbitrary: other },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('text/plain', 'application/json; charset=utf-16', 'multipart/form-data', 'a/b/c', '')
        .map((type): Ask => ({ raw: '{}', headers: { 'Content-Type': type } })),
    },
  );
}

/** Tables and forms: lines and fields of whatever sort, and as they could be. */
function textOf(content: object): fc.Arbitrary<Ask> {
  const [type = ''] = Object.keys(content);
  const name = fc.oneof(
    fc.constantFrom('id', 'name', 'version', 'prefix', 'time', 'grant_type', 'client_id'),
    trick,
  );
  const table = fc
    .array(fc.array(fc.oneof(name, garbage.map(String)), { maxLength: 4 }), { maxLength: 4 })
    .map((lines) => lines.map((cells) => cells.join()).join('\n'));
  const form = fc
    .array(fc.tuple(name, trick), { maxLength: 4 })
    .map((pairs) => pairs.map(([key, value]) => `${encoded(key)}=${encoded(value)}`).join('&'));
  const text = fc.oneof(type === 'text/csv' ? table : form, trick);
  return text.map((one): Ask => ({ raw: one, headers: { 'Content-Type': type } }));
}

interface Shot {
  readonly operation: Operation;
  readonly path: string;
  readonly ask: Ask;
}

function shotsAt(operation: Operation): fc.Arbitrary<Shot> {
  return fc
    .tuple(pathOf(operation), queryOf(operation), headers, bodyOf(operation))
    .map(([path, query, extra, ask]) => ({
      operation,
      path: path + query,
      ask: { ...ask, headers: { ...extra, ...ask.headers } },
    }));
}

/** What is wrong with the answer; undefined when it is a problem of the caller, or as documented. */
async function fire({ operation, path, ask }: Shot): Promise<string | undefined> {
  const shown = `${operation.method} ${path} ${JSON.stringify(ask).slice(0, 1_000)}`;
  const answer = await api.askFor(operation, path, ask).catch(String);
  if (typeof answer === 'string') return `${shown} → ${answer}`;
  const { status } = answer;
  // A path that leads elsewhere is another operation, or none: a client leaves out a dot that is all of a segment.
  const { pathname } = new URL(path, api.url);
  const elsewhere =
    [404, 405].includes(status) && /^(not_found|method_not_allowed)$/.test(String(answer.body?.['code']));
  const why =
    status >= 500
      ? answer.text
      : elsewhere || ((status < 300 || status === 404) && pathname.endsWith('/'))
        ? undefined
        : undocumented(document, operation, answer);
  if (why === undefined) return undefined;
  return `${shown} → ${status} ${why}`;
}

test('nothing that is sent to any operation is a bug, or answered otherwise than documented', async () => {
  const operations = operationsOf(document).filter(({ operationId }) => !LASTING.has(operationId));
  const shots = operations.flatMap((operation, at) =>
    fc.sample(shotsAt(operation), { numRuns: TRIES, seed: SEED + at }),
  );
  // In an order of its own, so that a run that is cut short looks at all operations alike.
  const order =
    fc.sample(fc.shuffledSubarray(shots, { minLength: shots.length }), { numRuns: 1, seed: SEED })[0] ?? [];
  const wrong: string[] = [];
  const until = performance.now() + MOST_MS;
  let fired = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let shot = order[fired++]; shot && performance.now() < until; shot = order[fired++]) {
        const why = await fire(shot);
        if (why !== undefined) wrong.push(why);
      }
    }),
  );
  process.stdout.write(`fuzz: ${Math.min(fired, order.length)} requests, DCE_FUZZ_SEED=${SEED}\n`);
  const bugs = api.switch.bugs.map(String);
  expect({ seed: SEED, wrong, bugs }).toEqual({ seed: SEED, wrong: [], bugs: [] });
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  expect((await api.ask('GET', '/api/v1/accounts')).status).toBe(200);
});

test('a body that is too long is refused, whatever it is sent to', async () => {
  const raw = `{"name":"${'x'.repeat(1_100_000)}"}`;
  const withJson = operationsOf(document).filter(
    ({ requestBody }) => requestBody && 'application/json' in requestBody.content,
  );
  for (const operation of withJson.slice(0, 5)) {
    const answer = await api.ask(operation.method, operation.path.replace(/\{\w+\}/g, 'x'), { raw });
    expect([operation.operationId, answer.status]).toEqual([operation.operationId, 413]);
  }
});
