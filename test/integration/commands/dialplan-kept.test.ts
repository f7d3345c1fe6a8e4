import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addDialplanCommands } from '../../../src/commands/dialplan-commands';
import type { Database } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const folder = mkdtempSync(join(tmpdir(), 'dce-kept-plans-'));
let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `dce dialplan …`; tells what it said and how it ended. */
async function dce(...words: string[]): Promise<{ said: string[]; code: number }> {
  const said: string[] = [];
  let code = 0;
  const program = new Command().exitOverride();
  addDialplanCommands(program, {
    withDatabase: (work) => work(db),
    user: () => 'ann@here',
    configured: () => ({ folder, prompts: folder, engines: { mediasoup: ['play'] } }),
    say: (line) => void said.push(line),
    clock: { now: () => 0, monotonic: () => 0 },
    setExitCode: (given) => void (code = given),
  });
  await program.parseAsync(['dialplan', ...words], { from: 'user' });
  return { said, code };
}

const text = (name: string, code: number): string =>
  ['dialplan: 1', `name: ${name}`, 'start: bye', 'steps:', `  bye: { do: hangup, code: ${code} }`, ''].join(
    '\n',
  );

function write(yaml: string): string {
  const file = join(folder, 'plan.yaml');
  writeFileSync(file, yaml);
  return file;
}

async function count(sql: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*)::int as count from ${sql}`);
  return rows[0]?.count ?? -1;
}

const json = async (...words: string[]): Promise<unknown> =>
  JSON.parse((await dce(...words, '--json')).said.join('\n'));

test('a file becomes a plan, its next text another version, and the one before is the way back', async () => {
  expect(await dce('publish', write(text('night', 480)))).toEqual({
    said: ['night: version 1 is live: calls take it from now on'],
    code: 0,
  });
  expect((await dce('publish', write(text('night', 486)))).said).toEqual([
    'night: version 2 is live: calls take it from now on',
  ]);
  expect((await dce('publish', write(text('night', 486)))).said).toEqual([
    'night: version 2 is that text already, and is live',
  ]);
  expect((await dce('publish', write(text('night', 603)), '--draft')).said).toEqual([
    'night: version 3 is kept as a draft',
  ]);
  expect(await json('list')).toMatchObject([{ name: 'night', status: 'live', live: 2, latest: 3 }]);
  expect((await dce('rollback', 'night')).said).toEqual([
    'night: version 1 is live: calls take it from now on',
  ]);
  // It is exchanged with the one before: whoever rolls back by mistake does so once more.
  await dce('rollback', 'night');
  expect(await json('show', 'night', '--number', '2')).toMatchObject({
    name: 'night',
    live: 2,
    number: 2,
    author: 'terminal:ann@here',
    problems: [],
  });
  expect((await dce('versions', 'night')).said).toEqual([
    expect.stringMatching(/^ {3}3 {2}\S+ {2}terminal:ann@here$/),
    expect.stringMatching(/^ {3}2 .* live, published /),
    expect.stringMatching(/^ {3}1 .* {2}published /),
  ]);
  expect((await dce('show', 'night', '--text')).said).toEqual([text('night', 603).trimEnd()]);
  const { said } = await dce('show', 'night');
  expect(said[0]).toContain('version 2, newest 3');
  expect(said.at(-1)).toBe(text('night', 603).trimEnd());
  expect(await count(`outbox where type = 'dialplan.published'`)).toBe(4);
});

test('a broken file is refused by file, line and reason, and changes nothing', async () => {
  await dce('publish', write(text('day', 480)));
  const before = await count('audit_entries');
  const broken = write(text('day', 480).replace('hangup', 'announce, play: [no/such], next: nowhere'));
  const { said, code } = await dce('publish', broken);
  expect(code).toBe(1);
  expect(said).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/plan\.yaml:5:\d+: .*(code|nowhere|no\/such)/),
      `${broken} is refused: nothing was changed`,
    ]),
  );
  expect(await json('versions', 'day')).toHaveLength(1);
  expect(await count('audit_entries')).toBe(before);
  await expect(dce('publish', join(folder, 'none.yaml'))).rejects.toThrow('ENOENT');
});

test('a version that cannot be carried out any more is not gone back to', async () => {
  await dce('publish', write(text('old', 480)));
  await dce('publish', write(text('old', 486)));
  // As a release before this one may have left it.
  await db.query(
    `update dialplan_versions set yaml = 'dialplan: 0' where number = 1
       and dialplan_id = (select id from dialplans where name = 'old')`,
  );
  const { said, code } = await dce('rollback', 'old');
  expect(code).toBe(1);
  expect(said.at(-1)).toBe('version 1 of old is refused: nothing was changed');
  expect(said[0]).toMatch(/^old 1:\d+:\d+: /);
  expect(await json('show', 'old')).toMatchObject({ live: 2 });
});

test('plans of sellers are theirs, under names that the exchange may use too', async () => {
  await db.query(`insert into accounts (id, name, type) values ('sam', 'Sam', 'seller')`);
  await dce('publish', write(text('shared', 480)));
  await dce('publish', write(text('shared', 486)), '--account', 'sam');
  expect(await json('list', '--account', 'sam')).toMatchObject([{ name: 'shared', accountId: 'sam' }]);
  const [{ id } = { id: '' }] = (await json('list', '--account', 'sam')) as { id: string }[];
  expect((await dce('show', id, '--text')).said[0]).toContain('486');
  expect((await dce('show', 'shared', '--text')).said[0]).toContain('480');
  await expect(dce('publish', write(text('x', 480)), '--account', 'nobody')).rejects.toThrow(
    'no seller nobody',
  );
  // A target costs somebody: sellers do not ring them without an auction.
  const rings = text('shared', 480).replace('hangup, code: 480', 'transfer, target: t1, failed: bye');
  expect((await dce('publish', write(rings), '--account', 'sam')).code).toBe(1);
});

test('a plan is archived by name; what is not there is said', async () => {
  await dce('publish', write(text('gone', 480)));
  await expect(dce('rollback', 'gone')).rejects.toThrow('--number');
  expect((await dce('archive', 'gone')).said).toEqual(['gone is archived: no call takes it any more']);
  await expect(dce('show', 'gone')).rejects.toThrow('no dialplan gone');
  expect((await dce('list', '--status', 'archived')).said).toHaveLength(1);
  await expect(dce('show', 'night', '--number', '9')).rejects.toThrow('no dialplan version 9');
});
