import type { Redis } from 'ioredis';
import type { Agent, TeamQueue } from '../domain';
import { asError } from '../domain';
import type { QueuePlace } from '../signaling';
import type { AgentStates } from './agent-states';
import type { Place } from './queue-lines';
import { QueueLines } from './queue-lines';
import { QueueTicket } from './queue-ticket';
import { suits, turnsOf } from './turns';
import { Upkeep } from './upkeep';

/** Who of a team there is for the callers in its queue. */
export interface TeamView {
  readonly free: readonly Agent[];
  /** Those too who are busy. */
  readonly atWork: readonly Agent[];
  /** One call rings everybody who is free. */
  readonly atOnce: boolean;
}

export interface TeamQueuesOptions {
  readonly redis: Redis;
  readonly states: AgentStates;
  /** Looks at a team; undefined when there is no such team any more. Never rejects. */
  readonly look: (teamId: string) => Promise<TeamView | undefined>;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds after which the places of a node that died lapse. */
  readonly leaseMs?: number | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
}

/** How many callers wait for a team now, over all nodes. */
export interface QueueLength {
  readonly teamId: string;
  /** Callers. */
  readonly waiting: number;
}

const LEASE_MS = 15_000;
/** What happens within so many milliseconds is looked at once. */
const GATHER_MS = 20;
/** A place that nobody took back by then, after its time, is given up. */
const FORGOTTEN_MS = 60_000;

/** Callers of one team that wait at this node. */
interface LocalLine {
  readonly tickets: Map<string, QueueTicket>;
  /** Of the look that is under way, or will be. */
  looking: boolean;
  again: boolean;
}

/**
 * The queues of teams: first come, first served over all nodes, by lines in Redis. A node wakes its own
 * callers when it is their turn: it looks whenever an agent's state or a line changes. While Redis is
 * away, each node has lines of its own.
 */
export class TeamQueues {
  readonly #options: TeamQueuesOptions;
  readonly #lines: QueueLines;
  readonly #here = new Map<string, LocalLine>();
  readonly #lengths = new Map<string, number>();
  readonly #handlers: ((length: QueueLength) => void)[] = [];
  readonly #upkeep: Upkeep;
  readonly #timers = new Set<NodeJS.Timeout>();
  #lastRank = 0;
  #closed = false;

  constructor(options: TeamQueuesOptions) {
    this.#options = options;
    const { redis, states, onError } = options;
    const leaseMs = options.leaseMs ?? LEASE_MS;
    const channel = `${states.prefix}queues`;
    this.#lines = new QueueLines(redis, states.prefix, channel, leaseMs);
    states.bus.listen(
      channel,
      (text) => this.#hear(text),
      () => this.#lookEverywhere(),
    );
    states.link.onEnter(() => this.#renew());
    states.link.onUp(() => this.#lookEverywhere());
    this.#upkeep = new Upkeep([() => this.#keep()], leaseMs / 3, onError);
    this.#upkeep.start();
  }

  /** Takes a place; undefined when the queue is full. Never rejects. */
  async join(
    teamId: string,
    caller: { readonly callId: string; readonly skills: readonly string[]; readonly tried: Iterable<string> },
    { maxLength, maxWaitMs }: TeamQueue,
  ): Promise<QueuePlace | undefined> {
    const known = this.#here.get(teamId)?.tickets.get(caller.callId);
    if (known) return known;
    const { callId, skills } = caller;
    const wanted = { callId, skills, tried: [...caller.tried], wants: true };
    const shared = await this.#options.states.link.attempt(() =>
      this.#lines.join(teamId, { ...wanted, rank: undefined }, maxLength),
    );
    const rank = shared.ok ? shared.value : this.#rankHere(teamId, maxLength);
    if (rank === undefined || this.#closed) return undefined;
    this.#lastRank = Math.max(this.#lastRank, rank);
    const line = await this.line(teamId);
    const ahead = line.filter((other) => other.rank < rank && other.callId !== callId).length;
    const ticket = new QueueTicket(
      { ...wanted, rank },
      {
        position: ahead + 1,
        maxWaitMs,
        givenUpAt: this.#options.now() + maxWaitMs + FORGOTTEN_MS,
        onWait: () => this.#wantsAgain(teamId, ticket),
        onLeave: () => void this.#leave(teamId, callId),
      },
    );
    const here = this.#here.get(teamId) ?? { tickets: new Map(), looking: false, again: false };
    this.#here.set(teamId, here);
    here.tickets.set(callId, ticket);
    this.#tellOwn(teamId);
    return ticket;
  }

  /** Everybody who waits for a team, who came first first. Never rejects. */
  async line(teamId: string): Promise<readonly Place[]> {
    const shared = await this.#options.states.link.attempt(() => this.#lines.list(teamId));
    if (shared.ok) return shared.value;
    return this.#ownPlaces(teamId);
  }

  /** How many wait for a team. Never rejects. */
  async waiting(teamId: string): Promise<number> {
    return (await this.line(teamId)).length;
  }

  /** Told when another number of callers waits for a team, on any node. */
  onQueue(handler: (length: QueueLength) => void): void {
    this.#handlers.push(handler);
  }

  /**
   * A call claimed agents of a team: while they ring, those behind it are served. Or it found none.
   * @param tried - who will not be rung for it again
   */
  claimed(teamId: string, callId: string, found: boolean, tried: Iterable<string>): void {
    const ticket = this.#here.get(teamId)?.tickets.get(callId);
    if (ticket?.claimed(found, [...tried])) void this.#write(teamId, ticket);
  }

  /** Something about a team changed: its callers here may have their turn. Waits for nobody. */
  look(teamId: string): void {
    const here = this.#here.get(teamId);
    if (!here || this.#closed) return;
    if (here.looking) {
      here.again = true;
      return;
    }
    here.looking = true;
    this.#later(GATHER_MS, () => void this.#lookAt(teamId, here));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#upkeep.close();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const { tickets } of this.#here.values()) for (const ticket of [...tickets.values()]) ticket.leave();
  }

  /** Never rejects. */
  async #lookAt(teamId: string, here: LocalLine): Promise<void> {
    here.again = false;
    try {
      const [line, view] = await Promise.all([this.line(teamId), this.#options.look(teamId)]);
      const turns = view ? turnsOf(line, view.free, view.atOnce) : undefined;
      const places = new Map(line.map(({ callId }, at) => [callId, at + 1]));
      for (const [callId, ticket] of here.tickets) {
        ticket.moveTo(places.get(callId) ?? ticket.position);
        // For whom there is nobody left, the wait is over as well: claiming tells so.
        const hopeless = !view?.atWork.some((agent) => suits(agent, ticket.place));
        if (!turns?.has(callId) && !hopeless) continue;
        const againInMs = ticket.call();
        if (againInMs > 0) this.#later(againInMs, () => this.look(teamId));
      }
    } catch (error) {
      this.#options.onError?.(asError(error));
    }
    here.looking = false;
    if (here.again) this.look(teamId);
  }

  #wantsAgain(teamId: string, ticket: QueueTicket): void {
    // What the line says of it changed: the others see, and it is looked at then.
    if (ticket.want()) void this.#write(teamId, ticket).then(() => this.look(teamId));
    else this.look(teamId);
  }

  async #write(teamId: string, ticket: QueueTicket): Promise<void> {
    await this.#options.states.link.attempt(async () => {
      if (ticket.left) return;
      await this.#lines.join(teamId, ticket.place, 0);
    });
  }

