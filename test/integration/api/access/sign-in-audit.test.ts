import { TOTP } from 'otpauth';
import { until } from '../../../support/until';
import { openPeople, signIn as signInAgent } from '../support/phone-people';
import {
  accessKnobs,
  askWith,
  newUser,
  open,
  PASSWORD,
  signedIn,
  signIn,
  testAccess,
} from '../support/test-access';
import type { TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';
import { testPhone } from '../support/test-phone';

interface Entry {
  readonly id: string;
  readonly action: string;
  readonly status: number;
  readonly actor: Record<string, unknown>;
  readonly subject?: { readonly kind: string; readonly id?: string };
  readonly changes?: Record<string, unknown>;
  readonly reason?: string;
  readonly address?: string;
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const knobs = accessKnobs();
let api: TestApi;
let since = '0';

beforeAll(async () => {
  const phone = testPhone();
  api = await startTestApi({ phone: phone.services }, (pool) => testAccess(pool, knobs));
  await openPeople(api, phone.market);
});
beforeEach(async () => {
  since = (await written())[0]?.id ?? '0';
});
afterEach(() => {
  knobs.waitMs = 0;
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

async function written(query = ''): Promise<Entry[]> {
  return (await api.ask('GET', `/api/v1/audit?limit=200${query}`)).body['items'] as Entry[];
}

/** Entries of an operation since the test began, the oldest first, once there are so many. */
async function entries(action: string, count: number): Promise<Entry[]> {
  let found: Entry[] = [];
  await until(`${count} of ${action}`, async () => {
    const all = await written(`&action=${action}`);
    found = all.filter(({ id }) => BigInt(id) > BigInt(since)).reverse();
    return found.length >= count;
  });
  expect(found).toHaveLength(count);
  return found;
}

/** From an address that nothing else of this file comes from. */
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } });

test('who signs in and out is written, with the session and the address', async () => {
  const user = await newUser(api);
  const answer = await open(
    api,
    '/auth/sign-in',
    { email: user.email, password: PASSWORD },
    from('198.51.100.1'),
  );
  expect(answer.status).toBe(200);
  const [came] = await entries('signIn', 1);
  expect(came).toMatchObject({
    status: 200,
    actor: { kind: 'user', id: user.id, accountId: 'operator', role: 'admin', sessionId: expect.any(String) },
    address: '198.51.100.1',
  });
  await askWith(api, String(answer.body['accessToken']), 'POST', '/auth/sign-out');
  const [went] = await entries('signOut', 1);
  expect(went).toMatchObject({
    status: 204,
    actor: { kind: 'user', id: user.id, sessionId: came?.actor['sessionId'] },
  });

  // By the refresh token alone; a second time there is nobody to sign out.
  const { refreshToken } = await signedIn(api, user.email);
  for (let n = 0; n < 2; n++) expect((await open(api, '/auth/sign-out', { refreshToken })).status).toBe(204);
  expect((await open(api, '/auth/sign-out')).status).toBe(204);
  expect((await entries('signOut', 2))[1]).toMatchObject({ actor: { kind: 'user', id: user.id } });
});

test('who fails to sign in is written by id, and nothing of what was typed', async () => {
  const user = await newUser(api);
  const typed = 'my.secret.in.the.wrong.field@people.example';
  await signIn(api, user.email, { password: 'not this one at all' });
  await signIn(api, typed, { password: 'not this one at all' });
  knobs.waitMs = 9_000;
  await signIn(api, user.email);
  const told = await entries('signIn', 3);
  expect(told).toMatchObject([
    {
      status: 401,
      actor: { kind: 'nobody' },
      subject: { kind: 'users', id: user.id },
      reason: 'wrong_credentials',
    },
    { status: 401, actor: { kind: 'nobody' }, subject: { kind: 'auth' }, reason: 'wrong_credentials' },
    { status: 429, actor: { kind: 'nobody' }, reason: 'too_many_attempts' },
  ]);
  const all = JSON.stringify(told);
  for (const text of [typed, user.email, PASSWORD, 'not this one']) expect(all).not.toContain(text);
});

test('a flood of failures has ten entries, and a sum', async () => {
  const flood = from('198.51.100.66');
  for (let n = 0; n < 25; n++) {
    const body = { email: `user-of-a-list-${n}@people.example`, password: 'guess guess guess' };
    expect((await open(api, '/auth/sign-in', body, flood)).status).toBe(401);
  }
  expect(await entries('signIn', 10)).toHaveLength(10);
});

test('a refresh token that comes twice is written, with whose it was; refreshes are not', async () => {
  const user = await newUser(api);
  const { refreshToken } = await signedIn(api, user.email);
  const second = await open(api, '/auth/refresh', { refreshToken });
  expect(second.status).toBe(200);
  expect((await open(api, '/auth/refresh', { refreshToken: second.body['refreshToken'] })).status).toBe(200);
  expect((await open(api, '/auth/refresh', { refreshToken })).body['code']).toBe('token_reused');
  expect(await entries('refreshSession', 1)).toMatchObject([
    {
      status: 401,
      actor: { kind: 'nobody' },
      subject: { kind: 'users', id: user.id },
      reason: 'token_reused',
    },
  ]);
});

test('passwords, links and second factors are written, and wrong proofs of who is signed in too', async () => {
  const user = await newUser(api);
  expect(await entries('setPasswordByLink', 1)).toMatchObject([
    { status: 204, actor: { kind: 'user', id: user.id }, subject: { kind: 'users', id: user.id } },
  ]);
  const over = await open(api, '/auth/links', { token: 'x'.repeat(43), password: PASSWORD });
  expect(over.status).toBe(422);
  expect((await entries('setPasswordByLink', 2))[1]).toMatchObject({
    status: 422,
    actor: { kind: 'nobody' },
    reason: 'link_over',
  });

  const { accessToken } = await signedIn(api, user.email);
  const ask = (method: string, path: string, body?: unknown) => askWith(api, accessToken, method, path, body);
  const next = 'five horses in the sun';
  expect((await ask('POST', '/auth/password', { current: 'none of them', next })).status).toBe(422);
  // Refusals are written by and by: what comes next might be written first.
  await entries('changeOwnPassword', 1);
  expect((await ask('POST', '/auth/password', { current: PASSWORD, next })).status).toBe(204);
  const subject = { kind: 'users', id: user.id };
  const actor = { kind: 'user', id: user.id };
  expect(await entries('changeOwnPassword', 2)).toMatchObject([
    { status: 422, actor, subject, reason: 'wrong_password' },
    { status: 204, actor, subject },
  ]);

  const begun = await ask('POST', '/auth/totp');
  expect((await ask('POST', '/auth/totp/confirm', { code: '000000x' })).status).toBe(422);
  await entries('confirmTotp', 1);
  const code = new TOTP({ secret: String(begun.body['secret']) }).generate();
  expect((await ask('POST', '/auth/totp/confirm', { code })).status).toBe(200);
  expect((await ask('DELETE', '/auth/totp')).status).toBe(204);
  await entries('beginTotp', 1);
  expect(await entries('confirmTotp', 2)).toMatchObject([
    { status: 422, actor, subject, reason: 'totp_wrong' },
    { status: 200, actor, subject },
  ]);
  expect(await entries('dropTotp', 1)).toMatchObject([{ status: 204, actor, subject }]);
  const all = JSON.stringify(await written());
  for (const text of [next, code, String(begun.body['secret'])]) expect(all).not.toContain(text);
});

test('who forgot a password is written where there is such a user, and where not nothing is', async () => {
  const user = await newUser(api);
  await open(api, '/auth/reset', { email: 'nobody-at-all@people.example' });
  await open(api, '/auth/reset', { email: user.email });
  expect(await entries('askForReset', 1)).toMatchObject([
    { status: 204, actor: { kind: 'nobody' }, subject: { kind: 'users', id: user.id } },
  ]);
});

test('tokens that clients are given, or not, are written', async () => {
  const made = await api.ask('POST', '/api/v1/oauth-clients', {
    body: { name: 'Robot', scopes: ['calls:*'] },
  });
  const { id, clientSecret: secret } = made.body as { id: string; clientSecret: string };
  const grant = (shown: string, scope: string) =>
    open(api, '/oauth/token', undefined, {
      headers: FORM,
      raw: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: shown,
        scope,
      }).toString(),
    });
  expect((await grant(secret, 'calls:read')).status).toBe(200);
  expect((await grant('wrong', 'calls:read')).status).toBe(401);
  expect((await grant(secret, 'users:write')).status).toBe(400);
  expect(await entries('issueClientToken', 2)).toMatchObject([
    { status: 200, actor: { kind: 'client', id }, reason: 'calls:read' },
    { status: 401, actor: { kind: 'nobody' }, reason: 'invalid_client' },
  ]);
  expect(JSON.stringify(await written())).not.toContain(secret);
});

