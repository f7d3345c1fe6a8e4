import { request as httpRequest } from 'node:http';
import { TOTP } from 'otpauth';
import {
  accessKnobs,
  askWith,
  newUser,
  open,
  PASSWORD,
  signedIn,
  signIn,
  testAccess,
  tokenOf,
} from '../support/test-access';
import type { Answer, Ask, TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';

const knobs = accessKnobs();
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ now: () => performance.now() + knobs.skewMs }, (pool) =>
    testAccess(pool, knobs),
  );
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

function later(ms = 5_001): void {
  knobs.skewMs += ms;
}

describe('a second factor', () => {
  const codeAt = (secret: string, steps = 0): string =>
    new TOTP({ secret }).generate({ timestamp: Date.now() + knobs.skewMs + steps * 30_000 });

  interface Protected {
    readonly email: string;
    readonly secret: string;
    readonly recoveryCodes: string[];
    readonly accessToken: string;
  }
  async function withTotp(): Promise<Protected> {
    const { email } = await newUser(api);
    const { accessToken } = await signedIn(api, email);
    const begun = await askWith(api, accessToken, 'POST', '/auth/totp');
    const { secret, uri } = begun.body as { secret: string; uri: string };
    expect(uri).toMatch(/^otpauth:\/\/totp\/.*secret=[A-Z2-7]{32}/);
    const wrong = await askWith(api, accessToken, 'POST', '/auth/totp/confirm', { code: '000000x' });
    expect(wrong).toMatchObject({
      status: 422,
      body: { code: 'totp_wrong', errors: [{ pointer: '/code' }] },
    });
    // Not asked for before a first code was right.
    expect((await signIn(api, email)).status).toBe(200);
    const done = await askWith(api, accessToken, 'POST', '/auth/totp/confirm', { code: codeAt(secret) });
    expect(done.status).toBe(200);
    later(60_000);
    return { email, secret, accessToken, recoveryCodes: done.body['recoveryCodes'] as string[] };
  }

  test('is asked for once it was confirmed, one step of drift allowed', async () => {
    const { email, secret, accessToken } = await withTotp();
    expect(await signIn(api, email)).toMatchObject({ status: 401, body: { code: 'totp_required' } });
    expect(await signIn(api, email, { password: 'not this one' })).toMatchObject({
      body: { code: 'wrong_credentials' },
    });
    for (const steps of [-1, 0, 1]) {
      expect((await signIn(api, email, { code: codeAt(secret, steps) })).status).toBe(200);
    }
    for (const steps of [-3, 3]) {
      expect(await signIn(api, email, { code: codeAt(secret, steps) })).toMatchObject({
        status: 401,
        body: { code: 'totp_wrong' },
      });
    }
    const me = await askWith(api, accessToken, 'GET', '/auth/me');
    expect(me.body).toMatchObject({ user: { totp: true }, recoveryCodesLeft: 10 });
    expect(await askWith(api, accessToken, 'POST', '/auth/totp')).toMatchObject({ status: 409 });
  });

  test('takes no code twice, nor one from before', async () => {
    const { email, secret } = await withTotp();
    const code = codeAt(secret);
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(api, email, { code })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await signIn(api, email, { code: codeAt(secret, -1) })).status).toBe(401);
    later(30_000);
    expect((await signIn(api, email, { code: codeAt(secret) })).status).toBe(200);
  });

  test('counts wrong codes as wrong passwords, and a missing one as none', async () => {
    const { email } = await withTotp();
    knobs.tries.length = 0;
    await signIn(api, email);
    await signIn(api, email, { code: '000000' });
    expect(knobs.tries.map(([, how]) => how)).toEqual(['given back', 'wrong']);
  });

  test('is stood in for by each recovery code once, however it is written', async () => {
    const { email, recoveryCodes } = await withTotp();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [first = '', second = ''] = recoveryCodes;
    expect(first).toMatch(/^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/);
    expect((await signIn(api, email, { code: first })).status).toBe(200);
    expect((await signIn(api, email, { code: first })).status).toBe(401);
    const written = second.toUpperCase().replaceAll('-', ' ');
    expect((await signIn(api, email, { code: written })).status).toBe(200);
    expect((await signIn(api, email, { code: 'aaaa-aaaa-aaaa' })).status).toBe(401);
  });

  test('lies sealed, and is dropped after a sign-in of the last hour alone', async () => {
    const { email, secret, recoveryCodes } = await withTotp();
    const [row] = await api.database.query<{ sealed: Buffer }>(
      'select totp_secret as sealed from users where email = $1',
      [email],
    );
    expect(row?.sealed.toString('latin1')).not.toContain(secret);
    const { accessToken } = (await signIn(api, email, { code: codeAt(secret) })).body as never;
    const signedInSince = (ms: number): Promise<unknown> =>
      api.pool.query(
        `update user_sessions set created_at = now() + ($1::bigint - $2::bigint) * interval '1 millisecond'`,
        [knobs.skewMs, ms],
      );
    await signedInSince(3_600_001);
    expect(await askWith(api, accessToken, 'DELETE', '/auth/totp')).toMatchObject({
      status: 403,
      body: { code: 'sign_in_again' },
    });
    await signedInSince(3_000_000);
    expect((await askWith(api, accessToken, 'DELETE', '/auth/totp')).status).toBe(204);
    expect((await signIn(api, email)).status).toBe(200);
    expect((await signIn(api, email, { code: recoveryCodes[0] })).status).toBe(200);
  });
});

