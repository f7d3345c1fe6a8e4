import * as fc from 'fast-check';
import type { CallReport, Grouping } from '../../../src/analytics';
import {
  AnalyticsRollUp,
  checkAnalytics,
  GROUPINGS,
  readCallReport,
  rebuildAnalytics,
} from '../../../src/analytics';
import type { Database } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import type { ModelCall } from './support/histories';
import { histories, insertMarket, storeEnd, storeRevision, storeSettlement } from './support/histories';
import type { Question } from './support/recount';
import { recount, told } from './support/recount';

const ZONES = [
  'America/New_York',
  'Europe/London',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'America/St_Johns',
  'Asia/Kolkata',
];
const BUCKETS = ['quarter', 'hour', 'day', 'total'] as const;
const NOW = Date.UTC(2026, 10, 22);
const FIRST = Date.UTC(2026, 2, 8);

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url, { statementTimeoutMs: 20_000 });
  await insertMarket(db);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(() => forget());

async function forget(): Promise<void> {
  await own.empty('calls, outbox, settlements, call_facts, analytics_sums');
  await own.query(
    'update analytics_progress set position = 0, backfill_at = default, backfill_id = default, days_at = null',
  );
}

function ask({
  from,
  to,
  zone,
  bucket,
  groupBy,
  buyerId,
  campaignId,
  account,
}: Question): Promise<CallReport> {
  return readCallReport(db, {
    range: { from, to },
    bucket,
    groupBy,
    zone,
    filter: { buyerId, campaignId, account },
    now: NOW,
  });
}

/** Every history of calls and of their money, with the job at work now and then. */
const courses = fc.record({
  calls: histories,
  zone: fc.constantFrom(...ZONES),
  bucket: fc.constantFrom(...BUCKETS),
  /** When the job runs: after so many writes. */
  rollEvery: fc.integer({ min: 1, max: 40 }),
  batch: fc.integer({ min: 1, max: 7 }),
  /** Part of the writes are of before the job has run for the first time. */
  rollsLast: fc.boolean(),
});

type Course = typeof courses extends fc.Arbitrary<infer T> ? T : never;

async function live({ calls, rollEvery, batch, rollsLast }: Course): Promise<void> {
  const job = new AnalyticsRollUp(db, { batch });
  const writes = [
    ...calls.map((call) => () => storeEnd(db, call)),
    ...calls.filter(({ money }) => money).map((call) => () => storeSettlement(db, call)),
    ...calls.flatMap((call) => call.revisions.map((_, n) => () => storeRevision(db, call, n + 1))),
  ];
  for (const [n, write] of writes.entries()) {
    await write();
    if (n % rollEvery === 0 && n < 60) await job.roll();
  }
  if (rollsLast) await job.roll();
}

async function storeWhole(call: ModelCall): Promise<void> {
  await storeEnd(db, call);
  if (call.money) await storeSettlement(db, call);
  for (const n of call.revisions.keys()) await storeRevision(db, call, n + 1);
}

/** The day of a call, and the days around it. */
function around({ receivedAt }: ModelCall, bucket: Question['bucket']): { from: number; to: number } {
  if (bucket === 'total') return { from: FIRST, to: FIRST + 270 * 86_400_000 };
  const day = receivedAt - (receivedAt % 86_400_000);
  return { from: day - 86_400_000, to: day + 2 * 86_400_000 };
}

test('whatever happened to calls and their money, figures are what a recount says, in every zone', async () => {
  await fc.assert(
    fc.asyncProperty(courses, async (course) => {
      await forget();
      await live(course);
      const { calls, zone, bucket } = course;
      for (const groupBy of [...GROUPINGS, undefined] as (Grouping | undefined)[]) {
        // By the hour of zones that are not whole hours away, few days at once.
        const span = around(calls[0] as ModelCall, groupBy === 'hour' && bucket === 'total' ? 'day' : bucket);
        const question = { zone, bucket, groupBy, ...span };
        expect({ groupBy, rows: told((await ask(question)).rows, question) }).toEqual({
          groupBy,
          rows: recount(calls, question),
        });
      }
      for (const more of [
        { groupBy: 'campaign', account: { of: 'buyer', id: 'a1' } },
        { groupBy: 'state', account: { of: 'seller', id: 's1' } },
        { account: { of: 'buyer', id: 'a1' } },
        { groupBy: 'hour', account: { of: 'trunk', id: 'k1' } },
        { groupBy: 'buyer', campaignId: 'c1' },
        { groupBy: 'hour', buyerId: 'b3' },
      ] as const) {
        const wanted = {
          zone,
          bucket,
          ...around(calls[0] as ModelCall, bucket === 'total' ? 'day' : bucket),
          ...more,
        };
        expect({ more, rows: told((await ask(wanted)).rows, wanted) }).toEqual({
          more,
          rows: recount(calls, wanted),
        });
      }
      await new AnalyticsRollUp(db).roll();
      expect(await checkAnalytics(db)).toEqual({ calls: calls.length, wrongCalls: [], wrongSums: [] });
    }),
    { numRuns: 8 },
  );
});

