import * as fc from 'fast-check';
import type {
  BidRequestRecord,
  CallAttempt,
  Campaign,
  CapLimit,
  Decision,
  E164,
  IneligibleReason,
  LiveBid,
  PayoutPlan,
  Reservation,
  RingTarget,
  Seller,
} from '../../../src/domain';
import { INELIGIBLE_REASONS, micros, NO_ACTIVITY } from '../../../src/domain';
import type { SellerAnswer, SellerRequest } from '../../../src/rtb';
import { BidRequestDesk, CallerHasher, isReservationId } from '../../../src/rtb';
import type { Reservations } from '../../../src/rtb';
import { noBidCode } from '../../../src/rtb/inbound/no-bid-code';
import { sellerOffer } from '../../../src/rtb/inbound/seller-offer';
import { banded, graduated, share } from '../rating/plans';
import { CALLER, NOON, SECRET } from './fixtures';

const DID = '+18005550100' as E164;
const PAYOUT = { kind: 'per_call', amount: micros(12_000_000), afterMs: 90_000 } as const;
const CONCURRENT: CapLimit = {
  key: 'target:t:concurrent',
  counter: 'concurrent',
  limit: 3,
  amount: 1,
  resetsAt: 0,
};
const DAILY: CapLimit = {
  key: 'bid:b:attempts:day:x',
  counter: 'attempts',
  limit: 3,
  amount: 1,
  resetsAt: 1,
};
const SOURCE: CapLimit = {
  key: 'seller:s:concurrent',
  counter: 'concurrent',
  limit: 9,
  amount: 1,
  resetsAt: 0,
};

function target(bidId: string, more: Partial<RingTarget> = {}): RingTarget {
  return {
    bidId,
    buyerId: `buyer-${bidId}`,
    buyerAccountId: `account-${bidId}`,
    targetId: `target-${bidId}`,
    kind: 'sip',
    uri: 'sip:x@buyer.example',
    ringTimeoutMs: 20_000,
    maxDurationMs: 3_600_000,
    ringback: 'local',
    plan: { kind: 'per_call', amount: micros(20_000_000), afterMs: 60_000 },
    price: micros(20_000_000),
    reference: undefined,
    reservations: [CONCURRENT, DAILY],
    ...more,
  };
}

function trace(
  attempt: CallAttempt | undefined,
  counts: Partial<Record<IneligibleReason, number>> = {},
  liveBids: readonly LiveBid[] = [],
  sourceCap?: 'cap_concurrent',
): Decision['trace'] {
  return {
    attempt: attempt as CallAttempt,
    bids: { total: 3, counts, listed: [] },
    facts: { activity: { ...NO_ACTIVITY, sourceCap }, liveBids },
  } as unknown as Decision['trace'];
}

const refused = (
  reason: Extract<Decision, { ok: false }>['reason'],
  of = trace(undefined),
): Extract<Decision, { ok: false }> => ({ ok: false, reason, sipStatus: 603, detail: 'no', trace: of });

/** A desk with everything around it made up. */
class Counter {
  seller: Seller | undefined = {
    id: 's',
    status: 'active',
    origin: undefined,
    claims: [],
    caps: {},
    bidRequestsPerSecond: 5,
  };
  accountStatus = 'active';
  campaign: Pick<Campaign, 'id' | 'status' | 'margin' | 'duplicates'> = {
    id: 'c',
    status: 'active',
    margin: {},
    duplicates: { windowMs: 86_400_000, after: 'connected', scope: 'buyer' },
  };
  decide: (attempt: CallAttempt) => Decision = (attempt) => this.sold([target('b')], attempt);
  waiting = 0;
  counted: number | Error = 1;
  remembered: Reservation | undefined;
  full = new Set<string>();
  now = NOON;
  readonly attempts: CallAttempt[] = [];
  readonly reserved: Reservation[] = [];
  readonly answered: BidRequestRecord[] = [];
  readonly desk: BidRequestDesk;

  constructor(sipHost: string | undefined = 'in.exchange.example') {
    const reservations = {
      reserve: (wanted: Reservation) => {
        if (this.full.has(wanted.bidId)) return Promise.resolve(undefined);
        this.reserved.push(wanted);
        return Promise.resolve(wanted);
      },
      waiting: () => Promise.resolve(this.remembered),
    } as unknown as Reservations;
    this.desk = new BidRequestDesk(
      { nodeId: 'n', sipHost, reservationSeconds: 30, maxReservationsPerSeller: 10 },
      {
        market: {
          account: (id) => ({ id, status: this.accountStatus }) as never,
          campaign: () => this.campaign as Campaign,
          numberByE164: (number) =>
            number === DID
              ? { id: 'd', number: DID, campaignId: 'c', sellerId: 's', status: 'active' }
              : undefined,
          seller: () => this.seller,
        },
        reservations,
        quote: (attempt) => {
          this.attempts.push(attempt);
          return Promise.resolve(this.decide(attempt));
        },
        numberOf: (_seller, campaignId) => Promise.resolve(campaignId === 'c' ? DID : undefined),
        waiting: () => Promise.resolve(this.waiting),
        count: () =>
          this.counted instanceof Error ? Promise.reject(this.counted) : Promise.resolve(this.counted),
        hasher: new CallerHasher(SECRET),
        clock: { now: () => this.now, monotonic: () => this.now - NOON },
        onAnswered: (answered) => this.answered.push(answered),
      },
    );
  }

