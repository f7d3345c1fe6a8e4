import type { CallEndedRecord, FraudPrior, FraudTrace } from '../../../src/domain';
import { Market } from '../../../src/market';
import type { Database, FraudReport, FraudRollUpOptions, Position } from '../../../src/storage';
import {
  FraudRollUp,
  getFraudCase,
  listFraudCases,
  listFraudPriors,
  MarketFeed,
  readTrainingCalls,
  resolveFraudCase,
} from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import {
  answeredRecord,
  decidedRecord,
  endedRecord,
  NOON,
  saleTerms,
  SELLER_ACCOUNT,
  ringTarget,
  unsoldRecord,
} from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import { listed } from '../../support/listed';

const BOOT = { nodeId: 'n1', bootId: 'b1' };
const DAY_MS = 86_400_000;
const EVERY_CASE = { flag: 1, challenge: 1, block: 1, most: 10_000 };
const PAID_AFTER = { kind: 'per_call', amount: 8_000_000, afterMs: 60_000 } as never;
const SALE = { target: ringTarget(), terms: saleTerms({ payout: PAID_AFTER }) };

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
  await own.empty('calls, outbox, settlements, fraud_cases, fraud_sums, fraud_priors');
  await own.query('update roll_ups set position = 0');
});

interface Made {
  readonly fraud?: FraudTrace;
  readonly signals?: Record<string, number>;
  readonly end?: Partial<CallEndedRecord>;
  readonly unsold?: boolean;
}

/** Calls that ended long enough ago to be read. */
async function calls(
  prefix: string,
  count: number,
  { fraud, signals = {}, end = {}, unsold }: Made = {},
): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = `${prefix}-${n}`;
    const record = decidedRecord(id, end.receivedAt ?? NOON);
    const { trace } = record.decision;
    const told = { ...trace, fraud, facts: { ...trace.facts, fraud: signals } };
    const decision = { ...record.decision, trace: told } as typeof record.decision;
    const ended = unsold
      ? unsoldRecord(id, end)
      : endedRecord(id, { sale: SALE, connectedMs: 240_000, ...end });
    await storeEntries(db, [
      { kind: 'decided', boot: BOOT, record: { ...record, decision } },
      ...(unsold ? [] : [{ kind: 'answered' as const, boot: BOOT, record: answeredRecord(id) }]),
      { kind: 'ended', boot: BOOT, record: ended },
    ]);
  }
  await own.query(`update outbox set created_at = now() - interval '20 seconds'`);
}

const roll = (options: FraudRollUpOptions = {}): Promise<FraudReport> =>
  new FraudRollUp(db, { policy: EVERY_CASE, ...options }).roll();
const scored = (score: number, level: FraudTrace['level']): FraudTrace => ({
  score,
  level,
  reasons: ['rotated_numbers:9', 'attestation_c'],
  model: 'rules',
});

async function priors(): Promise<Record<string, Partial<FraudPrior>>> {
  const rows = await listFraudPriors(db, { limit: 100 });
  return Object.fromEntries(rows.map(({ id, updatedAt: _, ...rest }) => [id, rest]));
}

