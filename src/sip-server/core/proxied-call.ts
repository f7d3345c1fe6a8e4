import type { SipRequest, SipResponse } from '../message';
import {
  addressParam,
  headerValues,
  splitAddresses,
  splitTopVia,
  uriOfAddress,
  writeMessage,
} from '../message';
import type { ServerTransaction } from '../transaction';
import type { Flow, Hop } from '../transport';
import { bestResponse } from './best-response';
import type { Context } from './context';
import { refuse } from './response-text';
import type { NextHops } from './next-hop';
import { forwardedRequest, recordRoute } from './proxied-request';
import type { BranchTimeouts } from './proxy-branch';
import { ProxyBranch } from './proxy-branch';
import type { RecordRoutes } from './record-route';

/** What an application asks of a proxied request. */
export interface ProxyPlan extends BranchTimeouts {
  /** URIs in order, as {@link forwardedRequest} takes them. */
  readonly targets: readonly (string | undefined)[];
  readonly simultaneous: boolean;
  readonly followRedirects: boolean;
  readonly remainInDialog: boolean;
  /** The connection that the request leaves by, wherever it is addressed to. */
  readonly exit?: Hop | undefined;
}

export interface ProxyEvents {
  /** Each target's final response, until the request as a whole has one. */
  onFinal(response: SipResponse, text: string, flow: Flow | undefined): void;
  /** The request has its final response, or never gets one. */
  onDone(): void;
}

/** A redirect leads to another, and that to the next: somewhere it ends. */
const MAX_TARGETS = 16;

/** One request that we pass on, transaction by transaction (RFC 3261 §16): its response context. */
export class ProxiedCall {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #routes: RecordRoutes;
  readonly #transaction: ServerTransaction;
  readonly #base: SipRequest;
  readonly #plan: ProxyPlan;
  readonly #events: ProxyEvents;
  readonly #waiting: (string | undefined)[];
  readonly #tried = new Set<string>();
  readonly #branches: ProxyBranch[] = [];
  readonly #failures: SipResponse[] = [];
  #cancelled = false;
  /** No further target is tried: one answered, one refused for all (6xx), or the caller gave up. */
  #closed = false;
  #succeeded = false;
  #done = false;

  /** @param base - the received request without our routes, with what the application added */
  constructor(
    context: Context,
    hops: NextHops,
    routes: RecordRoutes,
    transaction: ServerTransaction,
    base: SipRequest,
    plan: ProxyPlan,
    events: ProxyEvents,
  ) {
    this.#context = context;
    this.#hops = hops;
    this.#routes = routes;
    this.#transaction = transaction;
    this.#base = base;
    this.#plan = plan;
    this.#events = events;
    this.#waiting = [...plan.targets];
  }

  start(): void {
    this.#next();
  }

  /** The caller gave up: every branch is taken back, and no further one is tried (RFC 3261 §16.10). */
  cancel(): void {
    this.#cancelled = true;
    this.#takeBack();
  }

