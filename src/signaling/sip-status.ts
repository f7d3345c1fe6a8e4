import type { EndReason } from '../domain';
import type { RingAttempt } from './ports';

/**
 * What a buyer's final status means for the attempt (RFC 3261 §21). A redirect counts as a failure:
 * following a Contact that a buyer's server names would let it send our calls, at our cost, anywhere.
 * A 6xx speaks for that buyer alone; the next buyer is another party.
 */
export function ringOutcome(sipStatus: number): RingAttempt['outcome'] {
  switch (sipStatus) {
    case 486:
    case 600:
      return 'busy';
    case 480:
    case 487:
      return 'no_answer';
    case 603:
    case 403:
    case 607:
    case 608:
      return 'declined';
    case 0:
    case 408:
    case 430:
    case 502:
    case 503:
    case 504:
      return 'unreachable';
    default:
      return 'failed';
  }
}

/** The final status the carrier gets for each end of a call that was never answered. */
const STATUS_BY_REASON: Readonly<Partial<Record<EndReason, number>>> = {
  caller_cancel: 487,
  no_buyer: 480,
  buyers_exhausted: 480,
  compliance: 603,
  fraud: 603,
  unknown_number: 404,
  source_capped: 480,
  reservation: 403,
  overload: 503,
  trunk_limit: 503,
  bad_request: 400,
  media_failure: 503,
  signaling_lost: 503,
  insufficient_funds: 480,
  admin_hangup: 480,
  shutdown: 503,
  internal_error: 500,
};

/** SIP status for a call that ends unanswered for this reason. */
export function statusFor(reason: EndReason): number {
  return STATUS_BY_REASON[reason] ?? 480;
}

/** Q.850 causes for the Reason header of a BYE, CANCEL or final response (RFC 3326). */
const Q850_BY_REASON: Readonly<Partial<Record<EndReason, number>>> = {
  no_buyer: 34,
  buyers_exhausted: 18,
  compliance: 21,
  fraud: 21,
  unknown_number: 1,
  overload: 42,
  trunk_limit: 34,
  media_failure: 47,
  rtp_timeout: 41,
  shutdown: 41,
  signaling_lost: 38,
  insufficient_funds: 31,
};

const MAX_REASON_TEXT = 120;

/** Value of a Reason header (RFC 3326), e.g. `Q.850;cause=34;text="no buyer eligible"`. */
export function reasonHeader(reason: EndReason, text: string): string {
  const safe = text.replace(/[^\x20-\x7e]|["\\]/g, ' ').slice(0, MAX_REASON_TEXT);
  return `Q.850;cause=${Q850_BY_REASON[reason] ?? 16};text="${safe}"`;
}

/** Reasons of a CANCEL (RFC 3326), by why a phone is to stop ringing. */
export const CANCEL_REASONS = {
  ringTimeout: 'SIP;cause=408;text="ring time over"',
  callerGone: 'SIP;cause=487;text="caller hung up"',
  callEnded: 'SIP;cause=487;text="call ended"',
  answeredElsewhere: 'SIP;cause=200;text="Call completed elsewhere"',
  declinedElsewhere: 'SIP;cause=603;text="declined on another phone"',
} as const;
