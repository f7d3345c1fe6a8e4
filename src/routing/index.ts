export { rankByPriority, rankRoundRobin } from './strategies';
export { ringTarget } from './ring-target';
export type { Charge } from './ring-target';
export { capLimits, mostRevenue, sourceLimits } from './caps';
export type { SoldTerms } from './caps';
