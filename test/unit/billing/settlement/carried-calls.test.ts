import * as fc from 'fast-check';
import type { CarriedCall } from '../../../../src/billing';
import { carriedLegs } from '../../../../src/billing';
import { callPostings } from '../../../../src/billing/settlement/call-postings';
import { rateCall } from '../../../../src/billing/settlement/rate-call';
import type { CarriedLeg, Currency, Micros } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import type { CarrierLeg } from '../../../../src/rating';
import { saleOf } from '../../rating/sales';

/** What carriers take a minute, and their increments. */
interface Rate {
  readonly rate: number;
  readonly fee: number;
  readonly first: number;
  readonly next: number;
  readonly currency: Currency;
}

const rate: fc.Arbitrary<Rate> = fc.record({
  rate: fc.integer({ min: 0, max: 2_000_000 }),
  fee: fc.constantFrom(0, 20_000),
  first: fc.constantFrom(1_000, 6_000, 30_000, 60_000),
  next: fc.constantFrom(1_000, 6_000, 60_000),
  currency: fc.constantFrom('USD' as const, 'EUR' as const),
});
const leg = fc.record({
  direction: fc.constant('outbound' as const),
  trunkId: fc.constantFrom('out-1', 'out-2'),
  number: fc.constant('+442079460958'),
  answeredAt: fc.integer({ min: 2_000, max: 9_000_000 }),
  durationMs: fc.nat(7_200_000),
});
/** Attended or not, sold or not, transferred any number of times. */
const calls = fc.record({
  rates: fc.record({ in: rate, 'out-1': rate, 'out-2': rate }),
  sold: fc.boolean(),
  attended: fc.boolean(),
  reached: fc.constantFrom(undefined, 'out-1', 'out-2'),
  connectedMs: fc.nat(3_600_000),
  heardMs: fc.nat(600_000),
  transfers: fc.array(leg, { maxLength: 4 }),
  metered: fc.boolean(),
});

/** Micro-units for a leg, as a carrier's bill has them, in exact arithmetic. */
function bill({ rate: perMinute, fee, first, next }: Rate, durationMs: number): number {
  const rest = Math.max(0, durationMs - first);
  const billed = durationMs === 0 ? 0 : first + Math.ceil(rest / next) * next;
  return fee + Number((BigInt(perMinute) * BigInt(billed) * 2n + 60_000n) / 120_000n);
}

