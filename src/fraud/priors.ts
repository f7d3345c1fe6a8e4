import type { FraudPrior } from '../domain';

/** Where priors are looked up; the market is one. */
export interface PriorSource {
  prior(id: string): FraudPrior | undefined;
}

/** A source about which nothing is known. */
export const NO_PRIORS: PriorSource = { prior: () => undefined };

/** The prior of all calls together: what sources of which little is known are drawn to. */
export const ALL_PRIOR = 'all';
/** Share of bad calls assumed before anything was learnt. */
const FIRST_MEAN = 0.02;
/** Calls that the mean of all counts as. */
const STRENGTH = 100;
/** Calls that the word of a person counts as. */
const PERSON = 10;
/** Calls after which the mean of all is its own. */
const MEAN_STRENGTH = 1_000;

/** Share of bad calls over all sources. */
export function meanOf(all: FraudPrior | undefined): number {
  if (!all) return FIRST_MEAN;
  return (badOf(all) + MEAN_STRENGTH * FIRST_MEAN) / (weightOf(all) + MEAN_STRENGTH);
}

/**
 * Share of bad calls to be expected of a source: its own, shrunk to the mean of all as a beta-binomial
 * posterior does, so that a few bad calls of a newcomer say little and of an old acquaintance less.
 */
export function expectedBad(prior: FraudPrior | undefined, mean: number): number {
  if (!prior) return mean;
  return (badOf(prior) + STRENGTH * mean) / (weightOf(prior) + STRENGTH);
}

function badOf({ bad, confirmed }: FraudPrior): number {
  return bad + PERSON * confirmed;
}

function weightOf({ calls, confirmed, cleared }: FraudPrior): number {
  return calls + PERSON * (confirmed + cleared);
}
