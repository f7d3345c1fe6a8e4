import type { Database } from '../../../src/storage';
import { createApiKey, identifyApiKey, insertApiKey } from '../../../src/storage';
import { insertParties, SELLER_ACCOUNT } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await insertParties(db);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

test('a key speaks for its account, with its scopes', async () => {
  const key = await createApiKey(db, SELLER_ACCOUNT, 'reports', ['calls:read', 'ledger:read']);
  expect(key).toMatch(/^dce_[\w-]{32}$/);
  expect(await identifyApiKey(db, key)).toEqual({
    kind: 'key',
    id: expect.any(String) as string,
    role: 'buyer',
    accountId: SELLER_ACCOUNT,
    scopes: ['calls:read', 'ledger:read'],
  });
});

test('a key is nowhere in the database', async () => {
  const key = await createApiKey(db, SELLER_ACCOUNT, 'secret', []);
  const [row] = await own.query<{ all: string }>(`select string_agg(k::text, ' ') as all from api_keys k`);
  expect(row?.all).toContain('secret');
  expect(row?.all).not.toContain(key.slice(4));
  expect(row?.all).not.toContain(Buffer.from(key).toString('hex'));
});

test.each([
  ['expired', `update api_keys set expires_at = now() - interval '1 second' where name = $1`],
  ['revoked', 'update api_keys set revoked_at = now() where name = $1'],
])('a key that is %s is nobody’s', async (name, statement) => {
  const key = await createApiKey(db, SELLER_ACCOUNT, name, ['*']);
  expect(await identifyApiKey(db, key)).toBeDefined();
  await own.query(statement, [name]);
  expect(await identifyApiKey(db, key)).toBeUndefined();
});

test('a key that will expire is good until then', async () => {
  const key = await createApiKey(db, SELLER_ACCOUNT, 'soon', []);
  await own.query(`update api_keys set expires_at = now() + interval '1 hour' where name = 'soon'`);
  expect(await identifyApiKey(db, key)).toBeDefined();
});

test.each([
  ['nothing', ''],
  ['another’s prefix', 'sk_0123456789'],
  ['a key that was never made', 'dce_0123456789abcdef0123456789abcdef'],
  ['a book', `dce_${'x'.repeat(100_000)}`],
  ['a NUL', 'dce_\0'],
])('%s is nobody’s', async (_what, key) => {
  expect(await identifyApiKey(db, key)).toBeUndefined();
});

test('a key that is known already is stored once', async () => {
  for (let n = 0; n < 2; n++) await insertApiKey(db, 'dce_from-the-key-file', 'operator', 'admin', ['*']);
  expect(await own.query(`select account_id, scopes from api_keys where name = 'admin'`)).toEqual([
    { account_id: 'operator', scopes: ['*'] },
  ]);
  expect(await identifyApiKey(db, 'dce_from-the-key-file')).toMatchObject({ accountId: 'operator' });
});

test('no key is made for an account that there is not', async () => {
  await expect(createApiKey(db, 'nobody', 'x', [])).rejects.toThrow('foreign key');
});
