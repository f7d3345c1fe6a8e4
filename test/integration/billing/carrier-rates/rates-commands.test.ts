import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import { addRatesCommands } from '../../../../src/commands/rates-commands';
import type { Database } from '../../../../src/storage';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

let own: TestDatabase;
let db: Database;
let folder: string;
const START = Date.UTC(2026, 10, 21, 15);
const HEADER = 'prefix,rate_per_minute,first_increment_s,next_increment_s,connect_fee\n';

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  folder = await mkdtemp(join(tmpdir(), 'rates-'));
  await own.query(`insert into accounts (id, name, type) values ('carrier', 'Carrier', 'carrier')`);
  await own.query(
    `insert into trunks (id, account_id, name, sources, origin)
     values ('trunk', 'carrier', 'Trunk', '{192.0.2.1}', 'inbound_consumer')`,
  );
});
afterAll(async () => {
  await db.close();
  await own.drop();
  await rm(folder, { recursive: true });
});

/** Runs `dce rates …`, and gives what it said. */
async function run(words: readonly string[], input = ''): Promise<{ said: string[]; complained: string }> {
  const said: string[] = [];
  let complained = '';
  const program = new Command().exitOverride().configureOutput({ writeErr: (text) => (complained += text) });
  addRatesCommands(program, {
    withDatabase: (work) => work(db),
    say: (line) => said.push(line),
    stdin: Readable.from([Buffer.from(input)]),
    stderr: { write: (text) => (complained += text) },
    clock: { now: () => START, monotonic: () => 0 },
  });
  await program.parseAsync(['rates', ...words], { from: 'user' }).catch((error: unknown) => {
    said.push(`failed: ${(error as Error).message}`);
  });
  return { said, complained };
}

test('a file becomes a deck, which is listed and asked for a number', async () => {
  const file = join(folder, 'november.csv');
  await writeFile(file, `${HEADER}1,0.01,60,60,0\n1800,0.0125,6,0.5,0.02\n`);
  const line =
    /^\d+ {2}inbound {3}from 2026-11-21T15:00:00.000Z {2}2 rates in USD for carrier {2}november.csv$/;
  expect((await run(['import', 'trunk', 'inbound', file])).said).toEqual([expect.stringMatching(line)]);
  expect((await run(['list', 'trunk'])).said).toEqual([expect.stringMatching(line)]);
  expect((await run(['check', 'trunk', 'inbound', '800-555-0123'])).said).toEqual([
    'carrier is paid 0.0125 USD a minute for +18005550123 (1800), in 6/0.5 s, and 0.02 USD a call',
  ]);
  expect(
    (await run(['check', 'trunk', 'inbound', '800-555-0123', '--at', '2026-11-21T14:59:59Z'])).said,
  ).toEqual(['nothing is paid for +18005550123']);
  expect((await run(['check', 'trunk', 'outbound', '800-555-0123'])).said).toEqual([
    'nothing is paid for +18005550123',
  ]);
});

test('so does what comes by standard input, from an instant on', async () => {
  const options = [
    '--effective-from',
    '2026-12-01T00:00:00+01:00',
    '--currency',
    'EUR',
    '--name',
    'December',
  ];
  const { said } = await run(['import', 'trunk', 'outbound', '-', ...options], `${HEADER}49,0.02,60,60,0\n`);
  expect(said).toEqual([
    expect.stringMatching(
      /^\d+ {2}outbound {2}from 2026-11-30T23:00:00.000Z {2}1 rates in EUR for carrier {2}December$/,
    ),
  ]);
});

test('a broken file is told line by line, and nothing comes of it', async () => {
  const { said, complained } = await run(
    ['import', 'trunk', 'inbound', '-'],
    `${HEADER}1,x,6,6,0\n2,1,6,6,0\n2,1,6,6,-1\n`,
  );
  expect(said).toEqual(['failed: nothing was imported: the file is not whole']);
  expect(complained).toBe(
    '-:2: rate_per_minute "x" is no decimal number like 0.0125\n-:4: connect_fee "-1" is negative\n',
  );
  expect((await run(['list', 'trunk'])).said.length).toBe(2);
});

test.each<[string, string[], string]>([
  [
    'a trunk that is not there',
    ['import', 'nowhere', 'inbound', '-'],
    'failed: nothing was imported: there is no such trunk',
  ],
  ['a file that is not there', ['import', 'trunk', 'inbound', '/nowhere/at/all.csv'], 'failed: ENOENT'],
  ['a third direction', ['import', 'trunk', 'sideways', '-'], 'failed: error: command-argument value'],
  [
    'a currency of its own',
    ['import', 'trunk', 'inbound', '-', '--currency', 'XXX'],
    'failed: error: option',
  ],
  [
    'an instant without its zone',
    ['import', 'trunk', 'inbound', '-', '--effective-from', '2026-12-01T00:00:00'],
    'failed: error: option',
  ],
  [
    'a closed past',
    ['import', 'trunk', 'inbound', '-', '--effective-from', '2026-11-21T14:58:00Z'],
    'failed: nothing was imported: what held before is not changed',
  ],
  ['no number', ['check', 'trunk', 'inbound', '555'], 'failed: 555 is no telephone number'],
])('%s is refused', async (_what, words, message) => {
  const { said } = await run(words, `${HEADER}1,0.01,6,6,0\n`);
  expect(said).toEqual([expect.stringContaining(message)]);
});
