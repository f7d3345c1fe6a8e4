import type { Asked } from '../../../src/decision';
import { NOTHING_ASKED } from '../../../src/decision';
import type { Bid, BidQuality, CallAttempt, Campaign, LiveBid, LookupFact } from '../../../src/domain';
import type { Market } from '../../../src/market';
import { Activity } from '../../../src/market';
import { bidOf, CALLER, marketOf, NOON, queryOf, target, usd } from '../market/fixtures';
import { decideIn, planOf, stored } from './support';

const sold = (
  bids: readonly Bid[],
  campaign: Partial<Campaign> = {},
  call: Partial<CallAttempt> = {},
): string[] => planOf(decideIn(marketOf(bids, campaign), call));

/** Why the first bid of a market may not take a call, or `sold`. */
function why(market: Market, call: Partial<CallAttempt> = {}, now = NOON): string | undefined {
  const { trace } = decideIn(market, call, { now });
  const outcome = trace.bids.listed.find(({ bidId }) => bidId === 'bid-1');
  return outcome?.rank === undefined ? outcome?.ineligible : 'sold';
}

describe('what is claimed of a call', () => {
  const one = (targeting: Bid['targeting']): Market => marketOf([bidOf(1, { targeting })]);
  // 10001 is on Manhattan, 07030 is Hoboken across the river, 90210 is Beverly Hills.
  const nearManhattan = one({ near: { zip: '10001', miles: 3 } });

  test.each<[string, Market, Record<string, string>, string]>([
    ['its ZIP code', one({ zips: ['10001'] }), { zip: '10001' }, 'sold'],
    ['its ZIP code with four more digits', one({ zips: ['10001'] }), { zip: '10001-4356' }, 'sold'],
    ['another ZIP code', one({ zips: ['10002'] }), { zip: '10001' }, 'zip'],
    ['no ZIP code', one({ zips: ['10001'] }), {}, 'zip'],
    ['something else for a ZIP code', one({ zips: ['10001'] }), { zip: '1000' }, 'zip'],
    ['a ZIP code near', nearManhattan, { zip: '07030' }, 'sold'],
    ['a ZIP code far off', nearManhattan, { zip: '90210' }, 'distance'],
    ['a ZIP code of nowhere', nearManhattan, { zip: '00000' }, 'distance'],
    ['no ZIP code, where it matters', nearManhattan, {}, 'distance'],
    ['its language', one({ languages: ['es'] }), { language: 'es-MX' }, 'sold'],
    ['another language', one({ languages: ['es'] }), { language: 'EN_us' }, 'language'],
    ['no language: English', one({ languages: ['en'] }), {}, 'sold'],
    ['no language where English will not do', one({ languages: ['es'] }), {}, 'language'],
    ['one of several values', one({ tags: { v: ['solar', 'roof'] } }), { v: 'roof' }, 'sold'],
    ['none of several values', one({ tags: { v: ['solar', 'roof'] } }), { v: 'hvac' }, 'tags'],
    ['any value', one({ tags: { v: '*' } }), { v: 'hvac' }, 'sold'],
    ['no value, where any would do', one({ tags: { v: '*' } }), {}, 'tags'],
  ])('%s', (_name, market, tags, expected) => {
    expect(why(market, { tags })).toBe(expected);
  });

  test('a seller that is not bought from', () => {
    expect(why(one({ excludedSellers: ['seller-account'] }))).toBe('seller_excluded');
    expect(why(one({ excludedSellers: ['another'] }))).toBe('sold');
  });

  test('the line type that a provider told', () => {
    const market = one({ lineTypes: ['mobile'] });
    const lookup: LookupFact = {
      kind: 'line_type',
      provider: 'provider',
      answer: 'clear',
      value: 'mobile',
      at: NOON,
      cached: false,
      latencyMs: 40,
    };
    const asked = { ...NOTHING_ASKED, lookups: [lookup] };
    expect(planOf(decideIn(market, {}, { asked }))).toEqual(['bid-1']);
    expect(why(market)).toBe('line_type');
    expect(why(one({ lineTypes: ['unknown'] }))).toBe('sold');
  });
});

