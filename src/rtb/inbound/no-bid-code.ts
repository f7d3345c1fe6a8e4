import type { Decision, IneligibleReason } from '../../domain';
import { INELIGIBLE_REASONS } from '../../domain';
import type { NoBidCode } from '../no-bid';

/** What a seller is told of the bid that came closest. */
function codeOf(reason: IneligibleReason): NoBidCode {
  if (reason.startsWith('cap_')) return 1003;
  switch (reason) {
    case 'schedule':
      return 1009;
    case 'duplicate':
      return 1010;
    case 'state':
    case 'npa':
    case 'zip':
    case 'attestation':
    case 'line_type':
    case 'language':
    case 'seller_excluded':
    case 'tags':
    case 'distance':
    case 'skill':
      return 1002;
    default:
      return 1008;
  }
}

/**
 * The code for a refusal. What stands behind `compliance` and `fraud` is not told: who tries callers
 * one after the other must not learn which list or rule caught them.
 */
export function noBidCode(decision: Extract<Decision, { ok: false }>, callerKnown: boolean): NoBidCode {
  switch (decision.reason) {
    case 'unknown_number':
    case 'reservation':
      return 1001;
    case 'compliance':
    case 'fraud':
      return callerKnown ? 1004 : 1100;
    case 'no_buyer': {
      const { bids, facts } = decision.trace;
      if (facts.activity.sourceCap !== undefined) return 1007;
      // Reasons stand in the order in which they are looked at: who failed last came closest.
      const closest = INELIGIBLE_REASONS.findLast((reason) => (bids.counts[reason] ?? 0) > 0);
      return closest === undefined ? 1008 : codeOf(closest);
    }
  }
}