test('agents who sign in, fail to, choose whether they are there and sign out are written', async () => {
  expect((await signInAgent(api, 'ann', 'wrong horse battery')).status).toBe(401);
  const { body } = await signInAgent(api, 'ann');
  const headers = { Authorization: `Bearer ${String(body['token'])}` };
  const ask = (method: string, path: string, more = {}) =>
    api.ask(method, `/api/v1/phone${path}`, { key: null, headers, ...more });
  expect((await ask('PUT', '/status', { body: { status: 'away' } })).status).toBe(200);
  expect((await ask('DELETE', '/sessions/current')).status).toBe(204);
  const ann = { kind: 'agent', id: 'ann', accountId: 'buyer-account' };
  expect(await entries('signInAgent', 2)).toMatchObject([
    {
      status: 401,
      actor: { kind: 'nobody' },
      subject: { kind: 'agents', id: 'ann' },
      reason: 'wrong_credentials',
    },
    { status: 201, actor: ann },
  ]);
  expect(await entries('setPhoneStatus', 1)).toMatchObject([
    { actor: ann, changes: { status: { after: 'away' } } },
  ]);
  expect(await entries('signOutAgent', 1)).toMatchObject([{ status: 204, actor: ann }]);
  expect(JSON.stringify(await written())).not.toContain(String(body['token']));
});
