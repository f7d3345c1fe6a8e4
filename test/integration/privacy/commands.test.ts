import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { loadConfig } from '../../../src/config';
import { addPrivacyCommands } from '../../../src/commands/privacy-commands';
import { terminalUser } from '../../../src/commands/terminal-user';
import type { Database } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

let own: TestDatabase;
let db: Database;
let folder: string;
let said: string[];
let exitCode: number | undefined;

const NOW = Date.UTC(2026, 10, 21);
const CSV =
  'number,scopes,given_at,disclosure,disclosure_version,act\n' +
  '212-555-0123,calls,2026-01-05T12:00:00Z,I agree.,1,ticked\n' +
  '212-555-0124,calls,2026-01-05T12:00:00Z,I agree.,1,ticked\n';

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  folder = mkdtempSync(join(tmpdir(), 'dce-privacy-'));
});
afterEach(async () => {
  await db.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `dce …` within this process. @throws Error that the command ends with */
async function dce(words: readonly string[], stdin = ''): Promise<string[]> {
  said = [];
  exitCode = undefined;
  const program = new Command('dce').exitOverride().configureOutput({ writeErr: () => undefined });
  const loaded = loadConfig({ env: {}, flags: { dataDir: folder }, file: undefined });
  addPrivacyCommands(program, {
    withDatabase: (work) => work(db, loaded),
    say: (line) => void said.push(line),
    stdin: Readable.from([Buffer.from(stdin)]),
    stderr: { write: () => undefined },
    clock: { now: () => NOW, monotonic: () => 0 },
    user: () => 'somebody@here',
    setExitCode: (code) => {
      exitCode = code;
    },
  });
  // Commander does not hand these on to commands that are made behind it.
  for (const group of program.commands)
    for (const command of [group, ...group.commands])
      command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync([...words], { from: 'user' });
  return said;
}

test('consents are imported from a file and from standard input, and their chains verified', async () => {
  const file = join(folder, 'consents.csv');
  writeFileSync(file, CSV);
  expect(await dce(['consents', 'import', file])).toEqual([
    '2 lines: 2 consents recorded, 0 known before, 0 revoked, 0 lines refused',
  ]);
  expect(exitCode).toBe(0);
  expect(
    await dce(['consents', 'import', '-'], `${CSV}nobody,calls,2026-01-05T12:00:00Z,I agree.,1,ticked\n`),
  ).toEqual([
    '3 lines: 0 consents recorded, 2 known before, 0 revoked, 1 lines refused',
    expect.stringMatching(/^ {2}line 4: number: /) as string,
  ]);
  expect(exitCode).toBe(1);
  expect(await dce(['consents', 'verify'])).toEqual([
    expect.stringMatching(/^\*: 2 records, 0 without their person, head [0-9a-f]{64}$/) as string,
    'every chain is whole',
  ]);
  expect(exitCode).toBe(0);
  expect((await dce(['consents', 'verify', '--no-key'])).at(-1)).toBe('every chain is whole');
  await own.force('update consent_records set acted_at = 1 where position = 2');
  expect(await dce(['consents', 'verify'])).toEqual([
    '*: BROKEN at 2: was_changed',
    '1 of 1 chains are broken',
  ]);
  expect(exitCode).toBe(1);
});

test('a person is exported to a file of the owner alone, and erased, and both is on record', async () => {
  await dce(['consents', 'import', '-'], CSV);
  const to = join(folder, 'person.json');
  expect(await dce(['privacy', 'export', '(212) 555-0123', '--basis', 'Art. 15', '--to', to])).toEqual([]);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(to, 'utf8'))).toMatchObject({
    number: '+12125550123',
    consents: [{ scopes: ['calls'] }],
  });
  // What is there is not written over.
  await expect(dce(['privacy', 'export', '2125550123', '--basis', 'again', '--to', to])).rejects.toThrow(
    'EEXIST',
  );
  expect(
    JSON.parse((await dce(['privacy', 'export', '2125550124', '--basis', 'Art. 15'])).join('\n')),
  ).toMatchObject({ number: '+12125550124' });
  const lines = await dce(['privacy', 'erase', '2125550123', '--basis', 'letter of 2125550123', '--yes']);
  expect(lines.slice(0, 4)).toEqual([
    'erased:',
    '  consents revoked: 1',
    'left:',
    expect.stringMatching(/^ {2}consent_details \(2\): proof of consent/) as string,
  ]);
  expect(await own.query('select kind, status, requested_by from privacy_requests order by id')).toEqual([
    { kind: 'export', status: 'done', requested_by: 'somebody@here' },
    { kind: 'export', status: 'done', requested_by: 'somebody@here' },
    { kind: 'erase', status: 'done', requested_by: 'somebody@here' },
  ]);
  expect(await dce(['privacy', 'erase', '2125550123', '--basis', 'once more', '--yes'])).toContain(
    'nothing was held',
  );
});

test('nothing is erased by mistake', async () => {
  await expect(dce(['privacy', 'erase', '2125550123', '--basis', 'x'])).rejects.toThrow('--yes');
  await expect(dce(['privacy', 'erase', '2125550123', '--yes'])).rejects.toThrow('--basis');
  await expect(dce(['privacy', 'erase', 'anonymous', '--basis', 'x', '--yes'])).rejects.toThrow(
    'no telephone number',
  );
  expect(await own.query('select 1 from privacy_requests')).toEqual([]);
});

test('retention is done by hand as well, and purposes are told', async () => {
  expect(await dce(['privacy', 'retention'])).toEqual(['nothing was kept for too long']);
  await own.query(
    `insert into dnc_entries (id, number, source, expires_at) values ('+12125550123/internal', '+12125550123', 'internal', 5)`,
  );
  expect(await dce(['privacy', 'retention'])).toEqual(['list entries expired: 1']);
  const [table = ''] = await dce(['privacy', 'purposes']);
  expect(readFileSync(join(__dirname, '../../../docs/privacy.md'), 'utf8')).toContain(table);
});

test('the key is made in the data folder, and who sits at the terminal has a name', async () => {
  expect(existsSync(join(folder, 'privacy.key'))).toBe(false);
  await dce(['consents', 'import', '-'], CSV);
  expect(existsSync(join(folder, 'privacy.key'))).toBe(true);
  expect(terminalUser()).toMatch(/^.+@.+$/);
});
