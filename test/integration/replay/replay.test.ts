import fc from 'fast-check';
import type { Bid, Decision, E164 } from '../../../src/domain';
import { ROUTING_STRATEGIES } from '../../../src/domain';
import { decide, LiveSources } from '../../../src/decision';
import { FraudState, ModelShelf } from '../../../src/fraud';
import { MarketFields } from '../../../src/api';
import { Activity, Market } from '../../../src/market';
import { MarketEdits, parseEdit, replayCall, whatif } from '../../../src/replay';
import type { WhatifReport } from '../../../src/replay';
import { runReplay, runWhatif } from '../../../src/commands/replay-commands';
import type { Database, EntityStores } from '../../../src/storage';
import { DEMO, entityStores, MarketFeed, seedDemoMarket } from '../../../src/storage';
import { storeEntries } from '../../../src/storage/call-entries';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { until } from '../../support/until';
import {
  account,
  attempt,
  bidOf,
  buyer,
  campaign,
  CALLER,
  NOON,
  number,
  seller,
  target,
  trunk,
  usd,
} from '../../unit/market/fixtures';

const BUYERS = [1, 2, 3] as const;
const BOOT = { nodeId: 'node', bootId: 'boot' };

let own: TestDatabase;
let db: Database;
let stores: EntityStores;
let market: Market;
let feed: MarketFeed;
let activity: Activity;
let fraud: FraudState;
let calls: number;

/** Stores an entity of the fixtures. */
async function store(entity: keyof EntityStores, { id, ...value }: { readonly id: string }): Promise<void> {
  await stores[entity].insert(id, value as never);
}

beforeEach(async () => {
  own = await testDatabase();
  db = openDatabase(own.url);
  stores = entityStores(db);
  await store('account', account({ id: 'carrier', type: 'carrier' }));
  await store('account', account({ id: 'seller-account', type: 'seller' }));
  await store('trunk', trunk());
  await store('seller', seller());
  await store(
    'campaign',
    campaign({ margin: {}, duplicates: { windowMs: 0, after: 'connected', scope: 'buyer' } }),
  );
  await store('number', number());
  for (const n of BUYERS) {
    await store('account', account({ id: `account-${n}` }));
    await store('buyer', buyer({ id: `buyer-${n}`, accountId: `account-${n}` }));
    await store(
      'target',
      target({ id: `target-${n}`, buyerId: `buyer-${n}`, uri: `sip:desk-${n}@192.0.2.7` }),
    );
    await store('bid', bidOf(n, { price: usd(10 * n) }));
  }
  market = new Market();
  feed = new MarketFeed(db, market);
  await feed.start();
  activity = new Activity(market);
  fraud = new FraudState();
  calls = 0;
});
afterEach(async () => {
  feed.close();
  await db.close();
  await own.drop();
});

/** A call comes in, is decided over the market as this node has it, and the decision is stored. */
async function call(over: Parameters<typeof attempt>[0] = {}, now = NOON + calls * 1_000): Promise<Decision> {
  const callId = `call-${++calls}`;
  const decision = decide({
    attempt: attempt({ callId, receivedAt: now, ...over }),
    market,
    sources: new LiveSources(market, activity, fraud),
    models: new ModelShelf().of(market.models),
    now,
    seed: calls * 2_654_435_761,
  });
  activity.recordDecision(decision);
  if (over.from !== undefined) activity.recordAttempt(over.from, now);
  const record = { attempt: decision.trace.attempt, sipCallId: callId, decision, decisionMicroseconds: 9 };
  await storeEntries(db, [{ kind: 'decided', boot: BOOT, record }]);
  return decision;
}

/** Resolves once the market knows everything that was written before. */
async function caughtUp(): Promise<void> {
  const name = `Marker ${Math.random()}`;
  await stores.account.update('carrier', undefined, { name });
  await until('the market', () => market.account('carrier')?.name === name);
}

const winner = (decision: Decision): string | undefined =>
  decision.ok ? decision.plan[0]?.bidId : undefined;

