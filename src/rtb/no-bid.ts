/**
 * Why there is no bid, in the numbers of OpenRTB 2.6 (list 5.24, 0 … 99) and, from 1000 on, in those that
 * call exchanges use among each other. One table for what buyers tell us and for what we tell sellers.
 */
export const NO_BID_REASONS = {
  0: 'unknown_error',
  1: 'technical_error',
  2: 'invalid_request',
  4: 'suspected_non_human_traffic',
  7: 'blocked_seller',
  8: 'unmatched_caller',
  9: 'caller_cap_met',
  17: 'insufficient_time',
  1001: 'disabled',
  1002: 'tags',
  1003: 'no_capacity',
  1004: 'caller_refused',
  1005: 'tags_final',
  1006: 'no_capacity_final',
  1007: 'seller_closed',
  1008: 'no_bid',
  1009: 'closed_hours',
  1010: 'duplicate',
  1024: 'rate_limited',
  1025: 'rate_limited_campaign',
  1026: 'too_many_reservations',
  1100: 'caller_required',
  4001: 'disabled',
  4002: 'paused',
  4003: 'invalid_caller',
  4004: 'no_capacity',
  4005: 'duplicate',
  4006: 'no_number_free',
} as const;
export type NoBidCode = keyof typeof NO_BID_REASONS;
export type NoBidReason = (typeof NO_BID_REASONS)[NoBidCode];

/** A buyer's code with its word, for the trace: `1003 no_capacity`; a code that nobody knows stays as it is. */
export function describeNoBid(code: number | string): string {
  const word = (NO_BID_REASONS as Readonly<Record<string, string>>)[String(code)];
  return word === undefined ? String(code).slice(0, 64) : `${code} ${word}`;
}

/** Why an auction was lost, in the numbers of OpenRTB 2.6 (list 5.25) and, from 1000 on, our own. */
export const LOSS_REASONS = {
  won: 0,
  internal_error: 1,
  expired: 2,
  invalid_reply: 3,
  below_floor: 100,
  outbid: 102,
  not_eligible: 1000,
  not_confirmed: 1001,
  not_answered: 1002,
  caller_gone: 1003,
} as const;
export type LossReason = keyof typeof LOSS_REASONS;