  sold(
    plan: readonly RingTarget[],
    attempt?: CallAttempt,
    payout: Extract<Decision, { ok: true }>['terms']['payout'] = PAYOUT,
    liveBids: readonly LiveBid[] = [],
  ): Decision {
    return {
      ok: true,
      plan,
      terms: { campaignId: 'c', sellerId: 's', currency: 'USD', payout },
      sourceLimits: [SOURCE],
      trace: trace(attempt, {}, liveBids),
    };
  }

  ask(more: Partial<SellerRequest> = {}): Promise<SellerAnswer> {
    return this.desk.answer({ sellerId: 's', number: DID, caller: CALLER, tags: {}, ...more });
  }
}

test('an offer says what is paid, for what, where to send the call and until when', async () => {
  const counter = new Counter();
  const answer = await counter.ask({ zip: '10001', tags: { language: 'en' } });
  expect(answer).toMatchObject({
    accepted: true,
    code: 200,
    reason: 'accepted',
    expiresAt: NOON + 30_000,
    expiresInMs: 30_000,
    duplicates: { scope: 'buyer' },
  });
  const [made] = counter.reserved;
  expect(made).toMatchObject({
    sellerId: 's',
    campaignId: 'c',
    number: DID,
    price: 12_000_000,
    payout: PAYOUT,
    bidId: 'b',
    tags: { language: 'en', zip: '10001' },
    nodeId: 'n',
    // A little later than the seller is told.
    expiresAt: NOON + 32_000,
  });
  expect(isReservationId(made?.id ?? '')).toBe(true);
  expect(answer.accepted && answer.sip).toBe(`sip:${made?.id}@in.exchange.example`);
  expect(made?.callerHash).toMatch(/^[0-9a-f]{32}$/);
  expect(JSON.stringify(made)).not.toContain(CALLER.slice(-7));
});

test('what is held is what the call would have in use: what is used up is the call’s own affair', async () => {
  const counter = new Counter();
  await counter.ask();
  expect(counter.reserved[0]?.limits).toEqual([CONCURRENT, SOURCE]);
});

test('it is decided as the call itself will be, on the seller’s contract and nobody’s trunk', async () => {
  const counter = new Counter();
  await counter.ask({ origin: 'outbound_transfer', attestation: 'B', npa: '212', state: 'NY' });
  expect(counter.attempts).toEqual([
    {
      callId: counter.reserved[0]?.id,
      receivedAt: NOON,
      from: CALLER,
      to: DID,
      trunkId: '',
      origin: 'unknown',
      claimedOrigin: 'outbound_transfer',
      attestation: 'B',
      verstat: 'none',
      reservation: undefined,
      forwardedBy: [],
      tags: { npa: '212', state: 'NY' },
    },
  ]);
});

test('a campaign will do for a number', async () => {
  const counter = new Counter();
  const ask = (campaignId: string): Promise<SellerAnswer> =>
    counter.desk.answer({ sellerId: 's', campaignId, caller: CALLER, tags: {} });
  expect(await ask('c')).toMatchObject({ accepted: true });
  expect(await ask('other')).toMatchObject({ accepted: false, code: 1001 });
  expect(await counter.ask({ campaignId: 'other' })).toMatchObject({ accepted: false, code: 1001 });
});

test('the same request again gets the same offer, and nobody is asked again', async () => {
  const counter = new Counter();
  await counter.ask();
  counter.remembered = counter.reserved[0];
  counter.now += 10_000;
  expect(await counter.ask()).toMatchObject({
    accepted: true,
    code: 230,
    reason: 'cached',
    reservation: { id: counter.reserved[0]?.id },
    expiresInMs: 20_000,
  });
  expect(counter.attempts).toHaveLength(1);
});

test('a target without room is passed over for the next; without any there is no offer', async () => {
  const counter = new Counter();
  counter.decide = () => counter.sold([target('full'), target('free')]);
  counter.full = new Set(['full']);
  expect(await counter.ask()).toMatchObject({ accepted: true, reservation: { bidId: 'free' } });
  counter.full = new Set(['full', 'free']);
  expect(await counter.ask()).toMatchObject({ accepted: false, code: 1006, reason: 'no_capacity_final' });
});