const callers = fc.constantFrom<E164 | undefined>(
  CALLER,
  '+13105550123' as E164,
  '+442079460958' as E164,
  undefined,
);
type Change = (n: number) => Promise<unknown>;
const changes: readonly Change[] = [
  (n) => stores.campaign.update('campaign', undefined, { reservePrice: usd(n % 35) }),
  (n) =>
    stores.campaign.update('campaign', undefined, { auctionType: n % 2 ? 'first_price' : 'second_price' }),
  (n) =>
    stores.campaign.update('campaign', undefined, {
      routing: ROUTING_STRATEGIES[n % ROUTING_STRATEGIES.length] ?? 'auction',
    }),
  (n) => stores.buyer.update(`buyer-${(n % 3) + 1}`, undefined, { status: n % 2 ? 'paused' : 'active' }),
  (n) => {
    const price = usd(1 + (n % 40));
    const plan: Bid['plan'] = { kind: 'per_call', amount: price, afterMs: 0 };
    return stores.bid.update(`bid-${(n % 3) + 1}`, undefined, { price, plan, priority: 1 + (n % 4) });
  },
  (n) =>
    stores.bid.update(`bid-${(n % 3) + 1}`, undefined, {
      targeting: n % 2 ? { states: ['NY'] } : {},
      weight: 1 + n,
    }),
  (n) =>
    stores.account.update(`account-${(n % 3) + 1}`, undefined, { status: n % 2 ? 'suspended' : 'active' }),
  (n) => stores.target.update(`target-${(n % 3) + 1}`, undefined, { settings: { ringTimeoutMs: 1_000 + n } }),
  (n) =>
    stores.override.insert(`order-${n}-${Math.random()}`, {
      place: 'NY',
      effect: n % 2 ? 'forbid' : 'allow',
      startsAt: NOON - 1,
      endsAt: NOON + 3_600_000,
      citation: `Order ${n}`,
    }),
];

test('whatever changes before and after, every stored decision comes out the same again, bit for bit', async () => {
  const event = fc.oneof(
    fc.record({ change: fc.nat(changes.length - 1), n: fc.nat(99) }),
    fc.record({ from: callers, wait: fc.boolean() }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 20, maxLength: 40 }), async (events) => {
      const first = calls + 1;
      for (const one of events) {
        if ('change' in one) await changes[one.change]?.(one.n);
        else {
          if (one.wait) await caughtUp();
          await call({ from: one.from });
        }
      }
      await own.query(`update campaigns set status = 'archived'; delete from bids`);
      for (let n = first; n <= calls; n++) {
        const replayed = await replayCall(db, `call-${n}`);
        expect(replayed).toMatchObject({ ok: true, differences: [] });
      }
      await own.query(`update campaigns set status = 'active'`);
      for (const n of BUYERS) await store('bid', bidOf(n, { price: usd(10 * n) }));
    }),
    { numRuns: 4 },
  );
});

test('a decision that comes out otherwise is told field by field, and ends with 1', async () => {
  await call();
  await own.query(`update call_decisions set decision =
    jsonb_set(jsonb_set(decision, '{plan,0,price}', '1'), '{trace,seed}', '0')`);
  const lines: string[] = [];
  expect(await runReplay(db, 'call-1', {}, (line) => lines.push(line))).toBe(1);
  expect(lines).toEqual(['1 fields differ:', `  plan[0].price: stored 1, now ${usd(30)}`]);
  const json: string[] = [];
  expect(await runReplay(db, 'call-1', { json: true }, (line) => json.push(line))).toBe(1);
  expect(JSON.parse(json.join(''))).toMatchObject({ same: false, differences: [{ path: 'plan[0].price' }] });
});

