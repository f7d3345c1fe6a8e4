import type { SipMessage, SipRequest, SipResponse, Via } from '../message';
import {
  formatHost,
  headerValue,
  headerValues,
  parseMessage,
  parseVia,
  splitTopVia,
  tagOf,
  validateMessage,
  withReceived,
  writeMessage,
} from '../message';
import type { ListenAddress, Protocol, SipServerLimits, SipServerLog, TimerBases } from '../options';
import type { ClientTransactionUser, Scheduler } from '../transaction';
import { ClientTransaction, ServerTransaction } from '../transaction';
import type { Flow, LocalAddress } from '../transport';
import { TcpTransport, UdpTransport } from '../transport';
import { newBranch, newId, newTag } from './identifiers';
import { LongRequests } from './long-requests';
import { plainResponse, REASONS, viaOf } from './message-text';

/** What the layer above the transactions hears. */
export interface StackUser {
  /** A new request, any method but ACK; `text` is the message as received, with received and rport filled in. */
  onRequest(transaction: ServerTransaction, text: string): void;
  /** An ACK that belongs to no failure response of ours: it confirms a 2xx. */
  onAck(request: SipRequest, text: string, flow: Flow): void;
  /** No ACK came for a failure response. */
  onServerTransactionEnd(transaction: ServerTransaction): void;
}

/** A next hop with a numeric address. */
export interface Hop {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
}

const COMPLAINT_EVERY_MS = 60_000;
const MAX_REPORTED = 1_000;

