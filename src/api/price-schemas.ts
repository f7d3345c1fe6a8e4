import { z } from 'zod';
import { CLOCK_STARTS, SIGNAL_KINDS } from '../domain';
import { LONGEST_CALL_MS, MAX_BANDS, planProblems } from '../rating';
import { micros, milliseconds, printable } from './schemas';

/** Shapes of prices: what a buyer pays, what a seller earns, and what goes before either. */

const increment = milliseconds.min(1).max(3_600_000);
const wholeBp = z.number().int().min(0).max(10_000);
const clock = z
  .enum(CLOCK_STARTS)
  .optional()
  .describe(
    'From when its time counts: the INVITE came in, the target that answered was rung, it answered (the default); at most two minutes before the answer count',
  );

/** What every plan says. */
const terms = {
  afterMs: milliseconds
    .max(LONGEST_CALL_MS)
    .describe('Milliseconds by its clock before it counts; 0 = on connect'),
  clock,
  minimum: micros.optional().describe('A call that counts costs no less'),
  maximum: micros.optional().describe('A call costs no more'),
};
const increments = { firstIncrementMs: increment, nextIncrementMs: increment };

/** Bands follow each other from 0; what fields cannot say of each other `planProblems` says. */
const bands = <Price extends z.ZodRawShape>(price: Price): z.ZodArray<z.ZodObject> =>
  z
    .array(
      z.strictObject({
        fromMs: milliseconds,
        toMs: milliseconds.nullable().describe('Where the next one begins; null = to the end'),
        ...price,
      }),
    )
    .min(1)
    .max(MAX_BANDS);

const perCall = z.strictObject({
  kind: z.literal('per_call'),
  amount: micros.describe('What a call costs, in micro-units'),
  ...terms,
});
const perMinute = z.strictObject({
  kind: z.literal('per_minute'),
  ratePerMinute: micros,
  connectFee: micros.optional().describe('On top, once'),
  ...increments,
  ...terms,
});
const banded = z.strictObject({
  kind: z.literal('banded'),
  bands: bands({ amount: micros }).describe('A call costs the amount of the band in which it ends'),
  ...terms,
});
const graduated = z.strictObject({
  kind: z.literal('graduated'),
  bands: bands({ ratePerMinute: micros }).describe('Each minute at the rate of the band it lies in'),
  ...increments,
  ...terms,
});
const share = z.strictObject({
  kind: z.literal('share'),
  shareBp: wholeBp.describe('Basis points of what the buyer pays'),
  ...terms,
});

/** Says of a plan what is wrong with it as a whole, at its place. */
function isWhole(plan: unknown, context: z.RefinementCtx): void {
  // What is wrong with a field was said.
  if (context.issues.length > 0) return;
  for (const { pointer, message } of planProblems(plan, '')) {
    const path = pointer.split('/').slice(1);
    context.addIssue({ code: 'custom', path, message });
  }
}

/** How a buyer is charged. */
export const ratePlan = z
  .discriminatedUnion('kind', [perCall, perMinute, banded, graduated])
  .superRefine(isWhole);

/** How a seller is paid. */
export const payoutPlan = z
  .discriminatedUnion('kind', [perCall, perMinute, banded, graduated, share])
  .superRefine(isWhole);

/** What somebody pressed, noted or told: recorded signals are compared with it letter by letter. */
const signalValue = printable(z.string().min(1).max(64));

const trigger = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('duration'),
    clock,
    atLeastMs: milliseconds.max(LONGEST_CALL_MS),
  }),
  ...SIGNAL_KINDS.map((kind) =>
    z.strictObject({
      kind: z.literal(kind),
      anyOf: z.array(signalValue).min(1).max(50).describe('One of these became known of the call'),
    }),
  ),
]);

const MAX_RULES = 20;
const FIRST_FIRES = 'The first rule that fires prices the call; if none does, the plan';

/** Prices of a buyer that go before its plan. */
export const conversions = z
  .array(z.strictObject({ when: trigger, plan: ratePlan }))
  .max(MAX_RULES)
  .describe(FIRST_FIRES);

/** Prices of a seller that go before its plan. */
export const payoutConversions = z
  .array(z.strictObject({ when: trigger, plan: payoutPlan }))
  .max(MAX_RULES)
  .describe(FIRST_FIRES);
