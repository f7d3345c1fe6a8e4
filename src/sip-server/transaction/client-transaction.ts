import type { SipRequest, SipResponse } from '../message';
import type { TimerBases } from '../options';
import type { Flow } from '../transport';
import { isReliable } from '../transport';
import type { Scheduler, Timer } from './timers';
import { Retransmission } from './timers';

export type ClientState = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/** What the user of a client transaction hears. */
export interface ClientTransactionUser {
  /** Every provisional; the final; and for INVITE every further 2xx (another fork, or a repetition). */
  onResponse(response: SipResponse, text: string, transaction: ClientTransaction): void;
  /** Nothing came within 64·T1, or the flow failed before anything came. */
  onNoResponse(why: 'timeout' | 'transport', transaction: ClientTransaction): void;
  onTerminated(transaction: ClientTransaction): void;
  onRetransmit(): void;
}

/** Longest that an INVITE may ring, in milliseconds, beyond RFC 3261's three minutes of timer C. */
const MAX_RINGING_MS = 600_000;
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Client transaction: RFC 3261 §17.1.1 (INVITE) and §17.1.2 (others), with the Accepted state of
 * RFC 6026 §8.4.
 */
export class ClientTransaction {
  readonly id: string;
  readonly branch: string;
  #request: SipRequest;
  readonly isInvite: boolean;
  /** The request is another's: behind our Via there are those of the way it came. */
  readonly passedOn: boolean;
  #flow: Flow;
  #text: string;
  #state: ClientState = 'calling';
  readonly #user: ClientTransactionUser;
  readonly #scheduler: Scheduler;
  readonly #timers: TimerBases;
  #retransmission: Retransmission | undefined;
  /** B or F, then C, then D, K or M: one at a time. */
  #deadline: Timer | undefined;
  #ackText: string | undefined;

  constructor(
    id: string,
    branch: string,
    request: SipRequest,
    text: string,
    flow: Flow,
    user: ClientTransactionUser,
    scheduler: Scheduler,
    timers: TimerBases,
  ) {
    this.id = id;
    this.branch = branch;
    this.#request = request;
    this.isInvite = request.method === 'INVITE';
    this.passedOn = hasFurtherVia(request);
    this.#text = text;
    this.#flow = flow;
    this.#user = user;
    this.#scheduler = scheduler;
    this.#timers = timers;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** With our Via on top. */
  get request(): SipRequest {
    return this.#request;
  }

  get flow(): Flow {
    return this.#flow;
  }

  /** The request as sent. */
  get text(): string {
    return this.#text;
  }

  /** Sends the request and starts timers A and B, or E and F. */
  start(): void {
    const { t1, t2 } = this.#timers;
    if (!isReliable(this.#flow)) {
      this.#retransmission = new Retransmission(this.#scheduler, t1, this.isInvite ? NEVER : t2, () => {
        this.#user.onRetransmit();
        this.#flow.send(this.#text);
      });
    }
    this.#deadline = this.#scheduler.after(64 * t1, () => this.fail('timeout'));
    if (!this.#flow.send(this.#text)) {
      this.#deadline.cancel();
      this.#deadline = this.#scheduler.after(0, () => this.fail('transport'));
    }
  }

