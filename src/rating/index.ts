export { connectedTimes, MAX_BEFORE_ANSWER_MS, timesOf } from './call-times';
export type { CallTimes } from './call-times';
export { billedMilliseconds, charge } from './charge';
export { chargesBesides } from './charges-besides';
export type { FeeBasis } from './charges-besides';
export { pricedBy } from './priced-by';
export type { Price, PricedBy } from './priced-by';
export { sumsOf } from './line-sums';
export type { LineSums } from './line-sums';
export { longestTimes, mostCharged } from './most-charged';
export { rateSale, revenueAtEnd } from './rate-sale';
export { rateUnsold } from './rate-unsold';
export type { RatedCall, RatedLine, RatedSale, RatingInput } from './rated-sale';
export { CARRIER_DIRECTIONS } from './carrier-leg';
export type { CarrierDirection, CarrierLeg, CarrierLegRate } from './carrier-leg';
export { splitMicros } from './split-micros';
export { scalePlan } from './scale-plan';
export {
  LONGEST_CALL_MS,
  MAX_BANDS,
  PAYOUT_PLAN_KINDS,
  planProblems,
  RATE_PLAN_KINDS,
} from './plan-problems';
export type { PlanProblem } from './plan-problems';
