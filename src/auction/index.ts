export { runAuction } from './auction';
export type { AuctionRank, AuctionTerms, WorthFactors } from './auction';
export { expectedPayout, marginFloor } from './margin';
export type { ExpectedPayout } from './margin';
