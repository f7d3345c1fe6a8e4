import * as fc from 'fast-check';
import { LazyBidOutcomes } from '../../../src/decision/bid-outcomes';
import { ringPlan } from '../../../src/decision/ring-plan';
import type { IneligibleReason } from '../../../src/domain';
import { NO_ACTIVITY } from '../../../src/domain';
import type { Market } from '../../../src/market';
import { CapBlocks, NO_DUPLICATES } from '../../../src/market';
import type { Call, World } from './oracle';
import { sellPlainly } from './oracle';
import { calls, marketOfWorld, worlds } from './worlds';

interface Made {
  readonly plan: readonly { readonly bidId: string; readonly price: number }[];
  readonly listed: ReadonlyMap<string, IneligibleReason | 'rung'>;
  readonly counts: Readonly<Partial<Record<IneligibleReason, number>>>;
}

/** What the market, the auction and the routing make of a call. */
function make(world: World, call: Call, market: Market): Made {
  const { scope } = world.campaign.duplicates;
  const blocks = new CapBlocks(market.ordinals);
  for (const { kind, id, reason, until } of world.blocked) blocks.block(kind, id, reason, until);
  const book = market.bookOf('campaign');
  if (!book) return { plan: [], listed: new Map(), counts: {} };
  const { ordinals } = market;
  const query = {
    ...call,
    duplicates: {
      ...NO_DUPLICATES,
      ...(scope === 'buyer' ? { buyers: call.recentBuyers.map((id) => ordinals.buyer.of(id)) } : {}),
      ...(scope === 'target' ? { targets: call.recentTargets.map((id) => ordinals.target.of(id)) } : {}),
      everybody: scope === 'campaign' && call.recentBuyers.length > 0,
    },
  };
  const { screen } = market;
  screen.run(book, query, blocks);
  const eligible = screen.candidates.count + screen.fallbacks.count;
  const { lastBuyer, recentBuyers, recentTargets, cursor, seed } = call;
  const activity = { ...NO_ACTIVITY, recentBuyers, recentTargets, cursor };
  const plan = ringPlan({ campaign: world.campaign, market, book, query, lastBuyer, activity, seed });
  const outcomes = LazyBidOutcomes.take(book, screen.tally, plan, eligible, call.liveBids);
  return {
    plan: plan.targets.map(({ bidId, price }) => ({ bidId, price })),
    listed: new Map(outcomes.listed.map(({ bidId, ineligible }) => [bidId, ineligible ?? 'rung'])),
    counts: outcomes.counts,
  };
}

/** Changes a market of one world into that of another. */
function turn(market: Market, from: World, to: World): void {
  for (const value of to.bids) market.apply({ entity: 'bid', op: 'upsert', value });
  for (const { id } of from.bids.slice(to.bids.length)) market.apply({ entity: 'bid', op: 'remove', id });
  for (const { id } of from.qualities) {
    const stays = to.qualities.some((quality) => quality.id === id);
    if (!stays) market.apply({ entity: 'quality', op: 'remove', id });
  }
  for (const value of to.accounts) market.apply({ entity: 'account', op: 'upsert', value });
  for (const value of to.targets) market.apply({ entity: 'target', op: 'upsert', value });
  for (const value of to.buyers) market.apply({ entity: 'buyer', op: 'upsert', value });
  for (const value of to.qualities) market.apply({ entity: 'quality', op: 'upsert', value });
}

function countsOf(why: ReadonlyMap<string, IneligibleReason | 'rung'>): Made['counts'] {
  const counts: Partial<Record<IneligibleReason, number>> = {};
  for (const reason of why.values()) if (reason !== 'rung') counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

describe('a call is sold as the rules say, said plainly', () => {
  test('to whom, in which order, at which price, and why to nobody else', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(worlds(40), fc.array(calls, { minLength: 1, maxLength: 3 }), (world, some) => {
        const market = marketOfWorld(world);
        for (const call of some) {
          const made = make(world, call, market);
          const plainly = sellPlainly(world, call);
          expect(made.listed).toEqual(plainly.why);
          expect(made.plan).toEqual(plainly.plan);
          expect(made.counts).toEqual(countsOf(plainly.why));
          for (const reason of plainly.why.values()) seen.add(reason);
        }
      }),
      { numRuns: 400 },
    );
    // A law that was never put to the test says nothing.
    for (const reason of EVERY_REASON) expect([...seen]).toContain(reason);
  });

  test('a large book is counted alike', () => {
    fc.assert(
      fc.property(worlds(260, 205), calls, (world, call) => {
        const made = make(world, call, marketOfWorld(world));
        const { plan, why } = sellPlainly(world, call);
        const { same_target: same = 0, over_max_attempts: over = 0, ...others } = countsOf(why);
        const unrung = same + over;
        expect(made.plan).toEqual(plan);
        expect(made.counts).toEqual(unrung > 0 ? { ...others, over_max_attempts: unrung } : others);
        expect([...made.listed.keys()]).toEqual(plan.map(({ bidId }) => bidId));
      }),
      { numRuns: 15 },
    );
  });

  test('a market put together in any order, and changed on the way, decides alike', () => {
    fc.assert(
      fc.property(worlds(30), worlds(30), calls, fc.infiniteStream(fc.nat()), (world, before, call, keys) => {
        const loaded = make(world, call, marketOfWorld(world));
        const grown = marketOfWorld(world, keys);
        expect(make(world, call, grown)).toEqual(loaded);
        // Another world turned into this one, step by step.
        const turned = marketOfWorld(before, keys);
        make(before, call, turned);
        turn(turned, before, world);
        expect(make(world, call, turned)).toEqual(loaded);
      }),
      { numRuns: 100 },
    );
  });
});

const EVERY_REASON = [
  'rung',
  'bid_paused',
  'buyer_paused',
  'target_paused',
  'account_suspended',
  'funds',
  'state',
  'npa',
  'zip',
  'attestation',
  'line_type',
  'language',
  'seller_excluded',
  'schedule',
  'tags',
  'distance',
  'bid_expired',
  'below_reserve',
  'margin',
  'target_disciplined',
  'duplicate',
  'cap_attempts_day',
  'cap_concurrent',
  'skill',
  'rtb_not_asked',
  'rtb_timeout',
  'rtb_invalid',
  'same_target',
  'over_max_attempts',
];
