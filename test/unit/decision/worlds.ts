import * as fc from 'fast-check';
import type {
  Bid,
  BidModifier,
  BidQuality,
  BidTargeting,
  Buyer,
  Campaign,
  LiveBid,
  Micros,
  Target,
} from '../../../src/domain';
import { ROUTING_STRATEGIES } from '../../../src/domain';
import { EMPTY_MARKET, Market, zipCentre } from '../../../src/market';
import { NOON, account, bid, buyer, campaign, target } from '../market/fixtures';
import type { Block, Call, World } from './oracle';

/** Few distinct values of everything, so that ties, doubles and every reason are common. */
const BUYERS = 6;
const TARGETS = 9;
const ZIPS = ['10001', '10003', '07030', '90210', '00000'] as const;
const id = (kind: string, n: number): string => `${kind}-${n}`;
const oneIn = <Value>(n: number, rare: Value, usual: Value): fc.Arbitrary<Value> =>
  fc.nat(n - 1).map((roll) => (roll === 0 ? rare : usual));
const maybe = <Value>(n: number, arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: n });

const schedules = fc.record({
  timezone: fc.constantFrom('America/New_York', 'Asia/Kolkata'),
  windows: fc.array(
    fc.record({
      days: fc.subarray([5, 6, 0], { minLength: 1 }),
      startMinute: fc.nat(1_439),
      endMinute: fc.integer({ min: 1, max: 1_440 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});
const tagRules = fc.dictionary(
  fc.constantFrom('a', 'b'),
  fc.oneof(fc.constantFrom('1', '2', '*'), fc.subarray(['1', '2', '3'])),
  { minKeys: 1, maxKeys: 2 },
);

/** Without the keys that are undefined. */
function clean<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as Value;
}

const targetings = fc
  .record({
    states: maybe(3, fc.subarray(['NY', 'CA', 'NJ'])),
    npas: maybe(4, fc.array(fc.constantFrom('212', '646'), { maxLength: 3 })),
    zips: maybe(6, fc.subarray([...ZIPS], { minLength: 2 })),
    near: maybe(
      5,
      fc.record({ zip: fc.constantFrom('10001', '90210'), miles: fc.constantFrom(0, 1, 3, 5, 3_000) }),
    ),
    tags: maybe(4, tagRules),
    attestation: maybe(5, fc.subarray(['A', 'B', 'C', null] as const, { minLength: 2 })),
    languages: maybe(6, fc.subarray(['en', 'es'], { minLength: 1 })),
    lineTypes: maybe(6, fc.subarray(['mobile', 'landline', 'unknown'] as const, { minLength: 1 })),
    excludedSellers: maybe(6, fc.subarray(['seller', 'other'])),
    schedule: maybe(5, schedules),
  })
  .map((targeting) => clean(targeting) as BidTargeting);

const modifiers = fc
  .record({
    factorBp: fc.constantFrom(0, 5_000, 9_999, 12_000, 15_001),
    states: maybe(2, fc.subarray(['NY', 'CA'])),
    npas: maybe(4, fc.constant(['212'])),
    sellers: maybe(4, fc.subarray(['seller', 'other'])),
    tags: maybe(4, tagRules),
    schedule: maybe(5, schedules),
  })
  .map((modifier) => clean(modifier) as BidModifier);

const PING = {
  url: 'https://buyer.example/ping',
  method: 'POST',
  timeoutMs: 200,
  perSecond: 0,
  showCaller: false,
  secret: undefined,
  confirmUrl: undefined,
  noticeUrl: undefined,
} as const;

const prices = fc.integer({ min: 0, max: 8 }).map((price) => (price * 1_001) as Micros);

function bidNumber(n: number): fc.Arbitrary<Bid> {
  return fc
    .record({
      buyer: fc.nat(BUYERS - 1),
      // Mostly a target of that buyer.
      targetShift: oneIn(12, 1, 0),
      spot: fc.nat(1),
      status: oneIn(12, 'paused' as const, 'active' as const),
      price: prices,
      priority: fc.integer({ min: 1, max: 3 }),
      weight: fc.constantFrom(1, 10, 1_000),
      targeting: fc.oneof({ weight: 2, arbitrary: fc.constant({}) }, { weight: 3, arbitrary: targetings }),
      expiresAt: fc.constantFrom(undefined, undefined, undefined, NOON, NOON + 1),
      modifiers: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(modifiers, { maxLength: 3 }) },
      ),
      caps: fc.constantFrom({}, {}, { concurrent: 1 }, { attempts: { day: 5 } }),
      pings: oneIn(4, true, false),
      fallback: oneIn(4, true, false),
    })
    .map(({ buyer: owner, targetShift, spot, pings, ...rest }) => {
      const ownTargets = [owner, owner + BUYERS].filter((each) => each < TARGETS);
      const spotOf = (ownTargets[spot % ownTargets.length] as number) + targetShift;
      return bid({
        id: id('bid', n),
        buyerId: id('buyer', owner),
        targetId: id('target', spotOf % TARGETS),
        ...rest,
        ping: pings ? PING : undefined,
      });
    });
}

const buyers = fc.tuple(
  ...Array.from({ length: BUYERS }, (_, n) =>
    oneIn(10, 'paused' as const, 'active' as const).map((status): Buyer =>
      buyer({ id: id('buyer', n), accountId: id('account', n), status }),
    ),
  ),
);
const targets = fc.tuple(
  ...Array.from({ length: TARGETS }, (_, n) =>
    fc
      .record({
        status: oneIn(10, 'paused' as const, 'active' as const),
        costPerMinute: fc.nat(2),
        pausedUntil: fc.constantFrom(undefined, undefined, undefined, NOON, NOON + 1),
        skills: maybe(2, fc.dictionary(fc.constantFrom('spanish', 'loans'), fc.nat(3))),
      })
      .map((rest): Target => target({ id: id('target', n), buyerId: id('buyer', n % BUYERS), ...rest })),
  ),
);
const accounts = fc.tuple(
  ...Array.from({ length: BUYERS }, (_, n) =>
    fc
      .record({
        status: oneIn(12, 'suspended' as const, 'active' as const),
        funds: oneIn(12, 'stopped' as const, 'ok' as const),
      })
      .map((more) => account({ id: id('account', n), ...more })),
  ),
);

const campaigns = fc
  .record({
    routing: fc.oneof(fc.constant('auction' as const), fc.constantFrom(...ROUTING_STRATEGIES)),
    auctionType: fc.constantFrom('first_price' as const, 'second_price' as const),
    maxAttempts: fc.integer({ min: 1, max: 8 }),
    qualityWeight: fc.constantFrom(0, 0.3, 1),
    scope: fc.constantFrom('target' as const, 'buyer' as const, 'campaign' as const),
  })
  .map(({ scope, ...rest }): Campaign =>
    campaign({ ...rest, duplicates: { windowMs: 1_000, after: 'connected', scope } }),
  );

function qualityOf(n: number): fc.Arbitrary<BidQuality> {
  return fc
    .record({
      rings: fc.double({ min: 0, max: 200, noNaN: true }),
      answered: fc.double({ min: 0, max: 1, noNaN: true }),
      converted: fc.constantFrom(0, 0.25, 0.9, 1),
      revenue: fc.nat(900_000),
    })
    .map(({ rings, answered, converted, revenue }) => ({
      id: id('bid', n),
      rings,
      answers: rings * answered,
      conversions: rings * answered * converted,
      connectedMs: rings * 60_000,
      revenue,
    }));
}

const blocks: fc.Arbitrary<Block> = fc
  .record({
    kind: fc.constantFrom('bid' as const, 'target' as const, 'buyer' as const),
    n: fc.nat(12),
    reason: fc.constantFrom('cap_attempts_day' as const, 'cap_concurrent' as const),
    until: fc.constantFrom(NOON, NOON + 1, Infinity),
  })
  .map(({ kind, n, ...rest }) => ({ kind, id: id(kind, n), ...rest }));

/** @param most - bids at most */
export function worlds(most: number, least = 0): fc.Arbitrary<World> {
  return fc.integer({ min: least, max: most }).chain((count) =>
    fc.record({
      campaign: campaigns,
      bids: fc.tuple(...Array.from({ length: count }, (_, n) => bidNumber(n))),
      buyers,
      targets,
      accounts,
      qualities: fc
        .subarray(Array.from({ length: count + 2 }, (_, n) => n))
        .chain((rows) => fc.tuple(...rows.map(qualityOf))),
      // One of a kind: of several causes of one subject the one that lasts longest is told.
      blocked: fc.uniqueArray(blocks, { maxLength: 4, selector: ({ kind, id: of }) => `${kind}${of}` }),
    }),
  );
}

export const calls: fc.Arbitrary<Call> = fc
  .record({
    now: fc.constantFrom(NOON, NOON + 60_000, NOON + 6 * 3_600_000),
    state: fc.constantFrom('NY', 'NY', 'CA', undefined),
    npa: fc.constantFrom('212', '212', '310', undefined),
    zip: fc.constantFrom(...ZIPS, undefined),
    attestation: fc.constantFrom('A' as const, 'C' as const, undefined),
    lineType: fc.constantFrom('mobile' as const, 'unknown' as const),
    language: fc.constantFrom('en', 'en', 'es'),
    sellerId: fc.constantFrom('seller', 'somebody'),
    tags: fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2', '3')),
    reserve: fc.constantFrom(0, 1_001, 2_002),
    marginFloor: fc.constantFrom(0, 1_500, 3_003),
    skills: fc.subarray(['spanish', 'loans']),
    answers: fc.uniqueArray(
      fc.record({
        n: fc.nat(40),
        price: prices,
        expiresAt: oneIn(8, NOON, NOON + 1e9),
        refused: oneIn(4, true, false),
      }),
      { maxLength: 25, size: 'max', selector: ({ n }) => n },
    ),
    recentBuyers: fc.constantFrom([], [], [id('buyer', 1)], [id('buyer', 2), 'stranger']),
    recentTargets: fc.constantFrom([], [id('target', 1)], [id('target', 2), 'stranger']),
    lastBuyer: fc.constantFrom(undefined, id('buyer', 0), id('buyer', 3), 'stranger'),
    seed: fc.nat(),
    cursor: fc.integer({ min: 0, max: 0xffffffff }),
  })
  .map(({ answers, ...rest }) => ({
    ...rest,
    place: rest.zip === undefined ? undefined : zipCentre(rest.zip),
    liveBids: answers.map(({ n, price, expiresAt, refused }): LiveBid => {
      const bidId = id('bid', n);
      if (refused) return { bidId, ok: false, why: 'rtb_timeout', detail: 'late', latencyMs: 200 };
      const plan = { kind: 'per_call', amount: price, afterMs: 0 } as const;
      return {
        bidId,
        ok: true,
        price,
        plan,
        reference: `offer-${n}`,
        uri: undefined,
        expiresAt,
        latencyMs: 20,
      };
    }),
  }));

/** The market of a world, its entities put in one after the other in the order of the keys drawn. */
export function marketOfWorld(world: World, keys?: Iterator<number>): Market {
  const market = new Market();
  const mixed = <Value>(values: readonly Value[]): Value[] => {
    if (!keys) return [...values];
    return values
      .map((value) => ({ value, key: keys.next().value as number }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value);
  };
  if (!keys) {
    market.load({ ...EMPTY_MARKET, ...world, campaigns: [world.campaign] });
    return market;
  }
  const changes = mixed([
    ...world.accounts.map((value) => ({ entity: 'account', op: 'upsert', value }) as const),
    ...world.buyers.map((value) => ({ entity: 'buyer', op: 'upsert', value }) as const),
    ...world.targets.map((value) => ({ entity: 'target', op: 'upsert', value }) as const),
    ...world.bids.map((value) => ({ entity: 'bid', op: 'upsert', value }) as const),
    ...world.qualities.map((value) => ({ entity: 'quality', op: 'upsert', value }) as const),
    { entity: 'campaign', op: 'upsert', value: world.campaign } as const,
  ]);
  for (const change of changes) market.apply(change);
  return market;
}
