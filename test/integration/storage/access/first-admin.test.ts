import { mkdtempSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addAdminCommands } from '../../../../src/commands/admin-commands';
import { loadConfig } from '../../../../src/config';
import { FIRST_ADMIN, firstAdmin } from '../../../../src/parts/first-admin';
import type { Database } from '../../../../src/storage';
import { findUserCandidate, identifyApiKey, setPassword } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

const folder = mkdtempSync(join(tmpdir(), 'dce-admin-'));
const file = join(folder, 'admin-password');
const loaded = loadConfig({
  env: { DCE_DATA_DIR: folder, DCE_ACCESS_ARGON2_MEMORY_KIB: '8', DCE_ACCESS_ARGON2_PASSES: '1' },
  flags: {},
  file: undefined,
});
let database: TestDatabase;
let pool: Database;

beforeAll(async () => {
  database = await testDatabase();
  pool = openDatabase(database.url);
});
afterAll(async () => {
  await pool.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

test('an exchange without users gets an admin, whose password lies in a file of its own', async () => {
  const made = await firstAdmin(pool, file, loaded.config);
  expect(made).toEqual({ email: FIRST_ADMIN, password: readFileSync(file, 'utf8').trim() });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await findUserCandidate(pool, FIRST_ADMIN)).toMatchObject({
    role: 'admin',
    scopes: ['*'],
    status: 'active',
  });
  // Told again while it is good, and not once it was changed or taken away.
  expect(await firstAdmin(pool, file, loaded.config)).toEqual(made);
  const user = await findUserCandidate(pool, FIRST_ADMIN);
  await pool.transaction((tx) =>
    setPassword(tx, user?.id ?? '', `${user?.passwordHash.slice(0, -2) ?? ''}AA`),
  );
  expect(await firstAdmin(pool, file, loaded.config)).toBeUndefined();
  unlinkSync(file);
  expect(await firstAdmin(pool, file, loaded.config)).toBeUndefined();
});

/** What a command prints. */
async function dce(...words: string[]): Promise<string[]> {
  const lines: string[] = [];
  const program = new Command('dce').exitOverride();
  addAdminCommands(program, {
    withDatabase: (work) => work(pool, loaded),
    say: (line) => lines.push(line),
    user: () => 'somebody',
  });
  await program.parseAsync(['admin', ...words], { from: 'user' });
  return lines;
}

test('users are managed from the terminal', async () => {
  const email = 'ann@people.example';
  const [link = ''] = await dce('user', 'add', email, 'Ann', '--role', 'auditor', '--scopes', '*:read');
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:8080\/console\/link#token=dcel_[\w-]{43}$/);
  expect((await dce('user', 'list')).find((line) => line.includes(email))).toMatch(
    /auditor +invited +operator +\*:read/,
  );
  expect((await dce('user', 'role', email, 'admin'))[0]).toMatch(/admin +invited/);
  expect((await dce('user', 'link', email))[0]).not.toBe(link);
  expect(await dce('user', 'reset-totp', email)).toEqual([`${email} had no second factor`]);
  expect((await dce('user', 'disable', email))[0]).toMatch(/disabled/);
  await expect(dce('user', 'link', email)).rejects.toMatchObject({ code: 'user_disabled' });
  await expect(dce('user', 'disable', 'nobody')).rejects.toMatchObject({ code: 'user_not_found' });
  await expect(dce('user', 'role', email, 'buyer')).rejects.toMatchObject({ code: 'role_mismatch' });
});

test('so are keys, clients, and the keys that sign', async () => {
  const [key = ''] = await dce(
    'key',
    'add',
    'CRM',
    '--scopes',
    'calls:read',
    '--role',
    'auditor',
    '--days',
    '2',
  );
  const known = await identifyApiKey(pool, key);
  expect(known).toMatchObject({ role: 'auditor', scopes: ['calls:read'] });
  expect((await dce('key', 'list')).some((line) => line.startsWith(known?.id ?? 'x'))).toBe(true);
  await dce('key', 'revoke', known?.id ?? '');
  expect(await identifyApiKey(pool, key)).toBeUndefined();
  const client = await dce('client', 'add', 'ERP', '--scopes', 'calls:*');
  expect(client).toEqual([
    expect.stringMatching(/^client_id +\S+$/),
    expect.stringMatching(/^client_secret +dces_/),
  ]);
  expect(await dce('client', 'list')).toHaveLength(1);
  await dce('rotate-keys');
  await dce('rotate-keys', '--at-once');
  expect(await database.query('select 1 from signing_keys')).toHaveLength(1);
});
