import fc from 'fast-check';
import { worstCost } from '../../../../src/billing';
import type { AccountTerms, RatePlan } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import { rateSale } from '../../../../src/rating';
import { ringTarget, saleTerms } from '../../../support/call-records';

const PER_MINUTE: RatePlan = {
  kind: 'per_minute',
  ratePerMinute: micros(3_000_000),
  firstIncrementMs: 30_000,
  nextIncrementMs: 6_000,
  afterMs: 10_000,
};
const CONVERTED: RatePlan = { kind: 'per_call', amount: micros(40_000_000), afterMs: 0 };
const TERMS: AccountTerms = {
  accountId: 'buyer-account',
  effectiveFrom: 0,
  fees: [
    {
      code: 'platform',
      name: 'Platform',
      basis: 'per_call',
      amount: micros(150_000),
      shareBp: 0,
      on: 'connected',
    },
    {
      code: 'minutes',
      name: 'Minutes',
      basis: 'per_minute',
      amount: micros(7_001),
      shareBp: 0,
      on: 'converted',
    },
    { code: 'share', name: 'Share', basis: 'share', amount: micros(0), shareBp: 333, on: 'converted' },
  ],
  taxes: [{ code: 'sales', name: 'Sales tax', ratePpm: 88_750, on: ['revenue', 'fees'] }],
};

test('the worst rule of a price counts, with the fees and taxes on it', () => {
  const price = {
    plan: { kind: 'per_call', amount: micros(10_000_000), afterMs: 0 } as const,
    conversions: [{ when: { kind: 'keypress', anyOf: ['1'] }, plan: CONVERTED }] as const,
  };
  expect(worstCost(price, 60_000, 'USD', undefined)).toBe(40_000_000);
  const flat: AccountTerms = { ...TERMS, fees: TERMS.fees.slice(0, 1) };
  // 40.15 and 8.875 % of it.
  expect(worstCost(price, 60_000, 'USD', flat)).toBe(43_713_313);
});

test('what no wallet covers stays so, with fees or without', () => {
  const plan: RatePlan = { ...PER_MINUTE, ratePerMinute: micros(Number.MAX_SAFE_INTEGER) };
  expect(worstCost({ plan }, 14_400_000, 'USD', TERMS)).toBe(Number.MAX_SAFE_INTEGER);
});

test('no call that lasts so long ever costs its buyer more, and longer ones never less', () => {
  const duration = fc.integer({ min: 0, max: 4_000_000 });
  fc.assert(
    fc.property(duration, duration, fc.option(fc.constant(TERMS), { nil: undefined }), (a, b, terms) => {
      const [shorter, longer] = [Math.min(a, b), Math.max(a, b)];
      const worst = worstCost({ plan: PER_MINUTE }, longer, 'USD', terms);
      expect(worstCost({ plan: PER_MINUTE }, shorter, 'USD', terms)).toBeLessThanOrEqual(worst);
      const rated = rateSale({
        sale: { target: ringTarget({ plan: PER_MINUTE }), terms: saleTerms() },
        connectedMs: shorter,
        signals: [],
        buyerTerms: terms,
        carrierLegs: [],
      });
      expect(rated.revenue + rated.fees + rated.taxes).toBeLessThanOrEqual(worst);
    }),
  );
});
