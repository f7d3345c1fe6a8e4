import type { CapLimit, RingAttempt } from '../../../src/domain';
import type { Database } from '../../../src/storage';
import { CapUsage, openRedis, RedisCapReservations } from '../../../src/storage';
import type { CallEntry } from '../../../src/storage/call-entries';
import { storeEntries } from '../../../src/storage/call-entries';
import type { SpentUnits } from '../../../src/storage/local-reservations';
import { decidedRecord, endedRecord, ringTarget, saleTerms } from '../../support/call-records';
import { concurrent, limitOf } from '../../support/cap-limits';
import { insertBids } from '../../support/market-rows';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { testRedis } from '../../support/test-redis';

const BOOT = { nodeId: 'n1', bootId: 'b1' };
const NOW = Date.now();
const LIMITS: readonly CapLimit[] = [
  limitOf('attempts', 'a', 1_000),
  limitOf('connections', 'a', 1_000),
  limitOf('revenue', 'a', 10 ** 9, { amount: 30_000_000, resetsAt: 0 }),
  limitOf('conversions', 'old', 9, { resetsAt: NOW - 2 * 86_400_000 }),
  concurrent('a', 5),
];
const MISSED: readonly CapLimit[] = [limitOf('attempts', 'b', 1_000), limitOf('connections', 'b', 1_000)];
const SOURCE: readonly CapLimit[] = [limitOf('attempts', 'seller', 1_000)];

let own: TestDatabase;
let db: Database;
let calls: number;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await insertBids(db, ['a', 'b']);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
beforeEach(async () => {
  calls = 0;
  await capAttempts(true);
});
afterEach(async () => {
  await own.empty('calls, outbox, settlements, cap_usage, nodes');
  await own.query('update roll_ups set position = 0');
});

const usage = (): CapUsage => new CapUsage(db, { nodeId: 'n1', now: () => NOW });
const capAttempts = (yes: boolean): Promise<object[]> =>
  own.query('update bids set caps = $1', [yes ? '{"attempts": {"day": 5}}' : '{}']);

const ring = (bidId: string, outcome: RingAttempt['outcome']): RingAttempt => ({
  bidId,
  targetId: `target-of-${bidId}`,
  buyerId: `buyer-of-${bidId}`,
  startedAt: NOW,
  durationMs: 9_000,
  outcome,
  sipStatus: outcome === 'answered' ? 200 : 486,
});

/** Calls that `b` missed and `a` took for 20. */
async function sold(count: number, settled: boolean): Promise<void> {
  const target = ringTarget({ bidId: 'a', reservations: LIMITS });
  const plan = [ringTarget({ bidId: 'b', reservations: MISSED }), target];
  const ids = Array.from({ length: count }, () => `call-${calls++}`);
  const attempts = [ring('b', 'busy'), ring('a', 'answered')];
  await storeEntries(
    db,
    ids.flatMap((id): CallEntry[] => {
      const decided = decidedRecord(id);
      const decision = { ...decided.decision, plan, sourceLimits: SOURCE } as typeof decided.decision;
      const sale = { target, terms: saleTerms() };
      return [
        { kind: 'decided', boot: BOOT, record: { ...decided, decision } },
        { kind: 'ended', boot: BOOT, record: endedRecord(id, { attempts, sale, receivedAt: NOW }) },
      ];
    }),
  );
  if (!settled) return;
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency)
     select id, connected_ms, 20000000, 0, 'USD' from calls on conflict do nothing`,
  );
  await own.query('update outbox set done_at = now()');
}

const ripen = (): Promise<object[]> =>
  own.query(`update outbox set created_at = now() - interval '20 seconds'`);

async function told(): Promise<Record<string, number>> {
  const units: SpentUnits[] = [];
  await usage().rebuild((more) => Promise.resolve(void units.push(...more)));
  return Object.fromEntries(units.map(({ key, amount }) => [key.split(':').slice(1, 3).join(' '), amount]));
}

const OF_TEN = {
  'a attempts': 10,
  'a connections': 10,
  'a revenue': 200_000_000,
  'b attempts': 10,
  'seller attempts': 10,
};

test('what is told is the same whether it was counted before or not', async () => {
  await sold(10, true);
  expect(await told()).toEqual(OF_TEN);
  await ripen();
  expect(await usage().roll()).toBe(10);
  expect(await told()).toEqual(OF_TEN);
  await sold(5, false);
  // Not booked yet: 30 is the most each may come to.
  expect(await told()).toEqual({
    'a attempts': 15,
    'a connections': 15,
    'a revenue': 350_000_000,
    'b attempts': 15,
    'seller attempts': 15,
  });
});

test('where nobody caps attempts or sellers, no decision is read again', async () => {
  await capAttempts(false);
  await sold(10, true);
  expect(await told()).toEqual({ 'a attempts': 10, 'a connections': 10, 'a revenue': 200_000_000 });
});

test('several nodes that count at once count each call once; periods long over are let go', async () => {
  await sold(4_100, true);
  await ripen();
  const counted = await Promise.all(Array.from({ length: 3 }, () => usage().roll()));
  counted.push(await usage().roll());
  expect(counted.reduce((sum, calls) => sum + calls, 0)).toBe(4_100);
  expect(await told()).toMatchObject({ 'a connections': 4_100, 'b attempts': 4_100 });
  expect(await own.query(`select key from cap_usage where key like '%conversions%'`)).toEqual([]);
});

test('nodes that beat are known to live', async () => {
  const beat = (id: string, secondsAgo: number): Promise<object[]> =>
    own.query(
      `insert into nodes (id, boot_id, heartbeat_at) values ($1, 'b', now() - $2 * interval '1 second')`,
      [id, secondsAgo],
    );
  await beat('n1', 0);
  await beat('dead', 90);
  expect(await usage().othersLive()).toBe(false);
  await beat('n2', 4);
  expect(await usage().othersLive()).toBe(true);
});

test('a Redis that starts empty sells no more than is left', async () => {
  await sold(10, true);
  const store = await testRedis();
  const redis = openRedis(store.url);
  const caps = new RedisCapReservations(redis, {
    fallback: 'refuse',
    leaseMs: 30_000,
    now: Date.now,
    records: usage(),
  });
  await caps.started();
  const last = { ...(LIMITS[1] as CapLimit), limit: 11 };
  expect(await caps.inUse(last)).toBe(10);
  expect(await caps.reserve('x', [last])).toEqual({ ok: true });
  expect(await caps.reserve('y', [last])).toMatchObject({ ok: false });
  caps.close();
  redis.disconnect();
  await store.drop();
});