test('the same decision ends with 0, one that cannot be made again with 2', async () => {
  await call();
  await call({ to: '+18005550000' as E164 });
  const lines: string[] = [];
  const say = (line: string): unknown => lines.push(line);
  expect(await runReplay(db, 'call-1', {}, say)).toBe(0);
  expect(await runReplay(db, 'call-2', {}, say)).toBe(0);
  expect(await runReplay(db, 'nobody', {}, say)).toBe(2);
  await own.query(
    `update call_decisions set decision = decision #- '{trace,marketPosition}' where call_id = 'call-1'`,
  );
  expect(await runReplay(db, 'call-1', {}, say)).toBe(2);
  await own.query(`update market_eras set horizon = pg_current_xact_id()`);
  expect(await runReplay(db, 'call-2', {}, say)).toBe(2);
  expect(lines).toEqual([
    'same: sold to buyer-3',
    'same: the number is not in service',
    'no decision about this call is stored',
    'it was decided before the history of the market was kept',
    'the history of the market does not go back that far any more',
  ]);
});

const fields = new MarketFields();
const PERIOD = { from: NOON, to: NOON + 3_600_000 };

function asIf(...texts: string[]): Promise<WhatifReport> {
  const edits = texts.map((text) => parseEdit(text, (entity) => fields.of(entity)));
  const check = (entity: string, values: Readonly<Record<string, unknown>>, whole: boolean): object =>
    fields.check(entity, values, whole);
  return whatif(db, { period: PERIOD, edits: new MarketEdits(edits, check as never) });
}

/** Ten calls: the first four while buyer 3 bids 30, then six while it is paused and buyer 2 wins at 20. */
async function tenCalls(): Promise<void> {
  for (let n = 0; n < 4; n++) expect(winner(await call())).toBe('bid-3');
  await stores.buyer.update('buyer-3', undefined, { status: 'paused' });
  await caughtUp();
  for (let n = 0; n < 6; n++) expect(winner(await call())).toBe('bid-2');
  // What comes later is nothing to calls that were before.
  await stores.campaign.update('campaign', undefined, { status: 'paused' });
  await caughtUp();
}

test('whatif: a reserve that would have kept a buyer out, by hand', async () => {
  await tenCalls();
  const report = await asIf('campaign.campaign.reservePrice=25000000');
  // Four calls at 30 stay; six at 20 are not sold. The seller's 5 a call.
  const before = { sold: 10, revenue: usd(4 * 30 + 6 * 20), payout: usd(50), margin: usd(190) };
  const after = { sold: 4, revenue: usd(120), payout: usd(20), margin: usd(100) };
  const comparison = { currency: 'USD', calls: 10, winnersChanged: 6, before, after };
  expect(report).toMatchObject({
    calls: 10,
    skipped: {},
    notReproduced: 0,
    totals: [comparison],
    campaigns: [{ campaignId: 'campaign', ...comparison }],
    buyers: [
      { buyerId: 'buyer-3', before: { won: 4, revenue: usd(120) }, after: { won: 4, revenue: usd(120) } },
      { buyerId: 'buyer-2', before: { won: 6, revenue: usd(120) }, after: { won: 0, revenue: 0 } },
    ],
    shifts: [{ from: 'sold', to: 'no_buyer', calls: 6 }],
    unmet: [],
  });
});

test('whatif: a change of an entity holds however often that was changed meanwhile', async () => {
  await tenCalls();
  const report = await asIf('bid.bid-1.price=40000000', 'buyer.buyer-3.status=active', 'bid.nobody.price=1');
  expect(report).toMatchObject({
    totals: [{ winnersChanged: 10, before: { sold: 10 }, after: { sold: 10, revenue: usd(400) } }],
    buyers: [{ buyerId: 'buyer-1', before: { won: 0 }, after: { won: 10 } }, {}, {}],
    shifts: [],
    unmet: ['bid/nobody'],
  });
});

test('whatif: nothing changed, nothing comes of it; calls outside the period are none', async () => {
  await tenCalls();
  await call({}, NOON - 1);
  await call({}, PERIOD.to);
  const report = await asIf('campaign.campaign.name=Renamed');
  expect(report).toMatchObject({ calls: 10, notReproduced: 0, shifts: [], totals: [{ winnersChanged: 0 }] });
});