describe('the price of a call', () => {
  const modifiers: Bid['modifiers'] = [
    { factorBp: 15_000, states: ['NY'] },
    { factorBp: 9_999, tags: { vertical: ['solar'] } },
    { factorBp: 30_000, sellers: ['another'] },
  ];

  test('is that of all modifiers that fit, and is charged', () => {
    const market = marketOf([bidOf(1, { price: usd(10), modifiers })]);
    const decision = decideIn(market, { tags: { vertical: 'solar' } });
    // 10 × 1.5 × 0.9999
    expect(decision).toMatchObject({
      plan: [{ price: 14_998_500, plan: { kind: 'per_call', amount: 14_998_500 } }],
      trace: { bids: { listed: [{ bidId: 'bid-1', price: usd(10), offer: 14_998_500, rank: 1 }] } },
    });
  });

  test('decides the rank, and whether the reserve is reached', () => {
    const low = bidOf(1, { price: usd(10), modifiers: [{ factorBp: 5_000 }] });
    expect(sold([low, bidOf(2, { price: usd(6) })])).toEqual(['bid-2', 'bid-1']);
    expect(why(marketOf([low], { reservePrice: usd(5.000001) }))).toBe('below_reserve');
    const high = bidOf(1, { price: usd(10), modifiers: [{ factorBp: 20_000 }] });
    expect(why(marketOf([high], { reservePrice: usd(20) }))).toBe('sold');
  });

  test('of a factor of 0 is no bid, even without a reserve', () => {
    const none = bidOf(1, { modifiers: [{ factorBp: 0 }] });
    expect(why(marketOf([none], { reservePrice: usd(0) }))).toBe('below_reserve');
  });

  test('follows the hours of a modifier', () => {
    const windows = [{ days: [6], startMinute: 600, endMinute: 660 }];
    const schedule = { timezone: 'America/New_York', windows };
    const market = marketOf([bidOf(1, { modifiers: [{ factorBp: 0, schedule }] })]);
    expect(why(market)).toBe('below_reserve');
    expect(why(market, {}, NOON + 3_600_000)).toBe('sold');
  });

  test('must leave the margin, also for a second price', () => {
    const bids = [bidOf(1, { price: usd(20) }), bidOf(2, { price: usd(6) })];
    const terms = { reservePrice: usd(1), auctionType: 'second_price', margin: { minimum: usd(2) } } as const;
    // The seller earns 5, so 7 is the least.
    const decision = decideIn(marketOf(bids, terms));
    expect(decision).toMatchObject({ plan: [{ bidId: 'bid-1', price: usd(7) }] });
    expect(decision.trace.bids.counts).toEqual({ margin: 1 });
  });
});

