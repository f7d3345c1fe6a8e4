import { NOTHING_ASKED } from '../../../src/decision';
import type {
  Account,
  Bid,
  Campaign,
  ConversionRule,
  Decision,
  PayoutPlan,
  ReservationFact,
  RingTarget,
  SaleTerms,
  Seller,
} from '../../../src/domain';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import { HOLD_HORIZON_MS } from '../../../src/routing';
import { account, bidOf, CALLER, marketOf, NOON, seller, target, usd } from '../market/fixtures';
import { perCall, perMinute, share } from '../rating/plans';
import { decideIn, planOf, replayIn, stored } from './support';

const sold = (decision: Decision): Extract<Decision, { ok: true }> => {
  if (!decision.ok) throw new Error(`not sold: ${decision.detail}`);
  return decision;
};
const put = (market: Market, value: Account | Seller, entity: 'account' | 'seller'): Market => {
  market.apply({ entity, op: 'upsert', value } as Parameters<Market['apply']>[0]);
  return market;
};
const sale: readonly ConversionRule<PayoutPlan>[] = [
  { when: { kind: 'postback', anyOf: ['sale'] }, plan: perCall(usd(40)) },
];

describe('what a seller is promised', () => {
  const terms = (
    campaign: Partial<Campaign>,
    contract: Partial<Seller> = {},
    reservation?: ReservationFact,
  ): SaleTerms => {
    const market = put(marketOf([bidOf(1)], campaign), seller(contract), 'seller');
    return sold(decideIn(market, {}, { asked: { ...NOTHING_ASKED, reservation } })).terms;
  };
  const campaign = { payout: perCall(usd(5)), conversions: sale };
  const own = { payouts: { campaign: { payout: perCall(usd(6)) } } };

  test('is the campaign’s price', () => {
    expect(terms(campaign)).toMatchObject({ payout: perCall(usd(5)), conversions: sale });
  });

  test('is its own price in the campaign, all of it', () => {
    const promised = terms(campaign, own);
    expect(promised.payout).toEqual(perCall(usd(6)));
    expect(promised.conversions).toBeUndefined();
    expect(terms(campaign, { payouts: { another: { payout: perCall(1) } } }).payout).toEqual(perCall(usd(5)));
  });

  test('is what its reservation says before all', () => {
    const reservation = { ok: true, id: 'r1', bidId: 'bid-1', payout: share(7_000) } as const;
    expect(terms(campaign, own, reservation).payout).toEqual(share(7_000));
    expect(terms(campaign, own, { ...reservation, conversions: sale }).conversions).toEqual(sale);
    expect(terms(campaign, own, reservation).conversions).toBeUndefined();
  });

  test('is shared as its contract says, and nothing of a call that is too short', () => {
    const splits = [{ accountId: 'agency', shareBp: 2_000 }];
    expect(terms({ shortCallMs: 20_000 }, { splits })).toMatchObject({ shortCallMs: 20_000, splits });
    expect(terms({ shortCallMs: 0 })).not.toHaveProperty('shortCallMs');
  });

  test('decides what a bid must offer to leave the margin', () => {
    const why = (payout: PayoutPlan, contract: Partial<Seller> = {}): string | undefined => {
      const market = marketOf([bidOf(1, { price: usd(10) })], { payout, margin: { amount: usd(3) } });
      return decideIn(put(market, seller(contract), 'seller')).trace.bids.listed[0]?.ineligible;
    };
    expect(why(perCall(usd(7)))).toBeUndefined();
    expect(why(perCall(usd(8)))).toBe('margin');
    expect(why(share(6_900))).toBeUndefined();
    expect(why(share(7_500))).toBe('margin');
    expect(why(perCall(usd(8)), own)).toBeUndefined();
  });
});

