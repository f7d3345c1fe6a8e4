import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Socket } from 'socket.io';
import { Server } from 'socket.io';
import { asError } from '../../domain';
import type { Database } from '../../storage';
import { RecurringWork } from '../../storage';
import type { ClientAddress } from '../client-address';
import { clientAddress } from '../client-address';
import { WindowCounter } from '../middleware/window-counter';
import type { AgentPresence, PhoneServices } from '../phone/services';
import { Audience } from './audience';
import type { Watcher } from './who-connects';
import { stillGood, whoConnects } from './who-connects';

export interface RealtimeServices {
  readonly database: Database;
  readonly phone: Pick<PhoneServices, 'market' | 'presences' | 'news'>;
  /** Origins whose pages may connect, besides the API's own. */
  readonly corsOrigins?: readonly string[];
  /** Reverse proxies before the API whose X-Forwarded-For is believed; none by default. */
  readonly trustedProxies?: readonly string[];
  readonly limits?: Partial<RealtimeLimits>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

export interface RealtimeLimits {
  /** Clients of this node at once. */
  readonly maxClients: number;
  /** Messages that may wait for a client that does not read. */
  readonly maxWaiting: number;
  /** Milliseconds between looks whether clients may still watch. */
  readonly lookAgainMs: number;
}

const LIMITS: RealtimeLimits = { maxClients: 10_000, maxWaiting: 256, lookAgainMs: 15_000 };
const REALTIME_PATH = '/ws/v1';
/** Clients have nothing to say but who they are. */
const MAX_MESSAGE_BYTES = 4_096;
/** Tokens that were wrong, of one address in a minute. */
const MAX_FAILURES = 60;
/** Agents whose state is asked for at once. */
const ASKED_AT_ONCE = 500;

interface Change extends AgentPresence {
  readonly agentId: string;
}

/** One client: until it has the whole, what changes waits. */
interface Client {
  readonly socket: Socket;
  readonly token: string;
  readonly watcher: Watcher;
  waiting: Change[] | undefined;
}

/**
 * What agents do, how many callers wait and how calls sound, as it happens (socket.io at `/ws/v1`). A client
 * is told what is, then what changes; one that reconnects begins with what is again. Who does not read is
 * let go, and who may not watch any more as well.
 */
export class Realtime {
  readonly #services: RealtimeServices;
  readonly #limits: RealtimeLimits;
  readonly #io: Server;
  readonly #clients = new Audience<Client>();
  readonly #addressOf: ClientAddress;
  readonly #failures: WindowCounter;
  readonly #looks: LooksAgain;
  /** Connections that said who they are: each may once. */
  readonly #asked = new WeakSet<object>();
  #closed = false;

  constructor(server: HttpServer, services: RealtimeServices) {
    this.#services = services;
    this.#limits = { ...LIMITS, ...services.limits };
    this.#failures = new WindowCounter(services.now);
    this.#addressOf = clientAddress(services.trustedProxies);
    const allowed = new Set(services.corsOrigins ?? []);
    this.#io = new Server(server, {
      path: REALTIME_PATH,
      serveClient: false,
      maxHttpBufferSize: MAX_MESSAGE_BYTES,
      connectTimeout: 10_000,
      pingInterval: 20_000,
      pingTimeout: 15_000,
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
        (reason) => next(reason === undefined ? undefined : new Error(reason)),
        (error: unknown) => {
          services.onError(asError(error));
          next(new Error('unavailable'));
        },
      );
    });
    this.#io.on('connection', (socket) => this.#connected(socket));
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
    return this.#clients.size;
  }

  /** Lets go who is signed in as the agent, if its session is over. */
  signedOut(agentId: string): void {
    void this.#lookAt([...this.#clients.agent(agentId)]);
  }

  /** Lets everybody go. The HTTP server is closed by whoever opened it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    void this.#looks.close();
    this.#io.disconnectSockets(true);
    this.#io.engine.close();
  }

  /** @returns why not */
  async #admit(socket: Socket): Promise<string | undefined> {
    if (this.#asked.has(socket.conn)) return 'asked_already';
    this.#asked.add(socket.conn);
    const address = this.#addressOf(socket.request);
    // Counted before it is looked up: many at once are not more than one after another.
    if (this.#failures.add(address).count > MAX_FAILURES) return 'too_many_failures';
    const { token } = socket.handshake.auth as { token?: unknown };
    const watcher = await whoConnects(this.#services.database, token);
    if (!watcher) return 'unauthorized';
    this.#failures.add(address, -1);
    (socket.data as { client?: Client }).client = { socket, token: String(token), watcher, waiting: [] };
    return undefined;
  }

  #connected(socket: Socket): void {
    const { client } = socket.data as { client: Client };
    const { watcher } = client;
    this.#clients.add(client, watcher.kind === 'agent' ? watcher : undefined);
    socket.once('disconnect', () => this.#clients.delete(client));
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
    for (const change of waiting) this.#tell(socket, 'presence', change);
  }

  #watched(watcher: Watcher): string[] {
    const { market } = this.#services.phone;
    if (watcher.kind === 'agent') return market.agentsOfBuyer(watcher.buyerId).map(({ id }) => id);
    return [...market.agents()].filter(({ buyerId }) => this.#sees(watcher, buyerId)).map(({ id }) => id);
  }

  #sees(watcher: Watcher, buyerId: string | undefined): boolean {
    if (buyerId === undefined) return false;
    if (watcher.kind === 'agent') return watcher.buyerId === buyerId;
    return (
      watcher.kind === 'operator' ||
      this.#services.phone.market.buyer(buyerId)?.accountId === watcher.accountId
    );
  }

  #presence({ agentId, state, since }: Change): void {
    if (this.#closed || this.#clients.size === 0) return;
    const change = { agentId, state, since };
    const buyerId = this.#services.phone.market.agent(agentId)?.buyerId;
    for (const client of this.#clients.of(buyerId)) {
      if (!this.#sees(client.watcher, buyerId)) continue;
      if (!client.waiting) this.#tell(client.socket, 'presence', change);
      else if (client.waiting.length < this.#limits.maxWaiting) client.waiting.push(change);
      else drop(client.socket);
    }
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
    const all = [...this.#clients.all()];
    for (let from = 0; from < all.length && !stopped(); from += ASKED_AT_ONCE) {
      await this.#lookAt(all.slice(from, from + ASKED_AT_ONCE));
    }
  }

  /** Who cannot be asked about, while the database is away, may stay. */
  async #lookAt(clients: readonly Client[]): Promise<void> {
    if (clients.length === 0) return;
    const tokens = [...new Set(clients.map(({ token }) => token))];
    const good = await stillGood(this.#services.database, tokens).catch(() => undefined);
    if (!good) return;
    for (const { socket, token } of clients) if (!good.has(token)) socket.disconnect(true);
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

/** Messages that the connection has not taken yet: the buffer of engine.io, which its types keep to themselves. */
function waitingFor(socket: Socket): number {
  return (socket.conn as unknown as { readonly writeBuffer: readonly unknown[] }).writeBuffer.length;
}