test('days that sums are added for by an upgrade are filled in from the newest back, while calls come in', async () => {
  const calls = fc
    .sample(histories, { numRuns: 20, seed: 42 })
    .reduce((most, few) => (few.length > most.length ? few : most));
  const [late, ...early] = calls as [ModelCall, ...ModelCall[]];
  for (const call of early) await storeWhole(call);
  await new AnalyticsRollUp(db).roll();
  const inZones = 'grain = 1440 and start_at % 86400000 <> 0';
  const days = await own.query<object>(
    `select * from analytics_sums where ${inZones} order by 1, 2, 3, 4, 5, 6`,
  );
  expect(days.length).toBeGreaterThan(0);

  // As the upgrade leaves it, and part of a day has come in since.
  await own.query(`delete from analytics_sums where ${inZones} and (start_at / 86400000) % 2 = 0`);
  await own.query(`update analytics_sums set calls = calls + 1 where ${inZones}`);
  await own.query('update analytics_progress set days_at = 9000000000000000');
  expect((await checkAnalytics(db)).wrongSums).toEqual([]);
  const asked = (): Question[] =>
    ['America/New_York', 'Asia/Kolkata', 'Europe/London', 'America/Halifax'].map((zone) => ({
      zone,
      bucket: 'day',
      groupBy: 'campaign',
      from: FIRST,
      to: FIRST + 270 * 86_400_000,
    }));
  const assertTold = async (of: readonly ModelCall[]): Promise<void> => {
    for (const question of asked())
      expect(told((await ask(question)).rows, question)).toEqual(recount(of, question));
  };
  await assertTold(early);
  // Some of the days are there already.
  let steps = 0;
  await new AnalyticsRollUp(db).roll(() => ++steps > 8);
  const [progress] = await own.query<{ days_at: number | string | null }>(
    'select days_at from analytics_progress',
  );
  expect(Number(progress?.days_at)).toBeLessThan(NOW);
  expect(Number(progress?.days_at)).toBeGreaterThan(0);
  await assertTold(early);
  expect((await checkAnalytics(db)).wrongSums).toEqual([]);

  await storeWhole(late);
  await new AnalyticsRollUp(db).roll();
  expect(await own.query('select days_at from analytics_progress')).toEqual([{ days_at: null }]);
  expect(await checkAnalytics(db)).toEqual({ calls: calls.length, wrongCalls: [], wrongSums: [] });
  await assertTold(calls);
});

test('a rebuild makes the same of the same, and mends what is wrong', async () => {
  const calls = fc.sample(histories, { numRuns: 1, seed: 6 })[0] ?? [];
  for (const call of calls) {
    await storeEnd(db, call);
    await storeSettlement(db, call);
  }
  await new AnalyticsRollUp(db).roll();
  const before = await own.query<object>('select * from analytics_sums order by 1, 2, 3, 4, 5, 6');
  expect(before.length).toBeGreaterThan(0);
  await own.query(`update analytics_sums set calls = calls + 1 where cube = 'total' and grain = 60`);
  await own.query(`update call_facts set connected_ms = connected_ms + 7 where call_id = 'call-0'`);
  const wrong = await checkAnalytics(db);
  expect(wrong.wrongCalls).toEqual(['call-0']);
  expect(wrong.wrongSums.length).toBeGreaterThan(0);
  await own.query('update analytics_progress set days_at = 9000000000000000');
  expect(await rebuildAnalytics(db)).toEqual({ calls: calls.length, sums: before.length });
  expect(await own.query('select days_at from analytics_progress')).toEqual([{ days_at: null }]);
  expect(await checkAnalytics(db)).toEqual({ calls: calls.length, wrongCalls: [], wrongSums: [] });
  expect(await own.query('select * from analytics_sums order by 1, 2, 3, 4, 5, 6')).toEqual(before);
});
