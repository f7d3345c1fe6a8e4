import type { Candidates } from '../market';
import { mix32 } from '../market';

/**
 * Priority routing: 1 before 10; among equals each goes first in proportion to its weight (the
 * exponential keys of Efraimidis and Spirakis, 2006). The same seed gives the same order.
 *
 * @returns rows of the candidates' columns, best first, at most one of a target
 */
export function rankByPriority(candidates: Candidates, seed: number, places: number): number[] {
  const { priority, weight, hash } = candidates.columns;
  return candidates.best(
    {
      primary: (row) => priority[row] as number,
      secondary: (row) => {
        const uniform = (mix32(seed, hash[row] as number) + 0.5) / 0x100000000;
        return -Math.log(uniform) / Math.max(weight[row] as number, Number.MIN_VALUE);
      },
    },
    places,
  );
}

/**
 * Round robin: bids stand on a circle by the hash of their id, and the one after the cursor goes
 * first. It stays fair to whoever is eligible when bids come and go.
 *
 * @param cursor - hash of the bid that went first last time
 * @returns rows of the candidates' columns, best first, at most one of a target
 */
export function rankRoundRobin(candidates: Candidates, cursor: number, places: number): number[] {
  const { hash } = candidates.columns;
  return candidates.best(
    { primary: (row) => ((hash[row] as number) - cursor - 1) >>> 0, secondary: () => 0 },
    places,
  );
}
