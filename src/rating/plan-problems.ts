import { CLOCK_STARTS } from '../domain';
import type { PayoutPlan } from '../domain';
import { exactCharge } from './charge';
import { longestTimes } from './most-charged';

/** No conversation is longer, in milliseconds; what is paid for one must be countable. */
export const LONGEST_CALL_MS = 14_400_000;
/** Bands of one plan at most. */
export const MAX_BANDS = 100;
const LONGEST_INCREMENT_MS = 3_600_000;
const WHOLE_BP = 10_000;

/** What is wrong with a plan, and where. */
export interface PlanProblem {
  /** JSON pointer (RFC 6901) into what holds the plan. */
  readonly pointer: string;
  readonly message: string;
}

export const RATE_PLAN_KINDS = ['per_call', 'per_minute', 'banded', 'graduated'] as const;
export const PAYOUT_PLAN_KINDS = [...RATE_PLAN_KINDS, 'share'] as const;

type Fields = Readonly<Record<string, unknown>>;

/**
 * What is wrong with a plan: nothing where it can price every call, and no call costs less for lasting
 * longer. Bands begin at 0, follow each other without a hole or an overlap, end open and, where they are
 * amounts, never fall.
 *
 * @param pointer - where the plan is, e.g. `/plan`
 * @param kinds - those that may be there
 */
export function planProblems(
  plan: unknown,
  pointer: string,
  kinds: readonly string[] = PAYOUT_PLAN_KINDS,
): PlanProblem[] {
  if (!isFields(plan)) return [{ pointer, message: 'is no plan' }];
  const { kind } = plan;
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    return [{ pointer: `${pointer}/kind`, message: `is none of ${kinds.join(', ')}` }];
  }
  const fields = new FieldCheck(plan, pointer);
  fields.whole('afterMs', 0, LONGEST_CALL_MS);
  if (plan['clock'] !== undefined && !(CLOCK_STARTS as readonly unknown[]).includes(plan['clock'])) {
    fields.wrong('clock', `is none of ${CLOCK_STARTS.join(', ')}`);
  }
  fields.optionalAmount('minimum');
  fields.optionalAmount('maximum');
  const { minimum, maximum } = plan;
  if (typeof minimum === 'number' && typeof maximum === 'number' && maximum < minimum) {
    fields.wrong('maximum', 'is less than the minimum');
  }
  checkKind(kind, fields, plan, pointer);
  if (fields.problems.length === 0) checkMost(plan as unknown as PayoutPlan, fields, pointer);
  return fields.problems;
}

function checkKind(kind: string, fields: FieldCheck, plan: Fields, pointer: string): void {
  switch (kind) {
    case 'per_call':
      fields.amount('amount');
      break;
    case 'per_minute':
      fields.amount('ratePerMinute');
      fields.optionalAmount('connectFee');
      fields.increments();
      break;
    case 'banded':
      fields.problems.push(...bandProblems(plan['bands'], `${pointer}/bands`, 'amount'));
      break;
    case 'graduated':
      fields.increments();
      fields.problems.push(...bandProblems(plan['bands'], `${pointer}/bands`, 'ratePerMinute'));
      break;
    default:
      fields.whole('shareBp', 0, WHOLE_BP);
  }
}

/** The longest call must come to an amount that can be counted. */
function checkMost(plan: PayoutPlan, { problems }: FieldCheck, pointer: string): void {
  const most = exactCharge(plan, longestTimes(LONGEST_CALL_MS));
  if (most > BigInt(Number.MAX_SAFE_INTEGER)) {
    problems.push({ pointer, message: 'comes to more than can be counted for a long call' });
  }
}

function bandProblems(bands: unknown, pointer: string, price: 'amount' | 'ratePerMinute'): PlanProblem[] {
  if (!Array.isArray(bands) || bands.length === 0) return [{ pointer, message: 'has no bands' }];
  if (bands.length > MAX_BANDS) return [{ pointer, message: `has more than ${MAX_BANDS} bands` }];
  const problems: PlanProblem[] = [];
  let expected: number | null = 0;
  let before = 0;
  for (const [index, band] of (bands as unknown[]).entries()) {
    const at = `${pointer}/${index}`;
    if (!isFields(band)) return [...problems, { pointer: at, message: 'is no band' }];
    const check = new FieldCheck(band, at);
    check.whole('fromMs', 0, Number.MAX_SAFE_INTEGER);
    if (band['toMs'] !== null) check.whole('toMs', 0, Number.MAX_SAFE_INTEGER);
    check.amount(price);
    problems.push(...check.problems);
    if (check.problems.length > 0) return problems;
    const { fromMs, toMs } = band as { readonly fromMs: number; readonly toMs: number | null };
    const message = placeProblem(fromMs, toMs, expected, index, bands.length);
    if (message !== undefined) problems.push({ pointer: at, message });
    const cost = band[price] as number;
    if (price === 'amount' && cost < before) {
      problems.push({ pointer: `${at}/amount`, message: 'is less than that of the band before' });
    }
    before = cost;
    expected = toMs;
  }
  return problems;
}

/** @param expected - where the band before ends; null when it ends open */
function placeProblem(
  fromMs: number,
  toMs: number | null,
  expected: number | null,
  index: number,
  count: number,
): string | undefined {
  if (expected === null) return 'follows a band that has no end';
  if (fromMs > expected) {
    return index === 0 ? 'begins after 0' : `leaves a hole from ${expected} to ${fromMs} ms`;
  }
  if (fromMs < expected) return `overlaps the band before it, which ends at ${expected} ms`;
  if (toMs !== null && toMs <= fromMs) return 'ends before it has begun';
  if (index === count - 1 && toMs !== null) return 'is the last one, and so must have no end (toMs null)';
  return undefined;
}

/** Checks fields of one object, and remembers what is wrong with them. */
class FieldCheck {
  readonly problems: PlanProblem[] = [];
  readonly #fields: Fields;
  readonly #pointer: string;

  constructor(fields: Fields, pointer: string) {
    this.#fields = fields;
    this.#pointer = pointer;
  }

  wrong(field: string, message: string): void {
    this.problems.push({ pointer: `${this.#pointer}/${field}`, message });
  }

  whole(field: string, least: number, most: number): void {
    const value = this.#fields[field];
    if (!Number.isSafeInteger(value)) this.wrong(field, 'is no whole number that can be counted');
    else if ((value as number) < 0 && least === 0) this.wrong(field, 'is negative');
    else if ((value as number) < least) this.wrong(field, `is less than ${least}`);
    else if ((value as number) > most) this.wrong(field, `is more than ${most}`);
  }

  amount(field: string): void {
    this.whole(field, 0, Number.MAX_SAFE_INTEGER);
  }

  optionalAmount(field: string): void {
    if (this.#fields[field] !== undefined) this.amount(field);
  }

  increments(): void {
    this.whole('firstIncrementMs', 1, LONGEST_INCREMENT_MS);
    this.whole('nextIncrementMs', 1, LONGEST_INCREMENT_MS);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
