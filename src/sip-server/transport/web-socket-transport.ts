import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { SipServerLimits } from '../options';
import { bindServer } from './bind-server';
import type { TlsSettings } from './certificate';
import type { ConnectionCounts } from './connection-counts';
import type { ConnectionFlow } from './connection-flow';
import type { Hop } from './flow';
import type { LocalAddress } from './local-address';
import type { StreamEvents } from './stream-transport';
import type { UpgradeRules } from './upgrade-rules';
import { WebSocketFlow } from './web-socket-flow';

const TOO_MANY = 'too many connections';
const MAX_HEADER_BYTES = 16_384;

/** One accepted socket, from its first byte on. */
interface Visitor {
  /** Whose it is; behind a trusted proxy only the upgrade tells. */
  client: string;
  /** Whether the client counts among those of its address. */
  counted: boolean;
  /** Until the first SIP message. */
  deadline: NodeJS.Timeout;
}

/** All WebSocket connections of one listener (RFC 7118). Clients open them; it opens none. */
export class WebSocketTransport {
  readonly #server: HttpServer;
  readonly #upgrades: WebSocketServer;
  readonly #rules: UpgradeRules;
  readonly #limits: SipServerLimits;
  readonly #counts: ConnectionCounts;
  readonly #events: StreamEvents;
  /** By the address and port of the socket. */
  readonly #visitors = new Map<string, Visitor>();
  readonly #sockets = new Set<Socket>();
  readonly #flows = new Map<string, WebSocketFlow>();

  private constructor(
    readonly protocol: 'ws' | 'wss',
    server: HttpServer,
    readonly local: LocalAddress,
    readonly localPort: number,
    rules: UpgradeRules,
    limits: SipServerLimits,
    counts: ConnectionCounts,
    events: StreamEvents,
  ) {
    this.#server = server;
    this.#rules = rules;
    this.#limits = limits;
    this.#counts = counts;
    this.#events = events;
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: limits.maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: () => 'sip',
    });
    // Of HTTPS too, this is the bare socket: who is in the middle of a handshake counts.
    server.on('connection', (socket: Socket) => this.#visit(socket));
    server.on('request', (_request, response) => {
      response.writeHead(426, { Connection: 'close', Upgrade: 'websocket' }).end();
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    server.on('clientError', (_error, socket) => socket.destroy());
    server.on('tlsClientError', (_error, socket: Socket) => socket.destroy());
    server.on('error', () => undefined);
  }

  /**
   * @param tls - for `wss`
   * @throws Error of the operating system when the address cannot be bound
   */
  static async listen(
    address: string,
    port: number,
    external: string | undefined,
    tls: TlsSettings | undefined,
    rules: UpgradeRules,
    limits: SipServerLimits,
    counts: ConnectionCounts,
    events: StreamEvents,
  ): Promise<WebSocketTransport> {
    const { firstMessageMs } = limits;
    const common = {
      noDelay: true,
      keepAlive: true,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: firstMessageMs,
      requestTimeout: firstMessageMs,
    };
    const secure =
      tls && createHttpsServer({ ...common, ...tls.certificate.context, handshakeTimeout: firstMessageMs });
    const server = secure ?? createServer(common);
    const bound = await bindServer(server, address, port, external);
    if (secure) tls.certificate.use(secure);
    const protocol = secure ? 'wss' : 'ws';
    return new WebSocketTransport(protocol, server, bound.local, bound.port, rules, limits, counts, events);
  }

  /** The connection of this peer. */
  standing({ address, port }: Hop): ConnectionFlow | undefined {
    return this.#flows.get(`${address}:${port}`);
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const { deadline } of this.#visitors.values()) clearTimeout(deadline);
  }

  #visit(socket: Socket): void {
    const { remoteAddress = '', remotePort = 0 } = socket;
    const behindProxy = this.#rules.isProxy(remoteAddress);
    const room = behindProxy ? this.#counts.room : this.#counts.roomFor(remoteAddress);
    if (remoteAddress === '' || !room) {
      socket.destroy();
      this.#events.onRefused(remoteAddress, TOO_MANY);
      return;
    }
    const key = `${remoteAddress}:${remotePort}`;
    const visitor: Visitor = {
      client: remoteAddress,
      counted: !behindProxy,
      deadline: setTimeout(() => socket.destroy(), this.#limits.firstMessageMs),
    };
    this.#visitors.set(key, visitor);
    this.#sockets.add(socket);
    if (visitor.counted) this.#counts.add(visitor.client);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(visitor.deadline);
      this.#visitors.delete(key);
      this.#sockets.delete(socket);
      if (visitor.counted) this.#counts.remove(visitor.client);
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress = '', remotePort = 0 } = request.socket;
    const visitor = this.#visitors.get(`${remoteAddress}:${remotePort}`);
    if (!visitor) {
      socket.destroy();
      return;
    }
    const refusal = this.#rules.refusal(request);
    if (refusal) {
      this.#events.onRefused(remoteAddress, refusal.reason);
      answer(socket, refusal.status, refusal.reason);
      return;
    }
    if (!visitor.counted) {
      visitor.client = this.#rules.clientBehind(request) ?? remoteAddress;
      if (!this.#counts.roomFor(visitor.client)) {
        this.#events.onRefused(visitor.client, TOO_MANY);
        answer(socket, 503, TOO_MANY);
        return;
      }
      visitor.counted = true;
      this.#counts.add(visitor.client);
    }
    this.#upgrades.handleUpgrade(request, socket, head, (webSocket) =>
      this.#adopt(webSocket, visitor, remoteAddress, remotePort),
    );
  }

  #adopt(webSocket: WebSocket, visitor: Visitor, socketAddress: string, port: number): void {
    // Two proxies may have the same port open for clients of one address: then the socket names the flow.
    const taken = this.#flows.has(`${visitor.client}:${port}`);
    const address = taken ? socketAddress : visitor.client;
    const key = `${address}:${port}`;
    const flow = new WebSocketFlow(
      webSocket,
      this.protocol,
      address,
      port,
      this.local.seenBy(address),
      this.localPort,
      this.#limits,
      this.#events.onMessage,
    );
    flow.onFirstMessage = () => clearTimeout(visitor.deadline);
    this.#flows.set(key, flow);
    flow.onClosed(() => {
      if (this.#flows.get(key) === flow) this.#flows.delete(key);
    });
  }
}

/** Refuses an upgrade. */
function answer(socket: Duplex, status: number, reason: string): void {
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
  );
}
