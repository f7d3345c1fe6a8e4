import type { ControlConnection } from '../control';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, headerValues, maxForwards, parseMessage, parseUri, writeMessage } from '../message';
import { isWebSocket } from '../options';
import type { ServerTransaction } from '../transaction';
import type { Flow, Hop } from '../transport';
import { ConnectionMoves } from './connection-moves';
import type { Context } from './context';
import { newBranch } from './identifiers';
import { viaOf } from './own-address';
import { refuse } from './response-text';
import type { NextHops } from './next-hop';
import type { WithoutOurRoutes } from './proxied-request';
import { addApplicationHeaders, forwardedRequest, withoutOurRoutes } from './proxied-request';
import type { ProxyPlan } from './proxied-call';
import { ProxiedCall } from './proxied-call';
import { RecordRoutes } from './record-route';

const MAX_DESTINATIONS = 16;
const TOO_MANY_HOPS = 'NOK|Rejected with 483 Too Many Hops due to Max-Forwards value of 0';
const BAD_EXTENSION = 'NOK|Rejected with 420 Bad Extension due to Proxy-Require';
const NO_INFORMATION = 'NO|Invalid proxy request: not enough information provided';

/** What the application's `proxy` frame asks for. */
export interface ProxyRequest {
  readonly plan: ProxyPlan;
  readonly fullResponse: boolean;
}

/** Passes requests on: those that an application hands over, and later ones of the same dialogs. */
export class Proxy {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #routes: RecordRoutes;
  readonly #moves = new ConnectionMoves();
  /** Requests in hand, by the id of their server transaction. */
  readonly #calls = new Map<string, ProxiedCall>();

  constructor(context: Context, hops: NextHops, secret: string) {
    this.#context = context;
    this.#hops = hops;
    this.#routes = new RecordRoutes(secret);
  }