describe('what a buyer is charged', () => {
  const conversions: readonly ConversionRule[] = [
    { when: { kind: 'duration', atLeastMs: 90_000 }, plan: perCall(usd(30)) },
  ];

  test('goes with the rules before its plan, which no auction changes', () => {
    const bids = [bidOf(1, { price: usd(20), conversions }), bidOf(2, { price: usd(12) })];
    const [first] = sold(decideIn(marketOf(bids, { auctionType: 'second_price' }))).plan;
    expect(first).toMatchObject({ price: usd(12), plan: perCall(usd(12)), conversions });
  });

  test('names the trunk over whose rates its target is reached', () => {
    const market = marketOf([bidOf(1)]);
    expect(sold(decideIn(market)).plan[0]).not.toHaveProperty('trunkId');
    const value = target({ id: 'target-1', buyerId: 'buyer-1', trunkId: 'out' });
    market.apply({ entity: 'target', op: 'upsert', value });
    expect(sold(decideIn(market)).plan[0]?.trunkId).toBe('out');
  });

  describe('must be in its wallet', () => {
    const holdOf = (
      bid: Partial<Bid>,
      funding: Account['funding'],
      campaign: Partial<Campaign> = {},
    ): unknown => {
      const market = marketOf([bidOf(1, bid)], campaign);
      put(market, account({ id: 'account-buyer-1', funding }), 'account');
      return sold(decideIn(market)).plan[0]?.hold;
    };
    const byMinute = { plan: perMinute(usd(2), 60_000, 60_000) };

    test('where its calls must be covered', () => {
      expect(holdOf({ price: usd(20) }, 'wallet')).toBe(usd(20));
      expect(holdOf({ price: usd(20) }, 'open')).toBeUndefined();
      expect(holdOf({ price: usd(20) }, undefined)).toBeUndefined();
    });

    test('for the worst it may come to', () => {
      expect(holdOf({ price: usd(20), conversions }, 'wallet')).toBe(usd(30));
    });

    test('for ten minutes at most, a second of overtime with them', () => {
      expect(HOLD_HORIZON_MS).toBe(600_000);
      expect(holdOf(byMinute, 'wallet')).toBe(usd(22));
      expect(holdOf(byMinute, 'wallet', { maxDurationMs: 119_000 })).toBe(usd(4));
    });
  });
});

describe('an account whose funds are at an end', () => {
  test('is offered no call until they are back, and it is told why', () => {
    const market = marketOf([bidOf(1, { price: usd(20) }), bidOf(2, { price: usd(10) })]);
    const set = (funds: Account['funds']): Decision =>
      decideIn(put(market, account({ id: 'account-buyer-1', funds }), 'account'));
    const stopped = set('stopped');
    expect(planOf(stopped)).toEqual(['bid-2']);
    expect(stopped.trace.bids).toMatchObject({ counts: { funds: 1 }, listed: [{}, { ineligible: 'funds' }] });
    expect(planOf(set('ok'))).toEqual(['bid-1', 'bid-2']);
    expect(planOf(set(undefined))).toEqual(['bid-1', 'bid-2']);
  });
});

describe('a duplicate that is free', () => {
  const bids = [
    bidOf(1, { price: usd(30), buyerId: 'buyer-1', caps: { revenue: { total: usd(100) } } }),
    bidOf(2, { price: usd(20), buyerId: 'buyer-1', caps: { revenue: { total: usd(100) } } }),
    bidOf(3, { price: usd(10), caps: { revenue: { total: usd(100) } } }),
  ];
  const known = (scope: Campaign['duplicates']['scope'], then: 'free' | 'refuse'): [Market, Activity] => {
    const market = marketOf(bids, { duplicates: { windowMs: 1_000, after: 'connected', scope, then } });
    for (const id of ['account-buyer-1', 'account-buyer-3']) {
      put(market, account({ id, funding: 'wallet' }), 'account');
    }
    const activity = new Activity(market);
    const met = { caller: CALLER, campaignId: 'campaign', buyerId: 'buyer-1', targetId: 'target-1' };
    activity.recordConnected({ ...met, at: NOON });
    return [market, activity];
  };
  const free = (plan: readonly RingTarget[]): string[] =>
    plan.filter((each) => each.free === 'duplicate').map(({ bidId }) => bidId);

  test.each<[Campaign['duplicates']['scope'], string[]]>([
    ['target', ['bid-1']],
    ['buyer', ['bid-1', 'bid-2']],
    ['campaign', ['bid-1', 'bid-2', 'bid-3']],
  ])('of a %s leaves everybody in their places, and costs %p nothing', (scope, expected) => {
    const [market, activity] = known(scope, 'free');
    const { plan } = sold(decideIn(market, {}, { activity }));
    expect(plan.map(({ bidId }) => bidId)).toEqual(['bid-1', 'bid-2', 'bid-3']);
    expect(free(plan)).toEqual(expected);
    for (const { bidId, hold, reservations } of plan) {
      const costs = !expected.includes(bidId);
      expect(hold !== undefined).toBe(costs);
      expect((reservations.find(({ counter }) => counter === 'revenue')?.amount ?? NaN) > 0).toBe(costs);
    }
  });

  test('is refused where the campaign says so, and free to nobody who never met the caller', () => {
    const [market, activity] = known('buyer', 'refuse');
    expect(planOf(decideIn(market, {}, { activity }))).toEqual(['bid-3']);
    expect(free(sold(decideIn(known('buyer', 'free')[0])).plan)).toEqual([]);
  });

  test('is decided alike when it is decided again', () => {
    const [market, activity] = known('buyer', 'free');
    const decision = decideIn(market, {}, { activity });
    const trace = JSON.parse(JSON.stringify(decision.trace)) as Decision['trace'];
    expect(stored(replayIn(market, trace))).toEqual(stored(decision));
  });
});
