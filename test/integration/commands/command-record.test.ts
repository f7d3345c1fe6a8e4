import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { addCommandGroups } from '../../../src/commands/groups';
import { loadConfig } from '../../../src/config';
import { SHIPPED_MODELS } from '../../../src/fraud';
import type { Database } from '../../../src/storage';
import { noteRecording } from '../../../src/storage';
import { recordingBasics } from '../api/support/test-recordings';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const folder = mkdtempSync(join(tmpdir(), 'dce-commands-'));
const loaded = loadConfig({ env: { DCE_DATA_DIR: folder }, flags: {}, file: undefined });
const MIGRATIONS = join(__dirname, '../../../migrations');
const PERSON = '+12125550123';
const EMAIL = 'ann@people.example';
const [MODEL] = SHIPPED_MODELS;

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

/** The program, and what it says. */
function program(): { readonly dce: Command; readonly lines: string[] } {
  const lines: string[] = [];
  const dce = new Command('dce');
  addCommandGroups(dce, {
    configured: () => loaded,
    withDatabase: (work) => work(db, loaded),
    say: (line) => lines.push(line),
    migrations: MIGRATIONS,
  });
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    for (const child of command.commands) quiet(child);
  };
  quiet(dce);
  return { dce, lines };
}

/** Every command that does something, by its words. */
function leaves(command: Command, words: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [words.join(' ')];
  return command.commands.flatMap((child) => leaves(child, [...words, child.name()]));
}

/** Runs `dce …`. @returns what it said; an error is no matter: part of what it does may have been done */
async function run(words: readonly string[]): Promise<string[]> {
  const { dce, lines } = program();
  const stdout = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await dce.parseAsync([...words], { from: 'user' });
  } catch (error) {
    lines.push(`failed: ${(error as Error).message}`);
  } finally {
    stdout.mockRestore();
    process.exitCode = undefined;
  }
  return lines;
}

function file(name: string, text = ''): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const PLAN = 'dialplan: 1\nname: from-the-shell\nstart: bye\nsteps:\n  bye: { do: hangup, code: 480 }\n';

interface Written {
  readonly action: string;
  readonly kind: string;
  readonly id: string;
  readonly status: number;
  readonly text: string;
}

async function written(after: number): Promise<Written[]> {
  const { rows } = await db.query<Written>(
    `select action, actor_kind as kind, actor_id as id, status, audit_entries::text as text from audit_entries
      where id > $1 order by id`,
    [after],
  );
  return rows;
}

async function newest(): Promise<number> {
  const { rows } = await db.query<{ id: number }>('select coalesce(max(id), 0) as id from audit_entries');
  return Number(rows[0]?.id);
}

const idOf = async (table: string): Promise<string> => {
  const { rows } = await db.query<{ id: string }>(
    `select id::text from ${table} order by created_at desc limit 1`,
  );
  return rows[0]?.id ?? '';
};

type Words = readonly string[] | (() => Promise<readonly string[]>);

/** Commands that change something, or take away a copy of everything, in an order in which they can be run. */
const WRITERS: Readonly<Record<string, Words>> = {
  seed: [],
  'key create': ['robot'],
  'admin user add': [EMAIL, 'Ann'],
  'admin user disable': [EMAIL],
  'admin user enable': async () => {
    await db.query(`update users set password_hash = 'set by the link' where email = $1`, [EMAIL]);
    return [EMAIL];
  },
  'admin user role': [EMAIL, 'admin'],
  'admin user link': [EMAIL],
  'admin user reset-totp': [EMAIL],
  'admin key add': ['ERP', '--scopes', 'calls:read'],
  'admin key revoke': async () => [await idOf('api_keys')],
  'admin client add': ['ERP', '--scopes', 'calls:read'],
  'admin client revoke': async () => [await idOf('oauth_clients')],
  'admin rotate-keys': [],
  'dnc import': ['internal', file('numbers.txt', `${PERSON}\n+12125550124\n`), '--as-of', '2026-01-01'],
  'dnc apply': ['internal', file('more.txt', '+12125550125\n'), '--untyped', 'add', '--as-of', '2026-01-02'],
  'dnc rollback': ['internal'],
  'dnc export': ['internal', '--to', join(folder, 'list.txt')],
  'analytics rebuild': [],
  'fraud try': [MODEL?.id ?? ''],
  'fraud promote': [MODEL?.id ?? ''],
  'fraud retire': [MODEL?.id ?? ''],
  'fraud train': ['--days', '1'],
  'invoices issue': ['operator', '2026-01'],
  'invoices credit': ['INV-1', 'a mistake'],
  'ledger close': ['2020-01'],
  'consents import': [
    file(
      'consents.csv',
      `number,scopes,given_at,disclosure,disclosure_version,act\n${PERSON},calls,2026-01-05T12:00:00Z,I agree.,1,ticked\n`,
    ),
  ],
  'privacy export': [PERSON, '--basis', 'asked for it', '--to', join(folder, 'person.json')],
  'privacy erase': [PERSON, '--basis', 'asked for it', '--yes'],
  'privacy retention': [],
  'rates import': ['no-such-trunk', 'inbound', file('deck.csv', 'prefix,rate\n1,0.01\n')],
  'reconcile calls': ['2026-01'],
  'reconcile carrier': ['no-such-trunk', '2026-01'],
  'reconcile import': ['no-such-trunk', file('records.csv')],
  'reconcile profile': ['no-such-trunk', file('profile.json', '{}')],
  'recordings export': ['no-such-recording', '--to', join(folder, 'recording.wav')],
  'recordings rewrap': [],
  'recordings erase': async () => {
    const basics = recordingBasics();
    await noteRecording(db, basics, 'PCMU');
    return [basics.id, '--reason', 'asked for it', '--yes'];
  },
  'settlements redrive': ['--all'],
  'dialplan publish': [file('plan.yaml', PLAN)],
  'dialplan rollback': ['from-the-shell', '--number', '1'],
  'dialplan archive': ['from-the-shell'],
  'migrate down': [],
  'migrate up': [],
};

