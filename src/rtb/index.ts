export { LiveBidding } from './live-bidding';
export type { LiveBiddingFigures, LiveBiddingParts, LiveBiddingSettings } from './live-bidding';
export type { PingCall, PingPlan, PlannedPing } from './ping-plan';
export type { PingReport } from './pinger';
export type { Confirmation, SoldCall, WonOffer } from './confirmer';
export type { Outcome } from './notices';
export type { LossReason, NoBidCode, NoBidReason } from './no-bid';
export { bidRequestSchema } from './bid-request';
export { bidReplySchema, confirmReplySchema } from './bid-reply';
export { CallerHasher } from './caller-hash';
export { BidRequestDesk } from './inbound/bid-request-desk';
export type {
  BidRequestDeskParts,
  BidRequestDeskSettings,
  SellerAnswer,
  SellerRequest,
} from './inbound/bid-request-desk';
export { isReservationId, Reservations } from './inbound/reservations';
export type { Claim, ReservationsParts } from './inbound/reservations';
export type { ReservationBoard, ReservationBooks } from './inbound/ports';
