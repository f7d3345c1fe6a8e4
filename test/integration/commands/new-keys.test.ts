import { Command } from 'commander';
import { scopes as apiScopes } from '../../../src/api/access/scopes';
import { addAdminCommands } from '../../../src/commands/admin-commands';
import { addDatabaseCommands } from '../../../src/commands/database-commands';
import type { Principal } from '../../../src/domain';
import { loadConfig } from '../../../src/config';
import type { Database } from '../../../src/storage';
import { identifyApiKey } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

let own: TestDatabase;
let db: Database;
const loaded = loadConfig({ env: {}, flags: {}, file: undefined });

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await own.query(`insert into accounts (id, name, type) values ('a-buyer', 'Buyer', 'buyer')`);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

/** Runs `dce …`. @returns whom what it printed proves; an error is what the terminal is told */
async function made(...words: readonly string[]): Promise<Principal | undefined> {
  const lines: string[] = [];
  const said: string[] = [];
  const dce = new Command('dce');
  const parts = {
    withDatabase: (work: (database: Database, config: typeof loaded) => Promise<void>) => work(db, loaded),
    say: (line: string) => void lines.push(line),
  };
  addDatabaseCommands(dce, { ...parts, migrations: '' });
  addAdminCommands(dce, { ...parts, user: () => 'somebody' });
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: (text) => void said.push(text) });
    for (const child of command.commands) quiet(child);
  };
  quiet(dce);
  await dce.parseAsync([...words], { from: 'user' }).catch((error: unknown) => {
    throw new Error(said.join('') || String(error));
  });
  expect(lines).toHaveLength(1);
  return identifyApiKey(db, lines[0] ?? '');
}

const GOOD = [
  '*',
  'calls:read',
  'number_lists:*',
  '*:read',
  '*:write',
  'calls:monitor',
  'recordings:listen',
  'calls:read, bids:*',
];
const BAD = [
  '',
  'calls',
  'calls:',
  ':read',
  '*:*',
  'calls:delete',
  'Calls:read',
  'calls:read,',
  'bids:monitor',
  'calls:listen',
  '*:monitor',
  `${'x'.repeat(33)}:read`,
  Array(65).fill('calls:read').join(','),
];

describe.each(['key create', 'admin key add'])('dce %s', (words) => {
  const command = words.split(' ');

  test.each(GOOD)('makes a key of the scopes %j', async (list) => {
    const scopes = list.split(',').map((scope) => scope.trim());
    expect(await made(...command, 'a key', '--scopes', list)).toMatchObject({
      ...{ kind: 'key', accountId: 'operator', role: 'admin', scopes },
    });
    expect(apiScopes.safeParse(scopes).success).toBe(true);
  });

  test.each(BAD)('makes none of the scopes %j, which the API refuses as well', async (list) => {
    await expect(made(...command, 'a key', '--scopes', list)).rejects.toThrow("option '--scopes <list>'");
    expect(apiScopes.safeParse(list.split(',')).success).toBe(false);
  });

  test('makes keys of accounts and auditors, and for some days', async () => {
    const scopes = ['--scopes', 'calls:read'];
    const buyers = await made(...command, 'a key', ...scopes, '--account', 'a-buyer');
    expect(buyers).toMatchObject({ accountId: 'a-buyer', role: 'buyer' });
    expect(await made(...command, 'a key', ...scopes, '--role', 'auditor')).toMatchObject({
      role: 'auditor',
    });
    expect(await made(...command, 'a key', ...scopes, '--days', '1')).toMatchObject({ kind: 'key' });
    await expect(made(...command, 'a key', ...scopes, '--days', '0')).rejects.toThrow('--days');
  });
});

test('the first key of an operator may do everything where nothing else is said, others what is said', async () => {
  expect(await made('key', 'create', 'admin')).toMatchObject({ scopes: ['*'] });
  await expect(made('admin', 'key', 'add', 'admin')).rejects.toThrow("required option '--scopes <list>'");
});