/** Commands that cannot succeed on what there is here: that they failed is written too. */
const FAILING = [
  'fraud train',
  'invoices issue',
  'invoices credit',
  'rates import',
  'reconcile carrier',
  'reconcile import',
  'reconcile profile',
  'recordings export',
];

/** Commands that look, or make files beside the database. */
const READERS: Readonly<Record<string, readonly string[]>> = {
  'migrate status': [],
  'migrate create': [],
  'admin user list': [],
  'admin key list': [],
  'admin client list': [],
  'dnc status': [],
  'dnc check': [PERSON],
  'analytics check': [],
  'fraud models': [],
  'invoices draft': ['operator', '2026-01', '--pdf', join(folder, 'draft.pdf')],
  'invoices list': [],
  'invoices export': ['INV-1', '--csv', join(folder, 'invoice.csv')],
  statement: ['operator', '2026-01', '--csv', join(folder, 'statement.csv')],
  'audit verify': [],
  'ledger balances': [],
  'ledger verify': [],
  'consents verify': ['--no-key'],
  'privacy purposes': [],
  'rates list': ['no-such-trunk'],
  'rates check': ['no-such-trunk', 'inbound', PERSON],
  'recordings list': [],
  'recordings verify': [],
  'settlements status': [],
  'settlements dead': [],
  'dialplan list': [],
  'dialplan show': ['from-the-shell'],
  'dialplan versions': ['from-the-shell'],
};
/** Without a database, or by the API, which writes it down itself. */
const APART = /^(dialplan (check|simulate|schema)$|call( |$))/;

test('every command is known to change something, or to change nothing', () => {
  const all = leaves(program().dce).filter((path) => !APART.test(path));
  expect([...Object.keys(WRITERS), ...Object.keys(READERS)].sort()).toEqual(all.sort());
});

test('commands that change something are written down, also those that fail, without numbers of persons', async () => {
  const wrong: unknown[] = [];
  for (const [path, words] of Object.entries(WRITERS)) {
    const before = await newest();
    const said = await run([...path.split(' '), ...(typeof words === 'function' ? await words() : words)]);
    const found = (await written(before)).filter(({ kind }) => kind === 'cli');
    const [entry] = found;
    const secrets = said.filter((line) => /^(dce_|client_secret|https?:)/.test(line));
    const hidden = [
      PERSON.slice(1),
      ...secrets.map((line) => line.replace(/^client_secret +|^.*token=/, '')),
    ];
    const isRight =
      found.length === 1 &&
      entry?.action === `cli.${path.replaceAll(' ', '.')}` &&
      /.@./.test(entry.id) &&
      entry.status >= 400 === FAILING.includes(path) &&
      !hidden.some((text) => entry.text.includes(text));
    if (!isRight) wrong.push({ path, said, found });
  }
  expect(wrong).toEqual([]);
});

test('commands that look write nothing', async () => {
  const before = await newest();
  for (const [path, words] of Object.entries(READERS)) {
    if (path !== 'migrate create') await run([...path.split(' '), ...words]);
  }
  expect(await written(before)).toEqual([]);
});

test('what is done in one transaction and fails is not written: nothing was done', async () => {
  const before = await newest();
  expect(await run(['admin', 'user', 'disable', 'nobody@people.example'])).toEqual([
    expect.stringContaining('failed: there is no user'),
  ]);
  expect(await run(['admin', 'key', 'revoke', 'none'])).toEqual([expect.stringContaining('failed: ')]);
  expect(await written(before)).toEqual([]);
});
