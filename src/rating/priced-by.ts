import type { CallSignal, ConversionRule, ConversionTrigger, PayoutPlan } from '../domain';
import type { CallTimes } from './call-times';
import { timeBy } from './call-times';

/** What something costs: a plan, and what goes before it. */
export interface Price<Plan extends PayoutPlan = PayoutPlan> {
  readonly plan: Plan;
  /** The first that fires. */
  readonly conversions?: readonly ConversionRule<Plan>[] | undefined;
}

/** The plan that prices a call, and which it is: `plan`, or `conversions/2` for the third rule. */
export interface PricedBy<Plan extends PayoutPlan> {
  readonly plan: Plan;
  readonly rule: string;
}

const NO_SIGNALS: readonly CallSignal[] = [];

/** The first rule that fires; the plan when none does. */
export function pricedBy<Plan extends PayoutPlan>(
  { plan, conversions }: Price<Plan>,
  times: CallTimes,
  signals: readonly CallSignal[] = NO_SIGNALS,
): PricedBy<Plan> {
  if (conversions) {
    for (const [index, rule] of conversions.entries()) {
      if (fires(rule.when, times, signals)) return { plan: rule.plan, rule: `conversions/${index}` };
    }
  }
  return { plan, rule: 'plan' };
}

function fires(when: ConversionTrigger, times: CallTimes, signals: readonly CallSignal[]): boolean {
  if (when.kind === 'duration') return timeBy(times, when.clock) >= when.atLeastMs;
  return signals.some(({ kind, value }) => kind === when.kind && when.anyOf.includes(value));
}
