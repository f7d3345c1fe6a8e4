import type { Socket as DatagramSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { SipMessage, SipRequest, SipResponse } from '../../../../src/sip-server/message';
import { formatHost, headerValue, parseMessage, StreamFramer } from '../../../../src/sip-server/message';
import { HOST } from './constants';

const PATIENCE_MS = 5_000;

/** A SIP peer that does nothing by itself. */
export abstract class Peer {
  abstract readonly protocol: 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';
  abstract readonly port: number;
  /** Everything that came, in order. */
  readonly seen: SipMessage[] = [];
  readonly #taken = new Set<SipMessage>();

  #arrival: Promise<void> = Promise.resolve();
  #arrived: () => void = () => undefined;

  constructor(
    readonly serverPort: number,
    /** Address of both sides, as it stands in URIs. */
    readonly host: string,
  ) {
    this.#expectArrival();
  }

  #expectArrival(): void {
    this.#arrival = new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  abstract send(text: string): void;
  abstract close(): void;

  /** Host and port of its Via, its Contact and its address. */
  get sentBy(): string {
    return `${this.host}:${this.port}`;
  }

  get contact(): string {
    const transport = this.protocol === 'UDP' ? '' : `;transport=${this.protocol.toLowerCase()}`;
    return `<sip:peer@${this.sentBy}${transport}>`;
  }

  /** The next request with this method that was not taken before. */
  async request(method: string): Promise<SipRequest> {
    return (await this.#next(method)) as SipRequest;
  }

  /** The next response with this status (to this method) that was not taken before. */
  async response(status: number, method?: string): Promise<SipResponse> {
    return (await this.#next(method === undefined ? `${status}` : `${status} ${method}`)) as SipResponse;
  }

  count(what: string): number {
    return this.seen.filter((message) => is(message, what)).length;
  }

  async #next(what: string): Promise<SipMessage> {
    const find = (): SipMessage | undefined =>
      this.seen.find(
        (message) => !this.#taken.has(message) && !this.#isRepetition(message) && is(message, what),
      );
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = find();
      if (found) {
        this.#taken.add(found);
        return found;
      }
      if (Date.now() > deadline) throw new Error(`no ${what}; came: ${this.seen.map(nameOf).join(', ')}`);
      await Promise.race([this.#arrival, new Promise((resolve) => setTimeout(resolve, 100))]);
    }
  }

  /** A request of ours that the server sent again because we were slow; an ACK is one to be seen. */
  #isRepetition(message: SipMessage): boolean {
    if (message.kind === 'response' || message.method === 'ACK') return false;
    const via = headerValue(message, 'via');
    return [...this.#taken].some(
      (taken) => nameOf(taken) === message.method && headerValue(taken, 'via') === via,
    );
  }

  protected take(text: string): void {
    const parsed = parseMessage(text);
    if (!parsed.ok) return;
    this.seen.push(parsed.message);
    this.#arrived();
    this.#expectArrival();
  }
}

function nameOf(message: SipMessage): string {
  const method = (headerValue(message, 'cseq') ?? '').split(' ')[1] ?? '';
  return message.kind === 'request' ? message.method : `${message.status} ${method}`;
}

function is(message: SipMessage, what: string): boolean {
  return nameOf(message) === what || (message.kind === 'response' && `${message.status}` === what);
}

export class UdpPeer extends Peer {
  readonly protocol = 'UDP';

  private constructor(
    readonly socket: DatagramSocket,
    serverPort: number,
    readonly address: string,
  ) {
    super(serverPort, formatHost(address));
    socket.on('message', (data) => this.take(data.toString('latin1')));
  }

  static async open(serverPort: number, address = HOST, port = 0): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.bind(port, address, resolve));
    return new UdpPeer(socket, serverPort, address);
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(text: string): void {
    this.socket.send(Buffer.from(text, 'latin1'), this.serverPort, this.address);
  }

  close(): void {
    this.socket.close();
  }
}

export class TcpPeer extends Peer {
  readonly protocol: 'TCP' | 'TLS';
  #socket: Socket | undefined;
  #port = 0;
  #close: () => void = () => undefined;
  closed = false;
  pongs = 0;

  private constructor(serverPort: number, host: string, protocol: 'TCP' | 'TLS' = 'TCP') {
    super(serverPort, host);
    this.protocol = protocol;
  }

  static async connect(serverPort: number, address = HOST): Promise<TcpPeer> {
    const peer = new TcpPeer(serverPort, formatHost(address));
    const socket = connect(serverPort, address);
    await once(socket, 'connect');
    peer.#port = socket.localPort ?? 0;
    peer.#adopt(socket);
    return peer;
  }

  static async connectTls(serverPort: number, address = HOST): Promise<TcpPeer> {
    const peer = new TcpPeer(serverPort, formatHost(address), 'TLS');
    const socket = connectTls({ port: serverPort, host: address, rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    peer.#port = socket.localPort ?? 0;
    peer.#adopt(socket);
    return peer;
  }

  static async listen(address = HOST, tls?: { cert: string; key: string }): Promise<TcpPeer> {
    const peer = new TcpPeer(0, formatHost(address), tls ? 'TLS' : 'TCP');
    const adopt = (socket: Socket): void => peer.#adopt(socket);
    const server = tls ? createTlsServer(tls, adopt) : createServer(adopt);
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    peer.#port = (server.address() as AddressInfo).port;
    peer.#close = () => server.close();
    return peer;
  }

  get port(): number {
    return this.#port;
  }

  send(text: string): void {
    this.#socket?.write(text, 'latin1');
  }

  close(): void {
    this.#socket?.destroy();
    this.#close();
  }

  /** Ends its connection; one that listens takes the next. */
  hangUp(): void {
    this.#socket?.destroy();
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    const framer = new StreamFramer({
      onMessage: (text) => this.take(text),
      onPing: () => undefined,
      onError: () => undefined,
    });
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1') === '\r\n') this.pongs++;
      framer.push(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }
}
