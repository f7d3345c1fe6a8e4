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
export { ringTarget } from './ring-target';
export type { Charge } from './ring-target';
export { capLimits, mostRevenue, sourceLimits } from './caps';
export type { SoldTerms } from './caps';