/** Transports and transactions: bytes below, requests and responses above. */
export class Stack {
  readonly #udp: UdpTransport[] = [];
  readonly #tcp: TcpTransport[] = [];
  readonly #servers = new Map<string, ServerTransaction>();
  readonly #serversById = new Map<string, ServerTransaction>();
  /** Requests by what RFC 3261 §8.2.2.2 compares, to find merged ones. */
  readonly #merges = new Map<string, ServerTransaction>();
  readonly #clients = new Map<string, ClientTransaction>();
  readonly #user: StackUser;
  readonly #limits: SipServerLimits;
  readonly #timers: TimerBases;
  readonly #scheduler: Scheduler;
  readonly #log: SipServerLog;
  readonly #admits: (address: string) => boolean;
  readonly #long: LongRequests;
  readonly #complaints = new Map<string, number>();
  readonly #serverUser = {
    onNoAck: (transaction: ServerTransaction) => this.#user.onServerTransactionEnd(transaction),
    onTerminated: (transaction: ServerTransaction) => this.#forgetServer(transaction),
    onRetransmit: () => {
      this.retransmissions++;
    },
  };
  dropped = 0;
  malformed = 0;
  retransmissions = 0;

  constructor(
    user: StackUser,
    limits: SipServerLimits,
    timers: TimerBases,
    scheduler: Scheduler,
    log: SipServerLog,
    admits: (address: string) => boolean,
  ) {
    this.#user = user;
    this.#limits = limits;
    this.#timers = timers;
    this.#scheduler = scheduler;
    this.#log = log;
    this.#admits = admits;
    this.#long = new LongRequests((hop, onFailure) => this.flowTo(hop, onFailure), scheduler, timers);
  }

  get serverTransactions(): number {
    return this.#servers.size;
  }
  get clientTransactions(): number {
    return this.#clients.size;
  }
  get connections(): number {
    return this.#tcp.reduce((sum, transport) => sum + transport.size, 0);
  }

  /** Opens one listener. @throws Error of the operating system when the address is taken */
  async listen(at: ListenAddress, external: string | undefined): Promise<void> {
    const onMessage = (text: string, flow: Flow): void => this.#receive(text, flow);
    if (at.protocol === 'udp') {
      const onError = (error: Error): void => this.#complain('UDP socket', { error: error.message });
      this.#udp.push(await UdpTransport.listen(at.address, at.port, external, onMessage, onError));
    } else {
      const onGarbage = (address: string, reason: string): void => this.#garbage(address, reason);
      this.#tcp.push(
        await TcpTransport.listen(at.address, at.port, external, this.#limits, { onMessage, onGarbage }),
      );
    }
  }

  /** `proto/address:port` of every listener. */
  listening(): string[] {
    const name = (protocol: Protocol, at: { local: LocalAddress; localPort: number }): string =>
      `${protocol}/${formatHost(at.local.announced)}:${at.localPort}`;
    return [...this.#udp.map((t) => name('udp', t)), ...this.#tcp.map((t) => name('tcp', t))];
  }

  /** True when the address is one of ours: a request to it would come back. */
  isOurs(hop: Hop): boolean {
    const transports = hop.protocol === 'udp' ? this.#udp : this.#tcp;
    return transports.some((t) => t.localPort === hop.port && t.local.leadsHere(hop.address));
  }

  /** True when a listener speaks the hop's protocol and family. */
  speaks({ protocol, address }: Hop): boolean {
    const transports = protocol === 'udp' ? this.#udp : this.#tcp;
    return transports.some(({ local }) => local.isIPv6 === address.includes(':'));
  }

  /** A flow to this hop, or undefined when no listener speaks its protocol and family. */
  flowTo(hop: Hop, onFailure: () => void): Flow | undefined {
    if (hop.protocol === 'udp') return nearest(this.#udp, hop.address)?.flowTo(hop.address, hop.port);
    return nearest(this.#tcp, hop.address)?.flowTo(hop.address, hop.port, onFailure);
  }

  serverTransaction(id: string): ServerTransaction | undefined {
    return this.#serversById.get(id);
  }

  /** The INVITE that a CANCEL names (RFC 3261 §9.2). */
  inviteOf(cancel: ServerTransaction): ServerTransaction | undefined {
    return this.#servers.get(cancel.key.replace(/\|CANCEL$/, '|INVITE'));
  }

  /** True when no request of ours waits for its final response. */
  get settled(): boolean {
    for (const { state } of this.#clients.values()) {
      if (state === 'calling' || state === 'proceeding') return false;
    }
    return true;
  }

  /** Every server transaction that still waits for its final response. */
  unanswered(): ServerTransaction[] {
    return [...this.#servers.values()].filter((transaction) => !transaction.answered);
  }

  /**
   * Sends a request in a new client transaction.
   * @param write - makes the text, given the Via value to put on top
   */
  request(
    id: string,
    request: SipRequest,
    flow: Flow,
    user: Omit<ClientTransactionUser, 'onRetransmit'>,
    write: (via: string) => string,
    branch = newBranch(),
  ): ClientTransaction {
    let via = viaOf(flow, branch);
    let text = write(via);
    const key = clientKey(branch, request.method);
    const isLong = text.length > this.#limits.maxDatagramBytes && flow.protocol === 'udp';
    const detour = isLong && request.method !== 'CANCEL' ? this.#long.detour(flow) : undefined;
    if (detour) {
      via = viaOf(detour.flow, branch);
      text = write(via);
    }
    const transaction = new ClientTransaction(
      id,
      branch,
      withVia(request, via),
      text,
      detour?.flow ?? flow,
      {
        onResponse: (response, raw, t) => user.onResponse(response, raw, t),
        onNoResponse: (why, t) => user.onNoResponse(why, t),
        onTerminated: (t) => {
          this.#clients.delete(key);
          detour?.cancel();
          user.onTerminated(t);
        },
        onRetransmit: () => {
          this.retransmissions++;
        },
      },
      this.#scheduler,
      this.#timers,
    );
    this.#clients.set(key, transaction);
    transaction.start();
    detour?.onRefused(() => {
      const datagramVia = viaOf(flow, branch);
      transaction.moveTo(flow, withVia(request, datagramVia), write(datagramVia));
    });
    return transaction;
  }

  close(): void {
    for (const transaction of [...this.#servers.values()]) transaction.destroy();
    for (const transaction of [...this.#clients.values()]) transaction.destroy();
    for (const transport of this.#udp.splice(0)) transport.close();
    for (const transport of this.#tcp.splice(0)) transport.close();
  }

  #receive(text: string, flow: Flow): void {
    // Keep-alives of a NAT, one or two CRLF (RFC 5626 §4.4.1).
    if (text.length <= 4 && text.trim() === '') return;
    const parsed = parseMessage(text);
    if (parsed.ok) {
      if (parsed.message.kind === 'response') this.#receiveResponse(parsed.message, text, flow);
      else
        this.#receiveRequest(parsed.message, parsed.excess > 0 ? text.slice(0, -parsed.excess) : text, flow);
      return;
    }
    this.#garbage(flow.address, parsed.reason);
    const { message, status } = parsed;
    if (message?.kind === 'request' && status !== undefined && message.method !== 'ACK') {
      this.#refuseMalformed(message, status, parsed.reason, flow);
    }
  }

  #receiveResponse(response: SipResponse, text: string, flow: Flow): void {
    const problem = validateMessage(response);
    if (problem) return this.#garbage(flow.address, problem.reason);
    const vias = headerValues(response, 'via');
    const { top, rest } = splitTopVia(vias[0] ?? '');
    const via = parseVia(top);
    if (!via) return;
    const cseq = headerValue(response, 'cseq') ?? '';
    const method = cseq.slice(cseq.search(/\s/) + 1).trim();
    const transaction = this.#clients.get(clientKey(via.branch, method));
    // Ours is the only Via of what we ourselves sent: with another behind it, it went astray (RFC 3261
    // §8.1.3.3). What we only pass on has others, or nobody to pass it on to (§16.7 step 3).
    const furtherVias = rest !== '' || vias.length > 1;
    if (transaction?.passedOn === furtherVias) transaction.receive(response, text);
  }

  #receiveRequest(request: SipRequest, received: string, flow: Flow): void {
    const topField = request.headers.find((field) => field.key === 'via');
    const via = topField ? parseVia(splitTopVia(topField.value).top) : undefined;
    const problem = via ? validateMessage(request) : { status: 400, reason: 'Via is missing or malformed' };
    if (!topField || !via) {
      this.#garbage(flow.address, problem?.reason ?? '');
      return;
    }
    let text = received;
    const value = withReceived(topField.value, via, flow.address, flow.port);
    if (value !== topField.value) {
      topField.value = value;
      text = writeMessage(request);
    }
    if (problem) {
      this.#garbage(flow.address, problem.reason);
      if (request.method !== 'ACK') this.#refuseMalformed(request, problem.status, problem.reason, flow);
      return;
    }
    const key = serverKey(request, via);
    const known = this.#servers.get(request.method === 'ACK' ? `${key}|INVITE` : `${key}|${request.method}`);
    if (request.method === 'ACK') {
      if (known && known.state !== 'accepted') known.acknowledge();
      else this.#user.onAck(request, text, flow);
      return;
    }
    if (known) {
      known.retransmitted();
      return;
    }
    this.#admit(request, text, responseFlow(flow, via), `${key}|${request.method}`);
  }

  #admit(request: SipRequest, text: string, flow: Flow, key: string): void {
    const outside = tagOf(headerValue(request, 'to') ?? '') === '';
    if (outside && request.method !== 'CANCEL' && !this.#admits(flow.address)) {
      this.dropped++;
      this.#complain('request from an address that no trunk has: dropped', { source: flow.address });
      return;
    }
    if (this.#servers.size + this.#clients.size >= this.#limits.maxTransactions) {
      flow.send(plainResponse(request, 503, REASONS[503] ?? '', newTag(), 'Retry-After: 5\r\n'));
      this.#complain('too many transactions', { limit: this.#limits.maxTransactions });
      return;
    }
    const merge = outside && request.method !== 'CANCEL' ? mergeKey(request) : undefined;
    if (merge !== undefined && this.#merges.has(merge)) {
      flow.send(plainResponse(request, 482, REASONS[482] ?? '', newTag()));
      return;
    }
    const transaction = new ServerTransaction(
      newId(),
      key,
      request,
      flow,
      newTag(),
      this.#serverUser,
      this.#scheduler,
      this.#timers,
    );
    this.#servers.set(key, transaction);
    this.#serversById.set(transaction.id, transaction);
    if (merge !== undefined) this.#merges.set(merge, transaction);
    this.#user.onRequest(transaction, text);
  }

  #forgetServer(transaction: ServerTransaction): void {
    this.#servers.delete(transaction.key);
    this.#serversById.delete(transaction.id);
    const merge = mergeKey(transaction.request);
    if (this.#merges.get(merge) === transaction) this.#merges.delete(merge);
  }

  /** Stateless refusal: nothing of a broken request is remembered. */
  #refuseMalformed(request: SipRequest, status: number, reason: string, flow: Flow): void {
    const via = parseVia(splitTopVia(headerValue(request, 'via') ?? '').top);
    if (!via || !this.#admits(flow.address)) return;
    const phrase = status === 400 ? `Bad Request - ${reason}` : (REASONS[status] ?? 'Bad Request');
    responseFlow(flow, via).send(plainResponse(request, status, phrase, newTag()));
  }

  #garbage(address: string, reason: string): void {
    this.malformed++;
    this.#complain('unusable message', { source: address, reason });
  }

  /** Each kind of trouble is told once a minute. */
  #complain(message: string, fields: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    const last = this.#complaints.get(message);
    if (last !== undefined && now - last < COMPLAINT_EVERY_MS) return;
    if (this.#complaints.size >= MAX_REPORTED) this.#complaints.clear();
    this.#complaints.set(message, now);
    this.#log('warn', message, { ...fields, malformed: this.malformed, dropped: this.dropped });
  }
}

function withVia(request: SipRequest, value: string): SipRequest {
  return { ...request, headers: [{ name: 'Via', key: 'via', value }, ...request.headers] };
}

/** The listener to send from: of the peer's family, and where there are several, on its network. */
function nearest<T extends { readonly local: LocalAddress }>(
  transports: readonly T[],
  peer: string,
): T | undefined {
  const v6 = peer.includes(':');
  let best: T | undefined;
  for (const transport of transports) {
    if (transport.local.isIPv6 !== v6) continue;
    if (!best || transport.local.distance(peer) < best.local.distance(peer)) best = transport;
  }
  return best;
}

function clientKey(branch: string, method: string): string {
  return `${branch}|${method}`;
}

const COOKIE = 'z9hG4bK';

/** RFC 3261 §17.2.3: branch and sent-by; without the magic cookie, what RFC 2543 compared. */
function serverKey(request: SipRequest, via: Via): string {
  if (via.branch.startsWith(COOKIE) && via.branch.length > COOKIE.length) {
    return `${via.branch}|${via.host}:${via.port ?? 0}`;
  }
  const cseq = (headerValue(request, 'cseq') ?? '').split(/\s/, 1)[0] ?? '';
  return `2543|${request.uri}|${tagOf(headerValue(request, 'from') ?? '')}|${headerValue(request, 'call-id') ?? ''}|${cseq}|${via.host}:${via.port ?? 0}`;
}

function mergeKey(request: SipRequest): string {
  return `${headerValue(request, 'call-id') ?? ''}|${tagOf(headerValue(request, 'from') ?? '')}|${headerValue(request, 'cseq') ?? ''}`;
}

/**
 * Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4): down the connection it came by; over UDP to
 * the source port if rport was asked for, else to the port of sent-by.
 */
function responseFlow(flow: Flow, via: Via): Flow {
  if (flow.protocol !== 'udp' || via.rport !== undefined) return flow;
  const port = via.port ?? 5060;
  return port === flow.port ? flow : new RedirectedFlow(flow, port);
}

/** A UDP flow whose answers go to another port of the same peer. */
class RedirectedFlow implements Flow {
  readonly protocol = 'udp';
  readonly address: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #send: (text: string, port: number) => boolean;

  constructor(
    flow: Flow,
    readonly port: number,
  ) {
    this.address = flow.address;
    this.localAddress = flow.localAddress;
    this.localPort = flow.localPort;
    this.#send = (text, to) => flow.sendTo?.(text, to) ?? false;
  }

  send(text: string): boolean {
    return this.#send(text, this.port);
  }
}

/** Any message's Max-Forwards; RFC 3261 §8.1.1.6 says 70 when absent. */
export function maxForwards(message: SipMessage): number {
  const value = headerValue(message, 'max-forwards');
  return value === undefined ? 70 : Number(value);
}
