import type { BuyerDiscipline, RingAttempt } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { DisciplineJob, entityStores } from '../../../src/storage';
import { endedRecord, ringTarget, saleTerms, storeEnded } from '../../support/call-records';
import { insertBids } from '../../support/market-rows';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

const NOON = Date.UTC(2026, 10, 21, 12);
const MINUTE = 60_000;
const RULE: BuyerDiscipline = { unanswered: 3, windowMs: 10 * MINUTE, pauseMs: 30 * MINUTE };
const TARGET = 'target-of-strict';

let own: TestDatabase;
let db: Database;
let clock: number;
let calls: number;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await insertBids(db, ['strict'], RULE);
  await insertBids(db, ['free']);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(() => {
  clock = NOON;
  calls = 0;
});
afterEach(async () => {
  await own.query('truncate calls, outbox, target_pauses, target_discipline cascade');
  await own.query('update targets set paused_until = null');
  await own.query('update roll_ups set position = 0');
});

const job = (): DisciplineJob => new DisciplineJob(db, { now: () => clock });

/** A call that rang one target now, and what became of it. */
async function rang(bidId: string, outcome: RingAttempt['outcome'], startedAt = clock): Promise<void> {
  const ring: RingAttempt = {
    bidId,
    targetId: `target-of-${bidId}`,
    buyerId: `buyer-of-${bidId}`,
    startedAt,
    durationMs: 20_000,
    outcome,
    sipStatus: outcome === 'answered' ? 200 : 480,
  };
  const sale = outcome === 'answered' ? { target: ringTarget({ bidId }), terms: saleTerms() } : undefined;
  const record = endedRecord(`call-${calls++}`, { attempts: [ring], sale, endedAt: startedAt + 20_000 });
  await storeEnded(db, [record]);
  await own.query(`update outbox set created_at = now() - interval '1 minute'`);
}

const pausedUntil = async (target = TARGET): Promise<number | null> => {
  const [row] = await own.query<{ until: string | null }>(
    'select paused_until as until from targets where id = $1',
    [target],
  );
  return row && row.until !== null ? Number(row.until) : null;
};
const pauses = (): Promise<object[]> =>
  own.query(
    `select target_id as target, paused_at::float8 as at, until::float8 as until, lifted_by as lifted
     from target_pauses order by id`,
  );

test('a target that misses its calls is paused, and it is noted why; others are left alone', async () => {
  for (let n = 0; n < 3; n++) {
    await rang('strict', 'no_answer');
    await rang('free', 'no_answer');
    clock += MINUTE;
  }
  const until = clock + RULE.pauseMs;
  expect(await job().look()).toEqual([
    { targetId: TARGET, until, reason: '3 rings missed within 600 s, the last one no_answer' },
  ]);
  expect([await pausedUntil(), await pausedUntil('target-of-free')]).toEqual([until, null]);
  expect(await pauses()).toEqual([{ target: TARGET, at: clock, until, lifted: null }]);
  expect(
    await own.query(`select payload->>'until' as until, subject, done_at is not null as done from outbox
      where type = 'target.paused'`),
  ).toEqual([{ until: String(until), subject: `${TARGET}:${until}`, done: true }]);
  // The market hears of it as of any change.
  const [history] = await own.query<{ value: object }>(
    `select value from market_history where entity = 'target' and id = $1 order by seq desc limit 1`,
    [TARGET],
  );
  expect(history?.value).toMatchObject({ paused_until: until });
  expect(await job().look()).toEqual([]);
});

test('what counts is remembered from one look to the next', async () => {
  for (let n = 0; n < 3; n++) {
    await rang('strict', 'busy');
    expect(await job().look()).toHaveLength(n === 2 ? 1 : 0);
    clock += MINUTE;
  }
});

test('until it answers, each pause of a day lasts twice as long as the one before', async () => {
  for (let n = 0; n < 3; n++) await rang('strict', 'unreachable');
  await job().look();
  const lasted: number[] = [];
  for (let n = 0; n < 4; n++) {
    clock = (await pausedUntil()) ?? 0;
    await rang('strict', 'no_answer');
    await job().look();
    lasted.push(((await pausedUntil()) ?? 0) - clock);
  }
  expect(lasted).toEqual([60, 120, 240, 480].map((minutes) => minutes * MINUTE));
  clock = (await pausedUntil()) ?? 0;
  await rang('strict', 'answered');
  await rang('strict', 'no_answer');
  expect(await job().look()).toEqual([]);
});

test('a pause that a person lifts is over, and nothing of it is held against the target', async () => {
  for (let n = 0; n < 3; n++) await rang('strict', 'busy');
  await job().look();
  const stores = entityStores(db);
  const target = await stores.target.get(TARGET);
  await stores.target.update(TARGET, target?.version ?? 0, { pausedUntil: undefined });
  clock += MINUTE;
  expect(await job().look()).toEqual([]);
  expect(await pauses()).toMatchObject([{ lifted: 'hand' }]);
  for (let n = 0; n < 2; n++) await rang('strict', 'busy');
  expect(await job().look()).toEqual([]);
  await rang('strict', 'busy');
  // As long as a first one.
  expect(await job().look()).toMatchObject([{ until: clock + RULE.pauseMs }]);
});

test('a pause that ran out was not lifted', async () => {
  for (let n = 0; n < 3; n++) await rang('strict', 'busy');
  await job().look();
  clock += RULE.pauseMs;
  await own.query('update targets set paused_until = null');
  await job().look();
  expect(await pauses()).toMatchObject([{ lifted: null }]);
});

test('several nodes that look at once pause it once', async () => {
  for (let n = 0; n < 3; n++) await rang('strict', 'busy');
  const found = await Promise.all(Array.from({ length: 5 }, () => job().look()));
  expect(found.flat()).toHaveLength(1);
  expect(await pauses()).toHaveLength(1);
});

test('runs by itself, and tells', async () => {
  const told: string[] = [];
  const errors: Error[] = [];
  const running = new DisciplineJob(db, {
    now: () => clock,
    everyMs: 20,
    onPaused: ({ targetId }) => told.push(targetId),
    onError: (error) => errors.push(error),
  });
  running.start();
  for (let n = 0; n < 3; n++) await rang('strict', 'busy');
  await until('the pause', () => told.length > 0);
  await running.close();
  expect([told, errors]).toEqual([[TARGET], []]);
});
