export { runAuction } from './auction';
export type { AuctionRank, AuctionTerms, WorthFactors } from './auction';
export { clearingPlan } from './clearing-plan';
export { expectedPayout, marginFloor } from './margin';
