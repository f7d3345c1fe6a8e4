import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { AnalyticsRollUp, checkAnalytics, readCallReport } from '../../../src/analytics';
import type { Database } from '../../../src/storage';
import { CompiledSources } from '../../support/compiled-sources';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import type { ModelCall } from './support/histories';
import { insertMarket, storeEnd, storeRevision, storeSettlement } from './support/histories';
import { recount, told } from './support/recount';

const PROGRAM = 'test/integration/analytics/support/roll-up-process.ts';
const START = Date.UTC(2026, 10, 1);
const CALLS = 120;
const KILLS = 6;

let own: TestDatabase;
let db: Database;
let compiled: CompiledSources;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await insertMarket(db);
  const rooms = ['src/domain', 'src/market', 'src/compliance', 'src/storage', 'src/analytics'];
  compiled = new CompiledSources([...rooms, PROGRAM]);
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await db.close();
  await own.drop();
  compiled.remove();
});

function start(): ChildProcess {
  const child = fork(compiled.path(PROGRAM), [own.url], { env: compiled.env, stdio: 'ignore' });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

const call = (n: number): ModelCall => ({
  id: `call-${n}`,
  receivedAt: START + n * 1_234_567,
  trunk: n % 2 ? 't1' : 't2',
  campaign: `c${n % 3}`,
  seller: 's1',
  state: n % 5 ? 'NY' : null,
  rung: [
    { buyer: 'b3', outcome: 'no_answer' },
    { buyer: 'b1', outcome: 'answered' },
  ],
  answered: true,
  ringMs: n,
  connectedMs: 1_000 * n,
  money: {
    currency: 'USD',
    revenue: 1_000 * n,
    payout: 700 * n,
    fees: 10,
    carrierCost: 3,
    foreign: n % 7 ? 0 : 5,
  },
  revisions: [{ revenue: -100 * n, payout: 0, fees: 0, carrierCost: 0 }],
});

test('the job is killed again and again, two of it at once: each call is counted once, with its money of last', async () => {
  const calls = Array.from({ length: CALLS }, (_, n) => call(n));
  // One half is of before the figures were kept.
  for (const one of calls.slice(0, CALLS / 2)) await storeEnd(db, one);
  await own.query('delete from outbox');
  const other = start();
  let written = CALLS / 2;
  for (let kill = 0; kill < KILLS; kill++) {
    const victim = start();
    await once(victim, 'message');
    const more = Math.ceil(CALLS / 2 / KILLS);
    for (const one of calls.slice(written, written + more)) await storeEnd(db, one);
    for (const one of calls.slice(kill * 20, kill * 20 + 20)) await storeSettlement(db, one);
    if (kill > 0) for (const one of calls.slice(kill * 20 - 20, kill * 20)) await storeRevision(db, one, 1);
    written += more;
    await once(victim, 'message');
    victim.kill('SIGKILL');
    await once(victim, 'exit');
  }
  other.kill('SIGKILL');
  await once(other, 'exit');
  for (const one of calls.slice(CALLS - 20)) await storeRevision(db, one, 1);

  await new AnalyticsRollUp(db).roll();
  expect(await checkAnalytics(db)).toEqual({ calls: CALLS, wrongCalls: [], wrongSums: [] });
  const question = {
    bucket: 'day',
    groupBy: 'buyer',
    zone: 'UTC',
    from: START,
    to: START + 3 * 86_400_000,
  } as const;
  const { rows } = await readCallReport(db, {
    range: question,
    ...question,
    filter: {},
    now: START + 3 * 86_400_000,
  });
  expect(told(rows, question)).toEqual(recount(calls, question));
});
