import type { SipRequest, SipResponse } from '../message';
import { parseMessage } from '../message';
import { isWebSocket } from '../options';
import type { ClientTransaction, Timer } from '../transaction';
import type { Flow, Hop } from '../transport';
import { cancelRequest } from './cancel-request';
import type { Context } from './context';
import { newId, newTag } from './identifiers';
import { plainResponse, REASONS } from './response-text';
import type { NextHops } from './next-hop';
import { statusOfNoResponse } from './no-response';

/** RFC 3261 §16.6 step 11, timer C: more than three minutes. */
const TIMER_C_MS = 185_000;

export interface BranchTimeouts {
  /** Milliseconds to the first provisional or final response; undefined: no limit of its own. */
  readonly provisionalMs: number | undefined;
  /** Milliseconds to the final response; undefined: timer C after the last provisional. */
  readonly finalMs: number | undefined;
}

export interface BranchEvents {
  /** A provisional above 100, or a 2xx; the latter may come again and again, and after the end too. */
  onForward(response: SipResponse): void;
  /** The branch is over. `flow` is undefined for a response that we made up. */
  onFinal(response: SipResponse, text: string, flow: Flow | undefined, branch: ProxyBranch): void;
}

/** One target of a proxied request, over all the hops it may need (RFC 3261 §16.6 to §16.10). */
export class ProxyBranch {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #write: (flow: Flow) => SipRequest;
  readonly #timeouts: BranchTimeouts;
  readonly #events: BranchEvents;
  #further: readonly Hop[] = [];
  #transaction: ClientTransaction | undefined;
  #provisionalTimer: Timer | undefined;
  #finalTimer: Timer | undefined;
  #cancelWanted = false;
  #cancelSent = false;
  #flowGone = false;
  #answered = false;
  /** Its final response is known, or nobody waits for it any more. */
  over = false;

  /** @param write - makes the request for a flow, all but our Via */
  constructor(
    context: Context,
    hops: NextHops,
    write: (flow: Flow) => SipRequest,
    timeouts: BranchTimeouts,
    events: BranchEvents,
  ) {
    this.#context = context;
    this.#hops = hops;
    this.#write = write;
    this.#timeouts = timeouts;
    this.#events = events;
  }

  /** Looks the next hop up and sends; whatever goes wrong comes as a final response. */
  start(nextHop: string): void {
    const literal = this.#hops.literal(nextHop);
    if (literal) this.#launch([literal]);
    else void this.#hops.resolve(nextHop).then((hops) => this.#launch(hops));
  }

  /** The same, where the hop is known. */
  startAt(hop: Hop): void {
    this.#launch([hop]);
  }

  /** Gives the branch up: CANCEL as soon as RFC 3261 §9.1 allows. Its final response still comes. */
  cancel(): void {
    if (this.over || this.#cancelWanted) return;
    this.#cancelWanted = true;
    if (this.#transaction === undefined) this.#fail(487);
    else if (this.#transaction.state === 'proceeding') this.#sendCancel();
  }

  /** Ends it without a word to anybody. */
  close(): void {
    this.over = true;
    this.#provisionalTimer?.cancel();
    this.#finalTimer?.cancel();
  }

  #launch(hops: readonly Hop[]): void {
    if (this.over) return;
    const [first, ...further] = hops;
    this.#further = further;
    if (!first) return this.#fail(this.#flowGone ? 430 : 480);
    // What we would send to ourselves would come back for ever.
    if (this.#context.stack.isOurs(first)) return this.#fail(482);
    const flow = this.#context.stack.flowTo(first);
    if (!flow) {
      // Nobody but the peer can open such a connection (RFC 5626 §5.3.1).
      this.#flowGone = first.standing === true || isWebSocket(first.protocol);
      return this.#launch(further);
    }
    const request = this.#write(flow);
    const head = `${request.method} ${request.uri} SIP/2.0\r\n`;
    let rest = '';
    for (const { name, key, value } of request.headers) {
      if (key !== 'content-length') rest += `${name}: ${value}\r\n`;
    }
    rest += `Content-Length: ${request.body.length}\r\n\r\n${request.body}`;
    this.#transaction = this.#context.stack.request(
      newId(),
      request,
      flow,
      {
        onResponse: (response, text, transaction) => this.#onResponse(response, text, transaction.flow),
        onNoResponse: (why, { flow: failed }) => this.#onNoResponse(statusOfNoResponse(why, failed)),
        onTerminated: () => undefined,
      },
      (via) => `${head}Via: ${via}\r\n${rest}`,
    );
    this.#arm(request);
  }

  #arm(request: SipRequest): void {
    const { scheduler } = this.#context;
    const { provisionalMs, finalMs } = this.#timeouts;
    if (provisionalMs !== undefined) {
      this.#provisionalTimer ??= scheduler.after(provisionalMs, () => this.#giveUp());
    }
    if (finalMs !== undefined) this.#finalTimer ??= scheduler.after(finalMs, () => this.#giveUp());
    else if (request.method === 'INVITE') this.#restartTimerC();
  }

  #restartTimerC(): void {
    this.#finalTimer?.cancel();
    this.#finalTimer = this.#context.scheduler.after(TIMER_C_MS, () => this.#giveUp());
  }

