import type { Redis } from 'ioredis';
import type { Agent, AgentGroup, Presence, Team } from '../domain';
import { asError } from '../domain';
import type {
  AgentClaim,
  AgentContact,
  AgentDesk,
  AgentRelease,
  AgentRequest,
  BindingStore,
  QueuePlace,
} from '../signaling';
import type { RouteVia } from './agent-contacts';
import { contactsOf } from './agent-contacts';
import type { AgentDirectory } from './agent-directory';
import type { AgentStates, FreeAgent } from './agent-states';
import type { Candidates } from './distribution';
import { distribute, hasSkills, membersOf } from './distribution';
import type { Place } from './queue-lines';
import type { QueueLength, TeamView } from './team-queues';
import { TeamQueues } from './team-queues';
import { turnsOf } from './turns';

export interface AgentDeskOptions {
  readonly redis: Redis;
  readonly states: AgentStates;
  readonly bindings: BindingStore;
  readonly directory: AgentDirectory;
  readonly nodeId: string;
  /** How another node's phone is reached. */
  readonly routeVia: RouteVia;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds after which the places in queues of a node that died lapse. */
  readonly queueLeaseMs?: number;
  /** Something could not be done, and is tried again. */
  readonly onError?: (error: Error) => void;
}

/** RFC 5626 §11.5: who held the connection of a phone says that it is gone. */
const FLOW_FAILED = 430;

/** The desk, with what people watch of its queues. */
export interface PresenceDesk extends AgentDesk {
  /** How many callers wait for a team, over all nodes. Never rejects. */
  waiting(teamId: string): Promise<number>;
  /** Told when another number of callers waits for a team, on any node. */
  onQueue(handler: (length: QueueLength) => void): void;
  close(): Promise<void>;
}

/** The desk of a node. Starts looking after its queues at once; the states are started by who made them. */
export function createAgentDesk(options: AgentDeskOptions): PresenceDesk {
  return new StatesDesk(options);
}

class StatesDesk implements PresenceDesk {
  readonly #options: AgentDeskOptions;
  readonly #queues: TeamQueues;
  #closed = false;

