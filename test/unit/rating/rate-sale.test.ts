import * as fc from 'fast-check';
import type {
  AccountTerms,
  CallSignal,
  ConversionRule,
  FeeRule,
  PayoutPlan,
  TaxRule,
} from '../../../src/domain';
import type { CarrierLeg, RatedLine, RatedSale } from '../../../src/rating';
import { rateSale, revenueAtEnd } from '../../../src/rating';
import { usd } from '../market/fixtures';
import {
  amounts,
  durations,
  perCall,
  perMinute,
  ratePlans,
  share,
  sharePlans,
  signals,
  triggers,
} from './plans';
import type { SaleParts } from './sales';
import { inputOf, saleOf } from './sales';

const rated = (parts: SaleParts, connectedMs: number, heard: readonly CallSignal[] = []): RatedSale =>
  rateSale(inputOf(parts, connectedMs, { signals: heard }));

const money = ({ revenue, payout }: RatedSale): [number, number] => [revenue, payout];

const signal = (kind: CallSignal['kind'], value: string): CallSignal => ({ kind, value, at: 0 });

describe('revenue and payout', () => {
  test('follow each from its own plan', () => {
    expect(rated({}, 60_000)).toMatchObject({
      revenue: usd(20),
      payout: usd(12),
      priced: 'plan',
      earned: 'plan',
      lines: [
        { kind: 'revenue', accountId: 'buyer-account', code: 'plan', amount: usd(20), currency: 'USD' },
        { kind: 'payout', accountId: 'seller-account', code: 'plan', amount: usd(12), currency: 'USD' },
      ],
    });
  });

  test.each<[string, number, number, number, [number, number]]>([
    // Buyer pays after 90 s; a payout that names no time is earned by calls the buyer pays for.
    ['on connect, before the buyer pays', 90_000, 0, 60_000, [0, 0]],
    ['on connect, once the buyer pays', 90_000, 0, 90_000, [usd(20), usd(12)]],
    // One that does is earned from then on, whatever the buyer does.
    ['after 30 s, before the buyer pays', 90_000, 30_000, 60_000, [0, usd(12)]],
    ['after 30 s, too short for both', 90_000, 30_000, 29_999, [0, 0]],
    ['after 120 s, when the buyer pays already', 90_000, 120_000, 100_000, [usd(20), 0]],
  ])('the seller earns %s', (_what, buyerWaits, sellerWaits, connectedMs, expected) => {
    const parts = {
      target: { plan: perCall(usd(20), buyerWaits) },
      terms: { payout: perCall(usd(12), sellerWaits) },
    };
    expect(money(rated(parts, connectedMs))).toEqual(expected);
  });

  test('say why there is no payout', () => {
    expect(rated({ target: { plan: perCall(usd(20), 90_000) } }, 60_000)).toMatchObject({
      priced: 'plan',
      earned: 'unpaid',
      lines: [],
    });
  });

  test('may lose money: the payout is the exchange’s own promise', () => {
    expect(money(rated({ target: { plan: perCall(usd(5)) } }, 1))).toEqual([usd(5), usd(12)]);
  });

  test('a share is one of what the buyer pays, however it was priced', () => {
    const parts = {
      target: { plan: perMinute(usd(1), 60_000, 60_000) },
      terms: { payout: share(7_500) },
    };
    expect(money(rated(parts, 61_000))).toEqual([usd(2), usd(1.5)]);
  });
});

