import type { SipRequest } from '../message';
import type { TimerBases } from '../options';
import type { Flow } from '../transport';
import { isReliable } from '../transport';
import type { Scheduler, Timer } from './timers';
import { Retransmission } from './timers';

export type ServerState = 'proceeding' | 'completed' | 'accepted' | 'confirmed' | 'terminated';

/** What the user of a server transaction hears. */
export interface ServerTransactionUser {
  /** A response went out, for the first time. */
  onResponse(transaction: ServerTransaction, status: number): void;
  /** No ACK came for a failure response within 64·T1 (timer H). */
  onNoAck(transaction: ServerTransaction): void;
  onTerminated(transaction: ServerTransaction): void;
  onRetransmit(): void;
}

/**
 * Server transaction: RFC 3261 §17.2.1 (INVITE) and §17.2.2 (others), with the Accepted state of
 * RFC 6026 §8.7. A 2xx is repeated by the dialog, not here.
 */
export class ServerTransaction {
  readonly id: string;
  readonly key: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly isInvite: boolean;
  /** Tag that our responses carry in To; fixed by the first of them. */
  localTag: string;
  #state: ServerState = 'proceeding';
  readonly #user: ServerTransactionUser;
  readonly #scheduler: Scheduler;
  readonly #timers: TimerBases;
  #lastResponse: string | undefined;
  #retransmission: Retransmission | undefined;
  #deadline: Timer | undefined;

  constructor(
    id: string,
    key: string,
    request: SipRequest,
    flow: Flow,
    localTag: string,
    user: ServerTransactionUser,
    scheduler: Scheduler,
    timers: TimerBases,
  ) {
    this.id = id;
    this.key = key;
    this.request = request;
    this.flow = flow;
    this.isInvite = request.method === 'INVITE';
    this.localTag = localTag;
    this.#user = user;
    this.#scheduler = scheduler;
    this.#timers = timers;
  }

  get state(): ServerState {
    return this.#state;
  }

  /** True once a final response went out. */
  get answered(): boolean {
    return this.#state !== 'proceeding';
  }

  /** The same request arrived again: the last response is sent again. */
  retransmitted(): void {
    const repeats = this.#state === 'proceeding' || this.#state === 'completed';
    if (this.#lastResponse === undefined || !repeats) return;
    this.#user.onRetransmit();
    this.flow.send(this.#lastResponse);
  }

  /** Sends a response; false when a final one went out before, or the flow is gone. */
  respond(status: number, text: string): boolean {
    if (this.#state !== 'proceeding') return false;
    this.#lastResponse = text;
    const sent = this.flow.send(text);
    this.#user.onResponse(this, status);
    if (status < 200) return sent;
    if (!this.isInvite) this.#finish('completed', isReliable(this.flow) ? 0 : 64 * this.#timers.t1);
    else if (status < 300) this.#finish('accepted', 64 * this.#timers.t1);
    else this.#awaitAck();
    return sent;
  }

  /** The ACK to our failure response. */
  acknowledge(): void {
    if (this.#state !== 'completed' || !this.isInvite) return;
    this.#retransmission?.stop();
    this.#deadline?.cancel();
    this.#finish('confirmed', isReliable(this.flow) ? 0 : this.#timers.t4);
  }

  /** Ends it without a word to anybody. */
  destroy(): void {
    if (this.#state !== 'terminated') this.#terminate();
  }

  #awaitAck(): void {
    const { t1, t2 } = this.#timers;
    this.#state = 'completed';
    if (!isReliable(this.flow)) {
      this.#retransmission = new Retransmission(this.#scheduler, t1, t2, () => {
        this.#user.onRetransmit();
        if (this.#lastResponse !== undefined) this.flow.send(this.#lastResponse);
      });
    }
    this.#deadline = this.#scheduler.after(64 * t1, () => {
      this.#terminate();
      this.#user.onNoAck(this);
    });
  }

  #finish(state: ServerState, lingerMs: number): void {
    this.#state = state;
    this.#deadline = this.#scheduler.after(lingerMs, () => this.#terminate());
  }

  #terminate(): void {
    this.#state = 'terminated';
    this.#retransmission?.stop();
    this.#deadline?.cancel();
    this.#user.onTerminated(this);
  }
}