  /**
   * A `proxy` frame (drachtio's `req.proxy`). The transaction is taken from the application only when
   * the frame is good.
   * @param takeOver - gives the server transaction of that name, and forgets that an application had it
   */
  request(
    messageId: string,
    tokens: readonly string[],
    text: string,
    connection: ControlConnection,
    takeOver: (transactionId: string) => ServerTransaction | undefined,
  ): void {
    const [transactionId = ''] = tokens;
    const asked = readProxyRequest(tokens);
    if (!asked) return connection.respond(messageId, NO_INFORMATION);
    const wrong = asked.plan.targets.find((target) => parseUri(target ?? '') === undefined);
    if (wrong !== undefined) return connection.respond(messageId, `NOK|error proxying request to ${wrong}`);
    const transaction = takeOver(transactionId);
    if (!transaction) return connection.respond(messageId, `NOK|Unknown transaction id: ${transactionId}`);
    if (maxForwards(transaction.request) === 0) {
      refuse(transaction, 483);
      return connection.respond(messageId, TOO_MANY_HOPS);
    }
    const unsupported = proxyRequire(transaction.request);
    if (unsupported !== '') {
      refuse(transaction, 420, `Unsupported: ${unsupported}\r\n`);
      return connection.respond(messageId, BAD_EXTENSION);
    }
    const { request } = this.#withoutOurRoutes(transaction.request);
    const given = parseMessage(text, true);
    if (given.ok && given.message.kind === 'request') addApplicationHeaders(request, given.message);
    this.#run(transaction, request, asked.plan, {
      onFinal: (_response, raw, flow) => {
        if (asked.fullResponse) connection.proxied(messageId, raw, flow);
      },
      onDone: () => connection.respond(messageId, 'OK|done'),
    });
  }

  /** A request with a tag in To that names no dialog of ours: true when it is one that we pass on. */
  forward(transaction: ServerTransaction): boolean {
    const received = this.#withoutOurRoutes(transaction.request);
    if (!received.ours) return false;
    const { request } = received;
    const exit = this.#exit(received, transaction.flow);
    if (maxForwards(request) === 0) {
      refuse(transaction, 483);
      return true;
    }
    this.#run(
      transaction,
      request,
      {
        targets: [undefined],
        simultaneous: false,
        followRedirects: false,
        remainInDialog: request.method === 'INVITE',
        provisionalMs: undefined,
        finalMs: undefined,
        exit,
      },
      { onFinal: () => undefined, onDone: () => undefined },
    );
    return true;
  }

  /** The ACK of a 2xx that we passed on: no transaction, no answer (RFC 3261 §16.11). */
  forwardAck(ack: SipRequest, by: Flow): void {
    const received = this.#withoutOurRoutes(ack);
    if (!received.ours || maxForwards(ack) === 0) return;
    const { request, nextHop } = forwardedRequest(received.request, undefined);
    const { stack } = this.#context;
    const send = (hop: Hop | undefined): void => {
      if (!hop || stack.isOurs(hop)) return;
      const flow = stack.flowTo(hop);
      if (!flow) return;
      const via = { name: 'Via', key: 'via', value: viaOf(flow, newBranch()) };
      flow.send(writeMessage({ ...request, headers: [via, ...request.headers] }));
    };
    const literal = this.#exit(received, by) ?? this.#hops.literal(nextHop);
    if (literal) send(literal);
    else void this.#hops.resolve(nextHop).then(([hop]) => send(hop));
  }

  /** The caller gave up; true when the INVITE is one that we pass on. */
  cancel(invite: ServerTransaction): boolean {
    const call = this.#calls.get(invite.id);
    call?.cancel();
    return call !== undefined;
  }

  /** The server is going down: callers get their answer, and targets a CANCEL. */
  refuseAll(): void {
    for (const call of [...this.#calls.values()]) call.refuse(503);
  }

  /** Forgets everything, without a word to anybody. */
  close(): void {
    for (const call of this.#calls.values()) call.close();
    this.#calls.clear();
  }

  /**
   * The connection that a request of a dialog leaves by, where its route names one. One of TCP or TLS
   * that is gone leaves what the request itself says: some of those peers can be called back.
   */
  #exit({ request, entry, exit }: WithoutOurRoutes, by: Flow): Hop | undefined {
    const callId = headerValue(request, 'call-id') ?? '';
    if (entry !== undefined) this.#moves.seen(callId, this.#routes.connectionOf(entry), by);
    const named = exit === undefined ? undefined : this.#routes.connectionOf(exit);
    if (!named) return undefined;
    const hop = this.#moves.now(callId, named);
    if (isWebSocket(hop.protocol)) return hop;
    return this.#context.stack.flowTo(hop)?.established === true ? hop : undefined;
  }

  #withoutOurRoutes(request: SipRequest): WithoutOurRoutes {
    return withoutOurRoutes(request, this.#routes, (uri) => {
      const hop = this.#hops.literal(uri);
      return hop !== undefined && this.#context.stack.isOurs(hop);
    });
  }

  #run(
    transaction: ServerTransaction,
    request: SipRequest,
    plan: ProxyPlan,
    events: { onFinal(response: SipResponse, text: string, flow: Flow | undefined): void; onDone(): void },
  ): void {
    const call = new ProxiedCall(this.#context, this.#hops, this.#routes, transaction, request, plan, {
      onFinal: events.onFinal,
      onDone: () => {
        this.#calls.delete(transaction.id);
        events.onDone();
      },
    });
    this.#calls.set(transaction.id, call);
    call.start();
  }
}

/** Option tags that a proxy must know (RFC 3261 §16.3 item 5): we know none. */
function proxyRequire(request: SipRequest): string {
  return headerValues(request, 'proxy-require').join(', ');
}

/** `TXN|remainInDialog|fullResponse|followRedirects|simultaneous or serial|PROVTIMEOUT|FINALTIMEOUT|DEST…`. */
export function readProxyRequest(tokens: readonly string[]): ProxyRequest | undefined {
  const [transactionId = '', remain, full, redirects, forking, provisional = '', final = '', ...rest] =
    tokens;
  const targets = rest.filter((target) => target !== '');
  if (transactionId === '' || targets.length === 0 || targets.length > MAX_DESTINATIONS) return undefined;
  return {
    fullResponse: full === 'fullResponse',
    plan: {
      targets,
      simultaneous: forking === 'simultaneous',
      followRedirects: redirects === 'followRedirects',
      remainInDialog: remain === 'remainInDialog',
      provisionalMs: milliseconds(provisional),
      finalMs: milliseconds(final),
    },
  };
}

/** `1500ms` or `2s`; undefined for anything else. */
function milliseconds(text: string): number | undefined {
  const match = /^(\d{1,7})(ms|s)$/.exec(text.trim());
  if (!match) return undefined;
  return Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}
