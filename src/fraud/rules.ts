import type { SignalVector } from './signals';
import { SIGNAL as S } from './signals';

/** One sign of fraud that can be told to a person. */
interface Rule {
  /** Stable code, e.g. `neighbour_spoofing`. */
  readonly code: string;
  /** What the sign alone would make of the score. */
  readonly weight: number;
  /** It stands whatever a trained model says. */
  readonly hard?: true;
  readonly holds: (v: SignalVector, velocityLimit: number) => boolean;
  /** Signal whose value is told with the code. */
  readonly shows?: (v: SignalVector) => string;
}

/** Share of the allowed velocity from which a caller is conspicuous. */
const HIGH_VELOCITY = 0.5;

const at = (v: SignalVector, signal: number): number => v[signal] as number;
const velocity = (v: SignalVector): string => `${at(v, S.caller_1h) + 1}/h`;
const percent =
  (signal: number) =>
  (v: SignalVector): string =>
    `${Math.round(100 * at(v, signal))}%`;
const count =
  (signal: number) =>
  (v: SignalVector): string =>
    `${Math.round(at(v, signal))}`;
const flag =
  (signal: number) =>
  (v: SignalVector): boolean =>
    v[signal] === 1;

/**
 * The rules, heaviest first. Signs add up as independent evidence: 1 − Π(1 − weight). Attestation is
 * weak by itself: most signed calls between large carriers carry an A, and small carriers sign little
 * (TransNexus and TNS figures, 2022-2025). A limit of n lets n calls an hour pass; 0 means no limit.
 */
