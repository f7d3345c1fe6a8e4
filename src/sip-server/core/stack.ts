import type { SipRequest, SipResponse } from '../message';
import {
  headerValue,
  parseMessage,
  parseVia,
  splitTopVia,
  tagOf,
  validateMessage,
  withReceived,
  writeMessage,
} from '../message';
import type {
  FlowChange,
  ListenAddress,
  SipServerLimits,
  SipServerLog,
  TimerBases,
  TlsOptions,
  WebSocketOptions,
} from '../options';
import { isSecure, isWebSocket } from '../options';
import type { ClientTransaction, ClientTransactionUser, Scheduler, ServerTransaction } from '../transaction';
import type { Flow, Hop } from '../transport';
import { Listeners } from '../transport';
import { ClientTransactions } from './client-transactions';
import { Complaints } from './complaints';
import { newBranch, newTag } from './identifiers';
import { RegisteredFlows } from './registered-flows';
import { plainResponse, REASONS } from './response-text';
import { responseFlow } from './response-flow';
import { ServerTransactions } from './server-transactions';
import { mergeKey, serverKey } from './transaction-keys';

/** What the layer above the transactions hears. */
export interface StackUser {
  /** A new request, any method but ACK; `text` is the message as received, with received and rport filled in. */
  onRequest(transaction: ServerTransaction, text: string): void;
  /** An ACK that belongs to no failure response of ours: it confirms a 2xx. */
  onAck(request: SipRequest, text: string, flow: Flow): void;
  /** An INVITE can be answered no more: its WebSocket connection, the only way back, is gone (RFC 7118 §5). */
  onCallerGone(invite: ServerTransaction): void;
  /** No ACK came for a failure response. */
  onServerTransactionEnd(transaction: ServerTransaction): void;
}

/** Transports and transactions: bytes below, requests and responses above. */
export class Stack {
  readonly #listeners: Listeners;
  readonly #servers: ServerTransactions;
  readonly #clients: ClientTransactions;
  readonly #complaints: Complaints;
  readonly #registeredFlows: RegisteredFlows;
  readonly #user: StackUser;
  readonly #limits: SipServerLimits;
  readonly #admits: (address: string) => boolean;
  /** Messages that were sent again because no answer came. */
  retransmissions = 0;

