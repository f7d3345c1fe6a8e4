import type { Socket } from 'socket.io';
import { z } from 'zod';
import type { Principal } from '../../domain';
import { asError, OPERATOR_ACCOUNT, refusalOf } from '../../domain';
import type { EventHub, Gap, StreamedEvent, Topic, Viewer } from '../../events';
import { eventType, TOPICS, toldTo } from '../../events';
import type { Frame } from './frames';
import { frameOf } from './frames';
import type { OutletLimits } from './outlet';
import { drained, send } from './outlet';
import { TOPIC_RULES } from './topic-rules';

/** Figures of the board: all of them, or what concerns one account. */
export interface BoardSource {
  board(viewer: Viewer): object;
}

export interface SubscriptionParts {
  readonly events: Pick<EventHub, 'listen' | 'resume' | 'position' | 'degraded'>;
  readonly board: BoardSource | undefined;
  readonly limits: OutletLimits & SubscriptionLimits;
  /** Somebody watches what agents do from now on, or does so no more. */
  readonly onPresence: (socket: Socket, watches: boolean) => void;
  readonly onError: (error: Error) => void;
}

export interface SubscriptionLimits {
  /** Events that are read for who comes back; who missed more begins anew. */
  readonly maxMissed: number;
  /** Milliseconds that who comes back may take to read a page of what was missed. */
  readonly pageMs: number;
  /** Milliseconds from one board to the next. */
  readonly boardMs: number;
}

/** Messages of one client that may wait to be answered. */
const MAX_ASKED = 4;

const message = z.strictObject({
  topics: z.array(z.string().max(32)).min(1).max(16),
  after: z.string().max(40).nullish(),
});

/** What a client is told of its message. */
type Answer =
  | { readonly ok: true; readonly topics: readonly Topic[]; readonly position: string | null }
  | { readonly ok: false; readonly code: string };

/** Everybody of one account, or of the exchange, who watches a topic: they are told the same. */
interface Room {
  readonly viewer: Viewer;
  readonly members: Set<Member>;
}

/** One client. */
class Member {
  readonly socket: Socket;
  readonly principal: Principal;
  readonly topics = new Set<Topic>();
  /** It did not read: nothing is told to it until it has. */
  behind = false;
  asked = 0;
  answered: Promise<void> = Promise.resolve();

  constructor(socket: Socket, principal: Principal) {
    this.socket = socket;
    this.principal = principal;
  }
}

/**
 * Who watches which topics, and what they are told. An event is looked at once for each account that may see it
 * and somebody watches for, and encoded once for all of them. Who reads too slowly is told of a gap when it has
 * read what waited, instead of everything that happened meanwhile.
 */