describe('conversions', () => {
  const conversions: readonly ConversionRule[] = [
    { when: { kind: 'postback', anyOf: ['sale', 'policy'] }, plan: perCall(usd(100)) },
    { when: { kind: 'keypress', anyOf: ['1'] }, plan: perCall(usd(40)) },
    { when: { kind: 'duration', atLeastMs: 90_000 }, plan: perMinute(usd(10), 60_000, 60_000) },
    { when: { kind: 'disposition', anyOf: ['lead'] }, plan: perCall(0) },
  ];
  const parts: SaleParts = { target: { plan: perCall(usd(5)), conversions } };

  test.each<[string, number, CallSignal[], string, number]>([
    ['none fires: the plan', 60_000, [], 'plan', usd(5)],
    ['long enough', 90_000, [], 'conversions/2', usd(20)],
    ['a sale', 10_000, [signal('postback', 'policy')], 'conversions/0', usd(100)],
    [
      'a sale and long enough: the first in order',
      90_000,
      [signal('postback', 'sale')],
      'conversions/0',
      usd(100),
    ],
    [
      'whatever came first in time',
      90_000,
      [signal('keypress', '1'), signal('postback', 'sale')],
      'conversions/0',
      usd(100),
    ],
    ['a key', 10_000, [signal('keypress', '1')], 'conversions/1', usd(40)],
    ['another key', 10_000, [signal('keypress', '2')], 'plan', usd(5)],
    ['the same word as another kind of thing', 10_000, [signal('disposition', 'sale')], 'plan', usd(5)],
    [
      'a rule that costs nothing goes before the plan too',
      10_000,
      [signal('disposition', 'lead')],
      'conversions/3',
      0,
    ],
  ])('%s', (_what, connectedMs, heard, priced, revenue) => {
    expect(rated(parts, connectedMs, heard)).toMatchObject({ priced, revenue });
  });

  test('of the seller are its own', () => {
    const own: ConversionRule<PayoutPlan>[] = [
      { when: { kind: 'postback', anyOf: ['sale'] }, plan: share(5_000) },
      { when: { kind: 'duration', atLeastMs: 30_000 }, plan: perCall(usd(3)) },
    ];
    const both = { target: parts.target ?? {}, terms: { payout: perCall(0), conversions: own } };
    expect(rated(both, 40_000)).toMatchObject({ priced: 'plan', earned: 'conversions/1', payout: usd(3) });
    expect(rated(both, 10_000)).toMatchObject({ revenue: usd(5), earned: 'plan', payout: 0 });
    expect(rated(both, 10_000, [signal('postback', 'sale')])).toMatchObject({
      priced: 'conversions/0',
      earned: 'conversions/0',
      payout: usd(50),
    });
  });

  test('by duration go by their own clock', () => {
    const when = { kind: 'duration', clock: 'incoming', atLeastMs: 69_000 } as const;
    const target = { plan: perCall(usd(5)), conversions: [{ when, plan: perCall(usd(9)) }] };
    // Nine seconds passed before the answer.
    expect(rated({ target }, 60_000).priced).toBe('conversions/0');
    expect(rated({ target }, 59_999).priced).toBe('plan');
  });

  test('as far as they are known when the call ends tell what its buyer owes then', () => {
    expect(revenueAtEnd(saleOf(parts), 60_000)).toBe(usd(5));
    expect(revenueAtEnd(saleOf(parts), 120_000)).toBe(usd(20));
    expect(revenueAtEnd(saleOf({ target: { ...parts.target, free: 'duplicate' } }), 120_000)).toBe(0);
  });
});

const leg = (over: Partial<CarrierLeg> = {}): CarrierLeg => ({
  accountId: 'carrier',
  trunkId: 'trunk',
  direction: 'inbound',
  prefix: '1800',
  plan: perMinute(12_500, 6_000, 6_000),
  currency: 'USD',
  nth: 1,
  durationMs: 60_000,
  ...over,
});

const fee = (over: Partial<FeeRule>): FeeRule => ({
  code: 'platform',
  name: 'Platform fee',
  basis: 'per_call',
  amount: usd(0.25),
  shareBp: 0,
  on: 'connected',
  ...over,
});
const tax = (over: Partial<TaxRule>): TaxRule => ({
  code: 'vat',
  name: 'VAT',
  ratePpm: 190_000,
  on: ['revenue', 'fees'],
  ...over,
});
const termsOf = (accountId: string, fees: FeeRule[], taxes: TaxRule[] = []): AccountTerms => ({
  accountId,
  effectiveFrom: 0,
  fees,
  taxes,
});

describe('calls that cost nobody anything', () => {
  const buyerTerms = termsOf('buyer-account', [fee({})], [tax({})]);
  test.each<[string, SaleParts, number]>([
    ['duplicate', { target: { free: 'duplicate' } }, 600_000],
    ['short_call', { terms: { shortCallMs: 20_000 } }, 19_999],
  ])('%s: no fees and no taxes, and the carrier is paid all the same', (priced, parts, connectedMs) => {
    const sale = rateSale(inputOf(parts, connectedMs, { buyerTerms, carrierLegs: [leg()] }));
    expect(sale).toMatchObject({ priced, earned: priced, revenue: 0, payout: 0, fees: 0, taxes: 0 });
    expect(sale.lines.map(({ kind }) => kind)).toEqual(['carrier_cost']);
    expect(sale.carrierCost).toBeGreaterThan(0);
  });

  test('a call that is just long enough is not short, and goes by the answer whatever its plan does', () => {
    const parts: SaleParts = {
      target: { plan: { ...perCall(usd(20)), clock: 'incoming' } },
      terms: { shortCallMs: 20_000 },
    };
    expect(rated(parts, 19_999).revenue).toBe(0);
    expect(rated(parts, 20_000).revenue).toBe(usd(20));
  });
});

