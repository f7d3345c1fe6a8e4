import * as fc from 'fast-check';
import type { ActivityEvent, E164 } from '../../../src/domain';
import { CALL_ORIGINS } from '../../../src/domain';
import { decodeActivity, encodeActivity } from '../../../src/storage/activity-codec';

const number = fc
  .bigInt({ min: 1_000_000n, max: 999_999_999_999_999n })
  .map((digits) => `+${digits}` as E164);
const id = fc.string({ minLength: 1, maxLength: 40 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const source = {
  at: fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }),
  caller: maybe(number),
  did: number,
  trunkId: id,
  sellerId: maybe(id),
  campaignId: maybe(id),
  origin: fc.constantFrom(...CALL_ORIGINS),
};
const event = fc.oneof(
  fc.record({
    ...source,
    kind: fc.constant('attempt' as const),
    placeContradicted: fc.boolean(),
    misidentified: fc.boolean(),
    signed: fc.boolean(),
  }),
  fc.record({ ...source, kind: fc.constant('connected' as const), buyerId: id, targetId: id }),
  fc.record({
    ...source,
    kind: fc.constant('ended' as const),
    buyerId: maybe(id),
    targetId: maybe(id),
    ringMs: maybe(fc.nat(120_000)),
    answered: fc.boolean(),
    connectedMs: fc.nat(14_400_000),
    endedBy: fc.constantFrom('caller' as const, 'buyer' as const, 'exchange' as const),
    converted: fc.boolean(),
    revenue: fc.nat(1_000_000_000),
    payoutAfterMs: maybe(fc.nat(14_400_000)),
  }),
) as unknown as fc.Arbitrary<ActivityEvent>;

test('what is written is read back', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      expect(decodeActivity(encodeActivity(events))).toEqual(events);
    }),
  );
});

test('a batch is short: each text once', () => {
  const one = {
    kind: 'attempt',
    at: 1_790_000_000_000,
    caller: '+12125550123' as E164,
    did: '+18005550199' as E164,
    trunkId: 'trunk-of-a-carrier',
    sellerId: '0191f7a2-5a3c-7d10-8a5e-1f2a3b4c5d6e',
    campaignId: '0191f7a2-5a3c-7d10-8a5e-aaaaaaaaaaaa',
    origin: 'inbound_consumer',
    placeContradicted: false,
    misidentified: false,
    signed: true,
  } as const;
  const hundred = Array.from({ length: 100 }, (_, n) => ({ ...one, at: one.at + n }));
  expect(encodeActivity(hundred).length / 100).toBeLessThan(50);
});

test('what was not written here is refused, whatever it is', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      expect(() => decodeActivity(text)).toThrow();
    }),
  );
  const good = encodeActivity(fc.sample(event, { numRuns: 5, seed: 1 }));
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.constantFrom('0', '9', 'x', ',', '', 'null'), (at, junk) => {
      const text = good.slice(0, at) + junk + good.slice(at + 1);
      try {
        for (const { did, trunkId } of decodeActivity(text)) {
          expect(did.startsWith('+')).toBe(true);
          expect(typeof trunkId).toBe('string');
        }
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        expect((error as Error).name).toMatch(/^(SyntaxError|RangeError)$/);
      }
    }),
  );
});