test('whatever a call was, carriers are paid for exactly the time of its legs, and the books balance', () => {
  fc.assert(
    fc.property(calls, (given) => {
      const { sold, attended, reached, connectedMs, heardMs, transfers, rates } = given;
      const target = reached === undefined ? {} : { trunkId: reached, uri: 'sip:+442079460958@192.0.2.9' };
      const sale = sold ? saleOf({ target }) : null;
      const inbound: CarriedLeg = {
        ...{ direction: 'inbound', trunkId: 'in', number: '+18005550100', answeredAt: 1_000 },
        durationMs: heardMs + (sold ? connectedMs : 0),
      };
      const isMetered = given.metered || (attended && !sold);
      const call: CarriedCall = {
        ...{ callId: 'call', at: 2_000, trunkId: 'in', dialled: '+18005550100', connectedMs, sale },
        carried: isMetered && (sold || attended) ? [inbound, ...transfers] : null,
      };
      const legs = carriedLegs(call);
      // Of calls whose legs nobody metered a sold one had those of its conversation, and others none.
      if (call.carried === null) {
        const expected = sold ? (reached === undefined ? [connectedMs] : [connectedMs, connectedMs]) : [];
        expect(legs.map(({ durationMs }) => durationMs)).toEqual(expected);
      } else expect(legs).toBe(call.carried);

      const seen = { inbound: 0, outbound: 0 };
      const carrierLegs = legs.map(({ direction, trunkId, durationMs }): CarrierLeg => {
        const { rate: ratePerMinute, fee, first, next, currency } = rates[trunkId as keyof typeof rates];
        return {
          ...{ accountId: `of ${trunkId}`, trunkId, direction, prefix: '1', currency, durationMs },
          nth: ++seen[direction],
          plan: {
            ...{ kind: 'per_minute', firstIncrementMs: first, nextIncrementMs: next, afterMs: 0 },
            ratePerMinute: micros(ratePerMinute),
            ...(fee === 0 ? {} : { connectFee: micros(fee) }),
          },
        };
      });
      const rated = rateCall({ ...call, sale, campaignId: null }, { signals: [], carrierLegs });
      const postings = callPostings(sale?.target.buyerAccountId, rated.lines, []);

      const owed = new Map<string, number>();
      for (const { trunkId, durationMs } of legs) {
        const its = rates[trunkId as keyof typeof rates];
        const amount = bill(its, durationMs);
        const key = `of ${trunkId} ${its.currency}`;
        if (amount > 0) owed.set(key, (owed.get(key) ?? 0) - amount);
      }
      const paid = postings.filter(({ accountId }) => accountId.startsWith('of '));
      expect(new Map(paid.map((one) => [`${one.accountId} ${one.currency}`, one.amount]))).toEqual(owed);
      expect(paid.every(({ purpose }) => purpose === 'payable')).toBe(true);

      for (const currency of ['USD', 'EUR'] as const) {
        const sum = (amounts: readonly Micros[]): number => amounts.reduce((total, one) => total + one, 0);
        expect(sum(postings.filter((one) => one.currency === currency).map(({ amount }) => amount))).toBe(0);
      }
      // Nobody but carriers is paid for a call that nobody bought.
      if (!sold) {
        expect(rated).toMatchObject({ revenue: 0, payout: 0, fees: 0, taxes: 0, priced: 'not_sold' });
        expect(rated.lines.every(({ kind }) => kind === 'carrier_cost')).toBe(true);
        expect(rated.currency).toBe(rated.lines[0]?.currency);
      }
      // Legs are told apart, so that each can be put right alone.
      expect(new Set(rated.lines.map(({ kind, code }) => `${kind} ${code}`)).size).toBe(rated.lines.length);
    }),
    { numRuns: 500 },
  );
});

test.each([
  // Call detail records of carriers, with what their bills say: 30/6, 60/60, by the second with a fee.
  [{ rate: 12_500, fee: 0, first: 30_000, next: 6_000 }, 29_000, 6_250],
  [{ rate: 12_500, fee: 0, first: 30_000, next: 6_000 }, 31_000, 7_500],
  [{ rate: 6_000, fee: 0, first: 60_000, next: 60_000 }, 60_001, 12_000],
  [{ rate: 60_000, fee: 20_000, first: 1_000, next: 1_000 }, 61_000, 81_000],
  // The leg was answered and over in the same instant: its fee is due.
  [{ rate: 60_000, fee: 20_000, first: 1_000, next: 1_000 }, 0, 20_000],
] as const)('%j for %d ms is %d micro-units', (its, durationMs, amount) => {
  const carrierLegs: CarrierLeg[] = [
    {
      ...{ accountId: 'carrier', trunkId: 'in', direction: 'inbound', prefix: '1', currency: 'USD' },
      ...{ nth: 1, durationMs },
      plan: {
        ...{ kind: 'per_minute', firstIncrementMs: its.first, nextIncrementMs: its.next, afterMs: 0 },
        ...{ ratePerMinute: micros(its.rate), connectFee: micros(its.fee) },
      },
    },
  ];
  const call = { callId: 'call', at: 0, trunkId: 'in', dialled: '+18005550100', connectedMs: 0 };
  const ended = { ...call, sale: null, campaignId: null, carried: [] };
  expect(rateCall(ended, { signals: [], carrierLegs }).carrierCost).toBe(amount);
  expect(bill({ ...its, currency: 'USD' }, durationMs)).toBe(amount);
});
