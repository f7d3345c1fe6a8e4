import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { accessKnobs, newUser, PUBLIC_URL, testAccess } from '../support/test-access';
import type { Answer, TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';

const SECRET = 'a secret of a test, shared with the provider';
const CALLBACK = '/api/v1/auth/oidc/corp/callback';
const knobs = accessKnobs();
let api: TestApi;
let provider: ChildProcess;

beforeAll(async () => {
  provider = fork(join(__dirname, 'openid-provider.mjs'), {
    env: { ...process.env, NODE_OPTIONS: '', CLIENT_SECRET: SECRET, REDIRECT_URI: PUBLIC_URL + CALLBACK },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const [{ issuer }] = (await once(provider, 'message')) as [{ issuer: string }];
  const corp = { id: 'corp', name: 'Corporate', issuer, clientId: 'dce', clientSecret: SECRET, scopes: [] };
  const autoCreate = {
    domains: ['corp.example'],
    accountId: 'operator',
    role: 'auditor',
    scopes: ['*:read'],
  } as const;
  api = await startTestApi({}, (pool) =>
    testAccess(pool, knobs, {
      oidc: [
        { ...corp, autoCreate },
        { ...corp, id: 'away', issuer: 'http://127.0.0.1:9', autoCreate: undefined },
        { ...corp, id: 'other', issuer: issuer.replace('127.0.0.1', 'localhost'), autoCreate: undefined },
      ],
    }),
  );
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
  provider.disconnect();
  await once(provider, 'exit');
});

interface Person {
  readonly sub: string;
  readonly email?: string;
  readonly email_verified?: boolean;
  readonly name?: string;
}

/** Who is at the browser from now on, as the provider knows them. */
async function be(person: Person): Promise<void> {
  provider.send(person);
  await once(provider, 'message');
}

const TLS = { 'X-Forwarded-Proto': 'https' };

const get = (path: string, cookie = ''): Promise<Answer> =>
  api.ask('GET', path, { key: null, headers: { ...TLS, ...(cookie === '' ? {} : { Cookie: cookie }) } });

const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');

/** Begins in a browser: where it is sent, and the cookie that it keeps. */
async function start(): Promise<{ url: URL; cookie: string; answer: Answer }> {
  const answer = await get('/api/v1/auth/oidc/corp/start');
  expect(answer.status).toBe(302);
  return { url: new URL(answer.headers.get('location') ?? ''), cookie: cookiesOf(answer.headers), answer };
}

/** What a browser does at the provider, until that sends it back. */
async function atProvider(url: URL): Promise<URL> {
  const jar = new Map<string, string>();
  let at = url;
  for (let hops = 0; hops < 10 && !at.href.startsWith(PUBLIC_URL); hops++) {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(at, { redirect: 'manual', headers: { Cookie: cookie } });
    await response.arrayBuffer();
    for (const text of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(text) ?? [];
      jar.set(name, value);
    }
    at = new URL(response.headers.get('location') ?? '', at);
  }
  return at;
}

const back = (url: URL, cookie: string): Promise<Answer> => get(url.pathname + url.search, cookie);

async function signInAs(person: Person): Promise<Answer> {
  await be(person);
  const { url, cookie } = await start();
  return back(await atProvider(url), cookie);
}

const codeOf = ({ status, body }: Answer): unknown => [status, body['code']];

test('providers are listed by their names', async () => {
  expect((await get('/api/v1/auth/providers')).body).toEqual({
    items: [
      { id: 'corp', name: 'Corporate' },
      { id: 'away', name: 'Corporate' },
      { id: 'other', name: 'Corporate' },
    ],
  });
});

test('a sign-in begins with PKCE, state and nonce, and a cookie of the browser', async () => {
  const { url, answer } = await start();
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    client_id: 'dce',
    response_type: 'code',
    redirect_uri: PUBLIC_URL + CALLBACK,
    scope: 'openid email profile',
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(answer.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^__Host-dce_oidc=[\w-]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
  ]);
  expect(answer.headers.getSetCookie()[0]).not.toContain(url.searchParams.get('state') ?? '');
});

test('a user with a verified address is signed in, is linked, and stays it whatever the address is then', async () => {
  const user = await newUser(api, { role: 'auditor' });
  const first = await signInAs({ sub: 'one', email: user.email.toUpperCase(), email_verified: true });
  expect([first.status, first.headers.get('location')]).toEqual([302, '/console/']);
  const cookie = cookiesOf(first.headers);
  expect(cookie).toMatch(/__Host-dce_access=\S+; __Host-dce_refresh=/);
  const me = await get('/api/v1/auth/me', cookie);
  expect(me).toMatchObject({ status: 200, body: { user, csrfToken: expect.any(String) } });
  const moved = await signInAs({ sub: 'one', email: 'moved@people.example', email_verified: false });
  expect(moved.status).toBe(302);
  expect((await get('/api/v1/auth/me', cookiesOf(moved.headers))).body).toMatchObject({ user });
  // The address belongs to somebody else by now.
  expect(codeOf(await signInAs({ sub: 'two', email: user.email, email_verified: true }))).toEqual([
    403,
    'other_subject',
  ]);
  await api.ask('DELETE', `/api/v1/users/${user.id}`);
  expect((await signInAs({ sub: 'one', email: user.email, email_verified: true })).status).toBe(403);
});

test('who was invited is active then', async () => {
  const email = 'invited@people.example';
  const made = await api.ask('POST', '/api/v1/users', { body: { email, name: 'Invited' } });
  expect((await signInAs({ sub: 'invited', email, email_verified: true })).status).toBe(302);
  const user = await api.ask('GET', `/api/v1/users/${String(made.body['id'])}`);
  expect(user.body).toMatchObject({ status: 'active', lastSignInAt: expect.any(String) });
});

test('an address that is not verified, or not known, lets nobody in', async () => {
  const { email } = await newUser(api);
  expect(codeOf(await signInAs({ sub: 'a', email, email_verified: false }))).toEqual([
    403,
    'email_not_verified',
  ]);
  expect(codeOf(await signInAs({ sub: 'b', email }))).toEqual([403, 'email_not_verified']);
  expect(codeOf(await signInAs({ sub: 'c' }))).toEqual([403, 'email_not_verified']);
  const stranger = { sub: 'd', email: 'stranger@people.example', email_verified: true };
  expect(codeOf(await signInAs(stranger))).toEqual([403, 'no_user']);
  for (const domain of ['notcorp.example', 'corp.example.org', 'sub.corp.example']) {
    const near = { sub: domain, email: `x@${domain}`, email_verified: true };
    expect(codeOf(await signInAs(near))).toEqual([403, 'no_user']);
  }
});

test('of a configured domain somebody is made a user, with the rights that are configured', async () => {
  const person = { sub: 'new', email: 'new@corp.example', email_verified: true, name: 'New Person' };
  const answer = await signInAs(person);
  expect(answer.status).toBe(302);
  const cookie = cookiesOf(answer.headers);
  expect((await get('/api/v1/auth/me', cookie)).body).toMatchObject({
    user: { email: 'new@corp.example', name: 'New Person', role: 'auditor', scopes: ['*:read'] },
  });
  expect((await get('/api/v1/users', cookie)).status).toBe(200);
});

describe('nobody is signed in', () => {
  beforeAll(async () => {
    const { email } = await newUser(api);
    await be({ sub: 'right', email, email_verified: true });
  });
  const FLOW_OVER = [401, 'oidc_flow_over'];
  const FAILED = [401, 'oidc_failed'];

  test('in a browser that did not begin, or began something else', async () => {
    const [one, other] = [await start(), await start()];
    const answer = await atProvider(one.url);
    expect(codeOf(await back(answer, ''))).toEqual(FLOW_OVER);
    expect(codeOf(await back(answer, other.cookie))).toEqual(FLOW_OVER);
    expect(codeOf(await back(answer, '__Host-dce_oidc=nonsense'))).toEqual(FLOW_OVER);
    const elsewhere = new URL(answer);
    elsewhere.pathname = CALLBACK.replace('corp', 'other');
    expect(codeOf(await back(elsewhere, one.cookie))).toEqual(FLOW_OVER);
  });

  test('with another state, none, or after too long', async () => {
    const { url, cookie } = await start();
    const answer = await atProvider(url);
    for (const state of ['x'.repeat(43), '']) {
      const changed = new URL(answer);
      changed.searchParams.set('state', state);
      expect(codeOf(await back(changed, cookie))).toEqual(FLOW_OVER);
    }
    knobs.skewMs = 600_001;
    expect(codeOf(await back(answer, cookie))).toEqual(FLOW_OVER);
    knobs.skewMs = 0;
  });

  test('with a token for another nonce', async () => {
    const { url, cookie } = await start();
    url.searchParams.set('nonce', 'of-somebody-else');
    expect(codeOf(await back(await atProvider(url), cookie))).toEqual(FAILED);
  });

  test('with a code of another sign-in (PKCE)', async () => {
    const [mine, other] = [await start(), await start()];
    const answer = await atProvider(mine.url);
    const injected = new URL(answer);
    injected.searchParams.set('code', (await atProvider(other.url)).searchParams.get('code') ?? '');
    expect(codeOf(await back(injected, mine.cookie))).toEqual(FAILED);
  });

  test('with a code twice', async () => {
    const { url, cookie } = await start();
    const answer = await atProvider(url);
    expect((await back(answer, cookie)).status).toBe(302);
    expect(codeOf(await back(answer, cookie))).toEqual(FAILED);
  });

  test('by an answer that says another issuer, or none', async () => {
    const { url, cookie } = await start();
    const answer = await atProvider(url);
    for (const iss of ['https://evil.example', undefined]) {
      const changed = new URL(answer);
      if (iss === undefined) changed.searchParams.delete('iss');
      else changed.searchParams.set('iss', iss);
      expect(codeOf(await back(changed, cookie))).toEqual(FAILED);
    }
  });

  test('when the provider refuses', async () => {
    await be({ sub: 'refused' });
    const { url, cookie } = await start();
    const answer = await atProvider(url);
    expect(answer.searchParams.get('error')).toBe('access_denied');
    expect(codeOf(await back(answer, cookie))).toEqual(FAILED);
  });

  test('by a provider that is away, calls itself otherwise, or is none', async () => {
    expect(codeOf(await get('/api/v1/auth/oidc/away/start'))).toEqual([503, 'provider_unavailable']);
    expect(codeOf(await get('/api/v1/auth/oidc/other/start'))).toEqual([503, 'provider_unavailable']);
    expect(codeOf(await get('/api/v1/auth/oidc/nobody/start'))).toEqual([404, 'provider_not_found']);
  });
});
