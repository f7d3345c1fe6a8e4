import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket } from 'socket.io';
import { Server } from 'socket.io';
import type { Principal } from '../../domain';
import { asError, OPERATOR_ACCOUNT, principalName } from '../../domain';
import type { EventHub } from '../../events';
import { domainEvent, toldTo } from '../../events';
import type { Database, RateLimit, RateLimiter } from '../../storage';
import { RecurringWork } from '../../storage';
import type { ClientAddress } from '../client-address';
import { clientAddress } from '../client-address';
import { WindowCounter } from '../middleware/window-counter';
import type { AgentPresence, PhoneServices } from '../phone/services';
import { Audience } from './audience';
import { frameOf } from './frames';
import type { NodeAdapter } from './node-adapter';
import type { OutletLimits } from './outlet';
import { send, waitingBytes, waitingFor } from './outlet';
import type { BoardSource, SubscriptionLimits } from './subscriptions';
import { Subscriptions } from './subscriptions';
import { topicsOf } from './topic-rules';
import type { Authenticates, Watcher } from './who-connects';
import { hearsOfAgents, keysOnly, stillGood, whoConnects } from './who-connects';

export interface RealtimeServices {
  readonly database: Database;
  readonly phone: Pick<PhoneServices, 'market' | 'presences' | 'news'>;
  /** Whose tokens and cookies are whose; API keys alone by default. */
  readonly authenticates?: Authenticates | undefined;
  /** What happens; without it there are no topics, and nobody connects but for what agents do. */
  readonly events?: EventHub | undefined;
  readonly board?: BoardSource | undefined;
  /** How often each principal may connect; without it nobody is counted. */
  readonly rate?: { readonly limiter: RateLimiter; readonly limit: RateLimit } | undefined;
  /** Reaches the sockets of other nodes; without it those of this node alone are let go at once. */
  readonly nodes?: NodeAdapter | undefined;
  /** Origins whose pages may connect, besides the API's own. */
  readonly corsOrigins?: readonly string[];
  /** Reverse proxies before the API whose X-Forwarded-For is believed; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<RealtimeLimits>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

export interface RealtimeLimits extends OutletLimits, SubscriptionLimits {
  /** Clients of this node at once. */
  readonly maxClients: number;
  /** Milliseconds between looks whether clients may still watch. */
  readonly lookAgainMs: number;
}

const LIMITS: RealtimeLimits = {
  maxClients: 100_000,
  maxWaiting: 256,
  maxWaitingBytes: 512 * 1024,
  maxMissed: 20_000,
  pageMs: 10_000,
  boardMs: 1_000,
  lookAgainMs: 15_000,
};
const REALTIME_PATH = '/ws/v1';
/** Clients have little to say but who they are. */
const MAX_MESSAGE_BYTES = 8_192;
/** Tokens that were wrong, of one address in a minute. */
const MAX_FAILURES = 60;
/** Who is asked about at once, of one address: all who sit behind it come back together when a node was lost. */
const MAX_LOOKUPS = 1_000;
/** Agents whose state is asked for at once. */
const ASKED_AT_ONCE = 500;

interface Change extends AgentPresence {
  readonly agentId: string;
}

/** Why somebody is not let in: clients of socket.io are told with `connect_error`. */
interface Refusal {
  readonly code: string;
  readonly data?: { readonly retryAfterMs: number };
}

/** One client: until it has the whole, what changes waits. */
interface Client {
  readonly socket: Socket;
  readonly token: string;
  readonly watcher: Watcher;
  waiting: Change[] | undefined;
  /** It hears of agents as of anything else: by the topic. */
  byTopic: boolean;
}

/**
 * What happens, as it happens (socket.io at `/ws/v1`). Who subscribes to topics is told of them, and comes back
 * to where it was. Agents are told what their colleagues do, how many callers wait and how calls sound: what is,
 * then what changes. Who does not read is told of a gap or let go, and who may not watch any more is let go.
 */
export class Realtime {
  readonly #services: RealtimeServices;
  readonly #limits: RealtimeLimits;
  readonly #io: Server;
  readonly #clients = new Audience<Client>();
  readonly #addressOf: ClientAddress;
  readonly #failures: WindowCounter;
  /** Addresses of which somebody is being asked about, and how many. */
  readonly #lookups = new Map<string, number>();
  readonly #looks: LooksAgain;
  readonly #authenticates: Authenticates;
  readonly #subscriptions: Subscriptions | undefined;
  /** Everybody, by their sockets. */
  readonly #connected = new Map<Socket, Client>();
  /** Connections that say who they are: each may once. */
  readonly #asked = new WeakSet<object>();
  #closed = false;

