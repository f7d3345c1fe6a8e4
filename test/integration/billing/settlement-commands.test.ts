import { Command } from 'commander';
import { DeadLetters } from '../../../src/billing';
import { addSettlementCommands } from '../../../src/commands/settlement-commands';
import type { Database } from '../../../src/storage';
import { endedRecord, storeEnded } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

/** What a command line says. */
async function dce(...words: string[]): Promise<string[]> {
  const said: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addSettlementCommands(program, {
    withDatabase: (work) => work(db),
    say: (line) => said.push(line),
    user: () => 'ann@desk',
  });
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride();
  await program.parseAsync(['settlements', ...words], { from: 'user' });
  return said;
}

async function letters(...ids: string[]): Promise<void> {
  await storeEnded(
    db,
    ids.map((id) => endedRecord(id)),
  );
  for (const id of ids) await new DeadLetters(db).add(id, `no account for ${id}`);
}

test('an exchange without trouble says so', async () => {
  expect(await dce('status')).toEqual([
    '0 calls wait for their settlement',
    '0 settlements need a person',
    '0 calls ended otherwise than they were settled, and are for people',
  ]);
  expect(await dce('dead')).toEqual(['no settlement needs a person']);
  expect(await dce('redrive', '--all')).toEqual(['0 settlements are tried again']);
});

test('letters are listed and shown with what befell them, and driven again one by one or all', async () => {
  await letters('one', 'two', 'three');
  const when = String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`;
  const listed = await dce('dead');
  expect(listed).toHaveLength(3);
  expect(listed[0]).toMatch(new RegExp(`^one {2}${when} {2}no account for one$`));
  expect(await dce('dead', '--limit', '2')).toContain('and 1 more: --limit 3');
  expect((await dce('status'))[1]).toBe('3 settlements need a person: dce settlements dead');

  expect(await dce('redrive', 'two')).toEqual(['the settlement of call two is tried again']);
  await expect(dce('redrive', 'two')).rejects.toThrow('no settlement of call two is waiting for a person');
  await new DeadLetters(db).add('two', 'still none');
  const history = await dce('dead', 'two');
  expect(history.slice(1).map((line) => line.replace(new RegExp(when), '<when>').trim())).toEqual([
    '<when>  died: no account for two',
    '<when>  redriven by ann@desk',
    '<when>  died: still none',
  ]);
  expect(await dce('redrive', '--all')).toEqual(['3 settlements are tried again']);
  await expect(dce('dead', 'two')).rejects.toThrow('no settlement of call two');
  expect((await dce('status'))[0]).toMatch(/^3 calls wait for their settlement, the oldest for \d+ ms$/);
});

test('what is meant must be said', async () => {
  await expect(dce('redrive')).rejects.toThrow('name a call, or say --all');
  await expect(dce('redrive', 'one', '--all')).rejects.toThrow('name a call, or say --all');
  await expect(dce('dead', '--limit', 'many')).rejects.toThrow('must be an integer from 1');
});
