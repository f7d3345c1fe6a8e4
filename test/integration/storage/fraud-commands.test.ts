import { Command } from 'commander';
import { systemClock } from '../../../src/domain';
import { addFraudCommands } from '../../../src/commands/fraud-commands';
import type { Database } from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import { decidedRecord, endedRecord } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const HOUR_MS = 3_600_000;

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(async () => {
  await own.query('delete from fraud_models');
  await own.query('truncate calls cascade');
});

/** What a command line says. */
async function dce(...words: string[]): Promise<string> {
  const said: string[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  addFraudCommands(program, {
    withDatabase: (work) => work(db),
    say: (line) => said.push(line),
    clock: systemClock,
  });
  // Subcommands leave the process by default.
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) command.exitOverride();
  await program.parseAsync(['fraud', ...words], { from: 'user' });
  return said.join('\n');
}

test('models that come with the product are listed, tried, promoted and retired', async () => {
  const listed = await dce('models');
  expect(listed).toMatch(/^gbdt-[\d-]+ {2}shipped {2}gbdt\n {4}.*synthetic.*\n {4}.*rocAuc 0\.9/);
  expect(listed).toMatch(/\nno model is active: the rules decide$/);
  const id = /^gbdt-[\d-]+/.exec(listed)?.[0] ?? '';
  expect(await dce('try', id)).toBe(`${id} is shadow`);
  expect(await dce('promote', id)).toBe(`${id} is active`);
  expect(await dce('models')).toMatch(new RegExp(`^${id} {2}active`));
  expect(await dce('models')).not.toMatch(/the rules decide/);
  expect(await dce('retire', id)).toBe(`${id} is retired`);
  await expect(dce('promote', 'no-such')).rejects.toThrow('there is no model no-such');
});

test('a model is trained on calls that people have looked at, and is tried first', async () => {
  await expect(dce('train')).rejects.toThrow('0 calls are confirmed as fraud and 0 known as honest');
  await expect(dce('train', '--days', 'many')).rejects.toThrow('must be an integer from 1');
  const begin = Date.now() - 48 * HOUR_MS;
  const entries = Array.from({ length: 2_600 }, (_, n) => {
    const [id, at] = [`call-${n}`, begin + n * 60_000];
    const record = decidedRecord(id, at);
    const { trace } = record.decision;
    const signals = { caller_1h: n % 10 === 0 ? 10 + (n % 7) : n % 4 };
    const told = { ...trace, sellerId: `seller-${n % 9}`, facts: { ...trace.facts, fraud: signals } };
    return [
      {
        kind: 'decided' as const,
        boot: { nodeId: 'n', bootId: 'b' },
        record: { ...record, decision: { ...record.decision, trace: told } },
      },
      {
        kind: 'ended' as const,
        boot: { nodeId: 'n', bootId: 'b' },
        record: endedRecord(id, { receivedAt: at, endedAt: at + 90_000 }),
      },
    ];
  }).flat();
  for (let from = 0; from < entries.length; from += 500)
    await storeEntries(db, entries.slice(from, from + 500));
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency)
     select id, connected_ms, 20000000, 0, 'USD' from calls`,
  );
  await own.query(
    `insert into fraud_cases (call_id, state, score, level, model, dialled, trunk_id, received_at, resolved_by, resolved_at)
     select id, 'confirmed', 0.7, 'challenge', 'rules', dialled, trunk_id, received_at, 'ann', now()
     from calls where id like '%0'`,
  );
  const said = await dce('train', '--kind', 'logistic', '--days', '3');
  const id = /^logistic-\d{14}/.exec(said)?.[0] ?? '';
  expect(said).toMatch(/calls of this exchange within 2 days; judged by \d+ later calls of other sellers/);
  expect(await own.query('select id, status from fraud_models')).toEqual([{ id, status: 'shadow' }]);
  expect(await dce('promote', id)).toBe(`${id} is active`);
});
