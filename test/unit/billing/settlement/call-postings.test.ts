import * as fc from 'fast-check';
import { callPostings } from '../../../../src/billing/settlement/call-postings';
import type { TakenHold } from '../../../../src/billing/settlement/call-postings';
import type { Currency } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import type { RatedLine } from '../../../../src/rating';

const BUYER = 'buyer';
const line = (
  kind: RatedLine['kind'],
  accountId: string,
  amount: number,
  currency: Currency = 'USD',
): RatedLine => ({
  kind,
  accountId,
  code: 'plan',
  text: 'Call',
  amount: micros(amount),
  currency,
});
const shown = (lines: readonly RatedLine[], holds: readonly TakenHold[] = []): Record<string, number> =>
  Object.fromEntries(
    callPostings(BUYER, lines, holds).map((p) => [`${p.accountId} ${p.purpose} ${p.currency}`, p.amount]),
  );

test('the buyer pays price, fees and taxes out of what was held and its wallet', () => {
  const hold = { accountId: BUYER, currency: 'USD', amount: micros(40) } as const;
  expect(
    shown(
      [line('revenue', BUYER, 25), line('fee', BUYER, 2), line('tax', BUYER, 3), line('payout', 'seller', 9)],
      [hold],
    ),
  ).toEqual({
    'buyer held USD': 40,
    'buyer wallet USD': -10,
    'operator revenue USD': -25,
    'operator fees USD': -2,
    'operator tax USD': -3,
    'seller payable USD': -9,
    'operator payout USD': 9,
  });
});

test('just what was held leaves the wallet alone', () => {
  const hold = { accountId: BUYER, currency: 'USD', amount: micros(25) } as const;
  expect(shown([line('revenue', BUYER, 25)], [hold])).toEqual({
    'buyer held USD': 25,
    'operator revenue USD': -25,
  });
});

test("a seller's fees and taxes are taken of what it is owed", () => {
  expect(shown([line('payout', 'seller', 9), line('fee', 'seller', 2), line('tax', 'seller', 1)])).toEqual({
    'seller payable USD': -6,
    'operator payout USD': 9,
    'operator fees USD': -2,
    'operator tax USD': -1,
  });
});

test('a carrier is paid in its own currency', () => {
  expect(shown([line('carrier_cost', 'carrier', 7, 'EUR')])).toEqual({
    'carrier payable EUR': -7,
    'operator carrier_cost EUR': 7,
  });
});

test('a buyer that sells is paid for selling', () => {
  expect(shown([line('revenue', BUYER, 25), line('payout', BUYER, 9)])).toEqual({
    'buyer wallet USD': 25,
    'operator revenue USD': -25,
    'buyer payable USD': -9,
    'operator payout USD': 9,
  });
});

test('a sum that cannot be counted is refused', () => {
  const most = Number.MAX_SAFE_INTEGER;
  expect(() => shown([line('revenue', BUYER, most), line('fee', BUYER, 1)])).toThrow(RangeError);
});

test('whatever a call comes to and whatever was held, every currency balances, and each account is there once', () => {
  const currency = fc.constantFrom<Currency>('USD', 'EUR', 'GBP');
  const amount = fc.integer({ min: 1, max: 1e12 });
  const lines = fc.array(
    fc.record({
      kind: fc.constantFrom<RatedLine['kind']>('revenue', 'payout', 'fee', 'tax', 'carrier_cost'),
      accountId: fc.constantFrom(BUYER, 'seller', 'friend', 'carrier', 'operator'),
      amount,
      currency,
    }),
    { size: 'max', maxLength: 30 },
  );
  const holds = fc.array(fc.record({ accountId: fc.constant(BUYER), amount, currency }));
  fc.assert(
    fc.property(lines, holds, (rated, held) => {
      const postings = callPostings(
        BUYER,
        rated.map((one) => line(one.kind, one.accountId, one.amount, one.currency)),
        held.map((one) => ({ ...one, amount: micros(one.amount) })),
      );
      const sums = new Map<string, bigint>();
      for (const { currency: of, amount: sum } of postings) sums.set(of, (sums.get(of) ?? 0n) + BigInt(sum));
      expect([...sums.values()].every((sum) => sum === 0n)).toBe(true);
      expect(postings.every((posting) => posting.amount !== 0)).toBe(true);
      const names = postings.map((p) => `${p.accountId} ${p.purpose} ${p.currency}`);
      expect(new Set(names).size).toBe(names.length);
    }),
  );
});
