import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { StreamFramer } from '../message';
import type { SipServerLimits } from '../options';
import { bindServer } from './bind-server';
import type { TlsSettings } from './certificate';
import type { ConnectionCounts } from './connection-counts';
import { ConnectionFlow } from './connection-flow';
import type { Flow, Hop, OnMessage } from './flow';
import type { LocalAddress } from './local-address';

export interface StreamEvents {
  readonly onMessage: OnMessage;
  /** The stream carried something that is no SIP. */
  readonly onGarbage: (address: string, reason: string) => void;
  /** A connection was not taken. */
  readonly onRefused: (address: string, reason: string) => void;
}

/** All TCP, or all TLS, connections of one listener, accepted and opened, found again by their peer. */
export class StreamTransport {
  readonly #server: Server;
  readonly #tls: TlsSettings | undefined;
  readonly #connections = new Map<string, StreamFlow>();
  /** Everything open, also what is not through its TLS handshake. */
  readonly #sockets = new Set<Socket>();
  readonly #limits: SipServerLimits;
  readonly #counts: ConnectionCounts;
  readonly #events: StreamEvents;

  private constructor(
    server: Server,
    tls: TlsSettings | undefined,
    readonly local: LocalAddress,
    readonly localPort: number,
    limits: SipServerLimits,
    counts: ConnectionCounts,
    events: StreamEvents,
  ) {
    this.#server = server;
    this.#tls = tls;
    this.#limits = limits;
    this.#counts = counts;
    this.#events = events;
    // Who is in the middle of a handshake counts, too.
    server.on('connection', (socket: Socket) => {
      if (this.#take(socket) && !tls) this.#accept(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => this.#accept(socket));
    // A handshake that failed, or took too long.
    server.on('tlsClientError', (_error, socket: TLSSocket) => socket.destroy());
    server.on('error', () => undefined);
  }

  /**
   * @param tls - for a listener of TLS
   * @throws Error of the operating system when the address cannot be bound
   */
  static async listen(
    address: string,
    port: number,
    external: string | undefined,
    tls: TlsSettings | undefined,
    limits: SipServerLimits,
    counts: ConnectionCounts,
    events: StreamEvents,
  ): Promise<StreamTransport> {
    const common = { noDelay: true, keepAlive: true };
    const secure =
      tls &&
      createTlsServer({ ...common, ...tls.certificate.context, handshakeTimeout: limits.firstMessageMs });
    const server = secure ?? createServer(common);
    const bound = await bindServer(server, address, port, external);
    if (secure) tls.certificate.use(secure);
    return new StreamTransport(server, tls, bound.local, bound.port, limits, counts, events);
  }

  /** The connection to this hop that stands, or is being made. */
  standing(hop: Hop): ConnectionFlow | undefined {
    return this.#connections.get(keyOf(hop));
  }

  /** A new connection to this hop. What is sent before it is up waits for it. */
  open(hop: Hop): Flow {
    const { address, port, domain } = hop;
    const socket = this.#tls ? secureSocket(hop, this.#tls) : connect({ host: address, port, noDelay: true });
    this.#count(socket, address);
    socket.setTimeout(this.#limits.connectTimeoutMs);
    socket.once(this.#tls ? 'secureConnect' : 'connect', () =>
      socket.setTimeout(this.#limits.idleConnectionMs),
    );
    return this.#adopt(socket, address, port, false, domain);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** False when there is no room for it. */
  #take(socket: Socket): boolean {
    const address = socket.remoteAddress ?? '';
    if (address === '' || !this.#counts.roomFor(address)) {
      socket.destroy();
      this.#events.onRefused(address, 'too many connections');
      return false;
    }
    this.#count(socket, address);
    return true;
  }

  #count(socket: Socket, address: string): void {
    this.#sockets.add(socket);
    this.#counts.add(address);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#counts.remove(address);
    });
  }

  #accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const flow = this.#adopt(socket, remoteAddress, remotePort, true, undefined);
    socket.setTimeout(this.#tls ? this.#limits.firstMessageMs : this.#limits.idleConnectionMs);
    flow.onFirstMessage = () => socket.setTimeout(this.#limits.idleConnectionMs);
  }

  #adopt(
    socket: Socket,
    address: string,
    port: number,
    inbound: boolean,
    domain: string | undefined,
  ): StreamFlow {
    const protocol = this.#tls ? 'tls' : 'tcp';
    const key = keyOf({ protocol, address, port, domain });
    const local = this.local.seenBy(address);
    const flow = new StreamFlow(protocol, address, port, local, this.localPort, inbound, domain);
    flow.attach(socket, this.#limits.maxWriteBuffer);
    const framer = new StreamFramer(
      {
        onMessage: (text) => {
          flow.onFirstMessage?.();
          flow.onFirstMessage = undefined;
          this.#events.onMessage(text, flow);
        },
        onPing: () => flow.send('\r\n'),
        onError: (reason) => {
          this.#events.onGarbage(address, reason);
          flow.destroy();
        },
      },
      this.#limits.maxMessageBytes,
    );
    this.#connections.set(key, flow);
    socket.on('data', (chunk) => framer.push(chunk));
    socket.on('timeout', () => flow.destroy());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#connections.get(key) === flow) this.#connections.delete(key);
      flow.closed();
    });
    return flow;
  }
}

/** A connection that was verified for one domain serves no other of the same address. */
function keyOf({ address, port, domain }: Hop): string {
  return domain === undefined ? `${address}:${port}` : `${address}:${port} ${domain}`;
}

/** RFC 5922 §7.1: the certificate must be for the domain that was asked for, or for the address. */
function secureSocket({ address, port, domain }: Hop, tls: TlsSettings): TLSSocket {
  const socket = connectTls({
    host: address,
    port,
    ...tls.certificate.context,
    ...(domain === undefined ? {} : { servername: domain }),
    ...(tls.roots === undefined ? {} : { ca: tls.roots }),
    rejectUnauthorized: tls.verifyPeers,
  });
  socket.setNoDelay(true);
  return socket;
}

class StreamFlow extends ConnectionFlow {
  /** Hears of the first message. */
  onFirstMessage: (() => void) | undefined;
  #socket: Socket | undefined;
  #maxWriteBuffer = 0;
  #established = false;

  attach(socket: Socket, maxWriteBuffer: number): void {
    this.#socket = socket;
    this.#maxWriteBuffer = maxWriteBuffer;
    this.#established = this.inbound;
    if (!this.inbound) {
      socket.once(this.protocol === 'tls' ? 'secureConnect' : 'connect', () => (this.#established = true));
    }
  }

  get established(): boolean {
    return this.#established;
  }

  send(text: string): boolean {
    const socket = this.#socket;
    if (!socket || socket.destroyed) return false;
    socket.write(text, 'latin1');
    if (socket.writableLength <= this.#maxWriteBuffer) return true;
    // A peer that does not read must not fill our memory.
    socket.destroy();
    return false;
  }

  destroy(): void {
    this.#socket?.destroy();
  }
}