  /**
   * @param admits - may this address send requests outside a dialog, by UDP or TCP?
   * @param onFlows - see {@link SipServerOptions.onFlows}
   * @param tls - needed to listen on `tls:` and `wss:`
   */
  constructor(
    user: StackUser,
    limits: SipServerLimits,
    timers: TimerBases,
    scheduler: Scheduler,
    log: SipServerLog,
    admits: (address: string) => boolean,
    onFlows: (changes: readonly FlowChange[]) => void,
    tls?: TlsOptions,
    webSocket?: WebSocketOptions,
  ) {
    this.#user = user;
    this.#limits = limits;
    this.#admits = admits;
    this.#registeredFlows = new RegisteredFlows(onFlows, scheduler);
    this.#complaints = new Complaints(log);
    const onRetransmit = (): void => {
      this.retransmissions++;
    };
    this.#listeners = new Listeners(
      limits,
      {
        onMessage: (text, flow) => this.#receive(text, flow),
        onGarbage: (address, reason) => this.#complaints.garbage(address, reason),
        onRefused: (source, reason) => this.#complaints.refused(source, reason),
        onSocketError: (error) => this.#complaints.tell('UDP socket', { error: error.message }),
      },
      log,
      tls,
      webSocket,
    );
    this.#clients = new ClientTransactions(
      (hop) => this.flowTo(hop),
      limits,
      timers,
      scheduler,
      onRetransmit,
    );
    this.#servers = new ServerTransactions(
      {
        onResponse: (transaction, status) => this.#granted(transaction, status),
        onNoAck: (transaction) => this.#user.onServerTransactionEnd(transaction),
        onCallerGone: (invite) => this.#user.onCallerGone(invite),
        onRetransmit,
      },
      timers,
      scheduler,
    );
  }

  get serverTransactions(): number {
    return this.#servers.size;
  }
  get clientTransactions(): number {
    return this.#clients.size;
  }
  get connections(): number {
    return this.#listeners.connections;
  }
  get dropped(): number {
    return this.#complaints.dropped;
  }
  get malformed(): number {
    return this.#complaints.malformed;
  }

  /** Opens one listener. @throws Error of the operating system when the address is taken */
  listen(at: ListenAddress, external: string | undefined): Promise<void> {
    return this.#listeners.listen(at, external);
  }

  /** Reads the certificate. @throws Error in one line when there is none, or it is no good */
  loadCertificate(): void {
    this.#listeners.loadCertificate();
  }

  /** `proto/address:port` of every listener. */
  listening(): string[] {
    return this.#listeners.names();
  }

  /** True when the address is one of ours: a request to it would come back. */
  isOurs(hop: Hop): boolean {
    return this.#listeners.isOurs(hop);
  }

  /** True when a listener speaks the hop's protocol and family. */
  speaks(hop: Hop): boolean {
    return this.#listeners.speaks(hop);
  }

  /** A flow to this hop, or undefined when no listener speaks its protocol and family; see {@link Listeners.flowTo}. */
  flowTo(hop: Hop): Flow | undefined {
    return this.#listeners.flowTo(hop);
  }

  /** The INVITE that a CANCEL names (RFC 3261 §9.2). */
  inviteOf(cancel: ServerTransaction): ServerTransaction | undefined {
    return this.#servers.inviteOf(cancel);
  }

  /** True when no request of ours waits for its final response. */
  get settled(): boolean {
    return this.#clients.settled;
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
    flow.grant?.();
    return this.#clients.request(id, request, flow, user, write, branch);
  }

  close(): void {
    this.#servers.close();
    this.#clients.close();
    this.#listeners.close();
    this.#registeredFlows.close();
  }

  /** False when it is no SIP. */
  #receive(text: string, flow: Flow): boolean {
    // Keep-alives of a NAT, one or two CRLF (RFC 5626 §4.4.1).
    if (text.length <= 4 && text.trim() === '') return true;
    const parsed = parseMessage(text);
    if (parsed.ok) {
      if (parsed.message.kind === 'response') return this.#receiveResponse(parsed.message, text, flow);
      const whole = parsed.excess > 0 ? text.slice(0, -parsed.excess) : text;
      return this.#receiveRequest(parsed.message, whole, flow);
    }
    this.#complaints.garbage(flow.address, parsed.reason);
    const { message, status } = parsed;
    if (message?.kind === 'request' && status !== undefined && message.method !== 'ACK') {
      this.#refuseMalformed(message, status, parsed.reason, flow);
    }
    return false;
  }

  #receiveResponse(response: SipResponse, text: string, flow: Flow): boolean {
    const problem = validateMessage(response);
    if (problem) this.#complaints.garbage(flow.address, problem.reason);
    else this.#clients.receive(response, text, flow);
    return problem === undefined;
  }

  #receiveRequest(request: SipRequest, received: string, flow: Flow): boolean {
    const topField = request.headers.find((field) => field.key === 'via');
    const via = topField ? parseVia(splitTopVia(topField.value).top) : undefined;
    const problem = via ? validateMessage(request) : { status: 400, reason: 'Via is missing or malformed' };
    if (!topField || !via) {
      this.#complaints.garbage(flow.address, problem?.reason ?? '');
      return false;
    }
    let text = received;
    const value = withReceived(topField.value, via, flow.address, flow.port);
    if (value !== topField.value) {
      topField.value = value;
      text = writeMessage(request);
    }
    if (problem) {
      this.#complaints.garbage(flow.address, problem.reason);
      if (request.method !== 'ACK') this.#refuseMalformed(request, problem.status, problem.reason, flow);
      return false;
    }
    const key = serverKey(request, via);
    const known = this.#servers.get(key, request.method === 'ACK' ? 'INVITE' : request.method);
    if (request.method === 'ACK') {
      if (known && known.state !== 'accepted') known.acknowledge();
      else this.#user.onAck(request, text, flow);
    } else if (known) known.retransmitted();
    else this.#admit(request, text, responseFlow(flow, via), key);
    return true;
  }

  /** A new request: taken, unless its sender is a stranger, there is no room, or it is here already. */
  #admit(request: SipRequest, text: string, flow: Flow, key: string): void {
    const outside = tagOf(headerValue(request, 'to') ?? '') === '';
    if (outside && request.method !== 'CANCEL' && !this.#isAdmitted(flow)) {
      this.#complaints.stranger(flow.address);
      return;
    }
    if (this.#servers.size + this.#clients.size >= this.#limits.maxTransactions) {
      flow.send(plainResponse(request, 503, REASONS[503] ?? '', newTag(), 'Retry-After: 5\r\n'));
      this.#complaints.tell('too many transactions', { limit: this.#limits.maxTransactions });
      return;
    }
    if (request.method !== 'CANCEL' && this.#asksTooMuch(flow)) {
      flow.send(plainResponse(request, 503, REASONS[503] ?? '', newTag(), 'Retry-After: 5\r\n'));
      this.#complaints.tell('too many requests by a connection on which nothing was granted', {
        source: flow.address,
        limit: this.#limits.maxStrangerRequests,
      });
      return;
    }
    const merge = outside && request.method !== 'CANCEL' ? mergeKey(request) : undefined;
    if (merge !== undefined && this.#servers.hasMerged(merge)) {
      flow.send(plainResponse(request, 482, REASONS[482] ?? '', newTag()));
      return;
    }
    this.#user.onRequest(this.#servers.add(request, flow, key, merge), text);
  }

  /** Trunks are known by where they call from; phones call from anywhere, and have other transports for it. */
  #isAdmitted({ protocol, address }: Flow): boolean {
    return isWebSocket(protocol) || isSecure(protocol) || this.#admits(address);
  }

  /** A stranger on a connection has as many requests open as it may have. */
  #asksTooMuch(flow: Flow): boolean {
    if (flow.inbound !== true || flow.granted === true) return false;
    if (!isWebSocket(flow.protocol) && this.#admits(flow.address)) return false;
    return this.#servers.countOf(flow) >= this.#limits.maxStrangerRequests;
  }

  /** What makes a peer known, beyond the 100 that every INVITE gets, and answers that cost nothing. */
  #granted({ request: { method }, flow }: ServerTransaction, status: number): void {
    if (status <= 100 || status >= 300 || (method !== 'REGISTER' && method !== 'INVITE')) return;
    flow.grant?.();
    if (method === 'REGISTER' && status >= 200) this.#registeredFlows.add(flow);
  }

  /** Stateless refusal: nothing of a broken request is remembered. */
  #refuseMalformed(request: SipRequest, status: number, reason: string, flow: Flow): void {
    const via = parseVia(splitTopVia(headerValue(request, 'via') ?? '').top);
    if (!via || !this.#isAdmitted(flow)) return;
    const phrase = status === 400 ? `Bad Request - ${reason}` : (REASONS[status] ?? 'Bad Request');
    responseFlow(flow, via).send(plainResponse(request, status, phrase, newTag()));
  }
}