const RULES: readonly Rule[] = (
  [
    {
      code: 'velocity_exceeded',
      weight: 0.9,
      hard: true,
      holds: (v, limit) => limit > 0 && at(v, S.caller_1h) >= limit,
      shows: velocity,
    },
    { code: 'caller_is_called', weight: 0.9, hard: true, holds: flag(S.caller_is_called) },
    { code: 'caller_impossible', weight: 0.85, hard: true, holds: flag(S.caller_impossible) },
    { code: 'call_loop', weight: 0.85, hard: true, holds: flag(S.forwarded_by_us) },
    { code: 'premium_caller', weight: 0.6, hard: true, holds: flag(S.prefix_premium) },
    {
      code: 'rotated_numbers',
      weight: 0.55,
      holds: (v) => at(v, S.seller_block_callers) >= 6 && at(v, S.seller_block_share) >= 0.08,
      shows: count(S.seller_block_callers),
    },
    {
      code: 'hangs_up_at_once',
      weight: 0.5,
      holds: (v) => at(v, S.caller_quick_cancels) >= 0.35,
      shows: percent(S.caller_quick_cancels),
    },
    { code: 'verstat_replayed', weight: 0.5, holds: flag(S.verstat_replayed) },
    { code: 'verstat_wrong_number', weight: 0.45, holds: flag(S.verstat_wrong_number) },
    {
      code: 'ends_when_paid',
      weight: 0.4,
      holds: (v) => at(v, S.caller_piles) >= 0.3 || at(v, S.seller_pile) >= 0.35,
      shows: percent(S.seller_pile),
    },
    {
      code: 'calls_by_the_clock',
      weight: 0.4,
      holds: (v) =>
        (at(v, S.caller_regularity) >= 0.5 && at(v, S.caller_24h) >= 6) ||
        (at(v, S.did_regularity) >= 0.5 && at(v, S.did_1h) >= 12),
    },
    {
      code: 'ring_of_sellers',
      weight: 0.4,
      holds: (v) => at(v, S.caller_sellers) >= 1 && at(v, S.seller_partner_share) >= 0.15,
      shows: percent(S.seller_partner_share),
    },
    {
      code: 'neighbours_of_seller',
      weight: 0.4,
      holds: (v) => at(v, S.neighbour) === 1 && at(v, S.seller_neighbour_lift) >= 2,
      shows: percent(S.seller_neighbour),
    },
    { code: 'verstat_failed', weight: 0.35, holds: flag(S.verstat_failed) },
    {
      code: 'velocity_high',
      weight: 0.35,
      holds: (v, limit) => {
        const calls = at(v, S.caller_1h);
        return limit > 0 && calls < limit && calls > 0 && calls + 1 > limit * HIGH_VELOCITY;
      },
      shows: velocity,
    },
    {
      code: 'places_contradicted',
      weight: 0.35,
      holds: (v) => at(v, S.place_contradicted) === 1 && at(v, S.seller_contradicted) >= 0.4,
      shows: percent(S.seller_contradicted),
    },
    { code: 'prior_seller', weight: 0.3, holds: (v) => at(v, S.prior_seller) >= 0.3 },
    { code: 'prior_prefix', weight: 0.3, holds: (v) => at(v, S.prior_prefix) >= 0.2 },
    { code: 'caller_unassigned', weight: 0.3, holds: flag(S.caller_unassigned) },
    { code: 'irsf_prefix', weight: 0.3, holds: flag(S.prefix_irsf) },
    { code: 'wangiri_prefix', weight: 0.3, holds: flag(S.prefix_wangiri) },
    {
      code: 'repeats',
      weight: 0.3,
      holds: (v) => at(v, S.caller_1m) >= 3 || at(v, S.caller_1h) >= 8,
      shows: velocity,
    },
    { code: 'caller_of_sellers', weight: 0.3, holds: (v) => at(v, S.caller_sellers) >= 2 },
    { code: 'neighbour_spoofing', weight: 0.25, holds: flag(S.neighbour) },
    { code: 'place_contradicted', weight: 0.25, holds: flag(S.place_contradicted) },
    {
      code: 'seller_burst',
      weight: 0.25,
      holds: (v) => at(v, S.seller_burst) >= 3 && at(v, S.seller_1h) >= 20,
    },
    {
      code: 'seller_short_calls',
      weight: 0.2,
      holds: (v) => at(v, S.seller_short) >= 0.4 || at(v, S.seller_short_risen) >= 6,
      shows: percent(S.seller_short),
    },
    {
      code: 'foreign_at_night',
      weight: 0.2,
      holds: (v) => at(v, S.caller_foreign) === 1 && at(v, S.seller_foreign_lift) >= 5,
    },
    { code: 'prior_number', weight: 0.2, holds: (v) => at(v, S.prior_number) >= 0.3 },
    { code: 'prior_trunk', weight: 0.2, holds: (v) => at(v, S.prior_trunk) >= 0.3 },
    { code: 'caller_withheld', weight: 0.2, holds: flag(S.caller_withheld) },
    { code: 'verstat_stale', weight: 0.15, holds: flag(S.verstat_stale) },
    { code: 'non_geographic_caller', weight: 0.15, holds: flag(S.caller_non_geographic) },
    { code: 'seller_answer_fell', weight: 0.15, holds: (v) => at(v, S.seller_answered_fallen) >= 6 },
    { code: 'foreign_caller', weight: 0.1, holds: flag(S.caller_foreign) },
    { code: 'attestation_c', weight: 0.1, holds: flag(S.attestation_c) },
    { code: 'attestation_none', weight: 0.03, holds: flag(S.attestation_none) },
  ] satisfies Rule[]
).sort((a, b) => b.weight - a.weight);

/** What the rules say of a call. */
export interface RuleScore {
  /** All signs together, 0 … 1. */
  score: number;
  /** Those alone that stand whatever a model says. */
  hard: number;
  /** Codes of the signs, heaviest first; how many of them are hard does not matter to their order. */
  readonly reasons: string[];
  readonly hardReasons: string[];
}

/** @param velocityLimit - calls of one caller allowed an hour; 0 = no limit */
export function scoreByRules(v: SignalVector, velocityLimit: number): RuleScore {
  let innocent = 1;
  let innocentOfHard = 1;
  const reasons: string[] = [];
  const hardReasons: string[] = [];
  for (let i = 0; i < RULES.length; i++) {
    const rule = RULES[i] as Rule;
    if (!rule.holds(v, velocityLimit)) continue;
    const reason = rule.shows ? `${rule.code}:${rule.shows(v)}` : rule.code;
    innocent *= 1 - rule.weight;
    reasons.push(reason);
    if (!rule.hard) continue;
    innocentOfHard *= 1 - rule.weight;
    hardReasons.push(reason);
  }
  return { score: 1 - innocent, hard: 1 - innocentOfHard, reasons, hardReasons };
}

/** Code of every rule, heaviest first. */
export const RULE_CODES: readonly string[] = RULES.map(({ code }) => code);
