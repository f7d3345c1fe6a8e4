import * as fc from 'fast-check';
import { MarketFields } from '../../../src/api';
import type { Decision } from '../../../src/domain';
import { FraudState, ModelShelf } from '../../../src/fraud';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import type { DraftChange, DryRunResult } from '../../../src/replay';
import { DryRuns } from '../../../src/replay';
import { marketOfWorld, worlds } from '../decision/worlds';
import { planOf } from '../decision/support';
import { attempt, bidOf, marketOf, NOON, number, seller, target, usd } from '../market/fixtures';

const fields = new MarketFields();

/** Room for the few callers of a test. */
const FEW = { callers: 64, connectedCallers: 64, contacts: 64, counters: 64 };
/** Deciding records nothing. */
const fraud = new FraudState();

function runsOver(market: Market, activity = new Activity(market, FEW)): DryRuns {
  return new DryRuns({
    ...{ market, activity, fraud },
    shelf: new ModelShelf(),
    check: (entity, values, whole) => fields.check(entity, values, whole),
    degraded: () => [],
    seed: () => 42,
    monotonic: () => 0,
  });
}

const runWith = (market: Market, ...changes: DraftChange[]): Promise<DryRunResult> =>
  runsOver(market).run(attempt(), NOON, changes);

const THREE = [bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(30) }), bidOf(3, { price: usd(20) })];

/** But for where the market stood, of which a draft has nothing to say. */
function essence({ trace, ...verdict }: Decision): unknown {
  return { ...verdict, trace: { ...trace, marketVersion: 0, marketPosition: undefined } };
}

test('without changes it is what a call would meet, and the market stays as it is', async () => {
  const market = marketOf(THREE);
  const { version } = market;
  const { decision, unmet } = await runWith(market);
  expect(planOf(decision)).toEqual(['bid-2', 'bid-3', 'bid-1']);
  expect(unmet).toEqual([]);
  expect(market.version).toBe(version);
});

test('a draft changes what is decided, and nothing else', async () => {
  const market = marketOf(THREE);
  const { version } = market;
  const { decision, unmet } = await runWith(
    market,
    { entity: 'campaign', id: 'campaign', fields: { reservePrice: usd(15), maxAttempts: 1 } },
    { entity: 'bid', id: 'bid-3', fields: { price: usd(90) } },
    { entity: 'bid', id: 'elsewhere', fields: bidFields({ campaignId: 'another' }) },
  );
  expect(planOf(decision)).toEqual(['bid-3']);
  expect(decision.trace.bids.counts).toMatchObject({ below_reserve: 1, over_max_attempts: 1 });
  expect(unmet).toEqual([]);
  expect(market.version).toBe(version);
  expect(market.campaign('campaign')?.reservePrice).not.toBe(usd(15));
});

test('a bid that there is not yet is a draft as well', async () => {
  const market = marketOf(THREE);
  const { decision } = await runWith(market, { entity: 'bid', id: 'new', fields: bidFields({}) });
  expect(planOf(decision)[0]).toBe('new');
  expect(decision.ok && decision.plan[0]?.uri).toBe(market.target('target-1')?.uri);
});

function bidFields(over: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    campaignId: 'campaign',
    buyerId: 'buyer-1',
    targetId: 'target-1',
    price: usd(99),
    plan: { kind: 'per_call', amount: usd(99), afterMs: 0 },
    ...over,
  };
}

test('the campaign of a draft is found by the number of the draft', async () => {
  const market = marketOf(THREE);
  market.apply({ entity: 'number', op: 'remove', id: number().id });
  const refused = await runWith(market);
  expect(refused.decision).toMatchObject({ ok: false, reason: 'unknown_number' });
  const { campaignId, sellerId, number: dialled } = number();
  const made = await runWith(market, {
    entity: 'number',
    id: 'draft-number',
    fields: { number: dialled, campaignId, sellerId, status: 'active' },
  });
  expect(planOf(made.decision)).toHaveLength(3);
});

test('changes that cannot be made are refused, and those that change nothing are named', async () => {
  const market = marketOf(THREE);
  const wrong = { entity: 'campaign', id: 'campaign', fields: { reservePrice: -1 } } as const;
  await expect(runWith(market, wrong)).rejects.toMatchObject({ kind: 'validation', code: 'not_a_change' });
  const half = { entity: 'campaign', id: 'fresh', fields: { name: 'Half' } } as const;
  await expect(runWith(market, half)).rejects.toMatchObject({ kind: 'validation' });
  const place = { entity: 'target', id: 'target-9', fields: targetFields() } as const;
  expect((await runWith(market, place)).unmet).toEqual([]);
});

function targetFields(): Record<string, unknown> {
  const { buyerId, name, kind, uri } = target({ buyerId: 'buyer-1' });
  return { buyerId, name, kind, uri };
}

test('a cap that is exhausted keeps a bid out of a draft too, until the draft changes its caps', async () => {
  const market = marketOf(THREE);
  const activity = new Activity(market, FEW);
  activity.blocks.block('buyer', 'buyer-2', 'cap_concurrent', Infinity, 1);
  const runs = runsOver(market, activity);
  const other = { entity: 'campaign', id: 'campaign', fields: { name: 'Other' } } as const;
  const kept = await runs.run(attempt(), NOON, [other]);
  expect(planOf(kept.decision)).toEqual(['bid-3', 'bid-1']);
  const caps = { entity: 'bid', id: 'bid-2', fields: { caps: { concurrent: 5 } } } as const;
  const freed = await runs.run(attempt(), NOON, [caps]);
  expect(planOf(freed.decision)).toEqual(['bid-2', 'bid-3', 'bid-1']);
});

test('drafts of large campaigns are made over several turns, and only so many at once', async () => {
  const market = marketOf(Array.from({ length: 1_201 }, (_, n) => bidOf(n, { price: usd(1) })));
  const runs = runsOver(market);
  const other = { entity: 'campaign', id: 'campaign', fields: { name: 'Other' } } as const;
  const running = Array.from({ length: 4 }, () => runs.run(attempt(), NOON, [other]));
  await expect(runs.run(attempt(), NOON, [other])).rejects.toMatchObject({ kind: 'rate_limited' });
  // A bid that comes while the copy is made is not in it.
  market.apply({ entity: 'bid', op: 'upsert', value: bidOf(5_000, { price: usd(50) }) });
  for (const { decision } of await Promise.all(running)) {
    expect(decision.trace.bids.total).toBe(1_201);
    expect(planOf(decision)).not.toContain('bid-5000');
  }
  expect((await runs.run(attempt(), NOON, [other])).decision.trace.bids.total).toBe(1_202);
});

test('a draft that changes nothing decides as the market does', async () => {
  await fc.assert(
    fc.asyncProperty(worlds(12), fc.nat(0xffff), async (world, seed) => {
      const market = marketOfWorld(world);
      market.apply({ entity: 'number', op: 'upsert', value: number() });
      market.apply({ entity: 'seller', op: 'upsert', value: seller({ id: number().sellerId }) });
      const activity = new Activity(market, FEW);
      for (const { kind, id, reason, until } of world.blocked) activity.blocks.block(kind, id, reason, until);
      const runs = runsOver(market, activity);
      const call = attempt({ callId: `call-${seed}` });
      const plain = await runs.run(call, NOON, []);
      const other = { entity: 'campaign', id: world.campaign.id, fields: { name: 'Other' } } as const;
      const drafted = await runs.run(call, NOON, [other]);
      expect(essence(drafted.decision)).toEqual(essence(plain.decision));
    }),
    { numRuns: 25 },
  );
});
