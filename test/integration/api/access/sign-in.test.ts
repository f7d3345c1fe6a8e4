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

const knobs = accessKnobs();
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ now: () => performance.now() + knobs.skewMs }, (pool) =>
    testAccess(pool, knobs),
  );
  for (const type of ['buyer', 'seller', 'carrier']) {
    const body = { id: `${type}-account`, name: `A ${type}`, type };
    expect((await api.ask('POST', '/api/v1/accounts', { body })).status).toBe(201);
  }
});
afterEach(() => {
  knobs.waitMs = 0;
  knobs.tries.length = 0;
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

/** Further in time: whatever was remembered is asked for again. */
function later(ms = 5_001): void {
  knobs.skewMs += ms;
}

const me = (token: string) => askWith(api, token, 'GET', '/auth/me');

describe('who signs in', () => {
  test('gets tokens that say who it is, and what it may do', async () => {
    const user = await newUser(api, { accountId: 'buyer-account', scopes: ['users:read', 'calls:*'] });
    const answer = await signIn(api, user.email.toUpperCase());
    expect(answer).toMatchObject({
      status: 200,
      body: {
        expiresIn: 86_400,
        user: {
          ...user,
          role: 'buyer',
          accountId: 'buyer-account',
          accountName: 'A buyer',
          scopes: ['users:read', 'calls:*'],
          totp: false,
        },
      },
    });
    expect(answer.headers.get('set-cookie')).toBeNull();
    const token = String(answer.body['accessToken']);
    const seen = await me(token);
    expect(seen).toMatchObject({ status: 200, body: { user, sessionId: expect.any(String) } });
    expect(seen.body['csrfToken']).toBeUndefined();
    expect(await askWith(api, token, 'GET', '/users')).toMatchObject({ status: 200 });
    expect(await askWith(api, token, 'GET', '/keys')).toMatchObject({
      status: 403,
      body: { code: 'scope_missing' },
    });
    expect(await askWith(api, token, 'GET', '/privacy/requests')).toMatchObject({
      status: 403,
      body: { code: 'operator_only' },
    });
    expect(knobs.tries).toEqual([[`user:${user.email}`, 'right']]);
  });

  test('hears the same of a wrong password, of nobody, of the invited and of the disabled', async () => {
    const user = await newUser(api);
    const disabled = await newUser(api);
    await api.ask('DELETE', `/api/v1/users/${disabled.id}`);
    const invited = 'invited@people.example';
    await api.ask('POST', '/api/v1/users', { body: { email: invited, name: 'Invited' } });
    const answers = [
      await signIn(api, user.email, { password: `${PASSWORD}!` }),
      await signIn(api, 'nobody@people.example'),
      await signIn(api, disabled.email),
      await signIn(api, invited),
    ];
    for (const { status, body } of answers) {
      expect([status, body['code'], body['detail']]).toEqual([
        401,
        'wrong_credentials',
        'e-mail address or password is wrong',
      ]);
    }
    expect(knobs.tries.map(([, how]) => how)).toEqual(['wrong', 'wrong', 'wrong', 'wrong']);
  });

  test('is out with its account, and so are keys of it', async () => {
    const user = await newUser(api, { accountId: 'carrier-account' });
    const { accessToken, refreshToken } = await signedIn(api, user.email);
    const made = await askWith(api, accessToken, 'POST', '/keys', { name: 'Mine', scopes: ['trunks:read'] });
    const key = String(made.body['key']);
    const change = (status: string) =>
      api.ask('PATCH', '/api/v1/accounts/carrier-account', { body: { status } });
    expect((await api.ask('GET', '/api/v1/trunks', { key })).status).toBe(200);
    for (const status of ['suspended', 'closed']) {
      expect((await change(status)).status).toBe(200);
      later();
      expect((await me(accessToken)).status).toBe(401);
      expect((await api.ask('GET', '/api/v1/trunks', { key })).status).toBe(401);
      expect((await signIn(api, user.email)).status).toBe(401);
      expect((await open(api, '/auth/refresh', { refreshToken })).status).toBe(401);
      expect((await change('active')).status).toBe(200);
    }
    later();
    expect((await me(accessToken)).status).toBe(200);
    expect((await open(api, '/auth/refresh', { refreshToken })).status).toBe(200);
  });

  test('waits after too many failures', async () => {
    const user = await newUser(api);
    knobs.waitMs = 2_500;
    const answer = await signIn(api, user.email);
    expect(answer).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
    expect(answer.headers.get('retry-after')).toBe('3');
  });

  test('changes the password, and all other sessions end', async () => {
    const user = await newUser(api);
    const [here, there] = [await signedIn(api, user.email), await signedIn(api, user.email)];
    const change = (body: object) => askWith(api, here.accessToken, 'POST', '/auth/password', body);
    const next = 'another horse, another day';
    expect(await change({ current: 'not this one', next })).toMatchObject({
      status: 422,
      body: { code: 'wrong_password', errors: [{ pointer: '/current' }] },
    });
    expect(await change({ current: PASSWORD, next: 'Password12345!' })).toMatchObject({
      status: 422,
      body: { code: 'weak_password', errors: [{ pointer: '/next' }] },
    });
    expect(await change({ current: PASSWORD, next: 'short' })).toMatchObject({ status: 400 });
    expect((await change({ current: PASSWORD, next })).status).toBe(204);
    later();
    expect((await me(here.accessToken)).status).toBe(200);
    expect((await me(there.accessToken)).status).toBe(401);
    expect((await open(api, '/auth/refresh', { refreshToken: there.refreshToken })).status).toBe(401);
    expect((await signIn(api, user.email)).status).toBe(401);
    expect((await signIn(api, user.email, { password: next })).status).toBe(200);
  });
});

describe('sessions', () => {
  test('are listed, and ended one by one', async () => {
    const user = await newUser(api);
    const here = await signedIn(api, user.email);
    const there = await signedIn(api, user.email);
    const list = async (): Promise<{ id: string; current: boolean }[]> =>
      (await askWith(api, here.accessToken, 'GET', '/auth/sessions')).body['items'] as never;
    const sessions = await list();
    expect(sessions).toHaveLength(2);
    const other = sessions.find(({ current }) => !current);
    expect(other).toMatchObject({ address: '127.0.0.1', device: 'node' });
    const end = (id = ''): Promise<{ status: number }> =>
      askWith(api, here.accessToken, 'DELETE', `/auth/sessions/${id}`);
    expect((await end(other?.id)).status).toBe(204);
    expect((await end(other?.id)).status).toBe(404);
    later();
    expect((await me(there.accessToken)).status).toBe(401);
    expect((await open(api, '/auth/refresh', { refreshToken: there.refreshToken })).status).toBe(401);
    expect(await list()).toMatchObject([{ current: true }]);
  });

  test('of others cannot be ended, nor seen', async () => {
    const [one, two] = [await newUser(api), await newUser(api)];
    const [mine, other] = [await signedIn(api, one.email), await signedIn(api, two.email)];
    const id = String((await me(other.accessToken)).body['sessionId']);
    expect((await askWith(api, mine.accessToken, 'DELETE', `/auth/sessions/${id}`)).status).toBe(404);
    later();
    expect((await me(other.accessToken)).status).toBe(200);
  });

  test('are not more than so many: who was signed in longest ago is out', async () => {
    const few = await startTestApi({}, (pool) => testAccess(pool, knobs, { sessionsPerUser: 2 }));
    const user = await newUser(few);
    const tokens = [];
    for (let n = 0; n < 3; n++) tokens.push((await signedIn(few, user.email)).accessToken);
    later();
    const answers = [];
    for (const token of tokens) answers.push((await askWith(few, token, 'GET', '/auth/me')).status);
    expect(answers).toEqual([401, 200, 200]);
    await few.close();
  });

  test('end with a sign-out, by whichever token', async () => {
    const user = await newUser(api);
    for (const by of ['access', 'refresh'] as const) {
      const tokens = await signedIn(api, user.email);
      const out =
        by === 'refresh'
          ? await open(api, '/auth/sign-out', { refreshToken: tokens.refreshToken })
          : await askWith(api, tokens.accessToken, 'POST', '/auth/sign-out', {});
      expect(out.status).toBe(204);
      later();
      expect((await me(tokens.accessToken)).status).toBe(401);
      expect((await open(api, '/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(401);
    }
    expect((await open(api, '/auth/sign-out', {})).status).toBe(204);
  });

  test('take a change of what the user may do within five seconds', async () => {
    const user = await newUser(api);
    const { accessToken } = await signedIn(api, user.email);
    expect((await askWith(api, accessToken, 'GET', '/keys')).status).toBe(200);
    await api.ask('PATCH', `/api/v1/users/${user.id}`, { body: { scopes: ['users:read'] } });
    later();
    expect((await askWith(api, accessToken, 'GET', '/keys')).status).toBe(403);
    expect((await askWith(api, accessToken, 'GET', '/users')).status).toBe(200);
    await api.ask('DELETE', `/api/v1/users/${user.id}`);
    later();
    expect((await askWith(api, accessToken, 'GET', '/users')).status).toBe(401);
  });

  test('are for users: keys have none', async () => {
    expect(await api.ask('GET', '/api/v1/auth/me')).toMatchObject({
      status: 403,
      body: { code: 'users_only' },
    });
  });
});

describe('a refresh token', () => {
  const refresh = (refreshToken: unknown) => open(api, '/auth/refresh', { refreshToken });

  test('is good for once, and gives the next', async () => {
    const user = await newUser(api);
    const first = await signedIn(api, user.email);
    const second = await refresh(first.refreshToken);
    expect(second).toMatchObject({ status: 200, body: { user, accessToken: expect.any(String) } });
    const third = await refresh(second.body['refreshToken']);
    expect(third.status).toBe(200);
    expect(new Set([first.refreshToken, second.body['refreshToken'], third.body['refreshToken']]).size).toBe(
      3,
    );
    expect((await me(String(third.body['accessToken']))).status).toBe(200);
  });

  test('that comes again after its successor was used ends the session', async () => {
    const user = await newUser(api);
    const first = await signedIn(api, user.email);
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.body['refreshToken']);
    expect(await refresh(first.refreshToken)).toMatchObject({ status: 401, body: { code: 'token_reused' } });
    expect(await refresh(third.body['refreshToken'])).toMatchObject({
      status: 401,
      body: { code: 'session_over' },
    });
    later();
    expect((await me(String(third.body['accessToken']))).status).toBe(401);
  });

  test('that comes again when the answer was lost gets another successor, and the first is void', async () => {
    const user = await newUser(api);
    const first = await signedIn(api, user.email);
    const lost = await refresh(first.refreshToken);
    const again = await refresh(first.refreshToken);
    expect(again.status).toBe(200);
    expect((await refresh(again.body['refreshToken'])).status).toBe(200);
    // Somebody has the answer that was taken for lost.
    expect(await refresh(lost.body['refreshToken'])).toMatchObject({ body: { code: 'token_reused' } });
    later();
    expect((await me(String(again.body['accessToken']))).status).toBe(401);
  });

  test('that comes again late ends the session, whether or not its successor was used', async () => {
    const user = await newUser(api);
    const first = await signedIn(api, user.email);
    const second = await refresh(first.refreshToken);
    await api.pool.query(`update refresh_tokens set used_at = used_at - interval '11 seconds'`);
    expect(await refresh(first.refreshToken)).toMatchObject({ body: { code: 'token_reused' } });
    expect(await refresh(second.body['refreshToken'])).toMatchObject({ body: { code: 'session_over' } });
  });

  test('that is shown many times at once never leaves two that are good', async () => {
    const user = await newUser(api);
    const { refreshToken } = await signedIn(api, user.email);
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(refreshToken)));
    const given = answers.filter(({ status }) => status === 200).map(({ body }) => body['refreshToken']);
    const { rows } = await api.pool.query(
      `select 1 from refresh_tokens t join user_sessions s on s.id = t.session_id
        where s.user_id = $1 and t.used_at is null and not t.void`,
      [user.id],
    );
    expect(given.length).toBeGreaterThan(0);
    expect(rows).toHaveLength(1);
  });

  test('is over with its time, and with that of the session', async () => {
    const user = await newUser(api);
    const { refreshToken } = await signedIn(api, user.email);
    await api.pool.query(
      `update user_sessions set expires_at = now() - interval '1 second' where user_id = $1`,
      [user.id],
    );
    expect(await refresh(refreshToken)).toMatchObject({ status: 401, body: { code: 'session_over' } });
    for (const wrong of ['dcer_short', 'x', `dcer_${'A'.repeat(43)}`]) {
      expect(await refresh(wrong)).toMatchObject({ status: 401, body: { code: 'session_over' } });
    }
  });

  test('never prolongs a session past its end', async () => {
    const user = await newUser(api);
    const { refreshToken } = await signedIn(api, user.email);
    await api.pool.query(`update user_sessions set ends_at = now() + interval '1 hour' where user_id = $1`, [
      user.id,
    ]);
    const next = await refresh(refreshToken);
    expect(next.status).toBe(200);
    expect(next.body['expiresIn']).toBeLessThanOrEqual(3_600);
  });
});
