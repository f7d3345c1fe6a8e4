import type { Candidates, TieBreaks } from '../market';
import { mix32 } from '../market';

/** What every strategy is told. */
export interface RoutingTerms {
  /** The same seed gives the same order. */
  readonly seed: number;
  /** Most ranked bids wanted. */
  readonly places: number;
  /** Market ordinal of a buyer whose best bid goes first; -1 = none. */
  readonly first: number;
}

/**
 * Priority: 1 before 10; among equals each goes first in proportion to its weight.
 *
 * @returns indexes of candidates, best first, at most one of a target; so does every strategy
 */
export function rankByPriority(candidates: Candidates, terms: RoutingTerms): number[] {
  const { priority } = candidates.columns;
  writeKeys(candidates, (_index, row) => priority[row] as number);
  return ranked(candidates, [byWeight(candidates, terms.seed)], terms);
}

/** Weighted: all go first in proportion to their weights. */
export function rankByWeight(candidates: Candidates, terms: RoutingTerms): number[] {
  const key = byWeight(candidates, terms.seed);
  writeKeys(candidates, key);
  return ranked(candidates, [], terms);
}

/**
 * Round robin: bids stand on a circle by the hash of their id, and the one after the cursor goes
 * first. It stays fair to whoever is eligible when bids come and go.
 *
 * @param cursor - hash of the bid that went first last time
 */
export function rankRoundRobin(candidates: Candidates, terms: RoutingTerms, cursor: number): number[] {
  const { hash } = candidates.columns;
  writeKeys(candidates, (_index, row) => ((hash[row] as number) - cursor - 1) >>> 0);
  return ranked(candidates, [], terms);
}

/**
 * Skill: by how well the target's people can do what the call needs, all its needs together; equals by
 * what they offer. That each can do all of it is a matter of eligibility.
 *
 * @param levels - of each skill needed, by the target's market ordinal
 */
export function rankBySkill(
  candidates: Candidates,
  terms: RoutingTerms,
  levels: readonly Uint8Array[],
): number[] {
  const { target } = candidates.columns;
  writeKeys(candidates, (_index, row) => {
    let sum = 0;
    for (let n = 0; n < levels.length; n++) sum += (levels[n] as Uint8Array)[target[row] as number] ?? 0;
    return -sum;
  });
  return ranked(candidates, byOffer(candidates, terms.seed), terms);
}

/**
 * Least cost: what a minute of delivery costs the exchange; equals by what they offer.
 *
 * @param costs - micro-units a minute by the target's market ordinal
 */
export function rankByCost(candidates: Candidates, terms: RoutingTerms, costs: Float64Array): number[] {
  const { target } = candidates.columns;
  writeKeys(candidates, (_index, row) => costs[target[row] as number] as number);
  return ranked(candidates, byOffer(candidates, terms.seed), terms);
}

/** Performance: the revenue to be expected of ringing each once; equals by what they offer. */
export function rankByPerformance(
  candidates: Candidates,
  terms: RoutingTerms,
  records: { revenueAt(row: number): number },
): number[] {
  writeKeys(candidates, (_index, row) => -records.revenueAt(row));
  return ranked(candidates, byOffer(candidates, terms.seed), terms);
}

function ranked(candidates: Candidates, ties: TieBreaks, { places, first }: RoutingTerms): number[] {
  const best = candidates.best(ties, places);
  const preferred = first < 0 || places <= 0 ? -1 : candidates.bestOf(ties, first);
  if (preferred < 0 || preferred === best[0]) return best;
  return [preferred, ...best.filter((index) => index !== preferred)].slice(0, places);
}

function writeKeys(candidates: Candidates, keyOf: (index: number, row: number) => number): void {
  const { keys, rows, count } = candidates;
  for (let index = 0; index < count; index++) keys[index] = keyOf(index, rows[index] as number);
}

/** Equals go first in proportion to their weights (the exponential keys of Efraimidis and Spirakis, 2006). */
function byWeight({ rows, columns }: Candidates, seed: number): (index: number) => number {
  const { weight, hash } = columns;
  return (index) => {
    const row = rows[index] as number;
    const uniform = (mix32(seed, hash[row] as number) + 0.5) / 0x100000000;
    return -Math.log(uniform) / Math.max(weight[row] as number, Number.MIN_VALUE);
  };
}

/** The higher offer first; among those of one offer the seed decides. */
function byOffer({ rows, offers, columns }: Candidates, seed: number): TieBreaks {
  const { hash } = columns;
  return [
    (index) => -(offers[index] as number),
    (index) => mix32(seed, hash[rows[index] as number] as number),
  ];
}
