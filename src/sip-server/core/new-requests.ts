import type { ControlConnection } from '../control';
import { dialogId } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { parseUri } from '../message';
import type { Flow, Hop } from '../transport';
import type { Cancellations } from './cancellations';
import type { ClientDialogs } from './client-dialogs';
import type { Context } from './context';
import { echoPeer, NOT_OVER_A_KNOWN_TRANSPORT } from './application-answers';
import { newBranch, newId } from './identifiers';
import { newRequest } from './new-request-text';
import type { NextHops } from './next-hop';
import { dropEarlyDialog, reportNoResponse } from './no-response';
import type { SentRequests } from './sent-request';
import { SentRequest } from './sent-request';

/** The applications' requests outside dialogs, hop after hop until one answers (RFC 3261 §8.1, RFC 3263 §4.3). */
export class NewRequests {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #sent: SentRequests;
  readonly #cancellations: Cancellations;
  readonly #dialogs: ClientDialogs;

  constructor(
    context: Context,
    hops: NextHops,
    sent: SentRequests,
    cancellations: Cancellations,
    dialogs: ClientDialogs,
  ) {
    this.#context = context;
    this.#hops = hops;
    this.#sent = sent;
    this.#cancellations = cancellations;
    this.#dialogs = dialogs;
  }

  /**
   * An application's request.
   * @param routeUrl - where to send it; '' for where its Request-URI leads
   */
  fromApplication(
    messageId: string,
    routeUrl: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    if (parseUri(request.uri) === undefined) {
      connection.respond(messageId, `NOK|invalid request-uri: ${request.uri}`);
      return;
    }
    const target = routeUrl === '' ? request.uri : /^sips?:/i.test(routeUrl) ? routeUrl : `sip:${routeUrl}`;
    const literal = this.#hops.literal(target);
    if (literal) this.#launch(messageId, [literal], request, connection);
    else {
      void this.#hops.resolve(target).then((hops) => {
        if (connection.open) this.#launch(messageId, hops, request, connection);
      });
    }
  }

  #launch(messageId: string, hops: readonly Hop[], request: SipRequest, connection: ControlConnection): void {
    const [first, ...further] = hops;
    if (first && this.#context.stack.isOurs(first)) {
      connection.respond(messageId, 'NOK|can not send request to myself');
      return;
    }
    const id = newId();
    const flow = first && this.#context.stack.flowTo(first);
    if (!flow) {
      connection.respond(messageId, NOT_OVER_A_KNOWN_TRANSPORT);
      return;
    }
    const { headers, rest, callId, fromTag } = newRequest(request, flow);
    const makesDialog = request.method === 'INVITE' || request.method === 'SUBSCRIBE';
    const dialog = makesDialog ? dialogId(callId, fromTag) : '';
    const sent = new SentRequest(id, connection, { ...request, headers }, dialog, further);
    this.#dialogs.expect(sent);
    const text = this.#start(sent, rest, flow);
    connection.echo(messageId, echoPeer(flow), id, undefined, text);
  }

  /** One hop's attempt: a transaction of its own. */
  #start(sent: SentRequest, rest: string, flow: Flow): string {
    const { method, uri } = sent.request;
    this.#sent.set(sent.id, sent);
    sent.transaction = this.#context.stack.request(
      sent.id,
      sent.request,
      flow,
      {
        onResponse: (response, text, from) => this.#onResponse(sent, rest, response, text, from.flow),
        onNoResponse: (why) => this.#onNoResponse(sent, rest, why),
        onTerminated: (transaction) => {
          if (sent.transaction !== transaction) return;
          this.#sent.delete(sent.id);
          this.#dialogs.forget(sent);
        },
      },
      (via) => `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\n${rest}`,
      newBranch(),
    );
    return sent.transaction.text;
  }

  /** RFC 3263 §4.3: the next hop is tried when one does not answer; else the application hears a failure. */
  #onNoResponse(sent: SentRequest, rest: string, why: 'timeout' | 'transport'): void {
    const { transaction } = sent;
    if (transaction) this.#hops.failed(transaction.flow);
    const [next, ...further] = sent.hops;
    if (next && sent.cancelled === undefined) {
      sent.hops = further;
      const flow = this.#context.stack.flowTo(next);
      if (flow) {
        this.#start(sent, rest, flow);
        return;
      }
    }
    reportNoResponse(this.#context, sent, why, transaction?.flow);
  }

  #onResponse(sent: SentRequest, rest: string, response: SipResponse, text: string, flow: Flow): void {
    const { status } = response;
    const { method } = sent.request;
    if (status < 200) {
      this.#cancellations.sendWaiting(sent);
      if (method === 'INVITE' && status > 100) this.#dialogs.ringing(sent, response, flow);
      sent.connection?.sip('network', text, flow, sent.id, sent.dialog);
      return;
    }
    if (status === 503 && sent.hops.length > 0 && sent.cancelled === undefined) {
      this.#onNoResponse(sent, rest, 'transport');
      return;
    }
    if (method === 'INVITE' && status < 300) {
      if (!this.#dialogs.answered(sent, response, flow)) return;
    } else if (method === 'SUBSCRIBE' && status < 300) this.#dialogs.subscribed(sent, response, flow);
    else if (!sent.over) dropEarlyDialog(this.#context, sent);
    sent.over = true;
    sent.connection?.sip('network', text, flow, sent.id, sent.dialog);
  }
}