describe('fees and taxes', () => {
  const fees = (rules: FeeRule[], parts: SaleParts = {}, connectedMs = 61_000): number[] =>
    rateSale(inputOf(parts, connectedMs, { buyerTerms: termsOf('buyer-account', rules) }))
      .lines.filter(({ kind }) => kind === 'fee')
      .map(({ amount }) => amount);
  const unpaid: SaleParts = { target: { plan: perCall(usd(20), 90_000) } };

  test.each<[string, FeeRule, SaleParts, number[]]>([
    ['a call', fee({}), {}, [usd(0.25)]],
    ['each minute begun', fee({ basis: 'per_minute' }), {}, [usd(0.5)]],
    ['a share of the price', fee({ basis: 'share', amount: usd(0), shareBp: 250 }), {}, [usd(0.5)]],
    ['a call nobody pays for', fee({}), unpaid, [usd(0.25)]],
    ['calls that are paid for alone', fee({ on: 'converted' }), unpaid, []],
    ['a share of nothing', fee({ basis: 'share', shareBp: 250 }), unpaid, []],
  ])('are for %s', (_what, rule, parts, expected) => {
    expect(fees([rule], parts)).toEqual(expected);
  });

  test('taxes are on what they say', () => {
    const taxes = [
      tax({}),
      tax({ code: 'usf', name: 'Universal service', ratePpm: 88_750, on: ['revenue'] }),
      tax({ code: 'fee_tax', name: 'Fee tax', ratePpm: 100_000, on: ['fees'] }),
    ];
    const buyerTerms = termsOf('buyer-account', [fee({ amount: usd(1) })], taxes);
    const sale = rateSale(inputOf({}, 1, { buyerTerms }));
    expect(sale.lines.flatMap(({ kind, code, amount }) => (kind === 'tax' ? [[code, amount]] : []))).toEqual([
      ['vat', usd(3.99)],
      ['usf', usd(1.775)],
      ['fee_tax', usd(0.1)],
    ]);
    expect(sale).toMatchObject({ revenue: usd(20), fees: usd(1), taxes: usd(5.865) });
  });

  test('of a seller are shares of what it earns, and its earnings are not taxed', () => {
    const sellerTerms = termsOf('seller-account', [fee({ basis: 'share', shareBp: 1_000 })], [tax({})]);
    const sale = rateSale(inputOf({}, 1, { sellerTerms }));
    expect(sale.lines.slice(2)).toMatchObject([
      { kind: 'fee', accountId: 'seller-account', amount: usd(1.2) },
      { kind: 'tax', accountId: 'seller-account', amount: usd(0.228) },
    ]);
  });
});

describe('those who share', () => {
  const splits = [
    { accountId: 'agency', shareBp: 2_000 },
    { accountId: 'referrer', shareBp: 333 },
  ];
  const payouts = ({ lines }: RatedSale): [string, number][] =>
    lines.flatMap(({ kind, accountId, amount }) => (kind === 'payout' ? [[accountId, amount]] : []));

  test('get their shares, the seller the rest', () => {
    expect(payouts(rated({ terms: { splits } }, 1))).toEqual([
      ['seller-account', 9_200_400],
      ['agency', 2_400_000],
      ['referrer', 399_600],
    ]);
  });

  test('may leave the seller nothing', () => {
    const all = [{ accountId: 'agency', shareBp: 10_000 }];
    expect(payouts(rated({ terms: { splits: all } }, 1))).toEqual([['agency', usd(12)]]);
  });

  test('cannot share more than there is', () => {
    const more = [{ accountId: 'agency', shareBp: 10_001 }];
    expect(() => rated({ terms: { splits: more } }, 1)).toThrow(RangeError);
  });
});

