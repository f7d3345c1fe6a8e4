import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { JWK, JWTPayload } from 'jose';
import { exportSPKI, importJWK, SignJWT } from 'jose';
import type { Access } from '../../../../src/api';
import { forgetSigningKeys, rotateSigningKey } from '../../../../src/storage';
import { rotateKeys } from '../../../../src/api';
import { TEST_VAULT } from '../../../support/consents';
import {
  accessKnobs,
  askWith,
  newUser,
  PUBLIC_URL,
  RULES,
  signedIn,
  testAccess,
} from '../support/test-access';
import type { Answer, TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';

const knobs = accessKnobs();
let api: TestApi;
let access: Access;

beforeAll(async () => {
  api = await startTestApi({ now: () => performance.now() + knobs.skewMs }, (pool) => {
    access = testAccess(pool, knobs);
    return access;
  });
  for (const type of ['buyer', 'seller']) {
    const body = { id: `${type}-account`, name: `A ${type}`, type };
    expect((await api.ask('POST', '/api/v1/accounts', { body })).status).toBe(201);
  }
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

function later(ms = 5_001): void {
  knobs.skewMs += ms;
}

const errorsOf = ({ body }: Answer): unknown => body['errors'];

describe('access tokens', () => {
  const payloadOf = (token: string): JWTPayload =>
    JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
  const headerOf = (token: string): { kid: string; alg: string; typ: string } =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as never;

  test('say what verifiers want to know, and are verified by the key set', async () => {
    const user = await newUser(api, { accountId: 'seller-account' });
    const { accessToken } = await signedIn(api, user.email);
    const payload = payloadOf(accessToken);
    expect(payload).toMatchObject({
      iss: PUBLIC_URL,
      aud: 'dce',
      sub: user.id,
      sid: expect.any(String),
      acc: 'seller-account',
      role: 'seller',
      scope: '*',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(86_400);
    const answer = await api.ask('GET', '/.well-known/jwks.json', { key: null });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    const keys = answer.body['keys'] as Record<string, string>[];
    const { kid, alg, typ } = headerOf(accessToken);
    expect([alg, typ]).toEqual(['RS256', 'at+jwt']);
    expect(keys).toMatchObject([{ kid, kty: 'RSA', alg: 'RS256', use: 'sig' }]);
    // Nothing of the private half.
    expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(Buffer.from(keys[0]?.['n'] ?? '', 'base64url')).toHaveLength(256);
  });

  test('that are forged are good for nothing', async () => {
    const user = await newUser(api, { accountId: 'buyer-account' });
    const { accessToken } = await signedIn(api, user.email);
    const payload = payloadOf(accessToken);
    const { kid } = headerOf(accessToken);
    const jwk = (await access.keys.jwks()).keys[0];
    const spki = await exportSPKI((await importJWK(jwk as JWK, 'RS256')) as never);
    const own = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
    const { key } = await access.keys.signer();
    const sign = (
      claims: { readonly [claim: string]: unknown },
      header: Partial<Record<'alg' | 'kid' | 'typ', string>> = {},
      by: Parameters<SignJWT['sign']>[0] = key,
    ): Promise<string> =>
      new SignJWT(claims as JWTPayload)
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'at+jwt', ...header })
        .sign(by);
    const none = (alg: string): string =>
      [{ alg, kid, typ: 'at+jwt' }, payload]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.') + '.';
    const [head = '', body = '', signature = ''] = accessToken.split('.');
    const seconds = Math.floor((Date.now() + knobs.skewMs) / 1_000);
    const forged: Record<string, string> = {
      'no algorithm': none('none'),
      'no algorithm, otherwise written': none('nOnE'),
      'HMAC with the public key': await sign(payload, { alg: 'HS256' }, Buffer.from(spki)),
      'a key of somebody else': await sign(payload, {}, own),
      'a key that there is not': await sign(payload, { kid: 'another' }),
      'another algorithm of the same key': await sign(payload, { alg: 'RS512' }, own),
      'another type': await sign(payload, { typ: 'JWT' }),
      'another issuer': await sign({ ...payload, iss: 'https://else.example' }),
      'for somebody else': await sign({ ...payload, aud: 'else' }),
      over: await sign({ ...payload, iat: seconds - 100, exp: seconds - 1 }),
      'without an end': await sign({ ...payload, exp: undefined }),
      'not good yet': await sign({ ...payload, nbf: seconds + 1_000 }),
      'without a session': await sign({ ...payload, sid: undefined }),
      'another session': await sign({ ...payload, sid: randomUUID() }),
      'of somebody else': await sign({ ...payload, sub: randomUUID() }),
      'a user as a client': await sign({ ...payload, sid: undefined, client_id: user.id }),
      'a changed payload': [
        head,
        Buffer.from(JSON.stringify({ ...payload, role: 'auditor' })).toString('base64url'),
        signature,
      ].join('.'),
      'a changed signature': `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
      'no signature': `${head}.${body}.`,
      'too long': `${head}.${body}${'A'.repeat(4_000)}.${signature}`.slice(0, 4_097),
    };
    const got: Record<string, number> = {};
    for (const [how, token] of Object.entries(forged)) {
      got[how] = (await askWith(api, token, 'GET', '/users')).status;
    }
    expect(got).toEqual(Object.fromEntries(Object.keys(forged).map((how) => [how, 401])));
    // What a token says beyond what its user may do is not gone by.
    const wider = await sign({ ...payload, role: 'admin', acc: 'operator', scope: '*', jti: 'other' });
    await api.ask('PATCH', `/api/v1/users/${user.id}`, { body: { scopes: ['users:read'] } });
    expect((await askWith(api, wider, 'GET', '/users')).status).toBe(200);
    expect((await askWith(api, wider, 'GET', '/keys')).status).toBe(403);
  });

  test('are good after a rotation, until the last of them has expired', async () => {
    const user = await newUser(api);
    const before = (await signedIn(api, user.email)).accessToken;
    await api.pool.transaction((tx) =>
      rotateKeys(tx, TEST_VAULT, { unlessYoungerMs: 0, tokenMs: RULES.tokenMs }),
    );
    later();
    // It is shown before it signs.
    const shown = (await access.keys.jwks()).keys.map(({ kid }) => kid);
    expect(shown).toHaveLength(2);
    expect(headerOf((await signedIn(api, user.email)).accessToken).kid).toBe(headerOf(before).kid);
    await api.pool.query(`update signing_keys set signs_from = now() where retires_at is null`);
    later();
    const after = (await signedIn(api, user.email)).accessToken;
    expect(headerOf(after).kid).not.toBe(headerOf(before).kid);
    expect((await askWith(api, before, 'GET', '/users')).status).toBe(200);
    const [{ left } = { left: 0 }] = await api.database.query<{ left: number }>(
      `select extract(epoch from retires_at - now())::int as left from signing_keys where retires_at is not null`,
    );
    expect(left).toBeGreaterThan(86_400);
    await api.pool.query('update signing_keys set retires_at = now() where retires_at is not null');
    later();
    expect((await askWith(api, before, 'GET', '/users')).status).toBe(401);
    expect((await askWith(api, after, 'GET', '/users')).status).toBe(200);
  });

  test('follow a new key by themselves when the old one has become old', async () => {
    const user = await newUser(api);
    await api.pool.query(`update signing_keys set created_at = now() - interval '1000 days'`);
    later();
    await signedIn(api, user.email);
    await signedIn(api, user.email);
    const rows = await api.database.query(`select 1 from signing_keys where retires_at is null`);
    expect(rows).toHaveLength(1);
    expect((await access.keys.jwks()).keys.length).toBeGreaterThan(1);
  });

  test('are good for nothing once the keys were forgotten; a refresh helps', async () => {
    const user = await newUser(api);
    const { accessToken, refreshToken } = await signedIn(api, user.email);
    await api.pool.transaction((tx) => forgetSigningKeys(tx));
    later();
    later();
    expect((await askWith(api, accessToken, 'GET', '/users')).status).toBe(401);
    const next = await api.ask('POST', '/api/v1/auth/refresh', { key: null, body: { refreshToken } });
    expect(next.status).toBe(200);
    expect((await askWith(api, String(next.body['accessToken']), 'GET', '/users')).status).toBe(200);
  });

  test('are over when their time is, also while they are remembered', async () => {
    const user = await newUser(api);
    const { accessToken } = await signedIn(api, user.email);
    const until = (payloadOf(accessToken).exp ?? 0) * 1_000;
    later(until - Date.now() - knobs.skewMs - 1_000);
    await api.pool.query(`update user_sessions set expires_at = now() + interval '90 days'`);
    expect((await askWith(api, accessToken, 'GET', '/users')).status).toBe(200);
    later(1_100);
    expect((await askWith(api, accessToken, 'GET', '/users')).status).toBe(401);
  });

  test('get one new key, however many nodes find that there is none', async () => {
    await api.pool.transaction((tx) => forgetSigningKeys(tx));
    const nodes = Array.from({ length: 4 }, () => testAccess(api.pool, knobs).keys.signer());
    const kids = (await Promise.all(nodes)).map(({ kid }) => kid);
    expect(new Set(kids).size).toBe(1);
    const never = (): never => {
      throw new Error('made another one');
    };
    const young = { unlessYoungerMs: 60_000, shownMs: 0, verifyMs: 0 };
    expect(await api.pool.transaction((tx) => rotateSigningKey(tx, TEST_VAULT, never, young))).toBe(false);
  });
});

describe('API keys', () => {
  test('are made, shown once, listed, noted as used, and revoked', async () => {
    const made = await api.ask('POST', '/api/v1/keys', { body: { name: 'CRM', scopes: ['calls:read'] } });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'CRM',
        accountId: 'operator',
        role: 'admin',
        lastUsedAt: null,
        createdBy: expect.any(String),
      },
    });
    const { id, key } = made.body as { id: string; key: string };
    expect(key).toMatch(/^dce_/);
    expect(made.headers.get('location')).toBe(`/api/v1/keys/${id}`);
    expect((await api.ask('GET', '/api/v1/calls', { key })).status).toBe(200);
    expect(
      (await api.ask('GET', '/api/v1/calls', { key: null, headers: { Authorization: `Bearer ${key}` } }))
        .status,
    ).toBe(200);
    const shown = await api.ask('GET', `/api/v1/keys/${id}`);
    expect(shown.body['lastUsedAt']).not.toBeNull();
    expect(shown.text).not.toContain(key);
    const list = (await api.ask('GET', '/api/v1/keys?limit=200')).body['items'] as { id: string }[];
    expect(list.map((one) => one.id)).toContain(id);
    expect((await api.ask('DELETE', `/api/v1/keys/${id}`)).status).toBe(204);
    expect((await api.ask('GET', `/api/v1/keys/${id}`)).status).toBe(404);
    later();
    expect((await api.ask('GET', '/api/v1/calls', { key })).status).toBe(401);
  });

  test('end with their time', async () => {
    const body = { name: 'Short', scopes: ['*'], expiresAt: Date.now() + 3_600_000 };
    const { key, id } = (await api.ask('POST', '/api/v1/keys', { body })).body as { key: string; id: string };
    expect((await api.ask('GET', '/api/v1/calls', { key })).status).toBe(200);
    await api.pool.query('update api_keys set expires_at = now() where id = $1', [id]);
    later();
    expect((await api.ask('GET', '/api/v1/calls', { key })).status).toBe(401);
  });

  test('of auditors read and change nothing', async () => {
    const body = { name: 'Audit', scopes: ['*'], role: 'auditor' };
    const { key } = (await api.ask('POST', '/api/v1/keys', { body })).body as { key: string };
    expect((await api.ask('GET', '/api/v1/users', { key })).status).toBe(200);
    expect(await api.ask('POST', '/api/v1/keys', { key, body })).toMatchObject({ status: 403 });
  });
});

describe('OAuth 2 clients', () => {
  interface Client {
    readonly id: string;
    readonly clientSecret: string;
  }
  const newClient = async (body: Record<string, unknown> = {}): Promise<Client> => {
    const made = await api.ask('POST', '/api/v1/oauth-clients', {
      body: { name: 'ERP', scopes: ['users:read', 'calls:*'], ...body },
    });
    expect(made.status).toBe(201);
    return made.body as never;
  };
  const ask = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
    api.ask('POST', '/api/v1/oauth/token', {
      key: null,
      raw: new URLSearchParams(form).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    });
  const basic = (id: string, secret: string): Record<string, string> => ({
    Authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  });
  const GRANT = { grant_type: 'client_credentials' };

  test('get tokens by Basic authentication and by the body', async () => {
    const { id, clientSecret } = await newClient({ accountId: 'buyer-account' });
    for (const answer of [
      await ask(GRANT, basic(id, clientSecret)),
      await ask({ ...GRANT, client_id: id, client_secret: clientSecret }),
    ]) {
      expect(answer).toMatchObject({
        status: 200,
        body: { token_type: 'Bearer', expires_in: 86_400, scope: 'users:read calls:*' },
      });
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const token = String(answer.body['access_token']);
      expect((await askWith(api, token, 'GET', '/users')).status).toBe(200);
      expect((await askWith(api, token, 'GET', '/keys')).status).toBe(403);
      // A program is nobody who signs in.
      expect((await askWith(api, token, 'GET', '/auth/me')).status).toBe(403);
    }
  });

  test('get less where they ask for less, and never more', async () => {
    const { id, clientSecret } = await newClient();
    const less = await ask({ ...GRANT, scope: 'calls:read' }, basic(id, clientSecret));
    expect(less).toMatchObject({ status: 200, body: { scope: 'calls:read' } });
    const token = String(less.body['access_token']);
    expect((await askWith(api, token, 'GET', '/calls')).status).toBe(200);
    expect((await askWith(api, token, 'GET', '/users')).status).toBe(403);
    for (const scope of ['*', 'users:*', 'users:write', 'calls:read keys:read', 'nonsense']) {
      expect(await ask({ ...GRANT, scope }, basic(id, clientSecret))).toMatchObject({
        status: 400,
        body: { error: 'invalid_scope' },
      });
    }
  });

  test('hear of mistakes as RFC 6749 has it', async () => {
    const { id, clientSecret } = await newClient();
    const wrong = await ask(GRANT, basic(id, `${clientSecret}x`));
    expect(wrong).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_description: expect.any(String) },
    });
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic /);
    expect(await ask(GRANT, basic('nobody', 'x'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await ask(GRANT)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(await ask(GRANT, basic('\0\u{1f600}', 'x'))).toMatchObject({ status: 401 });
    expect(await ask({ grant_type: 'password' }, basic(id, clientSecret))).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    });
    expect(await ask({}, basic(id, clientSecret))).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
    expect(
      await ask({ ...GRANT, client_id: id, client_secret: clientSecret }, basic(id, clientSecret)),
    ).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const twice = await api.ask('POST', '/api/v1/oauth/token', {
      key: null,
      raw: 'grant_type=client_credentials&grant_type=client_credentials',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(twice).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    expect(await ask({ ...GRANT, state: 'x'.repeat(9_000) })).toMatchObject({ status: 400 });
    expect(await api.ask('POST', '/api/v1/oauth/token', { key: null, body: GRANT })).toMatchObject({
      status: 415,
    });
  });

  test('that are revoked, or whose time is over, are out within five seconds', async () => {
    for (const end of ['revoke', 'expire']) {
      const { id, clientSecret } = await newClient();
      const token = String((await ask(GRANT, basic(id, clientSecret))).body['access_token']);
      expect((await askWith(api, token, 'GET', '/users')).status).toBe(200);
      if (end === 'revoke') expect((await api.ask('DELETE', `/api/v1/oauth-clients/${id}`)).status).toBe(204);
      else await api.pool.query('update oauth_clients set expires_at = now() where id = $1', [id]);
      later();
      expect((await askWith(api, token, 'GET', '/users')).status).toBe(401);
      expect((await ask(GRANT, basic(id, clientSecret))).status).toBe(401);
    }
  });
});

describe('nobody gets more than they have', () => {
  const tokenOf = async (body: Record<string, unknown>): Promise<string> =>
    (await signedIn(api, (await newUser(api, body)).email)).accessToken;

  test('by keys, clients or users with wider scopes', async () => {
    const token = await tokenOf({ scopes: ['keys:*', 'clients:*', 'users:*', 'calls:read'] });
    for (const [path, more] of [
      ['/keys', { name: 'Wide' }],
      ['/oauth-clients', { name: 'Wide' }],
      ['/users', { name: 'Wide', email: 'wide@people.example' }],
    ] as const) {
      for (const scopes of [['*'], ['calls:*'], ['*:read'], ['calls:read', 'bids:read']]) {
        const answer = await askWith(api, token, 'POST', path, { ...more, scopes });
        expect([path, scopes, answer.status, answer.body['code']]).toEqual([
          path,
          scopes,
          403,
          'scope_too_wide',
        ]);
        expect(errorsOf(answer)).toMatchObject([{ in: 'body', pointer: `/scopes/${scopes.length - 1}` }]);
      }
      const narrow = await askWith(api, token, 'POST', path, { ...more, scopes: ['calls:read'] });
      expect([path, narrow.status]).toEqual([path, 201]);
    }
  });

  test('by the link, the status or the role of somebody who has more', async () => {
    const admin = await newUser(api);
    const helper = await newUser(api, { scopes: ['users:*'] });
    const token = (await signedIn(api, helper.email)).accessToken;
    for (const [method, path, body] of [
      ['POST', `/users/${admin.id}/link`, undefined],
      ['PATCH', `/users/${admin.id}`, { name: 'Taken over' }],
      ['DELETE', `/users/${admin.id}`, undefined],
    ] as const) {
      const answer = await askWith(api, token, method, path, body);
      expect([method, answer.status, answer.body['code']]).toEqual([method, 403, 'scope_too_wide']);
    }
    const own = await askWith(api, token, 'PATCH', `/users/${helper.id}`, { scopes: ['*'] });
    expect(own).toMatchObject({ status: 403, body: { code: 'scope_too_wide' } });
  });

  test('by a role that does not go with the account', async () => {
    const { id } = await newUser(api, { accountId: 'buyer-account' });
    const token = await tokenOf({ accountId: 'buyer-account' });
    for (const role of ['admin', 'auditor', 'seller', 'carrier']) {
      expect(await askWith(api, token, 'PATCH', `/users/${id}`, { role })).toMatchObject({
        status: 422,
        body: { code: 'role_mismatch', errors: [{ pointer: '/role' }] },
      });
      const body = { email: `${role}@people.example`, name: 'Somebody', role };
      expect(await askWith(api, token, 'POST', '/users', body)).toMatchObject({ status: 422 });
    }
    expect(
      await api.ask('POST', '/api/v1/keys', {
        body: { name: 'K', scopes: ['*'], role: 'auditor', accountId: 'buyer-account' },
      }),
    ).toMatchObject({
      status: 422,
      body: { code: 'role_mismatch' },
    });
    // Nor is there a way past the API.
    await expect(api.pool.query(`update users set role = 'admin' where id = $1`, [id])).rejects.toMatchObject(
      { code: '23514' },
    );
    await expect(
      api.pool.query(`update accounts set type = 'operator' where id = 'buyer-account'`),
    ).rejects.toMatchObject({ code: '23503' });
  });

  test('by another account', async () => {
    const token = await tokenOf({ accountId: 'buyer-account' });
    const other = await newUser(api, { accountId: 'seller-account' });
    const key = await api.ask('POST', '/api/v1/keys', {
      body: { name: 'Theirs', scopes: ['*'], accountId: 'seller-account' },
    });
    const client = await api.ask('POST', '/api/v1/oauth-clients', {
      body: { name: 'Theirs', scopes: ['*'], accountId: 'seller-account' },
    });
    const things: [method: string, path: string, body?: object][] = [
      ['GET', `/users/${other.id}`],
      ['PATCH', `/users/${other.id}`, { name: 'Mine' }],
      ['DELETE', `/users/${other.id}`],
      ['POST', `/users/${other.id}/link`],
      ['GET', `/keys/${String(key.body['id'])}`],
      ['DELETE', `/keys/${String(key.body['id'])}`],
      ['GET', `/oauth-clients/${String(client.body['id'])}`],
      ['DELETE', `/oauth-clients/${String(client.body['id'])}`],
    ];
    for (const [method, path, body] of things) {
      expect([method, path, (await askWith(api, token, method, path, body)).status]).toEqual([
        method,
        path,
        404,
      ]);
    }
    for (const [path, body] of [
      ['/users', { email: 'new@people.example', name: 'New' }],
      ['/keys', { name: 'New', scopes: ['*'] }],
      ['/oauth-clients', { name: 'New', scopes: ['*'] }],
    ] as const) {
      for (const accountId of ['seller-account', 'operator', 'nobody']) {
        expect(await askWith(api, token, 'POST', path, { ...body, accountId })).toMatchObject({
          status: 422,
          body: { code: 'account_not_found', errors: [{ pointer: '/accountId' }] },
        });
      }
      const list = (await askWith(api, token, 'GET', path)).body['items'] as { accountId: string }[];
      expect(list.filter(({ accountId }) => accountId !== 'buyer-account')).toEqual([]);
      expect((await askWith(api, token, 'GET', `${path}?accountId=seller-account`)).body['items']).toEqual(
        [],
      );
      expect((await askWith(api, token, 'POST', path, body)).status).toBe(201);
    }
  });

  test('and somebody who may do everything is always left', async () => {
    const [one, two] = [await newUser(api), await newUser(api)];
    await api.pool.query(`update users set status = 'disabled' where role = 'admin' and id <> all($1)`, [
      [one.id, two.id],
    ]);
    const remove = (id: string) => api.ask('DELETE', `/api/v1/users/${id}`);
    expect((await remove(one.id)).status).toBe(204);
    expect(await remove(two.id)).toMatchObject({ status: 422, body: { code: 'last_admin' } });
    for (const body of [{ role: 'auditor' }, { scopes: ['calls:read'] }, { status: 'disabled' }]) {
      expect(await api.ask('PATCH', `/api/v1/users/${two.id}`, { body })).toMatchObject({ status: 422 });
    }
  });
});