test('an offer stands no longer than the buyer’s own', async () => {
  const counter = new Counter();
  const live: LiveBid = {
    bidId: 'b',
    ok: true,
    price: micros(20_000_000),
    plan: PAYOUT,
    reference: 'o',
    uri: undefined,
    expiresAt: NOON + 9_000,
    latencyMs: 20,
  };
  counter.decide = () => counter.sold([target('b')], undefined, PAYOUT, [live]);
  const answer = await counter.ask();
  expect(answer).toMatchObject({ expiresAt: NOON + 7_000, reservation: { liveBids: [live] } });
});

test.each([
  ['an IPv6 address in brackets', '2001:db8::1', /^sip:r[0-9a-f]{30}@\[2001:db8::1\]$/],
  ['a name as it is', 'h.example', /^sip:r[0-9a-f]{30}@h\.example$/],
])('the address has %s', async (_what, host, expected) => {
  const answer = await new Counter(host).ask();
  expect(answer.accepted && answer.sip).toMatch(expected);
});

describe('no offer', () => {
  test.each([
    ['a seller nobody knows', (one: Counter) => (one.seller = undefined), 1007],
    [
      'a paused seller',
      (one: Counter) => (one.seller = { ...(one.seller as Seller), status: 'paused' }),
      1007,
    ],
    [
      'no leave to ask',
      (one: Counter) => (one.seller = { ...(one.seller as Seller), bidRequestsPerSecond: 0 }),
      1007,
    ],
    ['a suspended account', (one: Counter) => (one.accountStatus = 'suspended'), 1007],
    ['too many requests', (one: Counter) => (one.counted = 6), 1024],
    ['too many that wait', (one: Counter) => (one.waiting = 10), 1026],
    ['a paused campaign', (one: Counter) => (one.campaign = { ...one.campaign, status: 'paused' }), 1001],
    ['a refusal by law', (one: Counter) => (one.decide = () => refused('compliance')), 1004],
    ['suspicion', (one: Counter) => (one.decide = () => refused('fraud')), 1004],
    ['no buyer', (one: Counter) => (one.decide = () => refused('no_buyer')), 1008],
  ])('to %s', async (_what, prepare, code) => {
    const counter = new Counter();
    prepare(counter);
    expect(await counter.ask()).toMatchObject({ accepted: false, code });
    expect(counter.reserved).toEqual([]);
    expect(counter.answered).toMatchObject([{ code, sellerId: 's', number: DID }]);
  });

  test('for somebody else’s number', async () => {
    const counter = new Counter();
    expect(await counter.ask({ sellerId: 'thief' })).toMatchObject({ code: 1001 });
    expect(await counter.ask({ number: '+18005550199' as E164 })).toMatchObject({ code: 1001 });
    expect(counter.attempts).toEqual([]);
  });

  test('where only a caller who is known could be let through, that is said', async () => {
    const counter = new Counter();
    counter.decide = () => refused('compliance');
    const answer = await counter.desk.answer({ sellerId: 's', number: DID, tags: {} });
    expect(answer).toMatchObject({ code: 1100, reason: 'caller_required' });
  });

  test('beyond the seller’s rate on this node alone, when nobody counts over all', async () => {
    const counter = new Counter();
    counter.counted = new Error('Redis is away');
    const codes: number[] = [];
    for (let n = 0; n < 7; n++) codes.push((await counter.ask({ tags: { n: String(n) } })).code);
    expect(codes).toEqual([200, 200, 200, 200, 200, 1024, 1024]);
  });

  test('nothing is answered that cannot be stored', async () => {
    const counter = new Counter();
    counter.decide = () => {
      throw new Error('PostgreSQL is away');
    };
    await expect(counter.ask()).rejects.toThrow('PostgreSQL is away');
    expect(counter.answered).toEqual([]);
  });
});

test('every request is logged with its answer, and without the caller’s number', async () => {
  const counter = new Counter();
  await counter.ask({ state: 'NY' });
  expect(counter.answered).toEqual([
    {
      at: NOON,
      sellerId: 's',
      campaignId: 'c',
      number: DID,
      callerHash: counter.reserved[0]?.callerHash,
      npa: '212',
      state: 'NY',
      code: 200,
      reason: 'accepted',
      price: 12_000_000,
      currency: 'USD',
      latencyMs: 0,
      reservationId: counter.reserved[0]?.id,
    },
  ]);
});

