import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Database } from '../../../src/storage';
import { NumberListStore } from '../../../src/storage';
import { CompiledSources } from '../../support/compiled-sources';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { zipArchive } from '../../support/zip-archive';
import { daysAgo, lines, take } from './support/number-list-files';

let own: TestDatabase;
let db: Database;
let store: NumberListStore;
let sources: CompiledSources;
const children = new Set<ChildProcessWithoutNullStreams>();

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  store = new NumberListStore(db);
  sources = new CompiledSources([
    'src/domain',
    'src/market',
    'src/storage',
    'src/commands/command-record.ts',
    'src/commands/list-commands.ts',
    'src/commands/list-progress.ts',
    'src/commands/option-values.ts',
    'src/commands/terminal-user.ts',
    'test/integration/storage/support/dnc-process.ts',
  ]);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await db.close();
  await own.drop();
  sources.remove();
});
beforeEach(() => own.query('truncate number_list_versions, number_list_segments, dnc_entries cascade'));

interface Run {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function dnc(...words: string[]): Run {
  const script = sources.path('test/integration/storage/support/dnc-process.ts');
  const child = spawn(process.execPath, [script, own.url, ...words], { env: sources.env });
  children.add(child);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.on('error', () => undefined);
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code, out, err });
    }),
  );
  return { child, ended };
}

const run = (...words: string[]): Run['ended'] => {
  const started = dnc(...words);
  started.child.stdin.end();
  return started.ended;
};
const day = (days: number): string => new Date(daysAgo(days)).toISOString().slice(0, 10);
const LIST = lines(212, 555, 0, 3_000) + lines(310, 444, 0, 500);
const file = (name: string, content: string | Buffer): string => {
  const path = join(sources.folder, name);
  writeFileSync(path, content);
  return path;
};
const statuses = async (): Promise<string[]> =>
  (await store.history('national', 10)).map(({ status, entries }) => `${status} ${entries}`);

describe('an import that is killed', () => {
  test('while it reads leaves no trace but its record', async () => {
    await take(db, 'national', LIST, { asOf: daysAgo(3) });
    const { child, ended } = dnc('import', 'national', '-', '--as-of', day(2));
    child.stdin.write(LIST);
    await until('it loads', async () => (await statuses())[0] === 'loading 0');
    child.kill('SIGKILL');
    await ended;
    expect(await statuses()).toEqual(['loading 0', 'current 3500']);
    await until('the lock is free', async () => {
      const next = await take(db, 'national', `${LIST}415,2220000\n`);
      return next.ok || next.reason !== 'busy';
    });
    expect(await statuses()).toEqual(['current 3501', 'failed 0', 'previous 3500']);
  });

  test('while it writes leaves no half version, and the next import cleans up', async () => {
    await take(db, 'national', LIST, { asOf: daysAgo(3) });
    const { child, ended } = dnc(
      'import',
      'national',
      file('long.txt', LIST + lines(415, 222, 0, 9)),
      '--as-of',
      day(2),
    );
    // Somebody holds up the last of its three segments.
    await own.query('begin');
    await own.query(`create function hold_up() returns trigger language plpgsql as
      $$ begin if new.area = 415 then perform pg_advisory_lock(99); end if; return new; end $$`);
    await own.query(
      'create trigger hold_up before insert on number_list_segments for each row execute function hold_up()',
    );
    await own.query('select pg_advisory_lock(99)');
    await own.query('commit');
    const written = async (): Promise<number> =>
      (await own.query<{ n: number }>('select count(*)::int as n from number_list_segments'))[0]?.n ?? 0;
    await until('two of three segments', async () => (await written()) === 4);
    child.kill('SIGKILL');
    await ended;
    await own.query('select pg_advisory_unlock(99)');
    await own.query('drop function hold_up() cascade');
    expect((await statuses()).slice(-1)).toEqual(['current 3500']);
    expect((await store.currentOf('national'))?.version).toBe(day(3));
    await until('the lock is free', async () => {
      const next = await take(db, 'national', LIST);
      return next.ok || next.reason !== 'busy';
    });
    expect(await statuses()).toEqual(['current 3500', 'failed 0', 'previous 3500']);
    expect(await written()).toBe(4);
  });
});

