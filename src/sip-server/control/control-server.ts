import { createHash, timingSafeEqual } from 'node:crypto';
import type { AddressInfo, Server } from 'node:net';
import { createServer } from 'node:net';
import type { SipServerLimits, SipServerLog } from '../options';
import { ControlConnection } from './control-connection';
import type { ControlUser } from './control-connection';

const VERSION = 'v0.9.10-dce';
/** An application says who it is at once; a stranger who does not is not kept. */
const AUTHENTICATION_MS = 10_000;
const COMPLAINT_EVERY_MS = 60_000;

/** What happens with the applications' frames and with applications that go. */
export type ApplicationEvents = Pick<ControlUser, 'sip' | 'proxy'> & {
  gone(connection: ControlConnection): void;
};

/** Takes applications, checks their secret, and knows who wants which requests. */
export class ControlServer {
  readonly #server: Server;
  readonly #connections = new Set<ControlConnection>();
  /** Connections by verb, in turn order. */
  readonly #routes = new Map<string, ControlConnection[]>();
  readonly #turn = new Map<string, number>();
  readonly #limits: SipServerLimits;
  readonly #log: SipServerLog;
  #complainedAt = Number.NEGATIVE_INFINITY;
  #complaints = 0;

  private constructor(
    secret: string,
    hostports: () => string,
    limits: SipServerLimits,
    log: SipServerLog,
    events: ApplicationEvents,
  ) {
    this.#limits = limits;
    this.#log = log;
    const expected = digest(secret);
    const user: ControlUser = {
      authenticate: (offered, connection) => {
        const right = timingSafeEqual(digest(offered), expected);
        if (!right) this.#complain('wrong secret on the control port', connection.peer);
        return right;
      },
      get greeting() {
        return `${hostports()}|${VERSION}|${hostports()}`;
      },
      route: (verb, connection) => {
        const takers = this.#routes.get(verb) ?? [];
        // drachtio-srf names its verbs again each time it learns a new one: once is enough.
        if (!takers.includes(connection)) this.#routes.set(verb, [...takers, connection]);
      },
      removeRoute: (verb, connection) => this.#removeRoute(verb, connection),
      sip: (...args) => events.sip(...args),
      proxy: (...args) => events.proxy(...args),
      closed: (connection, reason) => {
        this.#connections.delete(connection);
        for (const verb of [...this.#routes.keys()]) this.#removeRoute(verb, connection);
        if (reason !== 'closed') this.#complain(`control connection ended: ${reason}`, connection.peer);
        events.gone(connection);
      },
    };
    this.#server = createServer((socket) => {
      if (this.#connections.size >= limits.maxControlConnections) {
        socket.destroy();
        return;
      }
      const connection = new ControlConnection(socket, user, this.#limits);
      this.#connections.add(connection);
      const timer = setTimeout(() => {
        if (!connection.authenticated) connection.close('never authenticated');
      }, AUTHENTICATION_MS);
      timer.unref();
      socket.once('close', () => clearTimeout(timer));
    });
  }

  /** @throws Error of the operating system when the port cannot be bound */
  static listen(
    address: { host: string; port: number; secret: string },
    hostports: () => string,
    limits: SipServerLimits,
    log: SipServerLog,
    events: ApplicationEvents,
  ): Promise<ControlServer> {
    const control = new ControlServer(address.secret, hostports, limits, log, events);
    return new Promise((resolve, reject) => {
      control.#server.once('error', reject);
      control.#server.listen(address.port, address.host, () => {
        control.#server.removeListener('error', reject);
        control.#server.on('error', () => undefined);
        resolve(control);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get size(): number {
    return this.#connections.size;
  }

  /** The next application in turn for a request of this method. */
  takerOf(method: string): ControlConnection | undefined {
    const verb = method.toLowerCase();
    const takers = this.#routes.get(verb);
    if (!takers || takers.length === 0) return undefined;
    const turn = ((this.#turn.get(verb) ?? -1) + 1) % takers.length;
    this.#turn.set(verb, turn);
    return takers[turn];
  }

  close(): void {
    this.#server.close();
    for (const connection of [...this.#connections]) connection.close('closed');
  }

  #removeRoute(verb: string, connection: ControlConnection): void {
    const left = (this.#routes.get(verb) ?? []).filter((taker) => taker !== connection);
    if (left.length > 0) this.#routes.set(verb, left);
    else this.#routes.delete(verb);
  }

  /** Said once a minute at most, with how often it happened. */
  #complain(message: string, peer: string): void {
    this.#complaints++;
    const now = performance.now();
    if (now - this.#complainedAt < COMPLAINT_EVERY_MS) return;
    this.#complainedAt = now;
    this.#log('warn', message, { peer, times: this.#complaints });
    this.#complaints = 0;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
