import type { Candidates } from '../market';
import { mix32 } from '../market';

/**
 * Priority routing: 1 before 10; among equals each goes first in proportion to its weight (the
 * exponential keys of Efraimidis and Spirakis, 2006). The same seed gives the same order.
 */
export function rankByPriority(candidates: Candidates, seed: number, places: number): number[] {
  const { columns, rows, primary, secondary, count } = candidates;
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number;
    const uniform = (mix32(seed, columns.hash[row] as number) + 0.5) / 0x100000000;
    primary[i] = columns.priority[row] as number;
    secondary[i] = -Math.log(uniform) / Math.max(columns.weight[row] as number, Number.MIN_VALUE);
  }
  return candidates.best(places);
}

/**
 * Round robin: bids stand on a circle by the hash of their id, and the one after the cursor goes
 * first. It stays fair to whoever is eligible when bids come and go.
 *
 * @param cursor - hash of the bid that went first last time
 */
export function rankRoundRobin(candidates: Candidates, cursor: number, places: number): number[] {
  const { columns, rows, primary, secondary, count } = candidates;
  for (let i = 0; i < count; i++) {
    primary[i] = ((columns.hash[rows[i] as number] as number) - cursor - 1) >>> 0;
    secondary[i] = 0;
  }
  return candidates.best(places);
}
