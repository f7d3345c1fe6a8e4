import type { RingTarget, Sale, SaleTerms } from '../../../src/domain';
import type { RatingInput } from '../../../src/rating';
import { usd } from '../market/fixtures';
import { perCall } from './plans';

export interface SaleParts {
  readonly target?: Partial<RingTarget>;
  readonly terms?: Partial<SaleTerms>;
  readonly setupMs?: number;
  readonly ringMs?: number;
}

/** A call sold for 20, of which the seller gets 12; each on connect. */
export function saleOf({ target, terms, setupMs = 9_000, ringMs = 4_000 }: SaleParts = {}): Sale {
  return {
    target: {
      bidId: 'bid',
      buyerId: 'buyer',
      buyerAccountId: 'buyer-account',
      targetId: 'target',
      kind: 'sip',
      uri: 'sip:sales@192.0.2.7:5060',
      ringTimeoutMs: 20_000,
      maxDurationMs: 3_600_000,
      ringback: 'local',
      plan: perCall(usd(20)),
      price: usd(20),
      reference: undefined,
      reservations: [],
      ...target,
    },
    terms: {
      campaignId: 'campaign',
      sellerId: 'seller-account',
      currency: 'USD',
      payout: perCall(usd(12)),
      ...terms,
    },
    setupMs,
    ringMs,
  };
}

/** What such a call is rated by when nothing else is known of it. */
export const inputOf = (
  parts: SaleParts,
  connectedMs: number,
  more: Partial<RatingInput> = {},
): RatingInput => ({
  sale: saleOf(parts),
  connectedMs,
  signals: [],
  carrierLegs: [],
  ...more,
});
