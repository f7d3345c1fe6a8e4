import type { Agent, Team } from '../domain';
import { Links } from './links';

/** Agents and their teams, by what they are asked for. */
export class AgentTable {
  readonly #agents = new Map<string, Agent>();
  readonly #teams = new Map<string, Team>();
  readonly #byUsername = new Map<string, string>();
  readonly #agentsOfBuyer = new Links();
  readonly #teamsOfBuyer = new Links();
  readonly #teamsOfAgent = new Links();

  get(id: string): Agent | undefined {
    return this.#agents.get(id);
  }

  all(): Iterable<Agent> {
    return this.#agents.values();
  }

  /** @param username - in lower case */
  byUsername(username: string): Agent | undefined {
    const id = this.#byUsername.get(username);
    return id === undefined ? undefined : this.#agents.get(id);
  }

  ofBuyer(buyerId: string): readonly Agent[] {
    return found(this.#agents, this.#agentsOfBuyer.of(buyerId));
  }

  team(id: string): Team | undefined {
    return this.#teams.get(id);
  }

  teamsOf(agentId: string): readonly Team[] {
    return found(this.#teams, this.#teamsOfAgent.of(agentId));
  }

  teamsOfBuyer(buyerId: string): readonly Team[] {
    return found(this.#teams, this.#teamsOfBuyer.of(buyerId));
  }

  put(agent: Agent): void {
    this.drop(agent.id);
    this.#agents.set(agent.id, agent);
    this.#byUsername.set(agent.username, agent.id);
    this.#agentsOfBuyer.add(agent.buyerId, agent.id);
  }

  drop(id: string): void {
    const before = this.#agents.get(id);
    if (!before) return;
    this.#agents.delete(id);
    this.#agentsOfBuyer.delete(before.buyerId, id);
    // Two agents may swap their names, and the changes come one by one.
    if (this.#byUsername.get(before.username) === id) this.#byUsername.delete(before.username);
  }

  putTeam(team: Team): void {
    this.dropTeam(team.id);
    this.#teams.set(team.id, team);
    this.#teamsOfBuyer.add(team.buyerId, team.id);
    for (const agentId of team.agentIds) this.#teamsOfAgent.add(agentId, team.id);
  }

  dropTeam(id: string): void {
    const before = this.#teams.get(id);
    if (!before) return;
    this.#teams.delete(id);
    this.#teamsOfBuyer.delete(before.buyerId, id);
    for (const agentId of before.agentIds) this.#teamsOfAgent.delete(agentId, id);
  }

  clear(): void {
    for (const id of [...this.#teams.keys()]) this.dropTeam(id);
    for (const id of [...this.#agents.keys()]) this.drop(id);
  }
}

function found<T extends { readonly id: string }>(
  entities: ReadonlyMap<string, T>,
  ids: Iterable<string>,
): readonly T[] {
  const values = [...ids].flatMap((id) => entities.get(id) ?? []);
  return values.sort((a, b) => (a.id < b.id ? -1 : 1));
}
