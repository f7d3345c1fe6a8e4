import type { Agent, Distribution, Team } from '../domain';
import type { AgentDirectory } from './agent-directory';
import type { ClaimOrder, FreeAgent } from './agent-states';

/** Agents who ring at once for one call, at most: of more, those who have waited longest. */
export const MOST_AT_ONCE = 50;

/** Of whom to choose, and how. */
export interface Candidates {
  readonly distribution: Distribution;
  /** In the order of the team, in which turns are taken. */
  readonly agents: readonly Agent[];
}

/** Active agents of an active team, of the buyer whose team it is. */
export function membersOf(team: Team | undefined, directory: AgentDirectory): Agent[] {
  if (team?.status !== 'active') return [];
  return [...new Set(team.agentIds)].flatMap((id) => {
    const agent = directory.agent(id);
    return agent?.status === 'active' && agent.buyerId === team.buyerId ? [agent] : [];
  });
}

/** Whether an agent has every skill, at level 1 at least. */
export function hasSkills({ skills }: Agent, needed: readonly string[]): boolean {
  return needed.every((skill) => (skills?.[skill] ?? 0) >= 1);
}

/**
 * Who is to be rung, the best first. Those who master the needed skills best come before others, and
 * among those of one level who has waited longest, or who is next in turn.
 */
export function distribute(
  { distribution, agents }: Candidates,
  free: readonly FreeAgent[],
  needed: readonly string[],
  lastRung: string | undefined,
): ClaimOrder {
  const place = new Map(agents.map(({ id }, at) => [id, at]));
  const last = lastRung === undefined ? -1 : (place.get(lastRung) ?? -1);
  /** How many turns away, for who comes right after the last one 0. */
  const turnOf = (id: string): number => ((place.get(id) ?? 0) - last - 1 + agents.length) % agents.length;
  const levelOf = new Map(agents.map((agent) => [agent.id, levelIn(agent, needed)]));
  const ranked = free
    .filter(({ agentId }) => place.has(agentId))
    .map(({ agentId, idleSince }) => ({
      agentId,
      level: levelOf.get(agentId) ?? 0,
      wait: distribution === 'round_robin' ? turnOf(agentId) : idleSince,
      turn: turnOf(agentId),
    }))
    .sort((one, other) => other.level - one.level || one.wait - other.wait || one.turn - other.turn);
  return {
    agentIds: ranked.map(({ agentId }) => agentId),
    most: distribution === 'simultaneous' ? MOST_AT_ONCE : 1,
  };
}

function levelIn({ skills }: Agent, needed: readonly string[]): number {
  return needed.reduce((sum, skill) => sum + (skills?.[skill] ?? 0), 0);
}
