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
import type { ListenAddress, SipServerLimits, SipServerLog, TimerBases } from '../options';
import type { ClientTransaction, ClientTransactionUser, Scheduler, ServerTransaction } from '../transaction';
import type { Flow, Hop } from '../transport';
import { Listeners } from '../transport';
import { ClientTransactions } from './client-transactions';
import { Complaints } from './complaints';
import { newBranch, newTag } from './identifiers';
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
  /** No ACK came for a failure response. */
  onServerTransactionEnd(transaction: ServerTransaction): void;
}

/** Transports and transactions: bytes below, requests and responses above. */
export class Stack {
  readonly #listeners: Listeners;
  readonly #servers: ServerTransactions;
  readonly #clients: ClientTransactions;
  readonly #complaints: Complaints;
  readonly #user: StackUser;
  readonly #limits: SipServerLimits;
  readonly #admits: (address: string) => boolean;
  /** Messages that were sent again because no answer came. */
  retransmissions = 0;

  /** @param admits - may this address send requests outside a dialog? */
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
    this.#admits = admits;
    this.#complaints = new Complaints(log);
    const onRetransmit = (): void => {
      this.retransmissions++;
    };
    this.#listeners = new Listeners(limits, {
      onMessage: (text, flow) => this.#receive(text, flow),
      onGarbage: (address, reason) => this.#complaints.garbage(address, reason),
      onSocketError: (error) => this.#complaints.tell('UDP socket', { error: error.message }),
    });
    this.#clients = new ClientTransactions(
      (hop, onFailure) => this.flowTo(hop, onFailure),
      limits,
      timers,
      scheduler,
      onRetransmit,
    );
    this.#servers = new ServerTransactions(
      { onNoAck: (transaction) => this.#user.onServerTransactionEnd(transaction), onRetransmit },
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

  /** A flow to this hop, or undefined when no listener speaks its protocol and family. */
  flowTo(hop: Hop, onFailure: () => void): Flow | undefined {
    return this.#listeners.flowTo(hop, onFailure);
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
    return this.#clients.request(id, request, flow, user, write, branch);
  }

  close(): void {
    this.#servers.close();
    this.#clients.close();
    this.#listeners.close();
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
    this.#complaints.garbage(flow.address, parsed.reason);
    const { message, status } = parsed;
    if (message?.kind === 'request' && status !== undefined && message.method !== 'ACK') {
      this.#refuseMalformed(message, status, parsed.reason, flow);
    }
  }

  #receiveResponse(response: SipResponse, text: string, flow: Flow): void {
    const problem = validateMessage(response);
    if (problem) this.#complaints.garbage(flow.address, problem.reason);
    else this.#clients.receive(response, text);
  }

  #receiveRequest(request: SipRequest, received: string, flow: Flow): void {
    const topField = request.headers.find((field) => field.key === 'via');
    const via = topField ? parseVia(splitTopVia(topField.value).top) : undefined;
    const problem = via ? validateMessage(request) : { status: 400, reason: 'Via is missing or malformed' };
    if (!topField || !via) {
      this.#complaints.garbage(flow.address, problem?.reason ?? '');
      return;
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
      return;
    }
    const key = serverKey(request, via);
    const known = this.#servers.get(key, request.method === 'ACK' ? 'INVITE' : request.method);
    if (request.method === 'ACK') {
      if (known && known.state !== 'accepted') known.acknowledge();
      else this.#user.onAck(request, text, flow);
    } else if (known) known.retransmitted();
    else this.#admit(request, text, responseFlow(flow, via), key);
  }

  /** A new request: taken, unless its sender is a stranger, there is no room, or it is here already. */
  #admit(request: SipRequest, text: string, flow: Flow, key: string): void {
    const outside = tagOf(headerValue(request, 'to') ?? '') === '';
    if (outside && request.method !== 'CANCEL' && !this.#admits(flow.address)) {
      this.#complaints.stranger(flow.address);
      return;
    }
    if (this.#servers.size + this.#clients.size >= this.#limits.maxTransactions) {
      flow.send(plainResponse(request, 503, REASONS[503] ?? '', newTag(), 'Retry-After: 5\r\n'));
      this.#complaints.tell('too many transactions', { limit: this.#limits.maxTransactions });
      return;
    }
    const merge = outside && request.method !== 'CANCEL' ? mergeKey(request) : undefined;
    if (merge !== undefined && this.#servers.hasMerged(merge)) {
      flow.send(plainResponse(request, 482, REASONS[482] ?? '', newTag()));
      return;
    }
    this.#user.onRequest(this.#servers.add(request, flow, key, merge), text);
  }

  /** Stateless refusal: nothing of a broken request is remembered. */
  #refuseMalformed(request: SipRequest, status: number, reason: string, flow: Flow): void {
    const via = parseVia(splitTopVia(headerValue(request, 'via') ?? '').top);
    if (!via || !this.#admits(flow.address)) return;
    const phrase = status === 400 ? `Bad Request - ${reason}` : (REASONS[status] ?? 'Bad Request');
    responseFlow(flow, via).send(plainResponse(request, status, phrase, newTag()));
  }
}