describe('links', () => {
  const EMAIL = 'linked@people.example';
  const use = (token: string, password = PASSWORD): Promise<Answer> =>
    open(api, '/auth/links', { token, password });

  test('of invitations are good for once, for a while, and the last one alone', async () => {
    const made = await api.ask('POST', '/api/v1/users', { body: { email: EMAIL, name: 'Linked' } });
    const id = String(made.body['id']);
    expect(made.body).toMatchObject({
      status: 'invited',
      link: {
        kind: 'invitation',
        url: expect.stringMatching(/^https:\/\/exchange\.example\/console\/link#token=dcel_/),
      },
    });
    const first = tokenOf(made.body['link']);
    const again = await api.ask('POST', `/api/v1/users/${id}/link`);
    expect(again).toMatchObject({ status: 201, body: { kind: 'invitation' } });
    const second = tokenOf(again.body);
    const over = { status: 422, body: { code: 'link_over', errors: [{ pointer: '/token' }] } };
    expect(await use(first)).toMatchObject(over);
    expect(await use(second, 'Linked2026!!')).toMatchObject({ status: 422, body: { code: 'weak_password' } });
    const answers = await Promise.all([use(second), use(second), use(second)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422, 422]);
    expect((await signIn(api, EMAIL)).status).toBe(200);
    const reset = await api.ask('POST', `/api/v1/users/${id}/link`);
    expect(reset.body).toMatchObject({ kind: 'reset' });
    await api.pool.query('update user_links set expires_at = now()');
    expect(await use(tokenOf(reset.body))).toMatchObject(over);
    expect(await use('dcel_nonsense')).toMatchObject(over);
  });

  test('of resets end all sessions, and forget failures', async () => {
    const { id, email } = await newUser(api);
    const { accessToken } = await signedIn(api, email);
    const link = await api.ask('POST', `/api/v1/users/${id}/link`);
    expect((await use(tokenOf(link.body), 'yet another long one')).status).toBe(204);
    expect(knobs.forgotten).toContain(`user:${email}`);
    later();
    expect((await askWith(api, accessToken, 'GET', '/auth/me')).status).toBe(401);
    await api.ask('DELETE', `/api/v1/users/${id}`);
    expect(await api.ask('POST', `/api/v1/users/${id}/link`)).toMatchObject({ status: 422 });
  });

  test('are asked for with one answer, and an admin sees who asked', async () => {
    const { id, email } = await newUser(api);
    const answers = [
      await open(api, '/auth/reset', { email }),
      await open(api, '/auth/reset', { email: 'nobody@people.example' }),
    ];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [204, ''],
      [204, ''],
    ]);
    const asked = (await api.ask('GET', `/api/v1/users/${id}`)).body['resetAskedAt'];
    expect(asked).toEqual(expect.any(String));
    // What was set stays until a link was used.
    expect((await signIn(api, email)).status).toBe(200);
  });
});

