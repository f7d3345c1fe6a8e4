import type { CallAttempt, Campaign } from '../domain';
import { npaOf, nxxOf } from '../domain';
import { prefixRisk } from './prefix-risk';

/** What others found out about the caller. */
export interface CallerFacts {
  /** What the number's digits say; `withheld` when there is none. */
  readonly number: 'geographic' | 'non_geographic' | 'unassigned' | 'impossible' | 'foreign' | 'withheld';
  /** The state claimed for the call is none of those its area code serves. */
  readonly placeContradicted: boolean;
  /** Calls of this caller in the last hour, this one not counted. */
  readonly attemptsInLastHour: number;
}

/**
 * What is to be done: `challenge` asks the caller to prove to be a person. Until an IVR can ask, a
 * challenge lets the call pass as a flag does.
 */
export type FraudLevel = 'allow' | 'flag' | 'challenge' | 'block';

export interface FraudVerdict {
  /** 0 … 1. */
  readonly score: number;
  readonly level: FraudLevel;
  /** Stable codes, heaviest first, e.g. `velocity_exceeded:100/h`. */
  readonly reasons: readonly string[];
}

/** A score from here on is at least at this level. */
export const FRAUD_THRESHOLDS = { flag: 0.3, challenge: 0.6, block: 0.8 } as const;

/**
 * How much each sign alone would make of the score. Signs add up as independent evidence
 * (1 − Π(1 − w)). Attestation is weak by itself: most signed calls between large carriers carry an
 * A, and small carriers sign little (TransNexus and TNS figures, 2022-2025).
 */
const WEIGHTS = {
  velocity_exceeded: 0.9,
  velocity_high: 0.35,
  caller_is_called: 0.9,
  caller_impossible: 0.85,
  premium_caller: 0.6,
  caller_unassigned: 0.3,
  irsf_prefix: 0.3,
  wangiri_prefix: 0.3,
  neighbour_spoofing: 0.25,
  place_contradicted: 0.25,
  caller_withheld: 0.2,
  non_geographic_caller: 0.15,
  foreign_caller: 0.1,
  attestation_c: 0.1,
  attestation_none: 0.03,
} as const;

type Sign = keyof typeof WEIGHTS;

/** Share of the allowed velocity from which a caller is conspicuous. */
const HIGH_VELOCITY = 0.5;
const CLEAN: FraudVerdict = { score: 0, level: 'allow', reasons: [] };

/** Scores a call before anybody is rung: pure, and explained by its reasons. */
export function scoreFraud(attempt: CallAttempt, campaign: Campaign, caller: CallerFacts): FraudVerdict {
  const signs: Sign[] = [];
  collectVelocity(signs, caller.attemptsInLastHour, campaign.velocityPerHour);
  collectNumber(signs, attempt, caller);
  if (caller.placeContradicted) signs.push('place_contradicted');
  if (attempt.attestation === 'C') signs.push('attestation_c');
  else if (attempt.attestation === undefined) signs.push('attestation_none');
  if (signs.length === 0) return CLEAN;
  let innocent = 1;
  for (const sign of signs) innocent *= 1 - WEIGHTS[sign];
  const score = Math.round((1 - innocent) * 1_000) / 1_000;
  signs.sort((a, b) => WEIGHTS[b] - WEIGHTS[a]);
  const reasons = signs.map((sign) =>
    sign.startsWith('velocity') ? `${sign}:${caller.attemptsInLastHour + 1}/h` : sign,
  );
  return { score, level: levelOf(score), reasons };
}

/** What a score leads to. */
export function levelOf(score: number): FraudLevel {
  if (score >= FRAUD_THRESHOLDS.block) return 'block';
  if (score >= FRAUD_THRESHOLDS.challenge) return 'challenge';
  return score >= FRAUD_THRESHOLDS.flag ? 'flag' : 'allow';
}

/** A limit of n lets n calls an hour pass; 0 means no limit. */
function collectVelocity(signs: Sign[], attempts: number, limit: number): void {
  if (limit <= 0) return;
  if (attempts >= limit) signs.push('velocity_exceeded');
  else if (attempts + 1 > limit * HIGH_VELOCITY && attempts > 0) signs.push('velocity_high');
}

function collectNumber(signs: Sign[], attempt: CallAttempt, caller: CallerFacts): void {
  const { from, to } = attempt;
  if (caller.number === 'withheld') signs.push('caller_withheld');
  if (caller.number === 'impossible') signs.push('caller_impossible');
  if (caller.number === 'unassigned') signs.push('caller_unassigned');
  if (caller.number === 'non_geographic') signs.push('non_geographic_caller');
  if (caller.number === 'foreign') signs.push('foreign_caller');
  if (from === undefined) return;
  if (from === to) {
    signs.push('caller_is_called');
    return;
  }
  const risk = prefixRisk(from);
  if (risk === 'premium') signs.push('premium_caller');
  else if (risk === 'irsf') signs.push('irsf_prefix');
  else if (risk === 'wangiri_lure') signs.push('wangiri_prefix');
  // A caller dressed up as a neighbour of the number it dials shares its area code and exchange.
  const npa = npaOf(from);
  if (npa !== undefined && npa === npaOf(to) && nxxOf(from) === nxxOf(to)) signs.push('neighbour_spoofing');
}