describe('live bids', () => {
  const ping = {
    url: 'https://buyer.example/ping',
    method: 'POST',
    timeoutMs: 200,
    perSecond: 0,
    showCaller: false,
    secret: undefined,
    confirmUrl: undefined,
    noticeUrl: undefined,
  } as const;
  const live = bidOf(1, { price: usd(30), ping });
  const answer: Extract<LiveBid, { ok: true }> = {
    bidId: 'bid-1',
    ok: true,
    price: usd(25),
    plan: { kind: 'per_call', amount: usd(25), afterMs: 60_000 },
    reference: 'offer-9',
    uri: 'sip:desk@192.0.2.9',
    expiresAt: NOON + 60_000,
    latencyMs: 87,
  };
  const asked = (liveBid: LiveBid): Asked => ({ ...NOTHING_ASKED, liveBids: [liveBid] });

  test('count with what they answered, and are charged and rung as they said', () => {
    const market = marketOf([live, bidOf(2, { price: usd(20) })], { auctionType: 'second_price' });
    expect(decideIn(market, {}, { asked: asked(answer) })).toMatchObject({
      plan: [
        {
          bidId: 'bid-1',
          price: usd(20),
          plan: { kind: 'per_call', amount: usd(20), afterMs: 60_000 },
          reference: 'offer-9',
          uri: 'sip:desk@192.0.2.9',
        },
        { bidId: 'bid-2', reference: undefined, uri: 'sip:target-2@192.0.2.7' },
      ],
      trace: { bids: { listed: [{ bidId: 'bid-1', price: usd(30), offer: usd(25), latencyMs: 87 }, {}] } },
    });
  });

  test.each<[string, LiveBid | undefined, string]>([
    ['nobody asked', undefined, 'rtb_not_asked'],
    [
      'no answer',
      { bidId: 'bid-1', ok: false, why: 'rtb_timeout', detail: '', latencyMs: 200 },
      'rtb_timeout',
    ],
    ['less than the reserve', { ...answer, price: usd(0.5) }, 'below_reserve'],
    ['more than it may say', { ...answer, price: usd(30.000001) }, 'rtb_invalid'],
    ['an offer that has lapsed', { ...answer, expiresAt: NOON }, 'bid_expired'],
    ['an offer that has not', { ...answer, expiresAt: NOON + 1 }, 'sold'],
  ])('%s', (_name, liveBid, expected) => {
    const decision = decideIn(marketOf([live]), {}, liveBid ? { asked: asked(liveBid) } : {});
    expect(decision.ok ? 'sold' : decision.trace.bids.listed[0]?.ineligible).toBe(expected);
  });

  test('are asked only when they may have the call, the most promising first', () => {
    const bids = [
      live,
      bidOf(2, { price: usd(40), ping }),
      bidOf(3, { price: usd(50), ping, targeting: { states: ['CA'] } }),
      bidOf(4, { price: usd(60) }),
      bidOf(5, { price: usd(35), ping, fallback: true }),
      bidOf(6, { price: usd(0.5), ping }),
    ];
    const market = marketOf(bids);
    const { screen } = market;
    const activity = new Activity(market);
    const book = market.bookOf('campaign');
    if (!book) throw new Error('no book');
    const toPing = (most: number): string[] =>
      screen.toPing(book, queryOf(), activity.blocks, 0, most).map(({ id }) => id);
    expect(toPing(10)).toEqual(['bid-2', 'bid-5', 'bid-1']);
    expect(toPing(2)).toEqual(['bid-2', 'bid-5']);
    activity.blocks.block('buyer', 'buyer-2', 'cap_concurrent', Infinity);
    expect(toPing(1)).toEqual(['bid-5']);
  });
});

