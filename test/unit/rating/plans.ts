import * as fc from 'fast-check';
import type {
  BandedPlan,
  ClockStart,
  ConversionRule,
  GraduatedPlan,
  Micros,
  PerCallPlan,
  PerMinutePlan,
  PlanTerms,
  RatePlan,
  SharePlan,
  TimeBand,
} from '../../../src/domain';
import { CLOCK_STARTS } from '../../../src/domain';

const HOUR_MS = 3_600_000;

export const perCall = (amount: number, afterMs = 0): PerCallPlan => ({
  kind: 'per_call',
  amount: amount as Micros,
  afterMs,
});

export const perMinute = (rate: number, first: number, next: number, afterMs = 0): PerMinutePlan => ({
  kind: 'per_minute',
  ratePerMinute: rate as Micros,
  firstIncrementMs: first,
  nextIncrementMs: next,
  afterMs,
});

/** Bands by where each ends and what it costs; the last ends nowhere. */
export function banded(...bands: readonly (readonly [toMs: number | null, amount: number])[]): BandedPlan {
  return {
    kind: 'banded',
    afterMs: 0,
    bands: follow(bands).map(({ cost, ...band }) => ({ ...band, amount: cost })),
  };
}

export function graduated(
  first: number,
  next: number,
  ...bands: readonly (readonly [toMs: number | null, rate: number])[]
): GraduatedPlan {
  return {
    kind: 'graduated',
    afterMs: 0,
    firstIncrementMs: first,
    nextIncrementMs: next,
    bands: follow(bands).map(({ cost, ...band }) => ({ ...band, ratePerMinute: cost })),
  };
}

export const share = (shareBp: number, over: Partial<SharePlan> = {}): SharePlan => ({
  kind: 'share',
  shareBp,
  afterMs: 0,
  ...over,
});

function follow(
  bands: readonly (readonly [toMs: number | null, cost: number])[],
): (TimeBand & { readonly cost: Micros })[] {
  return bands.map(([toMs, cost], index) => ({
    fromMs: index === 0 ? 0 : (bands[index - 1]?.[0] ?? NaN),
    toMs,
    cost: cost as Micros,
  }));
}

export const amounts = fc.integer({ min: 0, max: 1_000_000_000 }).map((amount) => amount as Micros);
export const increments = fc.integer({ min: 1, max: 120_000 });
export const durations = fc.integer({ min: 0, max: 4 * HOUR_MS });
const waits = fc.integer({ min: 0, max: 300_000 });
const clocks = fc.constantFrom<ClockStart>(...CLOCK_STARTS);

/** Terms that every plan may have. */
const terms: fc.Arbitrary<PlanTerms> = fc
  .record(
    { afterMs: waits, clock: clocks, limits: fc.tuple(amounts, amounts), has: fc.constantFrom(0, 1, 2, 3) },
    { requiredKeys: ['afterMs', 'limits', 'has'] },
  )
  .map(({ limits: [one, other], has, ...rest }) => ({
    ...rest,
    ...(has & 1 ? { minimum: Math.min(one, other) as Micros } : {}),
    ...(has & 2 ? { maximum: Math.max(one, other) as Micros } : {}),
  }));

/** Where bands end, and what each costs. */
const edges = fc.uniqueArray(fc.integer({ min: 1, max: HOUR_MS }), { maxLength: 5 }).chain((ends) =>
  fc.array(amounts, { minLength: ends.length + 1, maxLength: ends.length + 1 }).map((costs) => {
    const sorted: (number | null)[] = [...ends].sort((a, b) => a - b);
    return [...sorted, null].map((toMs, index) => [toMs, costs[index] as number] as const);
  }),
);

const bandedPlans = edges.map((bands) => {
  const costs = bands.map(([, cost]) => cost).sort((a, b) => a - b);
  return banded(...bands.map(([toMs], index) => [toMs, costs[index] as number] as const));
});

/** Plans in which nothing is wrong. */
export const ratePlans: fc.Arbitrary<RatePlan> = fc
  .oneof(
    amounts.map((amount) => perCall(amount)),
    fc
      .tuple(amounts, increments, increments, fc.option(amounts, { nil: undefined }))
      .map(([rate, first, next, connectFee]) => ({
        ...perMinute(rate, first, next),
        ...(connectFee === undefined ? {} : { connectFee }),
      })),
    bandedPlans,
    fc.tuple(increments, increments, edges).map(([first, next, bands]) => graduated(first, next, ...bands)),
  )
  .chain((plan) => terms.map((more) => ({ ...plan, ...more })));

export const sharePlans: fc.Arbitrary<SharePlan> = fc
  .tuple(fc.integer({ min: 0, max: 10_000 }), terms)
  .map(([shareBp, more]) => ({ kind: 'share', shareBp, ...more }));

export const triggers: fc.Arbitrary<ConversionRule['when']> = fc.oneof(
  fc.record(
    { kind: fc.constant('duration' as const), atLeastMs: durations, clock: clocks },
    { requiredKeys: ['kind', 'atLeastMs'] },
  ),
  fc.record({
    kind: fc.constantFrom('postback' as const, 'keypress' as const, 'disposition' as const),
    anyOf: fc.array(fc.constantFrom('sale', 'lead', '1', '2'), { minLength: 1, maxLength: 3 }),
  }),
);

export const signals = fc.array(
  fc.record({
    kind: fc.constantFrom('postback' as const, 'keypress' as const, 'disposition' as const),
    value: fc.constantFrom('sale', 'lead', '1', '2'),
    at: fc.integer({ min: 0, max: 1_000_000 }),
  }),
  { maxLength: 3 },
);