  /** Too late for this target: the next one's turn, while a CANCEL takes this one back. */
  #giveUp(): void {
    if (this.over) return;
    this.cancel();
    this.#fail(408);
  }

  #onResponse(response: SipResponse, text: string, flow: Flow): void {
    if (response.status < 200) {
      this.#provisionalTimer?.cancel();
      if (this.#cancelWanted) this.#sendCancel();
      if (this.over || response.status === 100) return;
      if (this.#timeouts.finalMs === undefined) this.#restartTimerC();
      this.#events.onForward(response);
      return;
    }
    if (response.status === 503) this.#hops.failed(flow);
    if (response.status === 503 && this.#further.length > 0 && !this.#cancelWanted && !this.over) {
      this.#launch(this.#further);
      return;
    }
    if (response.status < 300) {
      this.#events.onForward(response);
      // One that was given up may still have been answered.
      if (!this.#answered) this.#end(response, text, flow);
      this.#answered = true;
    } else if (!this.over) this.#end(response, text, flow);
  }

  #onNoResponse(status: number): void {
    const { flow } = this.#transaction ?? {};
    if (flow) this.#hops.failed(flow);
    if (this.over) return;
    if (this.#further.length > 0 && !this.#cancelWanted) this.#launch(this.#further);
    else this.#fail(this.#cancelWanted ? 487 : status);
  }

  #sendCancel(): void {
    const transaction = this.#transaction;
    if (!transaction?.isInvite || this.#cancelSent) return;
    this.#cancelSent = true;
    cancelRequest(this.#context.stack, transaction, '');
  }

  /** A final response of our own making. */
  #fail(status: number): void {
    if (this.over) return;
    const request = this.#transaction?.request ?? unsent(this.#write(NO_FLOW));
    const text = plainResponse(request, status, REASONS[status] ?? 'Failed', newTag());
    const parsed = parseMessage(text);
    if (!parsed.ok || parsed.message.kind !== 'response') throw new Error('our own response cannot be read');
    this.#end(parsed.message, text, undefined);
  }

  #end(response: SipResponse, text: string, flow: Flow | undefined): void {
    this.close();
    this.#events.onFinal(response, text, flow, this);
  }
}

/** Stands in where no flow was found and a response is made up all the same. */
const NO_FLOW: Flow = {
  protocol: 'udp',
  address: '',
  port: 0,
  localAddress: '',
  localPort: 0,
  send: () => false,
};

/** A request that never left, with a Via in the place where ours would stand. */
function unsent(request: SipRequest): SipRequest {
  return {
    ...request,
    headers: [{ name: 'Via', key: 'via', value: 'SIP/2.0/UDP invalid' }, ...request.headers],
  };
}