describe('carriers', () => {
  test('are paid for each leg by the time it was up, however long the conversation was', () => {
    const out = {
      direction: 'outbound',
      accountId: 'other',
      plan: perMinute(6_000, 60_000, 60_000),
    } as const;
    const legs = [leg({ durationMs: 61_000 }), leg({ ...out, durationMs: 4_500 }), leg({ ...out, nth: 2 })];
    const sale = rateSale(inputOf({}, 31_000, { carrierLegs: legs }));
    // 11 × 6 s at 0.0125 a minute; a minute begun and a whole one at 0.006.
    expect(sale.lines.slice(2).map(({ accountId, code, amount }) => [accountId, code, amount])).toEqual([
      ['carrier', 'inbound', 13_750],
      ['other', 'outbound', 6_000],
      ['other', 'outbound/2', 6_000],
    ]);
    expect(sale.carrierCost).toBe(25_750);
  });

  test('are paid in their own currency, which is in no sum of the sale', () => {
    const sale = rateSale(inputOf({}, 60_000, { carrierLegs: [leg({ currency: 'EUR' })] }));
    expect(sale.carrierCost).toBe(0);
    expect(sale.lines.at(-1)).toMatchObject({ kind: 'carrier_cost', amount: 12_500, currency: 'EUR' });
  });
});

describe('whatever the terms', () => {
  const feeRules = fc.record({
    code: fc.constant('fee'),
    name: fc.constant('Fee'),
    basis: fc.constantFrom('per_call' as const, 'per_minute' as const, 'share' as const),
    amount: amounts,
    shareBp: fc.nat(10_000),
    on: fc.constantFrom('connected' as const, 'converted' as const),
  });
  const taxRules = fc.record({
    code: fc.constant('tax'),
    name: fc.constant('Tax'),
    ratePpm: fc.nat(1_000_000),
    on: fc.subarray(['revenue' as const, 'fees' as const]),
  });
  const accountTerms = (accountId: string): fc.Arbitrary<AccountTerms | undefined> =>
    fc.option(
      fc.record({
        accountId: fc.constant(accountId),
        effectiveFrom: fc.constant(0),
        fees: fc.array(feeRules, { maxLength: 3 }),
        taxes: fc.array(taxRules, { maxLength: 3 }),
      }),
      { nil: undefined },
    );
  const payoutPlans = fc.oneof(ratePlans, sharePlans);
  const splits = fc.array(fc.record({ accountId: fc.constantFrom('a', 'b', 'c'), shareBp: fc.nat(3_333) }), {
    maxLength: 3,
  });
  const legs = fc.array(
    fc
      .record({
        rate: amounts,
        currency: fc.constantFrom('USD' as const, 'EUR' as const),
        durationMs: durations,
      })
      .map(({ rate, ...over }) => leg({ plan: perMinute(rate, 6_000, 6_000), ...over })),
    { maxLength: 2 },
  );
  const inputs = fc.record({
    plan: ratePlans,
    conversions: fc.array(fc.record({ when: triggers, plan: ratePlans }), { maxLength: 3 }),
    payout: payoutPlans,
    payoutConversions: fc.array(fc.record({ when: triggers, plan: payoutPlans }), { maxLength: 3 }),
    splits,
    shortCallMs: fc.nat(120_000),
    free: fc.constantFrom(undefined, undefined, 'duplicate' as const),
    connectedMs: durations,
    heard: signals,
    buyerTerms: accountTerms('buyer-account'),
    sellerTerms: accountTerms('seller-account'),
    legs,
  });

  test('lines come to their sums, each above nothing, and nobody else is in them', () => {
    fc.assert(
      fc.property(inputs, (given) => {
        const { plan, conversions, free, payout, payoutConversions, shortCallMs } = given;
        const sale = rateSale(
          inputOf(
            {
              target: { plan, conversions, free },
              terms: { payout, conversions: payoutConversions, shortCallMs, splits: given.splits },
            },
            given.connectedMs,
            {
              signals: given.heard,
              buyerTerms: given.buyerTerms,
              sellerTerms: given.sellerTerms,
              carrierLegs: given.legs,
            },
          ),
        );
        const sum = (kind: RatedLine['kind']): number =>
          sale.lines
            .filter((line) => line.kind === kind && line.currency === 'USD')
            .reduce((total, { amount }) => total + amount, 0);
        expect(sum('revenue')).toBe(sale.revenue);
        expect(sum('payout')).toBe(sale.payout);
        expect(sum('fee')).toBe(sale.fees);
        expect(sum('tax')).toBe(sale.taxes);
        expect(sum('carrier_cost')).toBe(sale.carrierCost);
        for (const { amount } of sale.lines) expect(amount).toBeGreaterThan(0);
        if (free !== undefined || given.connectedMs < shortCallMs) {
          expect(sale.lines.every(({ kind }) => kind === 'carrier_cost')).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
