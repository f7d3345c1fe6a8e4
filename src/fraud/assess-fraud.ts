import type { Campaign, FraudLevel, FraudPolicy, FraudTrace } from '../domain';
import type { FraudModels } from './model-shelf';
import { scoreByRules } from './rules';
import type { SignalVector } from './signals';

export interface FraudInput {
  readonly signals: SignalVector;
  readonly campaign: Pick<Campaign, 'velocityPerHour' | 'fraud'>;
  readonly models: FraudModels;
}

/** A model's score below this is not explained. */
const CLEAN = 0.05;
const MODEL_REASONS = 3;

/**
 * Scores a call before anybody is rung: pure, and explained by its reasons. Without an active model
 * the rules score. With one its score counts, but for the hard rules (a number that cannot be, the
 * caller that is called, velocity exceeded, a loop, a premium number), which it can add to and never
 * take from. A shadow model's score is noted and changes nothing.
 */
export function assessFraud({ signals, campaign, models }: FraudInput): FraudTrace {
  const rules = scoreByRules(signals, campaign.velocityPerHour);
  const { active, shadow } = models;
  const byModel = active ? active.score(signals) : 0;
  const score = round(active ? Math.max(rules.hard, byModel) : rules.score);
  const reasons =
    active && byModel >= CLEAN
      ? [...rules.hardReasons, ...active.explain(signals, MODEL_REASONS)]
      : active
        ? rules.hardReasons
        : rules.reasons;
  const verdict = {
    score,
    level: levelOf(score, campaign.fraud),
    reasons,
    model: active ? active.id : 'rules',
  };
  return shadow ? { ...verdict, shadow: { model: shadow.id, score: round(shadow.score(signals)) } } : verdict;
}

/** What a score leads to. A score at a threshold is at its level. */
export function levelOf(score: number, { flag, challenge, block }: FraudPolicy): FraudLevel {
  if (score >= block) return 'block';
  if (score >= challenge) return 'challenge';
  return score >= flag ? 'flag' : 'allow';
}

function round(score: number): number {
  return Math.round(score * 10_000) / 10_000;
}
