export {
  rankByCost,
  rankByPerformance,
  rankByPriority,
  rankBySkill,
  rankByWeight,
  rankRoundRobin,
} from './strategies';
export type { RoutingTerms } from './strategies';
export { neededSkills } from './skills';
export { deliverySettings } from './delivery-settings';
export type { Delivery } from './delivery-settings';
export { HOLD_HORIZON_MS, ringTarget } from './ring-target';
export type { Charge } from './ring-target';
export { capLimits, sourceLimits } from './caps';
export type { SoldTerms } from './caps';
