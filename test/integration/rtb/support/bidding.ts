import { systemClock } from '../../../../src/domain';
import type { Bid, LiveBid } from '../../../../src/domain';
import type { LiveBiddingSettings, PingReport } from '../../../../src/rtb';
import { LiveBidding } from '../../../../src/rtb';
import { bid, call, plan } from '../../../unit/rtb/fixtures';
import type { Farm } from './farm';
import { FARM_CA } from './farm';

/** As the configuration has it, with the buyers of the tests allowed. */
export const SETTINGS: LiveBiddingSettings = {
  allowPrivate: ['127.0.0.1'],
  allowHttp: ['127.0.0.1'],
  sipHosts: [],
  connectTimeoutMs: 1_000,
  confirmTimeoutMs: 1_000,
  minTimeoutMs: 150,
  lateMs: 300,
  maxInFlight: 2_000,
  maxInFlightPerOrigin: 64,
  maxConnectionsPerOrigin: 32,
  idleMs: 30_000,
  offerSeconds: 30,
  maxOfferSeconds: 300,
  maxMinDurationSeconds: 300,
};

export function openBidding(
  more: Partial<LiveBiddingSettings> = {},
  onPing?: (report: PingReport) => void,
): LiveBidding {
  return new LiveBidding(
    { ...SETTINGS, ...more },
    { clock: systemClock, secret: Buffer.alloc(32, 1), ca: FARM_CA, ...(onPing ? { onPing } : {}) },
  );
}

/** A bid that is asked for at a buyer of the farm. */
export function bidOf(farm: Farm, name: string, timeoutMs = 5_000): Bid {
  return bid(name, {}, { url: farm.url(name), timeoutMs });
}

/** One round with a caller that nobody knows, so that nothing is remembered. */
export function ask(
  bidding: LiveBidding,
  bids: readonly Bid[],
  deadlineMs: number,
): Promise<readonly LiveBid[]> {
  return bidding.ask(call({ from: undefined }), plan(bids, deadlineMs));
}
