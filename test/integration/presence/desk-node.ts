import type { Redis } from 'ioredis';
import type { Agent, Presence, Team } from '../../../src/domain';
import { AgentStates, createAgentDesk, PresenceBus, RedisBindings } from '../../../src/presence';
import type { AgentDirectory, AgentStatesOptions, PresenceDesk } from '../../../src/presence';
import type { AgentClaim, AgentContact, AgentRequest, Binding } from '../../../src/signaling';
import { openRedis } from '../../../src/storage';
import { bindingOf } from '../../unit/presence/agents';
import { until } from '../../support/until';

/** Agents and teams that a test sets up as it goes. */
export class TestDirectory implements AgentDirectory {
  readonly agents = new Map<string, Agent>();
  readonly teams = new Map<string, Team>();

  agent(id: string): Agent | undefined {
    return this.agents.get(id);
  }

  team(id: string): Team | undefined {
    return this.teams.get(id);
  }

  teamsOf(agentId: string): readonly Team[] {
    return [...this.teams.values()].filter(({ agentIds }) => agentIds.includes(agentId));
  }

  put(...all: readonly (Agent | Team)[]): void {
    for (const one of all) {
      if ('agentIds' in one) this.teams.set(one.id, one);
      else this.agents.set(one.id, one);
    }
  }
}

export interface DeskNodeOptions {
  readonly url: string;
  /** Of the Redis that has the bindings; undefined: it is the same. */
  readonly bindingsUrl?: string;
  readonly nodeId: string;
  readonly directory: AgentDirectory;
  /** Of keys and channels: a test's own. */
  readonly prefix: string;
  readonly leaseMs?: number;
  readonly states?: Partial<AgentStatesOptions>;
}

/** A node's presence, with all that belongs to it. */
export class DeskNode {
  readonly nodeId: string;
  readonly redis: Redis;
  readonly bindingsRedis: Redis;
  readonly bus: PresenceBus;
  readonly bindings: RedisBindings;
  readonly states: AgentStates;
  readonly desk: PresenceDesk;
  /** Every state that was told, as `agent:state`. */
  readonly told: string[] = [];
  readonly degradations: boolean[] = [];
  readonly errors: Error[] = [];
  readonly #seen = new Map<string, Presence>();
  #closing: Promise<void> | undefined;

  private constructor({
    url,
    bindingsUrl,
    nodeId,
    directory,
    prefix,
    leaseMs = 15_000,
    states,
  }: DeskNodeOptions) {
    this.nodeId = nodeId;
    this.redis = openRedis(url);
    this.bindingsRedis = bindingsUrl === undefined ? this.redis : openRedis(bindingsUrl);
    this.bus = new PresenceBus(this.redis, (error) => this.errors.push(error));
    const { redis, bus } = this;
    const onError = (error: Error): void => void this.errors.push(error);
    this.bindings = new RedisBindings(this.bindingsRedis, {
      nodeId,
      origin: `${nodeId}-${Math.random()}`,
      bus,
      now: Date.now,
      channel: `${prefix}bindings`,
    });
    this.states = new AgentStates({
      redis,
      bus,
      bindings: this.bindings,
      nodeId,
      now: Date.now,
      leaseMs,
      prefix,
      onDegraded: (degraded) => this.degradations.push(degraded),
      onError,
      ...states,
    });
    this.states.onChange(({ agentId, state }) => {
      this.told.push(`${agentId}:${state}`);
      this.#seen.set(agentId, state);
    });
    this.desk = createAgentDesk({
      redis,
      states: this.states,
      bindings: this.bindings,
      directory,
      nodeId,
      routeVia: ({ key, nodeId: other }) => ({ uri: `sip:${key}@phone.invalid`, route: `sip:${other}` }),
      now: Date.now,
      queueLeaseMs: leaseMs,
      onError,
    });
  }

  static async open(options: DeskNodeOptions): Promise<DeskNode> {
    const node = new DeskNode(options);
    await node.bindings.start();
    await node.states.start();
    return node;
  }

  /** What this node was told last. */
  seen(agentId: string): Presence | undefined {
    return this.#seen.get(agentId);
  }

  async sees(agentId: string, state: Presence): Promise<void> {
    await until(`${this.nodeId} to see ${agentId} ${state}`, () => this.seen(agentId) === state);
  }

  /** A phone of the agent registers here. */
  async register(agentId: string, more: Partial<Binding> = {}): Promise<void> {
    await this.renew(agentId, more);
    await this.sees(agentId, 'available');
  }

  /** The same, whatever the agent does. */
  async renew(agentId: string, more: Partial<Binding> = {}): Promise<void> {
    const binding = bindingOf(agentId, this.nodeId, more);
    const before = await this.bindings.of(agentId, Date.now());
    await this.bindings.apply(agentId, before, { put: [binding], remove: [] }, Date.now());
  }

  async unregister(agentId: string): Promise<void> {
    const before = await this.bindings.of(agentId, Date.now());
    const remove = before.map(({ key }) => key);
    await this.bindings.apply(agentId, before, { put: [], remove }, Date.now());
  }

  claimTeam(callId: string, team: string, more: Partial<AgentRequest> = {}): Promise<AgentClaim> {
    return this.desk.claim(request(callId, team, more));
  }

  async stateOf(agentId: string): Promise<Presence | undefined> {
    return (await this.states.of([agentId])).get(agentId)?.state;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close().then(() => this.#disconnect());
    return this.#closing;
  }

  /** Ends as a crash would: nothing is given back, nothing renewed. */
  crash(): Promise<void> {
    this.#disconnect();
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #disconnect(): void {
    this.redis.disconnect();
    this.bindingsRedis.disconnect();
  }

  async #close(): Promise<void> {
    await this.desk.close();
    await this.states.close();
    this.bindings.close();
    this.bus.close();
  }
}

export function request(callId: string, teamId: string, more: Partial<AgentRequest> = {}): AgentRequest {
  return {
    ...{ callId, buyerId: 'buyer', group: { kind: 'team', id: teamId } },
    ...{ skills: [], tried: new Set() },
    ...more,
  };
}

/** The first phone that a claim rings. */
export function phoneOf(claim: AgentClaim): AgentContact {
  const contact = claim.kind === 'agents' ? claim.agents[0]?.contacts[0] : undefined;
  if (!contact) throw new Error(`the claim came to ${claim.kind}`);
  return contact;
}

/** Whom a claim took. */
export function claimed(claim: AgentClaim): string[] {
  return claim.kind === 'agents' ? claim.agents.map(({ agentId }) => agentId) : [];
}
