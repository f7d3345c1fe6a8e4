import type { Socket as DatagramSocket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import Srf from 'drachtio-srf';
import type { SipServerOptions } from '../../../src/sip-server';
import { SipServer } from '../../../src/sip-server';
import type { SipMessage, SipRequest, SipResponse } from '../../../src/sip-server/message';
import {
  formatHost,
  headerValue,
  headerValues,
  parseMessage,
  splitAddresses,
  StreamFramer,
  tagOf,
} from '../../../src/sip-server/message';
import type { Scheduler } from '../../../src/sip-server/transaction';
import { until } from '../../support/until';

export const HOST = '127.0.0.1';
export const SECRET = 'between us';
/** Timers 25 times as fast as RFC 3261's, so that what must die out does so within a test. */
export const TIMERS = { t1: 20, t2: 80, t4: 100 };
const PATIENCE_MS = 5_000;

export const SDP = [
  'v=0',
  'o=- 1 1 IN IP4 127.0.0.1',
  's=-',
  'c=IN IP4 127.0.0.1',
  't=0 0',
  'm=audio 40000 RTP/AVP 0',
  '',
].join('\r\n');

/** A SIP server on free ports with the applications and peers of one test. */
export class Bench {
  readonly #closers: (() => void)[] = [];

  private constructor(readonly server: SipServer) {}

  static async start(options: Partial<SipServerOptions> = {}, scheduler?: Scheduler): Promise<Bench> {
    const server = new SipServer(
      {
        listen: [
          { protocol: 'udp', address: HOST, port: 0 },
          { protocol: 'tcp', address: HOST, port: 0 },
        ],
        control: { host: HOST, port: 0, secret: SECRET },
        timers: TIMERS,
        ...options,
      },
      scheduler,
    );
    await server.start();
    return new Bench(server);
  }

  port(protocol: 'udp' | 'tcp'): number {
    const found = this.server.listening.find((name) => name.startsWith(`${protocol}/`));
    return Number(found?.split(':').pop());
  }

  /** Connects drachtio-srf; handlers are to be set in `prepare`, before it connects. */
  async application(prepare: (srf: Srf) => void, secret = SECRET): Promise<Srf> {
    const srf = new Srf();
    prepare(srf);
    srf.on('error', () => undefined);
    const disconnect = srf.disconnect.bind(srf);
    let gone = false;
    // drachtio-srf fails when it is to disconnect twice.
    srf.disconnect = () => {
      if (!gone) disconnect();
      gone = true;
    };
    this.#closers.push(() => srf.disconnect());
    const connected = new Promise<void>((resolve, reject) => {
      srf.on('connect', (error) => (error ? reject(error) : resolve()));
    });
    void srf.connect({ host: HOST, port: this.server.controlPort, secret });
    await connected;
    // Its routes are on their way: they are read in the order in which they were sent.
    const probe = await this.control();
    await probe.authenticate();
    probe.close();
    return srf;
  }

  /** A control connection spoken by hand. */
  async control(): Promise<Control> {
    const socket = connect(this.server.controlPort, HOST);
    this.#closers.push(() => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return new Control(socket);
  }

  async udpPeer(host = HOST): Promise<UdpPeer> {
    const peer = await UdpPeer.open(this.port('udp'), host);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** A peer that has connected to the server. */
  async tcpPeer(host = HOST): Promise<TcpPeer> {
    const peer = await TcpPeer.connect(this.port('tcp'), host);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** A peer that waits for the server to connect. */
  async tcpListener(host = HOST): Promise<TcpPeer> {
    const peer = await TcpPeer.listen(host);
    this.#closers.push(() => peer.close());
    return peer;
  }

  /** Every transaction and dialog must have died out within the longest of the SIP timers. */
  async settles(): Promise<void> {
    const alive = (): number => {
      const { serverTransactions, clientTransactions, dialogs } = this.server.stats();
      return serverTransactions + clientTransactions + dialogs;
    };
    await until('no transaction and no dialog left', () => alive() === 0, 2 * 64 * TIMERS.t1 + 5_000);
  }

  close(): void {
    for (const close of this.#closers) close();
    this.server.close();
  }
}

/**
 * Servers for the tests of a file, one each. What a test leaves behind must die out by itself: that
 * is awaited for all of them together at the end, so that it costs the time of the timers once.
 */
export function benches(): (options?: Partial<SipServerOptions>, scheduler?: Scheduler) => Promise<Bench> {
  const started: { bench: Bench; test: string }[] = [];
  afterAll(async () => {
    const left: string[] = [];
    for (const { bench, test } of started) {
      await bench.settles().catch(() => left.push(`${test}: ${JSON.stringify(bench.server.stats())}`));
      bench.close();
    }
    expect(left).toEqual([]);
  });
  return async (options, scheduler) => {
    const bench = await Bench.start(options, scheduler);
    started.push({ bench, test: expect.getState().currentTestName ?? '' });
    return bench;
  };
}

/** The control protocol by hand, for what drachtio-srf never does. */
export class Control {
  #received = '';
  closed = false;

  constructor(readonly socket: Socket) {
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (this.#received += chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => (this.closed = true));
  }

  get received(): string {
    return this.#received;
  }

  frame(payload: string): void {
    this.socket.write(`${payload.length}#${payload}`, 'latin1');
  }

  async authenticate(): Promise<void> {
    this.frame(`a1|authenticate|${SECRET}|`);
    await until('an answer to authenticate', () => this.#received.includes('|response|a1|OK|'));
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A SIP peer that does nothing by itself. */
export abstract class Peer {
  abstract readonly protocol: 'UDP' | 'TCP';
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

  get contact(): string {
    return `<sip:peer@${this.host}:${this.port}${this.protocol === 'TCP' ? ';transport=tcp' : ''}>`;
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

  static async open(serverPort: number, address = HOST): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
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
  readonly protocol = 'TCP';
  #socket: Socket | undefined;
  #port = 0;
  #close: () => void = () => undefined;
  closed = false;
  pongs = 0;

  static async connect(serverPort: number, address = HOST): Promise<TcpPeer> {
    const peer = new TcpPeer(serverPort, formatHost(address));
    const socket = connect(serverPort, address);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    peer.#port = socket.localPort ?? 0;
    peer.#adopt(socket);
    return peer;
  }

  static async listen(address = HOST): Promise<TcpPeer> {
    const peer = new TcpPeer(0, formatHost(address));
    const server = createServer((socket) => peer.#adopt(socket));
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

let counter = 0;

/** One side of a call, played by a {@link Peer}. */
export class Leg {
  sequence = 1;
  /** Route values of what is sent, nearest first. */
  routes: string[] = [];
  #inviteBranch = '';
  #inviteSequence = 1;

  private constructor(
    readonly peer: Peer,
    readonly callId: string,
    readonly local: string,
    public remote: string,
    /** Request-URI of what is sent. */
    public target: string,
  ) {}

  /** The side that calls. */
  static caller(peer: Peer, user = '+12125550100'): Leg {
    const n = ++counter;
    const target = `sip:${user}@${peer.host}:${peer.serverPort}`;
    const local = `<sip:caller@${peer.host}:${peer.port}>;tag=caller${n}`;
    return new Leg(peer, `call-${process.pid}-${n}@test`, local, `<${target}>`, target);
  }

  /** A second hand of the same side: what it sends belongs to the same call, in transactions of its own. */
  twin(): Leg {
    const twin = new Leg(this.peer, this.callId, this.local, this.remote, this.target);
    twin.sequence = this.sequence;
    return twin;
  }

  /** The side that is called by this INVITE. */
  static callee(peer: Peer, invite: SipRequest): Leg {
    const contact = /<([^>]*)>/.exec(headerValue(invite, 'contact') ?? '')?.[1] ?? '';
    return new Leg(
      peer,
      headerValue(invite, 'call-id') ?? '',
      `${headerValue(invite, 'to') ?? ''};tag=callee${++counter}`,
      headerValue(invite, 'from') ?? '',
      contact,
    );
  }

  invite(headers: readonly string[] = [], body = SDP): void {
    this.#inviteBranch = newBranch();
    this.#inviteSequence = this.sequence;
    this.#send('INVITE', this.sequence, this.#inviteBranch, headers, body);
  }

  /** The same INVITE once more, byte for byte. */
  inviteAgain(headers: readonly string[] = [], body = SDP): void {
    this.#send('INVITE', this.#inviteSequence, this.#inviteBranch, headers, body);
  }

  cancel(): void {
    this.#send('CANCEL', this.#inviteSequence, this.#inviteBranch, [], '');
  }

  /** Confirms a final response to the last INVITE, and learns the other side's tag from a success. */
  ack(response: SipResponse, headers: readonly string[] = []): void {
    const success = response.status < 300;
    if (success) this.learn(response);
    const remote = this.remote;
    this.remote = headerValue(response, 'to') ?? '';
    this.#send('ACK', this.#inviteSequence, success ? newBranch() : this.#inviteBranch, headers, '');
    if (!success) this.remote = remote;
  }

  /** Takes tag and Contact of a response that makes a dialog. */
  learn(response: SipResponse): void {
    this.remote = headerValue(response, 'to') ?? '';
    const contact = /<([^>]*)>/.exec(headerValue(response, 'contact') ?? '')?.[1];
    if (contact !== undefined) this.target = contact;
    this.routes = headerValues(response, 'record-route').flatMap(splitAddresses).reverse();
  }

  /** Takes the route of an INVITE that came. */
  learnRoutes(invite: SipRequest): void {
    this.routes = headerValues(invite, 'record-route').flatMap(splitAddresses);
  }

  /** A new request in the dialog, any method but INVITE. */
  request(method: string, headers: readonly string[] = [], body = ''): void {
    this.#send(method, ++this.sequence, newBranch(), headers, body);
  }

  reinvite(body = SDP): void {
    this.sequence++;
    this.invite([], body);
  }

  /** Answers a request that came to this side. */
  answer(request: SipRequest, status: number, headers: readonly string[] = [], body = ''): void {
    this.peer.send(
      responseTo(request, status, tagOf(this.local), [`Contact: ${this.peer.contact}`, ...headers], body),
    );
  }

  #send(method: string, sequence: number, branch: string, headers: readonly string[], body: string): void {
    const { peer } = this;
    peer.send(
      [
        `${method} ${this.target} SIP/2.0`,
        `Via: SIP/2.0/${peer.protocol} ${peer.host}:${peer.port};rport;branch=${branch}`,
        ...(headers.some((line) => line.startsWith('Max-Forwards:')) ? [] : ['Max-Forwards: 70']),
        ...this.routes.map((route) => `Route: ${route}`),
        `From: ${this.local}`,
        `To: ${this.remote}`,
        `Call-ID: ${this.callId}`,
        `CSeq: ${sequence} ${method}`,
        `Contact: ${peer.contact}`,
        ...headers,
        ...(body === '' || headers.some((line) => line.startsWith('Content-Type:'))
          ? []
          : ['Content-Type: application/sdp']),
        `Content-Length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
  }
}

export function newBranch(): string {
  return `z9hG4bKtest${process.pid}x${++counter}`;
}

/** A response as a plain peer makes it. */
export function responseTo(
  request: SipRequest,
  status: number,
  tag: string,
  headers: readonly string[] = [],
  body = '',
): string {
  const to = headerValue(request, 'to') ?? '';
  return [
    `SIP/2.0 ${status} Test`,
    ...headerValues(request, 'via').map((via) => `Via: ${via}`),
    ...headerValues(request, 'record-route').map((route) => `Record-Route: ${route}`),
    `From: ${headerValue(request, 'from') ?? ''}`,
    `To: ${to}${tagOf(to) === '' && status > 100 ? `;tag=${tag}` : ''}`,
    `Call-ID: ${headerValue(request, 'call-id') ?? ''}`,
    `CSeq: ${headerValue(request, 'cseq') ?? ''}`,
    ...headers,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
