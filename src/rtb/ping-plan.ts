import type { Bid, CallAttempt, CallOrigin, Campaign, FraudLevel, PingSettings, Target } from '../domain';

/** A call for sale, as far as it is known before buyers are asked. */
export interface PingCall {
  readonly attempt: CallAttempt;
  /** As contracts and claim say together. */
  readonly origin: CallOrigin | undefined;
  /** Two-letter state that the caller is taken to be in. */
  readonly state: string | undefined;
  /** IANA zone of the caller. */
  readonly timezone: string | undefined;
  readonly fraudLevel: FraudLevel | undefined;
  /** The call is going to be recorded. */
  readonly recorded: boolean;
}

/** One buyer to be asked. */
export interface PlannedPing {
  readonly bid: Bid;
  readonly ping: PingSettings;
  /** Where the bid rings when the buyer names no place of its own. */
  readonly target: Pick<Target, 'kind' | 'uri'>;
  /** Least the buyer may say; the campaign's reserve when undefined. */
  readonly floor?: Campaign['reservePrice'];
  /** This caller was connected to this buyer before, within the campaign's window. */
  readonly duplicate?: boolean;
}

/** Whom to ask for one call. */
export interface PingPlan {
  readonly campaign: Pick<Campaign, 'id' | 'currency' | 'auctionType' | 'reservePrice' | 'rtb'>;
  /** Those that may have the call, best expected value first: the first `campaign.rtb.maxPings` that can be asked are. */
  readonly pings: readonly PlannedPing[];
}
