import * as fc from 'fast-check';
import { micros } from '../../../src/domain';
import { mostCharged, rateSale } from '../../../src/rating';
import { usd } from '../market/fixtures';
import { banded, perCall, perMinute, ratePlans, signals, triggers } from './plans';
import { inputOf } from './sales';

test('no call within its longest duration costs more, whatever becomes known of it', () => {
  const prices = fc.record({
    plan: ratePlans,
    conversions: fc.array(fc.record({ when: triggers, plan: ratePlans }), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(
      prices,
      fc.integer({ min: 1_000, max: 14_400_000 }),
      fc.nat(14_401_000),
      fc.record({ setupMs: fc.nat(300_000), ringMs: fc.nat(300_000) }),
      signals,
      (price, longest, lasts, before, heard) => {
        // The timer that ends a call may come a second late.
        const connectedMs = Math.min(lasts, longest + 1_000);
        const input = inputOf({ target: { ...price, maxDurationMs: longest }, ...before }, connectedMs);
        const { revenue } = rateSale({ ...input, signals: heard });
        expect(revenue).toBeLessThanOrEqual(mostCharged(price, longest));
      },
    ),
    { numRuns: 500 },
  );
});

test.each<[string, Parameters<typeof mostCharged>[0], number]>([
  ['the amount of a call', { plan: perCall(usd(20), 60_000) }, usd(20)],
  ['nothing where no call lasts long enough', { plan: perCall(usd(20), 602_000) }, 0],
  ['a further increment for the overtime', { plan: perMinute(usd(1), 60_000, 60_000) }, usd(11)],
  [
    'two minutes more where ringing counts',
    { plan: { ...perMinute(usd(1), 60_000, 60_000), clock: 'ring' } },
    usd(13),
  ],
  [
    'the band of the longest call',
    { plan: banded([60_000, usd(1)], [600_500, usd(4)], [null, usd(9)]) },
    usd(9),
  ],
  [
    'the dearest rule that may fire',
    {
      plan: perCall(usd(1)),
      conversions: [
        { when: { kind: 'duration', atLeastMs: 60_000 }, plan: perCall(usd(7)) },
        { when: { kind: 'postback', anyOf: ['sale'] }, plan: perCall(usd(90)) },
        { when: { kind: 'duration', atLeastMs: 602_000 }, plan: perCall(usd(500)) },
      ],
    },
    usd(90),
  ],
])('is %s', (_what, price, most) => {
  expect(mostCharged(price, 600_000)).toBe(most);
});

test('what cannot be counted is the most that can', () => {
  const plan = perMinute(micros(Number.MAX_SAFE_INTEGER), 60_000, 60_000);
  expect(mostCharged({ plan }, 14_400_000)).toBe(Number.MAX_SAFE_INTEGER);
});
