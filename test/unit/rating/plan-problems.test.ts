import * as fc from 'fast-check';
import { planProblems, RATE_PLAN_KINDS } from '../../../src/rating';
import { banded, graduated, perCall, perMinute, ratePlans, share, sharePlans } from './plans';

const where = (plan: unknown): string[] => planProblems(plan, '/plan').map(({ pointer }) => pointer);

test('a plan that prices every call has none', () => {
  fc.assert(fc.property(fc.oneof(ratePlans, sharePlans), (plan) => expect(where(plan)).toEqual([])));
});

describe('bands', () => {
  const holed = { ...banded([30_000, 0], [null, 5]), bands: [] as unknown[] };
  const of = (...bands: readonly (readonly [unknown, unknown, unknown])[]): unknown => ({
    ...holed,
    bands: bands.map(([fromMs, toMs, amount]) => ({ fromMs, toMs, amount })),
  });
  test.each<[string, unknown, string, RegExp]>([
    ['none', of(), '/plan/bands', /no bands/],
    ['a beginning after 0', of([1_000, null, 5]), '/plan/bands/0', /begins after 0/],
    ['a hole', of([0, 30_000, 5], [31_000, null, 6]), '/plan/bands/1', /hole from 30000 to 31000/],
    ['an overlap', of([0, 30_000, 5], [29_000, null, 6]), '/plan/bands/1', /overlaps/],
    ['two beginnings', of([0, null, 5], [0, null, 6]), '/plan/bands/1', /no end/],
    ['an end', of([0, 30_000, 5], [30_000, 60_000, 6]), '/plan/bands/1', /must have no end/],
    ['an empty one', of([0, 0, 5], [0, null, 6]), '/plan/bands/0', /before it has begun/],
    ['amounts that fall', of([0, 30_000, 5], [30_000, null, 4]), '/plan/bands/1/amount', /less than/],
    ['a negative amount', of([0, 30_000, 5], [30_000, null, -4]), '/plan/bands/1/amount', /negative/],
    ['a part of a micro-unit', of([0, null, 0.5]), '/plan/bands/0/amount', /whole number/],
    ['no number', of([0, null, '5']), '/plan/bands/0/amount', /whole number/],
    ['no end said', of([0, undefined, 5]), '/plan/bands/0/toMs', /whole number/],
    ['a negative beginning', of([-1, null, 5]), '/plan/bands/0/fromMs', /negative/],
    ['no band', { ...holed, bands: [7] }, '/plan/bands/0', /no band/],
  ])('with %s', (_what, plan, pointer, message) => {
    expect(planProblems(plan, '/plan')).toEqual([
      { pointer, message: expect.stringMatching(message) as string },
    ]);
  });

  test('more than can be meant', () => {
    const many = Array.from({ length: 101 }, (_, n) => ({
      fromMs: n * 1_000,
      toMs: n === 100 ? null : (n + 1) * 1_000,
      amount: n,
    }));
    expect(where({ ...holed, bands: many })).toEqual(['/plan/bands']);
    expect(
      where({ ...holed, bands: [...many.slice(0, 99), { fromMs: 99_000, toMs: null, amount: 99 }] }),
    ).toEqual([]);
  });

  test('rates may fall, amounts may not', () => {
    expect(where(graduated(1_000, 1_000, [60_000, 9], [null, 3]))).toEqual([]);
    expect(where(banded([60_000, 9], [null, 3]))).toEqual(['/plan/bands/1/amount']);
  });
});

test.each<[string, unknown, string[]]>([
  ['no plan', null, ['/plan']],
  ['a list', [], ['/plan']],
  ['no kind', { afterMs: 0 }, ['/plan/kind']],
  ['an unknown kind', { kind: 'per_minuet', afterMs: 0 }, ['/plan/kind']],
  ['a negative amount', perCall(-1), ['/plan/amount']],
  ['an amount that cannot be counted', perCall(2 ** 53), ['/plan/amount']],
  ['a negative wait', perCall(1, -1), ['/plan/afterMs']],
  ['a wait that no call lasts', perCall(1, 14_400_001), ['/plan/afterMs']],
  ['a clock that is none', { ...perCall(1), clock: 'noon' }, ['/plan/clock']],
  ['a minimum above the maximum', { ...perCall(1), minimum: 5, maximum: 4 }, ['/plan/maximum']],
  ['a negative minimum', { ...perCall(1), minimum: -5 }, ['/plan/minimum']],
  ['an increment of nothing', perMinute(1, 0, 6_000), ['/plan/firstIncrementMs']],
  ['no further increment', perMinute(1, 60_000, 0), ['/plan/nextIncrementMs']],
  ['a negative fee', { ...perMinute(1, 60_000, 60_000), connectFee: -1 }, ['/plan/connectFee']],
  ['a rate that overflows', perMinute(1e15, 60_000, 60_000), ['/plan']],
  ['a rate that overflows, cut', { ...perMinute(1e15, 60_000, 60_000), maximum: 1e9 }, []],
  ['more than all', share(10_001), ['/plan/shareBp']],
  [
    'several',
    { ...perMinute(-1, 0, 0, -1) },
    ['/plan/afterMs', '/plan/ratePerMinute', '/plan/firstIncrementMs', '/plan/nextIncrementMs'],
  ],
])('%s', (_what, plan, pointers) => {
  expect(where(plan)).toEqual(pointers);
});

test('a share is no price for a buyer', () => {
  expect(planProblems(share(5_000), '/plan', RATE_PLAN_KINDS)).toEqual([
    { pointer: '/plan/kind', message: 'is none of per_call, per_minute, banded, graduated' },
  ]);
});