describe('cookies', () => {
  const TLS = { 'X-Forwarded-Proto': 'https' };
  const cookiesOf = (answer: Answer): string[] => answer.headers.getSetCookie();
  const jar = (answer: Answer): string =>
    cookiesOf(answer)
      .map((cookie) => cookie.split(';', 1)[0])
      .join('; ');
  const withCookies = (cookie: string, method: string, path: string, ask: Ask = {}): Promise<Answer> =>
    api.ask(method, `/api/v1${path}`, {
      key: null,
      ...ask,
      headers: { ...TLS, Cookie: cookie, ...ask.headers },
    });

  async function signInWithCookies(): Promise<{
    cookie: string;
    csrf: string;
    email: string;
    answer: Answer;
  }> {
    const { email } = await newUser(api);
    const answer = await open(
      api,
      '/auth/sign-in',
      { email, password: PASSWORD, cookies: true },
      { headers: TLS },
    );
    expect(answer.status).toBe(200);
    return { cookie: jar(answer), csrf: String(answer.body['csrfToken']), email, answer };
  }

  test('over TLS are of this host alone, unreadable for scripts, and never sent across sites', async () => {
    const { answer, email } = await signInWithCookies();
    expect(answer.body).toEqual({
      user: expect.objectContaining({ email }),
      expiresIn: 43_200,
      csrfToken: expect.any(String),
    });
    expect(cookiesOf(answer).map((cookie) => cookie.replace(/=[^;]+/, '=…'))).toEqual(
      [
        '__Host-dce_access=…; Max-Age=43200; Path=/; HttpOnly; Secure; SameSite=Strict',
        '__Host-dce_refresh=…; Max-Age=604799; Path=/; HttpOnly; Secure; SameSite=Strict',
      ].map((text) => expect.stringMatching(new RegExp(`^${text.replace('604799', '60\\d{4}')}$`)) as string),
    );
  });

  test('without TLS are for this machine alone, by a plain name', async () => {
    const { email } = await newUser(api);
    const body = { email, password: PASSWORD, cookies: true };
    const here = await open(api, '/auth/sign-in', body);
    expect(here.status).toBe(200);
    expect(cookiesOf(here)[0]).toMatch(
      /^dce_access=[^;]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const port = Number(new URL(api.url).port);
    const elsewhere = await new Promise<number | undefined>((resolve, reject) => {
      const text = JSON.stringify(body);
      const headers = {
        Host: 'exchange.example',
        'Content-Type': 'application/json',
        'Content-Length': text.length,
      };
      const options = { port, host: '127.0.0.1', method: 'POST', path: '/api/v1/auth/sign-in', headers };
      httpRequest(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end(text);
    });
    expect(elsewhere).toBe(403);
    // What was set without TLS is no good with it: whoever is on the way could have set it.
    expect((await withCookies(jar(here), 'GET', '/auth/me')).status).toBe(401);
  });

  test('let read, and change with the token of the session alone', async () => {
    const { cookie, csrf } = await signInWithCookies();
    const other = await signInWithCookies();
    const me = await withCookies(cookie, 'GET', '/auth/me');
    expect(me).toMatchObject({ status: 200, body: { csrfToken: csrf } });
    const create = (headers: Record<string, string>): Promise<Answer> =>
      withCookies(cookie, 'POST', '/keys', { body: { name: 'K', scopes: ['calls:read'] }, headers });
    for (const headers of [{}, { 'X-CSRF-Token': 'x' }, { 'X-CSRF-Token': other.csrf }]) {
      expect(await create(headers)).toMatchObject({ status: 403, body: { code: 'csrf_token_wrong' } });
    }
    expect(await create({ 'X-CSRF-Token': csrf, Origin: 'https://evil.example' })).toMatchObject({
      status: 403,
      body: { code: 'foreign_origin' },
    });
    expect((await create({ 'X-CSRF-Token': csrf })).status).toBe(201);
    // A header goes before a cookie, and needs no such token.
    expect((await create({ 'X-API-Key': api.admin })).status).toBe(201);
  });

  test('are refreshed, and taken away when somebody signs out', async () => {
    const { cookie } = await signInWithCookies();
    const refreshed = await withCookies(cookie, 'POST', '/auth/refresh', { body: {} });
    expect(refreshed).toMatchObject({ status: 200, body: { csrfToken: expect.any(String) } });
    expect(refreshed.body['refreshToken']).toBeUndefined();
    const next = jar(refreshed);
    expect((await withCookies(next, 'GET', '/auth/me')).status).toBe(200);
    const out = await withCookies(next, 'POST', '/auth/sign-out', { body: {} });
    expect(out.status).toBe(204);
    expect(cookiesOf(out)).toEqual([
      '__Host-dce_access=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
      '__Host-dce_refresh=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict',
    ]);
    later();
    expect(await withCookies(next, 'GET', '/auth/me')).toMatchObject({
      status: 401,
      body: { code: 'session_over' },
    });
    expect((await withCookies(next, 'POST', '/auth/refresh', { body: {} })).status).toBe(401);
  });
});