  /** Answers the caller in our own name, and takes every branch back. */
  refuse(status: number): void {
    refuse(this.#transaction, status);
    this.cancel();
  }

  /** Ends it without a word to anybody. */
  close(): void {
    for (const branch of this.#branches) branch.close();
  }

  #takeBack(but?: ProxyBranch): void {
    this.#closed = true;
    this.#waiting.length = 0;
    for (const branch of [...this.#branches]) if (branch !== but) branch.cancel();
  }

  /** Starts the next target, or all of them. */
  #next(): void {
    do {
      const target = this.#waiting.shift();
      this.#tried.add(target ?? '');
      this.#branch(target);
    } while (this.#plan.simultaneous && this.#waiting.length > 0);
  }

  #branch(target: string | undefined): void {
    const { nextHop } = forwardedRequest(this.#base, target);
    const branch = new ProxyBranch(
      this.#context,
      this.#hops,
      (flow) => {
        const { request } = forwardedRequest(this.#base, target);
        if (this.#plan.remainInDialog) recordRoute(request, this.#transaction.flow, flow, this.#routes);
        return request;
      },
      this.#plan,
      {
        onForward: (response) => this.#forward(response),
        onFinal: (response, text, flow, from) => this.#onFinal(response, text, flow, from),
      },
    );
    this.#branches.push(branch);
    if (this.#plan.exit) branch.startAt(this.#plan.exit);
    else branch.start(nextHop);
  }

  /** Provisionals, and every 2xx at once, whatever was sent before (RFC 3261 §16.7 step 5). */
  #forward(response: SipResponse): void {
    const text = upstreamText(response);
    if (response.status >= 300) return;
    if (response.status < 200) {
      if (!this.#done && !this.#cancelled) this.#transaction.respond(response.status, text);
    } else if (this.#transaction.answered) this.#transaction.flow.send(text);
    else this.#transaction.respond(response.status, text);
  }

  #onFinal(response: SipResponse, text: string, flow: Flow | undefined, from: ProxyBranch): void {
    // What a branch says that we ourselves took back is no news: the last that is told decided the request.
    if (!this.#done && (!this.#closed || this.#cancelled)) this.#events.onFinal(response, text, flow);
    if (response.status < 300) {
      this.#succeeded = true;
      this.#takeBack(from);
      this.#finish();
      return;
    }
    this.#failures.push(response);
    if (response.status >= 600) this.#takeBack(from);
    else if (response.status < 400 && this.#plan.followRedirects && !this.#closed) this.#redirect(response);
    if (
      this.#waiting.length > 0 &&
      (this.#plan.simultaneous || this.#branches.every((branch) => branch.over))
    ) {
      this.#next();
    } else if (this.#branches.every((branch) => branch.over)) this.#finish();
  }

  /** RFC 3261 §16.5: the contacts of a redirection are targets too, the preferred first, each of them once. */
  #redirect(response: SipResponse): void {
    const contacts = headerValues(response, 'contact').flatMap(splitAddresses);
    const fresh = contacts
      .sort((a, b) => preference(b) - preference(a))
      .map(uriOfAddress)
      .filter((uri) => uri !== '' && !this.#tried.has(uri) && !this.#waiting.includes(uri));
    const taken = fresh.slice(0, Math.max(0, MAX_TARGETS - this.#branches.length - this.#waiting.length));
    this.#waiting.unshift(...taken);
    if (taken.length > 0) this.#failures.splice(this.#failures.indexOf(response), 1);
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    if (!this.#succeeded) this.#sendBest();
    this.#events.onDone();
  }

  #sendBest(): void {
    const transaction = this.#transaction;
    if (transaction.answered) return;
    const best = bestResponse(this.#failures);
    if (this.#cancelled && best?.status !== 487) {
      refuse(transaction, 487);
    } else if (best?.status === 408 && !transaction.isInvite) {
      // A 408 comes too late to be of use, and does harm (RFC 4320 §4.2).
      transaction.destroy();
    } else if (best) transaction.respond(best.status, upstreamText(best));
  }
}

/** The q-value of a Contact (RFC 3261 §20.10). */
function preference(contact: string): number {
  const q = Number(addressParam(contact, 'q') ?? '1');
  return Number.isNaN(q) ? 0 : q;
}

/** A response as it goes on to the caller: without our Via (RFC 3261 §16.7 step 3). */
function upstreamText(response: SipResponse): string {
  const at = response.headers.findIndex((field) => field.key === 'via');
  const top = response.headers[at];
  const headers = [...response.headers];
  if (top) {
    const { rest } = splitTopVia(top.value);
    if (rest === '') headers.splice(at, 1);
    else headers[at] = { ...top, value: rest.replace(/^\s*,\s*/, '') };
  }
  return writeMessage({ ...response, headers });
}