  /** The flow never came about: the request goes out by another. False when there was a word of the peer already. */
  moveTo(flow: Flow, request: SipRequest, text: string): boolean {
    if (this.#state !== 'calling') return false;
    this.#retransmission?.stop();
    this.#deadline?.cancel();
    this.#flow = flow;
    this.#request = request;
    this.#text = text;
    this.start();
    return true;
  }

  /**
   * Takes a response that matched (RFC 3261 §17.1.3).
   * @param by - the way that it came: its ACK goes back there when the connection of the request is gone
   */
  receive(response: SipResponse, text: string, by: Flow = this.#flow): void {
    if (this.#state === 'terminated') return;
    if (this.isInvite) this.#receiveInvite(response, text, this.#flow.gone === true ? by : this.#flow);
    else this.#receiveOther(response, text);
  }

  /** The flow failed, or the time is over. Only the first word counts. */
  fail(why: 'timeout' | 'transport'): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#terminate();
    this.#user.onNoResponse(why, this);
  }

  /** RFC 3261 §9.1: once cancelled, a request that gets no final response is given up after 64·T1. */
  expectEnd(): void {
    if (this.#state !== 'proceeding') return;
    this.#deadline?.cancel();
    this.#deadline = this.#scheduler.after(64 * this.#timers.t1, () => this.fail('timeout'));
  }

  /** Ends it without a word to anybody. */
  destroy(): void {
    if (this.#state !== 'terminated') this.#terminate();
  }

  #receiveInvite(response: SipResponse, text: string, ackFlow: Flow): void {
    if (response.status < 200) {
      if (this.#state === 'calling') {
        this.#state = 'proceeding';
        this.#retransmission?.stop();
        this.#deadline?.cancel();
        this.#deadline = this.#scheduler.after(MAX_RINGING_MS, () => this.fail('timeout'));
      }
      if (this.#state === 'proceeding') this.#user.onResponse(response, text, this);
      return;
    }
    if (response.status < 300) {
      if (this.#state === 'completed') return;
      if (this.#state !== 'accepted') {
        this.#settle('accepted', 64 * this.#timers.t1);
      }
      this.#user.onResponse(response, text, this);
      return;
    }
    if (this.#state === 'completed') {
      if (this.#ackText !== undefined) ackFlow.send(this.#ackText);
      return;
    }
    if (this.#state === 'accepted') return;
    this.#ackText = ackForFailure(this.request, response);
    ackFlow.send(this.#ackText);
    this.#settle(
      'completed',
      isReliable(this.#flow) ? 0 : Math.max(32_000 * (this.#timers.t1 / 500), 64 * this.#timers.t1),
    );
    this.#user.onResponse(response, text, this);
  }

  #receiveOther(response: SipResponse, text: string): void {
    if (this.#state === 'completed') return;
    if (response.status < 200) {
      this.#state = 'proceeding';
      this.#retransmission?.slowTo(this.#timers.t2);
    } else this.#settle('completed', isReliable(this.#flow) ? 0 : this.#timers.t4);
    this.#user.onResponse(response, text, this);
  }

  /** Final: no more retransmissions; repetitions are absorbed for this long (timers D, K, M). */
  #settle(state: 'completed' | 'accepted', lingerMs: number): void {
    this.#state = state;
    this.#retransmission?.stop();
    this.#deadline?.cancel();
    this.#deadline = this.#scheduler.after(lingerMs, () => this.#terminate());
  }

  #terminate(): void {
    this.#state = 'terminated';
    this.#retransmission?.stop();
    this.#deadline?.cancel();
    this.#user.onTerminated(this);
  }
}

function hasFurtherVia({ headers }: SipRequest): boolean {
  for (let i = 1; i < headers.length; i++) if (headers[i]?.key === 'via') return true;
  return false;
}

/** The ACK to a 3xx … 6xx: same Request-URI, branch and Route as the INVITE, To of the response (RFC 3261 §17.1.1.3). */
function ackForFailure(invite: SipRequest, response: SipResponse): string {
  let text = `ACK ${invite.uri} SIP/2.0\r\n`;
  let via = false;
  for (const { key, name, value } of invite.headers) {
    if (key === 'via' && !via) {
      text += `Via: ${value}\r\n`;
      via = true;
    } else if (key === 'from' || key === 'call-id' || key === 'route' || key === 'max-forwards') {
      text += `${name}: ${value}\r\n`;
    } else if (key === 'cseq') text += `CSeq: ${value.split(/\s+/, 1)[0] ?? '1'} ACK\r\n`;
  }
  const to = response.headers.find((field) => field.key === 'to');
  return `${text}To: ${to?.value ?? ''}\r\nContent-Length: 0\r\n\r\n`;
}
