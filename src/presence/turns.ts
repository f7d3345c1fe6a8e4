import type { Agent } from '../domain';
import { hasSkills } from './distribution';

/** A caller who waits for an agent of a team. */
export interface Waiting {
  readonly callId: string;
  readonly skills: readonly string[];
  /** Agents who were rung for the call already. */
  readonly tried: readonly string[];
  /** False while an agent rings for the call: its place is kept, and others are served meanwhile. */
  readonly wants: boolean;
}

/** Whether the agent could take the call. */
export function suits(agent: Agent, { skills, tried }: Pick<Waiting, 'skills' | 'tried'>): boolean {
  return hasSkills(agent, skills) && !tried.includes(agent.id);
}

/**
 * For whom of the line there are agents free: who came first chooses first, and who finds none that
 * suits keeps nobody behind from those that are left.
 *
 * @param line - in the order in which they came
 * @param atOnce - one call rings everybody who suits
 * @returns the agents kept for each call that has some
 */
export function turnsOf(
  line: readonly Waiting[],
  free: readonly Agent[],
  atOnce: boolean,
): Map<string, readonly string[]> {
  const left = new Map(free.map((agent) => [agent.id, agent]));
  const turns = new Map<string, readonly string[]>();
  for (const waiting of line) {
    if (left.size === 0) break;
    if (!waiting.wants) continue;
    const suiting = [...left.values()].filter((agent) => suits(agent, waiting));
    if (suiting.length === 0) continue;
    // Whom fewer others could ask for: the more are left for those behind.
    const kept = atOnce
      ? suiting
      : [suiting.reduce((best, agent) => (skillsOf(agent) < skillsOf(best) ? agent : best))];
    for (const { id } of kept) left.delete(id);
    turns.set(
      waiting.callId,
      kept.map(({ id }) => id),
    );
  }
  return turns;
}

function skillsOf({ skills }: Agent): number {
  return Object.keys(skills ?? {}).length;
}
