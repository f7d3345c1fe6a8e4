export { runAuction } from './auction';
export type { AuctionRank, AuctionTerms } from './auction';
export { clearingPlan } from './clearing-plan';
