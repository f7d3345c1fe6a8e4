import type { RatedCall } from '../../rating';
import { rateSale, rateUnsold } from '../../rating';
import type { Currency } from '../../domain';
import type { EndedCall } from './ended-call';
import type { CallFacts } from './settlement-sources';

/** What a call came to, sold or not. */
export interface RatedEnd extends RatedCall {
  /** Of the sale; else of the first line, undefined without one. */
  readonly currency: Currency | undefined;
}

/**
 * Rates a call as it ended: by its sale, where somebody bought it; else carriers alone are paid.
 * @throws RangeError when it cannot be rated
 */
export function rateCall({ sale, connectedMs }: EndedCall, facts: CallFacts): RatedEnd {
  return sale ? rateSale({ sale, connectedMs, ...facts }) : rateUnsold(facts.carrierLegs);
}