  constructor(options: AgentDeskOptions) {
    this.#options = options;
    const { redis, states, directory, now, queueLeaseMs, onError } = options;
    this.#queues = new TeamQueues({
      ...{ redis, states, now, onError, leaseMs: queueLeaseMs },
      look: (teamId) => this.#look(teamId),
    });
    states.onChange(({ agentId }) => {
      for (const { id } of directory.teamsOf(agentId)) this.#queues.look(id);
    });
  }

  async claim({ callId, buyerId, group, skills, tried }: AgentRequest): Promise<AgentClaim> {
    const { states } = this.#options;
    const candidates = this.#candidates(group, buyerId);
    const suiting = candidates.agents.filter((agent) => !tried.has(agent.id) && hasSkills(agent, skills));
    if (this.#closed || suiting.length === 0) return { kind: 'nobody' };
    const team = this.#teamOf(group, buyerId);
    const [phones, line] = await Promise.all([
      this.#phonesOf(suiting),
      team?.queue ? this.#queues.line(team.id) : [],
    ]);
    const ahead = before(line, callId);
    const { claimed, free, atWork } = await states.claim({
      callId,
      reachable: new Map(suiting.map(({ id }) => [id, phones.get(id)?.until ?? 0])),
      teamId: team?.id,
      choose: (found, lastRung) =>
        distribute(candidates, leaveFor(ahead, found, candidates), skills, lastRung),
    });
    if (team) this.#queues.claimed(team.id, callId, claimed.length > 0, tried);
    if (claimed.length === 0) return { kind: atWork > 0 ? 'busy' : 'nobody' };
    const all = candidates.distribution === 'simultaneous' && free <= claimed.length;
    return {
      kind: 'agents',
      agents: claimed.map((agentId) => ({ agentId, contacts: phones.get(agentId)?.contacts ?? [] })),
      ringMs: all ? undefined : team?.ringMs,
    };
  }

  release(callId: string, agentId: string, why: AgentRelease): void {
    this.#options.states.release(callId, agentId, why);
  }

  answered(callId: string, agentId: string): void {
    this.#options.states.answered(callId, agentId);
  }

  async phonesOf(agentId: string): Promise<readonly AgentContact[]> {
    const agent = this.#options.directory.agent(agentId);
    if (!agent || this.#closed) return [];
    return (await this.#phonesOf([agent])).get(agentId)?.contacts ?? [];
  }

  callOf(agentId: string): Promise<{ readonly callId: string; readonly nodeId: string } | undefined> {
    return this.#options.states.callOf(agentId);
  }

  ended(callId: string, agentId: string): void {
    const { states, directory } = this.#options;
    states.ended(callId, agentId, directory.agent(agentId)?.wrapUpMs ?? 0);
  }

  lost({ binding }: AgentContact, sipStatus: number): void {
    const { bindings, nodeId, onError } = this.#options;
    // Of another node's phone only that node can tell that it is gone: all else may be the way there.
    if (binding.nodeId !== nodeId && sipStatus !== FLOW_FAILED) return;
    bindings.drop(binding).catch((error: unknown) => onError?.(asError(error)));
  }

  async queue({ callId, buyerId, group, skills, tried }: AgentRequest): Promise<QueuePlace | undefined> {
    const team = this.#teamOf(group, buyerId);
    if (this.#closed || team?.status !== 'active' || !team.queue) return undefined;
    return this.#queues.join(team.id, { callId, skills, tried }, team.queue);
  }

  waiting(teamId: string): Promise<number> {
    return this.#queues.waiting(teamId);
  }

  onQueue(handler: (length: QueueLength) => void): void {
    this.#queues.onQueue(handler);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queues.close();
  }

  #teamOf(group: AgentGroup, buyerId: string): Team | undefined {
    const team = group.kind === 'team' ? this.#options.directory.team(group.id) : undefined;
    return team?.buyerId === buyerId ? team : undefined;
  }

  /** People of the buyer alone, whatever the target names. */
  #candidates(group: AgentGroup, buyerId: string): Candidates {
    const { directory } = this.#options;
    if (group.kind === 'team') {
      const team = this.#teamOf(group, buyerId);
      return { distribution: team?.distribution ?? 'simultaneous', agents: membersOf(team, directory) };
    }
    const agent = directory.agent(group.id);
    const theirs = agent?.status === 'active' && agent.buyerId === buyerId;
    return { distribution: 'simultaneous', agents: theirs ? [agent] : [] };
  }

  /** The phones that can be rung now, and when the last registration of each agent ends. */
  async #phonesOf(
    agents: readonly Agent[],
  ): Promise<Map<string, { readonly contacts: AgentContact[]; readonly until: number }>> {
    const { bindings, now, nodeId, routeVia, states } = this.#options;
    const ids = agents.map(({ id }) => id);
    const registered = await bindings.ofAll(ids, now());
    const rules = { nodeId, routeVia, ownOnly: states.ownOnly };
    return new Map(
      ids.flatMap((id) => {
        const found = registered.get(id) ?? [];
        const contacts = contactsOf(found, rules);
        const until = Math.max(0, ...found.map(({ expiresAt }) => expiresAt));
        return contacts.length > 0 ? [[id, { contacts, until }] as const] : [];
      }),
    );
  }

  /** What the callers in a team's queue can hope for: the same that they would find when they claim. */
  async #look(teamId: string): Promise<TeamView | undefined> {
    const { directory, states } = this.#options;
    const team = directory.team(teamId);
    if (team?.status !== 'active') return undefined;
    const members = membersOf(team, directory);
    const [phones, seen] = await Promise.all([
      this.#phonesOf(members),
      states.of(members.map(({ id }) => id)),
    ]);
    const stateOf = (id: string): Presence => seen.get(id)?.state ?? 'offline';
    return {
      free: members.filter(({ id }) => phones.has(id) && stateOf(id) === 'available'),
      // Whoever talks will be back, though the phone's connection may be down just now.
      atWork: members.filter(({ id }) => {
        const state = stateOf(id);
        if (state === 'ringing' || state === 'on_call') return true;
        if (state === 'offline' || state === 'away') return false;
        // Whom only other nodes can ring just now is there for those who can wait.
        return phones.has(id) || states.ownOnly;
      }),
      atOnce: team.distribution === 'simultaneous',
    };
  }
}

/** Who came before a call; all of the line when it is not in it. */
function before(line: readonly Place[], callId: string): readonly Place[] {
  const at = line.findIndex((place) => place.callId === callId);
  return at < 0 ? line : line.slice(0, at);
}

/** The free agents that those who came before do not need. */
function leaveFor(
  ahead: readonly Place[],
  free: readonly FreeAgent[],
  { agents, distribution }: Candidates,
): readonly FreeAgent[] {
  if (ahead.length === 0) return free;
  const ids = new Set(free.map(({ agentId }) => agentId));
  const turns = turnsOf(
    ahead,
    agents.filter(({ id }) => ids.has(id)),
    distribution === 'simultaneous',
  );
  const kept = new Set([...turns.values()].flat());
  return free.filter(({ agentId }) => !kept.has(agentId));
}