export class Subscriptions {
  readonly #parts: SubscriptionParts;
  readonly #members = new Map<Socket, Member>();
  readonly #rooms = new Map<Topic, Map<string, Room>>(
    TOPICS.map((topic) => [topic, new Map<string, Room>()]),
  );
  readonly #stop: () => void;
  readonly #clock: NodeJS.Timeout;
  #closed = false;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
    this.#stop = parts.events.listen({
      onEvent: (event) => this.#event(event),
      onGap: (gap) => this.#gap(gap),
      onStatus: (degraded) => this.#everybody(frameOf('status', { degraded })),
    });
    this.#clock = setInterval(() => this.#board(), parts.limits.boardMs);
    this.#clock.unref();
  }

  get size(): number {
    return this.#members.size;
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    clearInterval(this.#clock);
    this.#members.clear();
    for (const rooms of this.#rooms.values()) rooms.clear();
  }

  /** Hears what a client wants to watch. */
  attach(socket: Socket, principal: Principal): void {
    const listen = (
      name: string,
      work: (member: Member, asked: unknown) => Promise<Answer> | Answer,
    ): void => {
      socket.on(name, (asked: unknown, ack: unknown) => {
        const member = this.#members.get(socket) ?? new Member(socket, principal);
        this.#members.set(socket, member);
        this.#answer(member, typeof ack === 'function' ? (ack as (answer: Answer) => void) : undefined, () =>
          work(member, asked),
        );
      });
    };
    listen('subscribe', (member, asked) => this.#subscribe(member, asked));
    listen('unsubscribe', (member, asked) => this.#unsubscribe(member, asked));
  }

  /** It is gone. */
  detach(socket: Socket): void {
    const member = this.#members.get(socket);
    if (!member) return;
    this.#members.delete(socket);
    for (const topic of member.topics) this.#leave(member, topic);
  }

  /** One after another, and not many at once. */
  #answer(
    member: Member,
    ack: ((answer: Answer) => void) | undefined,
    work: () => Promise<Answer> | Answer,
  ): void {
    if (member.asked >= MAX_ASKED) {
      ack?.({ ok: false, code: 'too_many_requests' });
      return;
    }
    member.asked++;
    member.answered = member.answered
      .then(async () => {
        const answer = await work();
        if (!this.#closed && this.#members.has(member.socket)) ack?.(answer);
      })
      .catch((error: unknown) => {
        this.#parts.onError(asError(error));
        ack?.({ ok: false, code: 'unavailable' });
      })
      .finally(() => member.asked--);
  }

  async #subscribe(member: Member, asked: unknown): Promise<Answer> {
    const wanted = this.#wanted(member, asked);
    if (!wanted.ok) return wanted;
    const fresh = wanted.topics.filter((topic) => !member.topics.has(topic));
    const first = member.topics.size === 0;
    if (wanted.after === undefined) this.#join(member, fresh);
    else await this.#resume(member, fresh, wanted.after);
    if (!this.#members.has(member.socket)) return { ok: false, code: 'gone' };
    if (first) member.socket.emit('status', { degraded: this.#parts.events.degraded });
    if (fresh.includes('presence')) this.#parts.onPresence(member.socket, true);
    if (fresh.includes('board')) this.#board(member);
    return this.#standing(member);
  }

  #unsubscribe(member: Member, asked: unknown): Answer {
    const wanted = this.#wanted(member, asked);
    if (!wanted.ok) return wanted;
    if (wanted.topics.includes('presence') && member.topics.has('presence')) {
      this.#parts.onPresence(member.socket, false);
    }
    for (const topic of wanted.topics) this.#leave(member, topic);
    return this.#standing(member);
  }

  #standing(member: Member): Answer {
    return { ok: true, topics: [...member.topics], position: this.#parts.events.position ?? null };
  }

  #wanted(
    { principal }: Member,
    asked: unknown,
  ): { ok: true; topics: Topic[]; after: string | undefined } | { ok: false; code: string } {
    const parsed = message.safeParse(asked);
    if (!parsed.success) return { ok: false, code: 'invalid_message' };
    const { topics, after } = parsed.data;
    const known = TOPICS.filter((topic) => topics.includes(topic));
    if (topics.some((topic) => !known.includes(topic as Topic))) return { ok: false, code: 'topic_unknown' };
    for (const topic of known) {
      const refusal = refusalOf(principal, TOPIC_RULES[topic]);
      if (refusal) return { ok: false, code: refusal === 'role' ? 'role_forbidden' : 'scope_missing' };
    }
    return { ok: true, topics: known, after: after ?? undefined };
  }

  /** What was missed first, and then everything that happens: between the two nothing can. */
  async #resume(member: Member, topics: readonly Topic[], after: string): Promise<void> {
    const { events, limits } = this.#parts;
    const watched = new Set<string>(topics);
    let last: string | undefined;
    const refusal = await events.resume({
      after,
      most: limits.maxMissed,
      tell: (event) => {
        last = event.id;
        if (!watched.has(eventType(event.event.type).topic)) return;
        const told = toldTo(member.principal, event);
        if (told) send(member.socket, frameOf('event', told));
      },
      ready: async () => {
        const reads = await drained(member.socket, limits.pageMs);
        if (!reads) member.socket.conn.close(true);
        return reads && this.#members.has(member.socket);
      },
      joined: () => this.#join(member, topics),
    });
    if (!refusal || !this.#members.has(member.socket)) return;
    this.#join(member, topics);
    this.#tellGap(member, last ?? after);
  }

  #join(member: Member, topics: readonly Topic[]): void {
    if (this.#closed || !this.#members.has(member.socket)) return;
    const { accountId, role } = member.principal;
    for (const topic of topics) {
      member.topics.add(topic);
      const rooms = this.#rooms.get(topic) as Map<string, Room>;
      const room = rooms.get(accountId) ?? { viewer: { accountId, role }, members: new Set<Member>() };
      rooms.set(accountId, room);
      room.members.add(member);
    }
  }

  #leave(member: Member, topic: Topic): void {
    member.topics.delete(topic);
    const rooms = this.#rooms.get(topic);
    const room = rooms?.get(member.principal.accountId);
    room?.members.delete(member);
    if (room?.members.size === 0) rooms?.delete(member.principal.accountId);
  }

  #event(streamed: StreamedEvent): void {
    const { event } = streamed;
    const rooms = this.#rooms.get(eventType(event.type).topic);
    if (!rooms || rooms.size === 0) return;
    this.#tellRoom(rooms.get(OPERATOR_ACCOUNT), streamed);
    for (const account of event.accounts) this.#tellRoom(rooms.get(account), streamed);
  }

  #tellRoom(room: Room | undefined, streamed: StreamedEvent): void {
    const told = room && toldTo(room.viewer, streamed);
    if (!told) return;
    const frame = frameOf('event', told);
    for (const member of room.members) this.#tell(member, frame);
  }

  #tell(member: Member, frame: Frame): void {
    if (!member.behind && !send(member.socket, frame, this.#parts.limits)) this.#fallBehind(member);
  }

  #fallBehind(member: Member): void {
    member.behind = true;
    void drained(member.socket, this.#parts.limits.pageMs).then((reads) => {
      member.behind = false;
      if (reads) this.#tellGap(member, undefined);
      // It comes back and resumes, if it is there at all.
      else member.socket.conn.close(true);
    });
  }

  #tellGap(member: Member, from: string | undefined): void {
    send(member.socket, frameOf('gap', { from: from ?? null, to: this.#parts.events.position ?? null }));
  }

  #gap({ from, to }: Gap): void {
    this.#everybody(frameOf('gap', { from: from ?? null, to: to ?? null }));
  }

  #everybody(frame: Frame): void {
    for (const member of this.#members.values()) if (member.topics.size > 0) this.#tell(member, frame);
  }

  /** @param only - who has just come; everybody otherwise */
  #board(only?: Member): void {
    const { board } = this.#parts;
    if (!board) return;
    for (const room of this.#rooms.get('board')?.values() ?? []) {
      if (only && !room.members.has(only)) continue;
      try {
        const frame = frameOf('board', board.board(room.viewer));
        // The next one is soon: nobody is told two at once.
        for (const member of only ? [only] : room.members) this.#tell(member, frame);
      } catch (error) {
        this.#parts.onError(asError(error));
      }
    }
  }
}
