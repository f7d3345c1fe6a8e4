import type { Agent, Team } from '../domain';

/** Agents and teams as the market has them: a view that follows the database. */
export interface AgentDirectory {
  agent(id: string): Agent | undefined;
  team(id: string): Team | undefined;
  teamsOf(agentId: string): readonly Team[];
}
