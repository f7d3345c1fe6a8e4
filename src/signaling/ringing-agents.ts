import type { AgentGroup, Clock } from '../domain';
import type { AgentClaim, AgentRelease, AgentRequest } from './ports';
import type { QueueNews } from './queue-wait';
import { QueueWait } from './queue-wait';
import { releaseFor, RingingPhones } from './ringing-phones';
import type { Presentation, RingContext, Ringing, RingResult, RingServices } from './ringing';

/** How the agents behind a softphone target are rung. */
export interface AgentsOrder extends QueueNews {
  /** Whose people may be rung. */
  readonly buyerId: string;
  readonly group: AgentGroup;
  /** Skills that whoever answers must have. */
  readonly skills: readonly string[];
  /** Milliseconds of ringing in all, waiting in the queue aside. */
  readonly ringTimeoutMs: number;
  readonly presentation: Presentation;
  onRinging(): void;
}

/** Nobody gets to a phone that rings for less: after the first round there is none as short. */
const SHORTEST_ROUND_MS = 3_000;

type Failure = Extract<RingResult, { kind: 'failed' }>;

/**
 * Rings the agents of a group: round after round, as the desk hands them out, until one answers, the
 * ring time is over, or nobody is left. Where the team has a queue, a caller who finds everybody busy
 * waits there between two rounds, for as long as the queue allows in all.
 */
export class RingingAgents implements Ringing {
  readonly result: Promise<RingResult>;
  readonly #services: RingServices;
  readonly #context: RingContext;
  readonly #order: AgentsOrder;
  readonly #clock: Clock;
  readonly #tried = new Set<string>();
  #ringLeftMs: number;
  #round: RingingPhones | undefined;
  /** Why it is given up. */
  #stopped: string | undefined;
  readonly #queue: QueueWait;

  constructor(services: RingServices, context: RingContext, order: AgentsOrder, clock: Clock) {
    this.#services = services;
    this.#context = context;
    this.#order = order;
    this.#clock = clock;
    this.#ringLeftMs = order.ringTimeoutMs;
    this.#queue = new QueueWait(services.agents, order, clock);
    this.result = this.#run().then((result) =>
      this.#tried.size === 0 ? result : { ...result, rung: [...this.#tried] },
    );
  }

  stop(reason: string): void {
    this.#stopped = reason;
    this.#round?.stop(reason);
    this.#queue.stop();
  }

  async #run(): Promise<RingResult> {
    const queue = this.#queue;
    let failure: Failure | undefined;
    try {
      for (;;) {
        const claim = await this.#claim();
        if (this.#stopped !== undefined) {
          this.#giveBack(claim, releaseFor(this.#stopped));
          return { kind: 'stopped' };
        }
        if (claim.kind === 'agents') {
          queue.pause();
          const result = await this.#ring(claim);
          if (result.kind === 'answered') {
            return { ...result, ringMs: Math.round(this.#order.ringTimeoutMs - this.#ringLeftMs) };
          }
          if (result.kind === 'stopped') return result;
          failure = result;
          const shortest = Math.min(SHORTEST_ROUND_MS, claim.ringMs ?? SHORTEST_ROUND_MS);
          if (this.#ringLeftMs < shortest) return failure;
          continue;
        }
        if (claim.kind === 'nobody') return failure ?? NOBODY;
        const waited = await queue.wait(this.#request());
        if (this.#isStopped) return { kind: 'stopped' };
        if (waited === 'none') return failure ?? BUSY;
        if (waited === 'timeout') return { kind: 'failed', outcome: 'queue_timeout', sipStatus: 480 };
      }
    } finally {
      queue.leave();
    }
  }

  #request(): AgentRequest {
    const { buyerId, group, skills } = this.#order;
    return { callId: this.#context.callId, buyerId, group, skills, tried: this.#tried };
  }

  #claim(): Promise<AgentClaim> {
    return this.#services.agents.claim(this.#request());
  }

  async #ring(claim: Extract<AgentClaim, { kind: 'agents' }>): Promise<RingResult> {
    for (const { agentId } of claim.agents) this.#tried.add(agentId);
    const startedAt = this.#clock.monotonic();
    this.#round = new RingingPhones(this.#services, this.#context, claim.agents, {
      ringMs: Math.min(claim.ringMs ?? this.#ringLeftMs, this.#ringLeftMs),
      presentation: this.#order.presentation,
      onRinging: () => this.#order.onRinging(),
    });
    const result = await this.#round.result;
    this.#round = undefined;
    this.#ringLeftMs -= this.#clock.monotonic() - startedAt;
    return result;
  }

  /** The call ended while agents were being claimed. */
  #giveBack(claim: AgentClaim, why: AgentRelease): void {
    if (claim.kind !== 'agents') return;
    for (const { agentId } of claim.agents) {
      this.#services.agents.release(this.#context.callId, agentId, why);
    }
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isStopped(): boolean {
    return this.#stopped !== undefined;
  }
}

const NOBODY: Failure = { kind: 'failed', outcome: 'no_agent', sipStatus: 480 };
const BUSY: Failure = { kind: 'failed', outcome: 'busy', sipStatus: 486 };