describe('the code of a refusal', () => {
  test('is that of the bid which came closest', () => {
    const code = (counts: Partial<Record<IneligibleReason, number>>): number =>
      noBidCode(refused('no_buyer', trace(undefined, counts)), true);
    expect(code({ state: 5 })).toBe(1002);
    expect(code({ state: 5, cap_concurrent: 1 })).toBe(1003);
    expect(code({ schedule: 1, npa: 9 })).toBe(1009);
    expect(code({ duplicate: 1, below_reserve: 2 })).toBe(1010);
    expect(code({ rtb_no_bid: 1, cap_attempts_day: 1 })).toBe(1008);
    expect(code({})).toBe(1008);
    expect(noBidCode(refused('no_buyer', trace(undefined, { state: 1 }, [], 'cap_concurrent')), true)).toBe(
      1007,
    );
  });

  test('is there for every reason', () => {
    for (const reason of INELIGIBLE_REASONS) {
      const code = noBidCode(refused('no_buyer', trace(undefined, { [reason]: 1 })), true);
      expect(code).toBeGreaterThanOrEqual(1001);
    }
  });
});

describe('what a seller is offered', () => {
  const of = (price: number, payout: number, margin: Campaign['margin'] = {}): number | undefined =>
    sellerOffer(
      { price: micros(price), plan: { kind: 'per_call', amount: micros(price), afterMs: 45_000 } },
      { payout: { kind: 'per_call', amount: micros(payout), afterMs: 90_000 } },
      margin,
    )?.price;

  test('is the campaign’s payout, or where that is nothing the price less the margin', () => {
    expect(of(20_000_000, 12_000_000, { percentBp: 5_000 })).toBe(12_000_000);
    expect(of(20_000_000, 0)).toBe(20_000_000);
    expect(of(20_000_000, 0, { percentBp: 2_500 })).toBe(15_000_000);
    expect(of(20_000_000, 0, { percentBp: 2_500, amount: micros(1_000_000) })).toBe(14_000_000);
    expect(of(20_000_000, 0, { percentBp: 1_000, minimum: micros(4_000_000) })).toBe(16_000_000);
    expect(of(20_000_000, 0, { minimum: micros(20_000_000) })).toBeUndefined();
  });

  test('is on the buyer’s terms where it is a share of what the buyer pays', () => {
    const plan = { kind: 'per_call', amount: micros(20_000_000), afterMs: 45_000 } as const;
    const zero = { kind: 'per_call', amount: micros(0), afterMs: 90_000 } as const;
    const offer = sellerOffer({ price: plan.amount, plan }, { payout: zero }, {});
    expect(offer?.payout).toMatchObject({ afterMs: 45_000 });
  });

  test.each<[string, PayoutPlan, number, number]>([
    [
      'by bands the least that pays',
      banded([30_000, 0], [90_000, 4_000_000], [null, 9_000_000]),
      4_000_000,
      0,
    ],
    [
      'by graduated minutes the first rate that pays',
      graduated(6_000, 6_000, [60_000, 0], [null, 70_000]),
      70_000,
      0,
    ],
    ['a share of the price, once the buyer pays', share(7_000), 14_000_000, 45_000],
    ['a share, no less than', share(100, { minimum: micros(1_000_000) }), 1_000_000, 45_000],
    ['a share, no more than', share(7_000, { maximum: micros(9_000_000) }), 9_000_000, 45_000],
  ])('is of a plan %s', (_what, payout, price, afterMs) => {
    const plan = { kind: 'per_call', amount: micros(20_000_000), afterMs: 45_000 } as const;
    const conversions = [{ when: { kind: 'postback', anyOf: ['sale'] }, plan: payout }] as const;
    expect(sellerOffer({ price: plan.amount, plan }, { payout, conversions }, {})).toEqual({
      price,
      payout: { ...payout, afterMs },
      conversions,
    });
  });

  test('is nothing for a call that the buyer has for nothing', () => {
    const plan = { kind: 'per_call', amount: micros(20_000_000), afterMs: 0 } as const;
    expect(
      sellerOffer({ price: plan.amount, plan, free: 'duplicate' }, { payout: plan }, {}),
    ).toBeUndefined();
  });

  test('never is more than the buyer pays less what the exchange keeps', () => {
    const amount = fc.integer({ min: 0, max: 1_000_000_000 }).map(micros);
    const margin = fc.record({ percentBp: fc.integer({ min: 0, max: 10_000 }), amount, minimum: amount });
    fc.assert(
      fc.property(amount, margin, (price, policy) => {
        const offered = of(price, 0, policy);
        if (offered === undefined) return;
        expect(offered).toBeGreaterThan(0);
        const kept = price - offered;
        expect(kept).toBeGreaterThanOrEqual(policy.minimum);
        // Half a micro-unit of rounding at most.
        expect(kept + 0.5).toBeGreaterThanOrEqual((price * policy.percentBp) / 10_000 + policy.amount);
      }),
    );
  });
});
