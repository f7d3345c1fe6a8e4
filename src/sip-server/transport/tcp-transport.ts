import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer, isIPv6 } from 'node:net';
import { StreamFramer } from '../message';
import type { SipServerLimits } from '../options';
import type { Flow, OnMessage } from './flow';
import { LocalAddress } from './local-address';

export interface TcpEvents {
  readonly onMessage: OnMessage;
  /** The stream carried something that is no SIP. */
  readonly onGarbage: (address: string, reason: string) => void;
}

/** All TCP connections of one listener, accepted and opened, found again by their peer. */
export class TcpTransport {
  readonly #server: Server;
  readonly #connections = new Map<string, TcpFlow>();
  readonly #perSource = new Map<string, number>();
  readonly #limits: SipServerLimits;
  readonly #events: TcpEvents;

  private constructor(
    server: Server,
    readonly local: LocalAddress,
    readonly localPort: number,
    limits: SipServerLimits,
    events: TcpEvents,
  ) {
    this.#server = server;
    this.#limits = limits;
    this.#events = events;
    server.on('connection', (socket) => this.#accept(socket));
    server.on('error', () => undefined);
  }

  /** @throws Error of the operating system when the address cannot be bound */
  static listen(
    address: string,
    port: number,
    external: string | undefined,
    limits: SipServerLimits,
    events: TcpEvents,
  ): Promise<TcpTransport> {
    const server = createServer({ noDelay: true, keepAlive: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: address, ipv6Only: isIPv6(address) }, () => {
        server.removeListener('error', reject);
        const bound = server.address() as AddressInfo;
        const local = new LocalAddress(bound.address, external);
        resolve(new TcpTransport(server, local, bound.port, limits, events));
      });
    });
  }

  get size(): number {
    return this.#connections.size;
  }

  /**
   * A flow to this peer: the connection that stands, or a new one. What is sent before it is up
   * waits for it; `onFailure` hears when it never comes up.
   */
  flowTo(address: string, port: number, onFailure: () => void): Flow {
    const known = this.#connections.get(`${address}:${port}`);
    if (known) {
      known.onFailure(onFailure);
      return known;
    }
    const socket = connect({ host: address, port, noDelay: true });
    const flow = this.#adopt(socket, address, port);
    flow.onFailure(onFailure);
    socket.setTimeout(this.#limits.connectTimeoutMs);
    return flow;
  }

  close(): void {
    this.#server.close();
    for (const flow of this.#connections.values()) flow.destroy();
  }

  #accept(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const fromSource = this.#perSource.get(address) ?? 0;
    if (
      this.#connections.size >= this.#limits.maxConnections ||
      fromSource >= this.#limits.maxConnectionsPerSource ||
      address === ''
    ) {
      socket.destroy();
      return;
    }
    this.#adopt(socket, address, socket.remotePort ?? 0);
    socket.setTimeout(this.#limits.idleConnectionMs);
  }

  #adopt(socket: Socket, address: string, port: number): TcpFlow {
    const key = `${address}:${port}`;
    const local = this.local.seenBy(address);
    const flow = new TcpFlow(socket, address, port, local, this.localPort, this.#limits.maxWriteBuffer);
    const framer = new StreamFramer(
      {
        onMessage: (text) => this.#events.onMessage(text, flow),
        onPing: () => socket.write('\r\n'),
        onError: (reason) => {
          this.#events.onGarbage(address, reason);
          flow.destroy();
        },
      },
      this.#limits.maxMessageBytes,
    );
    this.#connections.set(key, flow);
    this.#perSource.set(address, (this.#perSource.get(address) ?? 0) + 1);
    socket.on('connect', () => socket.setTimeout(this.#limits.idleConnectionMs));
    socket.on('data', (chunk) => framer.push(chunk));
    socket.on('timeout', () => flow.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#connections.get(key) === flow) this.#connections.delete(key);
      const left = (this.#perSource.get(address) ?? 1) - 1;
      if (left > 0) this.#perSource.set(address, left);
      else this.#perSource.delete(address);
      flow.closed();
    });
    return flow;
  }
}

class TcpFlow implements Flow {
  readonly protocol = 'tcp';
  readonly #socket: Socket;
  readonly #maxWriteBuffer: number;
  #established: boolean;
  #waiting: (() => void)[] = [];

  constructor(
    socket: Socket,
    readonly address: string,
    readonly port: number,
    readonly localAddress: string,
    readonly localPort: number,
    maxWriteBuffer: number,
  ) {
    this.#socket = socket;
    this.#maxWriteBuffer = maxWriteBuffer;
    this.#established = !socket.connecting;
    socket.once('connect', () => {
      this.#established = true;
      this.#waiting = [];
    });
  }

  get established(): boolean {
    return this.#established;
  }

  send(text: string): boolean {
    if (this.#socket.destroyed) return false;
    this.#socket.write(text, 'latin1');
    if (this.#socket.writableLength <= this.#maxWriteBuffer) return true;
    // A peer that does not read must not fill our memory.
    this.#socket.destroy();
    return false;
  }

  /** Hears when the connection being opened fails; nothing once it stands. */
  onFailure(listener: () => void): void {
    if (this.#socket.destroyed) queueMicrotask(listener);
    else if (!this.#established) this.#waiting.push(listener);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  closed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (!this.#established) for (const listener of waiting) listener();
  }
}
