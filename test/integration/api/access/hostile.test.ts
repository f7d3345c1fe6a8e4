import fc from 'fast-check';
import type { Schema } from '../../../support/schema-arbitrary';
import { fromSchema } from '../../../support/schema-arbitrary';
import type { OpenApi, Operation } from '../support/openapi-reader';
import { operationsOf, undocumented } from '../support/openapi-reader';
import { newUser, signedIn, testAccess } from '../support/test-access';
import type { Answer, TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';

const RUNS = 15;
const NASTY = [
  '\0',
  'a\0b',
  '\ud800',
  '\ud83d\ude00',
  "'; drop table users; --",
  '../../etc/passwd',
  '\r\nX: y',
  'A'.repeat(100_000),
  '',
  ' ',
];

let api: TestApi;
let document: OpenApi;
let token: string;
let userId: string;

beforeAll(async () => {
  api = await startTestApi({}, (pool) => testAccess(pool));
  const user = await newUser(api);
  userId = (await newUser(api, { role: 'auditor' })).id;
  token = (await signedIn(api, user.email)).accessToken;
  document = (await api.ask('GET', '/api/v1/openapi.json')).body as unknown as OpenApi;
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

const ofAccess = (): Operation[] =>
  operationsOf(document).filter(({ path }) =>
    /^\/api\/v1\/(auth|oauth|users|keys|oauth-clients)\b/.test(path),
  );
const isOwn = ({ description }: Operation): boolean => description === 'For a user who is signed in.';
const isOpen = ({ description }: Operation): boolean => description === 'Needs no API key.';

/** As a user where it is about one, as the exchange where it is about others, as nobody where it is open. */
function send(operation: Operation, more: { body?: unknown; raw?: string } = {}): Promise<Answer> {
  const path = operation.path.replace('{id}', operation.path.includes('/users/') ? userId : 'x');
  const headers = isOwn(operation) ? { Authorization: `Bearer ${token}` } : {};
  return api.ask(operation.method, path, {
    ...more,
    headers,
    ...(isOwn(operation) || isOpen(operation) ? { key: null } : {}),
  });
}

/** What is wrong with an answer to a body that may be anything. */
function complaint(operation: Operation, answer: Answer): string | undefined {
  if (answer.status >= 500) return answer.text;
  const why = undocumented(document, operation, answer);
  if (why !== undefined || answer.status < 300 || [401, 404, 409].includes(answer.status)) return why;
  return (answer.body['errors'] as unknown[] | undefined)?.length
    ? undefined
    : `names no field: ${answer.text}`;
}

test('no body of any shape is a bug', async () => {
  const withBody = ofAccess().filter(
    ({ requestBody }) => requestBody && 'application/json' in requestBody.content,
  );
  expect(withBody.length).toBeGreaterThan(9);
  for (const operation of withBody) {
    const schema = operation.requestBody?.content['application/json'].schema as Schema;
    const fields = Object.keys(schema.properties ?? {});
    const harm = fc.dictionary(
      fc.constantFrom(...fields, ...NASTY),
      fc.oneof(fc.constantFrom<unknown>(...NASTY), fc.jsonValue({ maxDepth: 2 })),
      { maxKeys: 2 },
    );
    const damaged = fc
      .tuple(fromSchema(schema), harm)
      .map(([body, more]) => ({ ...(body as object), ...more }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fromSchema(schema), damaged), async (body) => {
        const answer = await send(operation, { body });
        expect([operation.operationId, complaint(operation, answer)]).toEqual([
          operation.operationId,
          undefined,
        ]);
      }),
      { numRuns: RUNS },
    );
    for (const raw of ['{', 'null', '[1', '"x"']) {
      const { status } = await send(operation, { raw });
      expect([operation.operationId, raw, status]).toEqual([operation.operationId, raw, 400]);
    }
  }
});

test('what is for users is not for nobody, for keys, or for a wrong token', async () => {
  for (const operation of ofAccess().filter(isOwn)) {
    const path = operation.path.replace('{id}', 'x');
    const ask = async (more: Parameters<TestApi['ask']>[2]): Promise<unknown[]> => {
      const answer = await api.ask(operation.method, path, more);
      expect(undocumented(document, operation, answer)).toBeUndefined();
      return [operation.operationId, answer.status, answer.body['code']];
    };
    const named = (...rest: unknown[]): unknown[] => [operation.operationId, ...rest];
    expect(await ask({ key: null })).toEqual(named(401, 'no_api_key'));
    expect(await ask({ key: null, headers: { Authorization: `Bearer ${token}x` } })).toEqual(
      named(401, 'unknown_token'),
    );
    expect(await ask({})).toEqual(named(403, 'users_only'));
  }
});

test('no id and no query is a bug', async () => {
  for (const path of ['/auth/sessions/', '/users/', '/keys/', '/oauth-clients/', '/auth/oidc/']) {
    for (const id of ['%00', '%ff', "';--", '%F0%9F%98%80', 'a'.repeat(65), '__proto__']) {
      const method = path.includes('sessions') ? 'DELETE' : 'GET';
      const end = path.includes('oidc') ? '/callback?code=x&state=%00&more=1' : '';
      const headers = { Authorization: `Bearer ${token}` };
      const { status } = await api.ask(method, `/api/v1${path}${id}${end}`, { key: null, headers });
      expect([path, id, status]).toEqual([path, id, 400]);
    }
  }
});