test('whatif: a buyer who was never there', async () => {
  await tenCalls();
  const price = usd(35);
  const edits = [
    {
      entity: 'bid',
      id: 'late',
      add: {
        campaignId: 'campaign',
        buyerId: 'buyer-1',
        targetId: 'target-1',
        price,
        plan: { kind: 'per_call', amount: price, afterMs: 0 },
      },
    },
    { entity: 'bid', id: 'bid-2', remove: true },
  ] as const;
  const report = await whatif(db, {
    period: PERIOD,
    edits: new MarketEdits(edits, (entity, values, whole) => fields.check(entity, values, whole)),
  });
  expect(report).toMatchObject({ totals: [{ winnersChanged: 10, after: { sold: 10, revenue: usd(350) } }] });
});

test('whatif: pages follow each other without a gap, and end when told', async () => {
  await tenCalls();
  const seen: number[] = [];
  const edits = new MarketEdits([], () => ({}));
  const report = await whatif(db, {
    period: PERIOD,
    edits,
    pageSize: 3,
    onProgress: (done) => seen.push(done),
  });
  expect([report.calls, seen]).toEqual([10, [3, 6, 9, 10]]);
  const cut = await whatif(db, { period: PERIOD, edits, pageSize: 3, stopped: () => true });
  expect(cut.calls).toBe(3);
});

test('dce whatif prints the report, as a table or as JSON', async () => {
  await tenCalls();
  const run = async (args: Partial<Parameters<typeof runWhatif>[1]>): Promise<[number, string]> => {
    const lines: string[] = [];
    const code = await runWhatif(
      db,
      { change: [], ...args },
      { say: (line) => lines.push(line), progress: () => undefined, now: NOON + 86_400_000 },
    );
    return [code, lines.join('\n')];
  };
  const change = ['campaign.campaign.reservePrice=25000000'];
  const [code, text] = await run({ change });
  expect(code).toBe(0);
  expect(text).toContain('10 calls decided again');
  expect(text).toMatch(/^campaign +10 +10 → 4 +6 +240\.00 USD → 120\.00 USD/m);
  expect(text).toMatch(/^sold +no_buyer +6$/m);
  const [, json] = await run({ change, json: true, from: '2026-11-21', to: '2026-11-22T00:00:00Z' });
  expect(JSON.parse(json)).toMatchObject({ from: '2026-11-21T00:00:00.000Z', calls: 10 });
  expect(await run({ change, campaign: 'other' })).toMatchObject([2, expect.stringContaining('0 calls')]);
  const ping = '{"url":"https://b.example","method":"GET","timeoutMs":99,"perSecond":0,"showCaller":false';
  const asked = `bid.bid-1.ping=${ping},"secret":"between-two-parties"}`;
  const [, masked] = await run({ change: [...change, asked], json: true });
  expect(masked).toContain('"secret": "***"');
  expect(masked).not.toContain('between-two-parties');
  await expect(run({})).rejects.toThrow('nothing is to be changed');
  await expect(run({ change, from: 'soon' })).rejects.toThrow('--from');
  await expect(run({ change: ['campaign.campaign.reservePrice=-1'] })).rejects.toThrow(
    'campaign.reservePrice',
  );
  await expect(run({ file: __filename })).rejects.toThrow('replay.test.ts');
});

test('the demo market sells, and at a profit', async () => {
  const demo = await testDatabase();
  const pool = openDatabase(demo.url);
  await seedDemoMarket(pool, { buyerPorts: [5070, 5072] });
  const demoMarket = new Market();
  const demoFeed = new MarketFeed(pool, demoMarket);
  await demoFeed.start();
  demoFeed.close();
  const decision = decide({
    attempt: attempt({ to: DEMO.number as E164, trunkId: 'demo-trunk' }),
    market: demoMarket,
    sources: new LiveSources(demoMarket, new Activity(demoMarket), new FraudState()),
    models: new ModelShelf().of(demoMarket.models),
    now: NOON,
    seed: 1,
  });
  expect(decision).toMatchObject({
    ok: true,
    plan: [{ buyerId: 'demo-buyer-1' }, { buyerId: 'demo-buyer-2' }],
  });
  await pool.close();
  await demo.drop();
});