  constructor(server: HttpServer, services: RealtimeServices) {
    this.#services = services;
    this.#limits = { ...LIMITS, ...services.limits };
    this.#authenticates = services.authenticates ?? keysOnly(services.database);
    this.#failures = new WindowCounter(services.now);
    this.#addressOf = clientAddress(services.trustedProxies);
    const allowed = new Set(services.corsOrigins ?? []);
    this.#io = new Server(server, {
      path: REALTIME_PATH,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: 10_000,
      pingInterval: 25_000,
      pingTimeout: 20_000,
      perMessageDeflate: false,
      httpCompression: false,
      cors: { origin: [...allowed] },
      allowRequest: (request, answer) => {
        // Who has not said yet who it is takes a place as well.
        const room = this.#io.engine.clientsCount < this.#limits.maxClients;
        answer(room ? null : 'too many clients', room && mayConnect(request, allowed));
      },
    });
    this.#io.use((socket, next) => {
      void this.#admit(socket).then(
        (refusal) => next(refusal && Object.assign(new Error(refusal.code), { data: refusal.data })),
        (error: unknown) => {
          services.onError(asError(error));
          next(new Error('unavailable'));
        },
      );
    });
    if (services.nodes) this.#io.adapter(services.nodes.adapter);
    this.#io.on('connection', (socket) => this.#enter(socket));
    this.#subscriptions =
      services.events &&
      new Subscriptions({
        events: services.events,
        board: services.board,
        limits: this.#limits,
        onPresence: (socket, watches) => this.#watchAgents(socket, watches),
        onError: services.onError,
      });
    const { presences, news } = services.phone;
    presences.onChange((change) => this.#presence(change));
    news.onQueue(({ teamId, waiting }) => this.#queue(teamId, waiting));
    news.onQuality(({ agentId, callId, legs }) => {
      for (const { socket } of this.#clients.agent(agentId)) this.#tell(socket, 'quality', { callId, legs });
    });
    const { lookAgainMs: everyMs } = this.#limits;
    this.#looks = new LooksAgain((stopped) => this.#lookAgain(stopped), everyMs, services.onError);
    this.#looks.start();
  }

  /** Clients that are connected. */
  get size(): number {
    return this.#connected.size;
  }

  /** Bytes that wait for clients that do not read. */
  get waitingBytes(): number {
    let bytes = 0;
    for (const socket of this.#connected.keys()) bytes += waitingBytes(socket);
    return bytes;
  }

  /** Lets go who is signed in as the agent, if its session is over. */
  signedOut(agentId: string): void {
    void this.#lookAt([...this.#clients.agent(agentId)]);
  }

  /**
   * Lets go whose session, key or client was revoked, on every node; who cannot be reached so is found by the
   * next look of its node.
   */
  revoked(what: { readonly sessionId: string } | Pick<Principal, 'kind' | 'id'>): void {
    if (this.#closed) return;
    const room = 'sessionId' in what ? sessionRoom(what.sessionId) : principalName(what);
    this.#io.in(room).disconnectSockets(true);
  }

  /** Lets everybody go. The HTTP server is closed by whoever opened it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#looks.close();
    this.#subscriptions?.close();
    // Those of this node: the others stay where they are.
    for (const { conn } of this.#connected.keys()) conn.close(true);
    this.#io.engine.close();
    void this.#io.of('/').adapter.close();
    this.#services.nodes?.close();
  }

  /** @returns why not */
  async #admit(socket: Socket): Promise<Refusal | undefined> {
    if (this.#asked.has(socket.conn)) return { code: 'asked_already' };
    this.#asked.add(socket.conn);
    const address = this.#addressOf(socket.request);
    if (this.#failures.add(address, 0).count >= MAX_FAILURES) return { code: 'too_many_failures' };
    const { token } = socket.handshake.auth as { token?: unknown };
    const found = await this.#lookUp(address, token, socket.request);
    if (found === 'too_many') return { code: 'unavailable' };
    if (!found || !this.#isWelcome(found.watcher)) {
      this.#failures.add(address);
      return { code: 'unauthorized' };
    }
    const retryAfterMs = await this.#mustWait(found.watcher);
    if (retryAfterMs !== undefined) return { code: 'rate_limited', data: { retryAfterMs } };
    const client: Client = { ...found, socket, waiting: undefined, byTopic: false };
    (socket.data as { client?: Client }).client = client;
    return undefined;
  }

  /** However many come from one address at once, a bounded number of them is asked about. */
  async #lookUp(
    address: string,
    token: unknown,
    request: IncomingMessage,
  ): Promise<{ readonly watcher: Watcher; readonly token: string } | 'too_many' | undefined> {
    const asked = this.#lookups.get(address) ?? 0;
    if (asked >= MAX_LOOKUPS) return 'too_many';
    this.#lookups.set(address, asked + 1);
    try {
      return await whoConnects(this.#services.database, this.#authenticates, token, request);
    } finally {
      const left = (this.#lookups.get(address) ?? 1) - 1;
      if (left > 0) this.#lookups.set(address, left);
      else this.#lookups.delete(address);
    }
  }

  /** There is something that they may watch. */
  #isWelcome(watcher: Watcher): boolean {
    if (watcher.kind === 'agent' || hearsOfAgents(watcher.principal)) return true;
    return this.#subscriptions !== undefined && topicsOf(watcher.principal).length > 0;
  }

  /**
   * Each principal is counted by itself, never the address it comes from; phones of agents are not.
   * @returns milliseconds until it may connect, when it may not now
   */
  async #mustWait(watcher: Watcher): Promise<number | undefined> {
    const { rate } = this.#services;
    if (!rate || watcher.kind === 'agent') return undefined;
    const taken = await rate.limiter.take(`realtime ${principalName(watcher.principal)}`, rate.limit);
    return taken.allowed ? undefined : Math.ceil(taken.retryAfterMs);
  }

  #enter(socket: Socket): void {
    const { client } = socket.data as { client: Client };
    const { watcher } = client;
    this.#connected.set(socket, client);
    socket.once('disconnect', () => this.#leave(client));
    forgetRequest(socket);
    if (watcher.kind === 'agent') this.#hearOfAgents(client);
    else {
      const { principal } = watcher;
      void socket.join(principalName(principal));
      if (principal.sessionId !== undefined) void socket.join(sessionRoom(principal.sessionId));
      this.#subscriptions?.attach(socket, principal);
      if (hearsOfAgents(principal)) this.#hearOfAgents(client);
    }
  }

  #leave(client: Client): void {
    this.#connected.delete(client.socket);
    this.#clients.delete(client);
    this.#subscriptions?.detach(client.socket);
  }

  /** It subscribed to what agents do, or does not want to hear of it any more. */
  #watchAgents(socket: Socket, watches: boolean): void {
    const client = this.#connected.get(socket);
    if (!client) return;
    client.byTopic = watches;
    if (watches) this.#hearOfAgents(client);
    else this.#clients.delete(client);
  }

  /** Tells what is, and then what changes. */
  #hearOfAgents(client: Client): void {
    const { watcher, socket } = client;
    client.waiting = [];
    this.#clients.delete(client);
    this.#clients.add(client, watcher.kind === 'agent' ? watcher : undefined);
    void this.#tellWhatIs(client).catch((error: unknown) => {
      this.#services.onError(asError(error));
      // It comes back, and asks again.
      drop(socket);
    });
  }

  async #tellWhatIs(client: Client): Promise<void> {
    const ids = this.#watched(client.watcher);
    const snapshot: Change[] = [];
    for (let from = 0; from < ids.length; from += ASKED_AT_ONCE) {
      const states = await this.#services.phone.presences.of(ids.slice(from, from + ASKED_AT_ONCE));
      for (const [agentId, { state, since }] of states) snapshot.push({ agentId, state, since });
    }
    const { socket, waiting = [] } = client;
    client.waiting = undefined;
    this.#tell(socket, 'presence.snapshot', snapshot);
    for (const change of waiting) this.#tellChange(client, change);
  }

  #watched(watcher: Watcher): string[] {
    const { market } = this.#services.phone;
    if (watcher.kind === 'agent') return market.agentsOfBuyer(watcher.buyerId).map(({ id }) => id);
    return [...market.agents()].filter(({ buyerId }) => this.#sees(watcher, buyerId)).map(({ id }) => id);
  }

  #sees(watcher: Watcher, buyerId: string | undefined): boolean {
    if (buyerId === undefined) return false;
    if (watcher.kind === 'agent') return watcher.buyerId === buyerId;
    const { accountId } = watcher.principal;
    return (
      accountId === OPERATOR_ACCOUNT || this.#services.phone.market.buyer(buyerId)?.accountId === accountId
    );
  }

  #presence({ agentId, state, since }: Change): void {
    if (this.#closed || this.#clients.size === 0) return;
    const change = { agentId, state, since };
    const buyerId = this.#services.phone.market.agent(agentId)?.buyerId;
    for (const client of this.#clients.of(buyerId)) {
      if (!this.#sees(client.watcher, buyerId)) continue;
      if (!client.waiting) this.#tellChange(client, change);
      else if (client.waiting.length < this.#limits.maxWaiting) client.waiting.push(change);
      else drop(client.socket);
    }
  }

  #tellChange({ socket, watcher, byTopic }: Client, change: Change): void {
    if (!byTopic || watcher.kind === 'agent') {
      this.#tell(socket, 'presence', change);
      return;
    }
    const { agentId, state, since } = change;
    const agent = this.#services.phone.market.agent(agentId);
    const event = domainEvent('presence.changed', {
      at: since,
      subject: agentId,
      accounts: [this.#services.phone.market.buyer(agent?.buyerId ?? '')?.accountId],
      data: { agentId, buyerId: agent?.buyerId ?? null, state, since },
    });
    const told = toldTo(watcher.principal, { id: undefined, event });
    if (told) send(socket, frameOf('event', told));
  }

  #queue(teamId: string, waiting: number): void {
    if (this.#closed || this.#clients.size === 0) return;
    const buyerId = this.#services.phone.market.team(teamId)?.buyerId;
    for (const { watcher, socket } of this.#clients.of(buyerId)) {
      if (this.#sees(watcher, buyerId)) this.#tell(socket, 'queue', { teamId, waiting });
    }
  }

  #tell(socket: Socket, event: string, message: unknown): void {
    if (waitingFor(socket) > this.#limits.maxWaiting) drop(socket);
    else socket.emit(event, message);
  }

  async #lookAgain(stopped: () => boolean): Promise<void> {
    const all = [...this.#connected.values()];
    for (let from = 0; from < all.length && !stopped(); from += ASKED_AT_ONCE) {
      await this.#lookAt(all.slice(from, from + ASKED_AT_ONCE));
    }
  }

  /** Who cannot be asked about, while the database is away, may stay. */
  async #lookAt(clients: readonly Client[]): Promise<void> {
    if (clients.length === 0) return;
    const good = await stillGood(this.#services.database, this.#authenticates, clients).catch(
      () => undefined,
    );
    if (!good) return;
    for (const client of clients) if (!good.has(client)) client.socket.disconnect(true);
  }
}

class LooksAgain extends RecurringWork {
  readonly #look: (stopped: () => boolean) => Promise<void>;

  constructor(
    look: (stopped: () => boolean) => Promise<void>,
    everyMs: number,
    onError: (error: Error) => void,
  ) {
    super({ everyMs, onError });
    this.#look = look;
  }

  protected run(stopped: () => boolean): Promise<void> {
    return this.#look(stopped);
  }
}

/** Without waiting for what it has not read. */
function drop(socket: Socket): void {
  socket.conn.close(true);
}

/** Pages of this API, pages of allowed origins, and what is no browser. */
function mayConnect({ headers }: IncomingMessage, allowed: ReadonlySet<string>): boolean {
  const { origin, host } = headers;
  if (origin === undefined || allowed.has(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

const sessionRoom = (sessionId: string): string => `session:${sessionId}`;

/** What a connection came with is read, and would stay in memory for as long as it stands. */
function forgetRequest(socket: Socket): void {
  (socket.conn as unknown as { request: unknown }).request = undefined;
  const { handshake } = socket as unknown as { handshake: unknown };
  (socket as unknown as { handshake: unknown }).handshake = {
    ...(handshake as object),
    headers: {},
    auth: {},
    query: {},
  };
}