describe('priors', () => {
  test('each call is counted once for its seller, number, trunk and all, however often it is run', async () => {
    await calls('good', 5);
    await calls('short', 3, { end: { connectedMs: 4_000 } });
    expect(await roll()).toEqual({ calls: 8, cases: 0, passedOver: 0, priors: 5 });
    expect(await roll()).toEqual({ calls: 0, cases: 0, passedOver: 0, priors: 0 });
    const expected = { calls: 8, bad: 3, shortCalls: 3, answered: 8, confirmed: 0, cleared: 0 };
    const known = await priors();
    for (const id of ['all', `seller:${SELLER_ACCOUNT}`, 'number:+18005550100', 'trunk:trunk-1']) {
      const { calls: count, bad, shortCalls, answered } = known[id] ?? {};
      expect(
        [id, count, bad, shortCalls, answered].map((n) => (typeof n === 'number' ? Math.round(n) : n)),
      ).toEqual([id, expected.calls, expected.bad, expected.shortCalls, expected.answered]);
    }
    // A block of numbers is counted from its first bad call on.
    expect(known['prefix:2125550']?.calls).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, number, Made]>([
    ['short', 1, { end: { connectedMs: 9_999 } }],
    ['a conversation', 0, { end: { connectedMs: 30_000 } }],
    ['ended as soon as it was paid for', 1, { end: { connectedMs: 62_000 } }],
    ['the buyer ended it then', 0, { end: { connectedMs: 62_000, reason: 'buyer_hangup' } }],
    [
      'hung up as soon as it rang',
      1,
      {
        unsold: true,
        end: { reason: 'caller_cancel', state: 'canceled', firstRingAt: NOON, endedAt: NOON + 900 },
      },
    ],
    [
      'gave up after a while',
      0,
      {
        unsold: true,
        end: { reason: 'caller_cancel', state: 'canceled', firstRingAt: NOON, endedAt: NOON + 9_000 },
      },
    ],
  ])('%s: bad %d', async (_, bad, made) => {
    await calls('one', 1, made);
    await roll();
    expect((await priors())['all']).toMatchObject({ calls: 1, bad });
  });

  test('what the exchange refused is no proof of itself', async () => {
    const fraud = scored(0.9, 'block');
    await calls('refused', 20, {
      unsold: true,
      fraud,
      end: { reason: 'fraud', state: 'rejected', firstRingAt: undefined },
    });
    expect(await roll()).toMatchObject({ calls: 20, cases: 20, priors: 0 });
    expect(await priors()).toEqual({});
  });

  test('old calls count half after thirty days', async () => {
    await calls('old', 8, { end: { receivedAt: NOON, endedAt: NOON, connectedMs: 4_000 } });
    await roll();
    await calls('new', 1, { end: { endedAt: NOON + 30 * DAY_MS } });
    await roll();
    const [sum] = await own.query<{ calls: number; bad: number }>(
      `select calls, bad from fraud_sums where id = 'all'`,
    );
    expect(sum).toEqual({ calls: 5, bad: 4 });
  });

  test('the market is told, and only of what moved', async () => {
    await calls('many', 60);
    await roll();
    const before = await own.query<{ count: string }>(
      `select count(*) from market_history where entity = 'prior'`,
    );
    await calls('few', 3);
    expect(await roll()).toMatchObject({ calls: 3, priors: 0 });
    expect(await own.query(`select count(*) from market_history where entity = 'prior'`)).toEqual(before);
    await calls('bad', 30, { end: { connectedMs: 2_000 } });
    expect((await roll()).priors).toBeGreaterThanOrEqual(4);
    const market = new Market();
    const feed = new MarketFeed(db, market, {});
    await feed.start();
    await until('the priors', () => (market.prior('all')?.bad ?? 0) > 25);
    expect(market.prior(`seller:${SELLER_ACCOUNT}`)?.calls).toBeCloseTo(93, 0);
    await feed.close();
  });

  test('two at once count each call once', async () => {
    await calls('both', 30);
    const reports = await Promise.all([roll(), roll(), roll()]);
    expect(reports.reduce((sum, report) => sum + report.calls, 0)).toBe(30);
    expect((await priors())['all']).toMatchObject({ calls: 30 });
  });

  test('blocks beyond the bound are forgotten, those with the fewest bad calls first', async () => {
    const from = (n: number): string => `+1212555${n}000`;
    for (let n = 0; n < 5; n++) await calls(`b${n}`, n + 1, { end: { connectedMs: 3_000, from: from(n) } });
    // The caller of a call is that of its decision.
    await own.query(`update calls set caller = '+1212555' || substr(id, 2, 1) || '000'`);
    await roll({ mostPrefixes: 2 });
    const left = (await listFraudPriors(db, { kind: 'prefix', limit: 10 })).map(({ id }) => id);
    expect(left).toEqual(['prefix:2125553', 'prefix:2125554']);
  });
});

describe('cases', () => {
  test('calls that were flagged, challenged or blocked wait for people', async () => {
    await calls('clean', 2, { fraud: scored(0.1, 'allow') });
    await calls('flagged', 1, { fraud: scored(0.4, 'flag') });
    await calls('blocked', 1, {
      unsold: true,
      fraud: scored(0.9, 'block'),
      end: { reason: 'fraud', state: 'rejected' },
    });
    expect(await roll()).toMatchObject({ calls: 4, cases: 2 });
    expect(await roll()).toMatchObject({ calls: 0, cases: 0 });
    const open = await listed(listFraudCases(db, { where: { state: 'open' }, limit: 10 }));
    expect(open.map(({ callId }) => callId).sort()).toEqual(['blocked-0', 'flagged-0']);
    expect(await getFraudCase(db, 'blocked-0')).toEqual({
      callId: 'blocked-0',
      state: 'open',
      score: 0.9,
      level: 'block',
      reasons: ['rotated_numbers:9', 'attestation_c'],
      model: 'rules',
      caller: '+12125550123',
      dialled: '+18005550100',
      trunkId: 'trunk-1',
      sellerId: SELLER_ACCOUNT,
      campaignId: 'campaign-1',
      receivedAt: NOON,
      openedAt: expect.any(Date) as unknown,
      resolvedBy: null,
      resolvedAt: null,
      note: null,
    });
    expect(await getFraudCase(db, 'clean-0')).toBeUndefined();
  });

  test('a share of each level, the same whoever looks, and no more than people can look at', async () => {
    await calls('flagged', 60, { fraud: scored(0.4, 'flag') });
    const half = { flag: 0.5, challenge: 1, block: 1, most: 10_000 };
    const { cases } = await roll({ policy: half });
    expect(cases).toBeGreaterThan(15);
    expect(cases).toBeLessThan(45);
    await own.query('truncate fraud_cases');
    await own.query('update roll_ups set position = 0');
    expect(await roll({ policy: half })).toMatchObject({ cases });
    await calls('blocked', 4, { fraud: scored(0.9, 'block') });
    await calls('worst', 1, { fraud: scored(0.99, 'block') });
    const full = await roll({ policy: { ...EVERY_CASE, most: cases + 2 } });
    expect(full).toMatchObject({ cases: 2, passedOver: 3 });
    expect(await getFraudCase(db, 'worst-0')).toBeDefined();
  });

  test('pages go on where the one before ended', async () => {
    await calls('flagged', 7, { fraud: scored(0.4, 'flag') });
    await roll();
    const seen: string[] = [];
    const NEWEST = { field: 'openedAt', kind: 'instant', descending: true } as const;
    for (let after: Position | undefined; ;) {
      const page = await listFraudCases(db, { limit: 3, order: [NEWEST], ...(after ? { after } : {}) });
      seen.push(...page.map(({ row }) => row.callId));
      const last = page.at(-1);
      if (!last || page.length < 3) break;
      after = last.position;
    }
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
    expect(await listFraudCases(db, { where: { sellerId: 'nobody' }, limit: 3 })).toEqual([]);
  });

  test('what people find reaches the priors, once, and can be taken back', async () => {
    await calls('case', 2, { fraud: scored(0.7, 'challenge') });
    await roll();
    const find = (callId: string, state: 'open' | 'confirmed' | 'cleared', note?: string): Promise<unknown> =>
      resolveFraudCase(db, { callId, state, by: 'ann', note });
    const found = async (): Promise<(number | undefined)[]> => {
      const known = await priors();
      const ids = [
        'all',
        `seller:${SELLER_ACCOUNT}`,
        'number:+18005550100',
        'trunk:trunk-1',
        'prefix:2125550',
      ];
      const pairs = new Set(ids.map((id) => `${known[id]?.confirmed}/${known[id]?.cleared}`));
      expect(pairs.size).toBe(1);
      return [known['all']?.confirmed, known['all']?.cleared];
    };
    expect(await find('case-0', 'confirmed', 'a recording')).toMatchObject({
      state: 'confirmed',
      resolvedBy: 'ann',
      resolvedAt: expect.any(Date) as unknown,
      note: 'a recording',
    });
    expect(await found()).toEqual([1, 0]);
    await find('case-0', 'confirmed');
    expect(await found()).toEqual([1, 0]);
    await Promise.all([find('case-1', 'cleared'), find('case-1', 'cleared'), find('case-1', 'cleared')]);
    expect(await found()).toEqual([1, 1]);
    await find('case-0', 'cleared');
    expect(await found()).toEqual([0, 2]);
    expect(await find('case-0', 'open')).toMatchObject({
      state: 'open',
      resolvedBy: null,
      note: 'a recording',
    });
    expect(await found()).toEqual([0, 1]);
    // What calls teach later leaves what people said.
    await calls('later', 40, { end: { connectedMs: 1_000 } });
    await roll();
    expect((await priors())['all']).toMatchObject({ cleared: 1 });
    await expect(find('no-such-call', 'confirmed')).rejects.toMatchObject({ kind: 'not_found' });
  });

  test('a case goes with its call', async () => {
    await calls('case', 1, { fraud: scored(0.7, 'challenge') });
    await roll();
    await own.query('delete from calls');
    expect(await listFraudCases(db, { limit: 3 })).toEqual([]);
  });
});

test('calls to learn from: what people found, and what a buyer talked with and paid for', async () => {
  const signals = { caller_1h: 3 };
  const fraud = scored(0.7, 'challenge');
  await calls('confirmed', 1, { fraud, signals });
  await calls('cleared', 1, { fraud, signals, end: { connectedMs: 5_000 } });
  await calls('undecided', 1, { fraud, signals });
  await calls('paid', 2, { signals });
  await calls('unpaid', 1, { signals });
  await calls('nothing known', 1, { end: {} });
  await calls('brief', 1, { signals, end: { connectedMs: 20_000 } });
  await roll();
  await resolveFraudCase(db, { callId: 'confirmed-0', state: 'confirmed', by: 'ann', note: undefined });
  await resolveFraudCase(db, { callId: 'cleared-0', state: 'cleared', by: 'ann', note: undefined });
  await own.query(
    `insert into settlements (call_id, connected_ms, revenue, payout, currency)
     select id, connected_ms, case when id like 'unpaid%' then 0 else 20000000 end, 0, 'USD' from calls`,
  );
  const learnt = [];
  for await (const call of readTrainingCalls(db, 0, 100)) learnt.push(call);
  expect(learnt.map(({ callId, fraud: bad }) => [callId, bad])).toEqual([
    ['cleared-0', false],
    ['confirmed-0', true],
    ['paid-0', false],
    ['paid-1', false],
  ]);
  expect(learnt[0]).toEqual({
    callId: 'cleared-0',
    sellerId: SELLER_ACCOUNT,
    receivedAt: NOON,
    signals,
    fraud: false,
  });
  const few = [];
  for await (const call of readTrainingCalls(db, 0, 2)) few.push(call.callId);
  expect(few).toEqual(['cleared-0', 'confirmed-0']);
});

test('run now and again, it takes in what ended, and tells what it came to', async () => {
  await calls('flagged', 3, { fraud: scored(0.4, 'flag') });
  const reports: FraudReport[] = [];
  const job = new FraudRollUp(db, {
    policy: EVERY_CASE,
    everyMs: 20,
    onReport: (report) => reports.push(report),
  });
  job.start();
  await until('the first', () => reports.length === 1);
  await calls('more', 2);
  await until('the second', () => reports.length === 2);
  await job.close();
  expect(reports.map((report) => [report.calls, report.cases])).toEqual([
    [3, 3],
    [2, 0],
  ]);
});