  async #leave(teamId: string, callId: string): Promise<void> {
    const here = this.#here.get(teamId);
    here?.tickets.delete(callId);
    if (here?.tickets.size === 0) this.#here.delete(teamId);
    await this.#options.states.link.attempt(() => this.#lines.leave(teamId, callId));
    this.#tellOwn(teamId);
    this.look(teamId);
  }

  /** Places that are held are said to be held; those that nobody took back are given up. */
  async #keep(): Promise<void> {
    const now = this.#options.now();
    for (const { tickets } of this.#here.values()) {
      for (const ticket of [...tickets.values()]) if (ticket.givenUpAt <= now) ticket.leave();
    }
    await this.#options.states.link.attempt(() => this.#renew());
    // Nobody here waits for these: who waited at a node that died is counted no more.
    for (const [teamId, waiting] of this.#lengths) {
      if (waiting > 0 && !this.#here.has(teamId)) await this.line(teamId);
    }
    this.#lookEverywhere();
  }

  async #renew(): Promise<void> {
    const places = [...this.#here].flatMap(([teamId, { tickets }]) =>
      [...tickets.values()].map((ticket) => ({ teamId, ticket })),
    );
    await Promise.all(
      places.map(async ({ teamId, ticket }) => {
        await this.#lines.join(teamId, ticket.place, 0);
        if (ticket.left) await this.#lines.leave(teamId, ticket.place.callId);
      }),
    );
  }

  #lookEverywhere(): void {
    for (const teamId of this.#here.keys()) this.look(teamId);
  }

  #rankHere(teamId: string, maxLength: number): number | undefined {
    if ((this.#here.get(teamId)?.tickets.size ?? 0) >= maxLength) return undefined;
    return Math.max(this.#lastRank + 1, this.#options.now() * 1000);
  }

  #ownPlaces(teamId: string): Place[] {
    const tickets = this.#here.get(teamId)?.tickets.values() ?? [];
    return [...tickets].map(({ place }) => place).sort((one, other) => one.rank - other.rank);
  }

  #hear(text: string): void {
    const space = text.lastIndexOf(' ');
    const teamId = text.slice(0, space);
    this.#tellLength(teamId, Number(text.slice(space + 1)));
    this.look(teamId);
  }

  /** Without Redis nobody else tells. */
  #tellOwn(teamId: string): void {
    if (this.#options.states.degraded) this.#tellLength(teamId, this.#here.get(teamId)?.tickets.size ?? 0);
  }

  #tellLength(teamId: string, waiting: number): void {
    if ((this.#lengths.get(teamId) ?? 0) === waiting) return;
    if (waiting === 0) this.#lengths.delete(teamId);
    else this.#lengths.set(teamId, waiting);
    for (const handler of this.#handlers) {
      try {
        handler({ teamId, waiting });
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  #later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    timer.unref();
    this.#timers.add(timer);
  }
}
