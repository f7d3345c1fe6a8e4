import type { BidQuality, RingAttempt } from '../../../src/domain';
import { Market } from '../../../src/market';
import type { Database } from '../../../src/storage';
import { MarketFeed, QualityRollUp } from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import {
  answeredRecord,
  decidedRecord,
  endedRecord,
  ringTarget,
  saleTerms,
} from '../../support/call-records';
import { insertBids } from '../../support/market-rows';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';

const BOOT = { nodeId: 'n1', bootId: 'b1' };
const NOW = Date.UTC(2026, 10, 21, 13);
const BIDS = ['bid-1', 'bid-2'];

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  await insertBids(db, BIDS);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});
afterEach(async () => {
  await own.empty('calls, outbox, settlements, bid_sums, bid_qualities');
  await own.query('update roll_ups set position = 0');
});

const rollUp = (): QualityRollUp => new QualityRollUp(db, { now: () => NOW });

const ring = (bidId: string, outcome: RingAttempt['outcome']): RingAttempt => ({
  bidId,
  targetId: `target-of-${bidId}`,
  buyerId: `buyer-of-${bidId}`,
  startedAt: NOW,
  durationMs: 9_000,
  outcome,
  sipStatus: outcome === 'answered' ? 200 : 486,
});

/** Calls that bid-2 missed and bid-1 took, each settled for 20 unless told otherwise. */
async function calls(prefix: string, count: number, { settled = true } = {}): Promise<void> {
  const sale = { target: ringTarget({ bidId: 'bid-1' }), terms: saleTerms() };
  const attempts = [ring('bid-2', 'busy'), ring('bid-1', 'answered')];
  const ids = Array.from({ length: count }, (_, n) => `${prefix}-${n}`);
  await storeEntries(
    db,
    ids.flatMap((id) => [
      { kind: 'decided' as const, boot: BOOT, record: decidedRecord(id) },
      { kind: 'answered' as const, boot: BOOT, record: answeredRecord(id) },
      { kind: 'ended' as const, boot: BOOT, record: endedRecord(id, { attempts, sale, endedAt: NOW }) },
    ]),
  );
  if (settled) await settle(prefix);
}

async function settle(prefix: string): Promise<void> {
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency)
     select id, connected_ms, 20000000, 0, 'USD' from calls where id like $1 || '-%'`,
    [prefix],
  );
  await own.query(`update outbox set done_at = now() where subject like $1 || '-%'`, [prefix]);
}

const ripen = (seconds = 20): Promise<object[]> =>
  own.query(`update outbox set created_at = now() - $1 * interval '1 second'`, [seconds]);
const qualities = (): Promise<(BidQuality & { version: number })[]> =>
  own.query(
    `select id, rings, answers, conversions, connected_ms::float8 as "connectedMs", revenue::float8 as revenue, version
     from bid_qualities order by id`,
  );

test('each call is counted once, and the market knows', async () => {
  await calls('a', 10);
  await ripen();
  expect(await rollUp().roll()).toEqual({ calls: 10, published: 2 });
  expect(await rollUp().roll()).toEqual({ calls: 0, published: 0 });
  const expected = [
    {
      id: 'bid-1',
      rings: 10,
      answers: 10,
      conversions: 10,
      connectedMs: 600_000,
      revenue: 200_000_000,
      version: 1,
    },
    { id: 'bid-2', rings: 10, answers: 0, conversions: 0, connectedMs: 0, revenue: 0, version: 1 },
  ];
  expect(await qualities()).toEqual(expected);
  const market = new Market();
  const feed = new MarketFeed(db, market, {
    onFresh: () => undefined,
    onStale: () => undefined,
    onBadRow: () => undefined,
  });
  await feed.start();
  expect(market.quality('bid-1')).toMatchObject({ answers: 10, revenue: 200_000_000 });
  await calls('b', 10);
  await ripen();
  expect(await rollUp().roll()).toEqual({ calls: 10, published: 2 });
  await until('the market to know', () => market.quality('bid-2')?.rings === 20);
  feed.close();
});

test('what hardly moves a record is counted, and told to the market later', async () => {
  await calls('a', 100);
  await ripen();
  await rollUp().roll();
  await calls('b', 5);
  await ripen();
  expect(await rollUp().roll()).toEqual({ calls: 5, published: 0 });
  expect((await qualities()).map(({ rings, version }) => [rings, version])).toEqual([
    [100, 1],
    [100, 1],
  ]);
  await calls('c', 1);
  await ripen();
  expect(await rollUp().roll()).toEqual({ calls: 1, published: 2 });
  expect((await qualities()).map(({ rings, version }) => [rings, version])).toEqual([
    [106, 2],
    [106, 2],
  ]);
});

test('several nodes that run it at once count each call once', async () => {
  await calls('a', 4_500);
  await ripen();
  const nodes = Array.from({ length: 4 }, rollUp);
  const reports = await Promise.all(nodes.map((node) => node.roll()));
  reports.push(await rollUp().roll());
  expect(reports.reduce((sum, report) => sum + report.calls, 0)).toBe(4_500);
  expect((await own.query(`select rings, answers, conversions from bid_sums order by bid_id`))[0]).toEqual({
    rings: 4_500,
    answers: 4_500,
    conversions: 4_500,
  });
});

test('calls wait for their money, though not for ever, and for statements that may be under way', async () => {
  await calls('paid', 1);
  await calls('open', 1, { settled: false });
  await calls('later', 1);
  expect(await rollUp().roll()).toMatchObject({ calls: 0 });
  await ripen();
  expect(await rollUp().roll()).toMatchObject({ calls: 1 });
  await settle('open');
  expect(await rollUp().roll()).toMatchObject({ calls: 2 });
  await calls('never', 1, { settled: false });
  await ripen(16 * 60);
  expect(await rollUp().roll()).toMatchObject({ calls: 1 });
  expect((await own.query(`select answers, conversions from bid_sums order by bid_id`))[0]).toEqual({
    answers: 4,
    conversions: 3,
  });
});

test('bids that are gone are passed over, and their records go with them', async () => {
  await insertBids(db, ['bid-3']);
  const attempts = [ring('bid-3', 'busy'), ring('no-such-bid', 'busy')];
  await storeEntries(db, [
    { kind: 'ended', boot: BOOT, record: endedRecord('x', { attempts, sale: undefined, endedAt: NOW }) },
  ]);
  await own.query('update outbox set done_at = now()');
  await ripen();
  expect(await rollUp().roll()).toEqual({ calls: 1, published: 1 });
  await own.query(`delete from bids where id = 'bid-3'`);
  expect(await qualities()).toEqual([]);
});

test('runs by itself, and ends when it is told', async () => {
  const published: number[] = [];
  const errors: Error[] = [];
  const job = new QualityRollUp(db, {
    now: () => NOW,
    everyMs: 20,
    onPublished: (bids) => published.push(bids),
    onError: (error) => errors.push(error),
  });
  job.start();
  await calls('a', 3);
  await ripen();
  await until('the record', () => published.length > 0);
  await job.close();
  await calls('b', 30);
  await ripen();
  expect([published, errors]).toEqual([[2], []]);
  expect((await qualities()).map(({ rings }) => rings)).toEqual([3, 3]);
});