test('dce dnc: from a file to an answer, and back out', async () => {
  const archive = file('national.zip', zipArchive([{ name: '212.txt', content: lines(212, 555, 0, 3_000) }]));
  const packed = file('310.txt.gz', gzipSync(lines(310, 444, 0, 500)));
  const imported = await run('import', 'national', archive, packed, '--as-of', day(2));
  expect(imported).toMatchObject({ code: 0, err: '' });
  expect(imported.out).toMatch(
    new RegExp(`^national ${day(2)}: 3,500 numbers \\(before: 0\\)\n3,500 lines read in `),
  );

  const applied = await run(
    'apply',
    'national',
    file('changes.txt', `212,5550000,${day(1)},D\n415,2220000,${day(1)},A\n`),
  );
  expect(applied.out).toContain('1 added, 1 removed, 0 without effect');

  expect((await run('check', '(415) 222-0000')).out).toBe(`+14152220000 is on national ${day(1)}\n`);
  expect((await run('check', '2125550000')).out).toBe('+12125550000 is on no list\n');
  expect((await run('status', 'national')).out).toBe(
    `national    ${day(1)}    current   3,500 numbers, 1 days old\nnational    ${day(2)}    previous  3,500 numbers, 2 days old\n`,
  );
  expect((await run('rollback', 'national')).out).toContain(`${day(2)}    current`);

  const to = join(sources.folder, 'out.txt');
  expect(await run('export', 'national', '--format', 'registry', '--to', to)).toMatchObject({ code: 0 });
  expect(readFileSync(to, 'utf8')).toBe(LIST);
  expect((await run('export', 'national')).out.split('\n')[0]).toBe('+12125550000');
  expect(await run('export', 'national', '--to', to)).toMatchObject({
    code: 1,
    err: expect.stringMatching(/EEXIST/) as string,
  });
});

test('dce dnc says what is wrong, and changes nothing', async () => {
  await take(db, 'national', LIST, { asOf: daysAgo(3) });
  const bad = file('bad.txt', `${LIST}${'rubbish\n'.repeat(150)}`);
  const refused = await run('import', 'national', bad, '--as-of', day(2));
  expect(refused.code).toBe(1);
  const errors = refused.err.trim().split('\n');
  expect(errors).toHaveLength(101);
  expect(errors[0]).toBe('bad.txt:3501: not_digits: rubbish');
  expect(errors.at(-1)).toMatch(
    /^dce: nothing was changed: 150 of 3650 lines cannot be used, more than 0.1 %/,
  );
  expect(await run('import', 'national', bad, '--as-of', day(2), '--max-bad', '10')).toMatchObject({
    code: 0,
  });

  for (const [words, message] of [
    [['import', 'national', '/nowhere/list.txt', '--as-of', day(1)], /no such file/],
    [['import', 'everybody', bad], /lists are national/],
    [['import', 'national', bad, '--as-of', 'yesterday'], /a date looks like/],
    [['import', 'national', bad], /say as of when/],
    [['import', 'national', bad, '--max-bad', 'all'], /from 0 to 100/],
    [['import', 'national', bad, '--format', 'word'], /one of auto, lines, xml, csv/],
    [['apply', 'state:TX', bad], /there is no state:TX yet/],
    [['check', 'nobody'], /is no number/],
    [['rollback', 'state:TX'], /no previous version/],
    [['export', 'state:TX'], /there is no state:TX/],
  ] as const) {
    const { code, err } = await run(...words);
    expect(err).toMatch(message);
    expect(code).toBe(1);
  }
  expect(existsSync('/nowhere')).toBe(false);
  expect((await statuses())[0]).toMatch(/^(failed|current)/);
  expect((await store.currentOf('national'))?.version).toBe(day(2));
});