describe('order', () => {
  const three = [bidOf(1, { price: usd(10) }), bidOf(2, { price: usd(30) }), bidOf(3, { price: usd(20) })];

  test('bids kept for the case that nobody else answers come last, among themselves by rank', () => {
    const bids = [
      bidOf(1, { price: usd(50), fallback: true }),
      bidOf(2, { price: usd(10) }),
      bidOf(3, { price: usd(60), fallback: true }),
    ];
    expect(sold(bids)).toEqual(['bid-2', 'bid-3', 'bid-1']);
    expect(sold(bids, { maxAttempts: 2 })).toEqual(['bid-2', 'bid-3']);
    expect(sold(bids, { auctionType: 'second_price', maxAttempts: 1 })).toEqual(['bid-2']);
  });

  test('a fallback does not ring a target that is rung already', () => {
    const bids = [
      bidOf(1, { price: usd(10) }),
      bidOf(2, { price: usd(60), buyerId: 'buyer-1', targetId: 'target-1', fallback: true }),
      bidOf(3, { price: usd(50), fallback: true }),
    ];
    const decision = decideIn(marketOf(bids, { maxAttempts: 2 }));
    expect(planOf(decision)).toEqual(['bid-1', 'bid-3']);
    expect(decision.trace.bids.counts).toEqual({ same_target: 1 });
  });

  test('a fallback sets no price for others', () => {
    const bids = [bidOf(1, { price: usd(20) }), bidOf(2, { price: usd(15), fallback: true })];
    expect(decideIn(marketOf(bids, { auctionType: 'second_price' }))).toMatchObject({
      plan: [
        { bidId: 'bid-1', price: usd(1) },
        { bidId: 'bid-2', price: usd(1) },
      ],
    });
  });

  test.each([
    'auction',
    'priority',
    'weighted',
    'round_robin',
    'skill',
    'least_cost',
    'performance',
  ] as const)('a caller goes back to the buyer it spoke with last (%s)', (routing) => {
    const market = marketOf(three, {
      routing,
      stickyWindowMs: 60_000,
      duplicates: { windowMs: 60_000, after: 'converted', scope: 'buyer' },
    });
    const activity = new Activity(market);
    const met = { caller: CALLER, campaignId: 'campaign', buyerId: 'buyer-1', targetId: 'target-1' };
    activity.recordConnected({ ...met, at: NOON - 60_000 });
    expect(planOf(decideIn(market, {}, { activity }))[0]).toBe('bid-1');
    const later = planOf(decideIn(market, {}, { activity, now: NOON + 1 }));
    expect(later).toEqual(planOf(decideIn(market, {}, { now: NOON + 1 })));
  });

  test('a target that is disciplined rings again when its pause is over', () => {
    const market = marketOf([bidOf(1)]);
    const value = target({ id: 'target-1', buyerId: 'buyer-1', pausedUntil: NOON + 1 });
    market.apply({ entity: 'target', op: 'upsert', value });
    expect(why(market)).toBe('target_disciplined');
    expect(why(market, {}, NOON + 1)).toBe('sold');
  });

  test.each<[Campaign['duplicates']['scope'], string[]]>([
    ['target', ['bid-2', 'bid-3']],
    ['buyer', ['bid-3']],
    ['campaign', []],
  ])('a duplicate for a %s leaves %p', (scope, expected) => {
    const bids = [
      bidOf(1, { price: usd(30), buyerId: 'buyer-1' }),
      bidOf(2, { price: usd(20), buyerId: 'buyer-1' }),
      bidOf(3, { price: usd(10) }),
    ];
    const market = marketOf(bids, { duplicates: { windowMs: 1_000, after: 'connected', scope } });
    const activity = new Activity(market);
    const met = { caller: CALLER, campaignId: 'campaign', buyerId: 'buyer-1', targetId: 'target-1' };
    activity.recordConnected({ ...met, at: NOON });
    expect(planOf(decideIn(market, {}, { activity }))).toEqual(expected);
  });

  test('skill: who can do what the call needs, the best first', () => {
    const market = marketOf(three, { routing: 'skill', skillTag: 'needs' });
    const levels = [{ spanish: 3 }, { spanish: 9, loans: 1 }, { Spanish: 5, loans: 8 }];
    for (const [n, skills] of levels.entries()) {
      const value = target({ id: `target-${n + 1}`, buyerId: `buyer-${n + 1}`, skills });
      market.apply({ entity: 'target', op: 'upsert', value });
    }
    const needing = (needs: string): string[] => planOf(decideIn(market, { tags: { needs } }));
    expect(needing('spanish')).toEqual(['bid-2', 'bid-3', 'bid-1']);
    expect(needing('spanish, Loans')).toEqual(['bid-3', 'bid-2']);
    expect(needing('french')).toEqual([]);
    expect(needing('')).toEqual(['bid-2', 'bid-3', 'bid-1']);
  });

  test('worth: a buyer that answers goes before one that offers more and does not', () => {
    const record = (n: number, answers: number): BidQuality => ({
      id: `bid-${n}`,
      rings: 1_000,
      answers,
      conversions: answers / 2,
      connectedMs: answers * 60_000,
      revenue: 0,
    });
    const weighed = (qualityWeight: number): string[] => {
      const market = marketOf(three, { qualityWeight });
      for (const value of [record(1, 900), record(2, 100), record(3, 500)]) {
        market.apply({ entity: 'quality', op: 'upsert', value });
      }
      return planOf(decideIn(market));
    };
    expect(weighed(0)).toEqual(['bid-2', 'bid-3', 'bid-1']);
    expect(weighed(1)).toEqual(['bid-3', 'bid-1', 'bid-2']);
  });
});

test('the trace is the same whatever the order in which the market came to be', () => {
  const bids = Array.from({ length: 30 }, (_, n) =>
    bidOf(n, { targeting: n % 3 === 0 ? { states: ['CA'] } : {}, price: usd(2 + (n % 4)) }),
  );
  const traces = [bids, [...bids].reverse()].map((each) => {
    const market = marketOf(each);
    const activity = new Activity(market);
    for (const n of [4, 22, 7]) activity.blocks.block('bid', `bid-${n}`, 'cap_concurrent', Infinity);
    return stored(decideIn(market, {}, { activity }));
  });
  expect(traces[0]).toEqual(traces[1]);
});
