import type { Micros, RatePlan } from '../domain';
import { multiplyRatio } from '../domain';

/**
 * A plan at another price: every amount and rate in it in proportion, its minimum and maximum too, each
 * rounded by itself. What has no price stays as it is.
 *
 * @param from - what the plan stands for, in micro-units
 * @param to - what it is to stand for
 */
export function scalePlan(plan: RatePlan, from: Micros, to: Micros): RatePlan {
  if (from === to || from <= 0) return plan;
  const scaled = (amount: Micros): Micros => multiplyRatio(amount, to, from);
  const limits = {
    ...(plan.minimum === undefined ? {} : { minimum: scaled(plan.minimum) }),
    ...(plan.maximum === undefined ? {} : { maximum: scaled(plan.maximum) }),
  };
  switch (plan.kind) {
    case 'per_call':
      return { ...plan, ...limits, amount: scaled(plan.amount) };
    case 'per_minute':
      return {
        ...plan,
        ...limits,
        ...(plan.connectFee === undefined ? {} : { connectFee: scaled(plan.connectFee) }),
        ratePerMinute: scaled(plan.ratePerMinute),
      };
    case 'banded': {
      const bands = plan.bands.map((band) => ({ ...band, amount: scaled(band.amount) }));
      return { ...plan, ...limits, bands };
    }
    case 'graduated': {
      const bands = plan.bands.map((band) => ({ ...band, ratePerMinute: scaled(band.ratePerMinute) }));
      return { ...plan, ...limits, bands };
    }
  }
}
