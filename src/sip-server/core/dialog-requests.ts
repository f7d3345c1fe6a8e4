import type { ControlConnection } from '../control';
import { sequenceOf } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import type { ClientTransaction } from '../transaction';
import type { Flow } from '../transport';
import type { Acknowledgements } from './acknowledgements';
import type { Cancellations } from './cancellations';
import type { AppDialog, Context } from './context';
import { dialogFlow, dialogRequest, dialogRequestText } from './dialog-request-parts';
import { echoPeer, NOT_OVER_A_KNOWN_TRANSPORT } from './application-answers';
import { newBranch, newId } from './identifiers';
import type { NextHops } from './next-hop';
import { reportNoResponse } from './no-response';
import type { SentRequests } from './sent-request';
import { SentRequest } from './sent-request';
import type { Subscriptions } from './subscriptions';

/** Requests in dialogs, all but ACK, and their responses (RFC 3261 §12.2.1). */
export class DialogRequests {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #sent: SentRequests;
  readonly #acknowledgements: Acknowledgements;
  readonly #cancellations: Cancellations;
  readonly #subscriptions: Subscriptions;
  readonly #onLost: (dialog: AppDialog) => void;

  /** @param onLost - hears of a call that the peer does not know any more */
  constructor(
    context: Context,
    hops: NextHops,
    sent: SentRequests,
    acknowledgements: Acknowledgements,
    cancellations: Cancellations,
    subscriptions: Subscriptions,
    onLost: (dialog: AppDialog) => void,
  ) {
    this.#context = context;
    this.#hops = hops;
    this.#sent = sent;
    this.#acknowledgements = acknowledgements;
    this.#cancellations = cancellations;
    this.#subscriptions = subscriptions;
    this.#onLost = onLost;
  }

  /** An application's request. */
  fromApplication(
    messageId: string,
    dialog: AppDialog,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    this.#send(dialog, request, messageId, connection);
  }

  /**
   * A request of the server's own; the transaction looks after itself.
   * @param onFinal - hears the status of the final response
   * @returns the request as sent; undefined when there is no way to the peer
   */
  fromServer(dialog: AppDialog, request: SipRequest, onFinal?: (status: number) => void): string | undefined {
    return this.#send(dialog, request, '', undefined, onFinal);
  }

  #send(
    dialog: AppDialog,
    request: SipRequest,
    messageId: string,
    connection: ControlConnection | undefined,
    onFinal?: (status: number) => void,
  ): string | undefined {
    const { method } = request;
    const { uri, routes, nextHop } = dialog.addressing();
    const id = newId();
    const flow = dialogFlow(this.#context, this.#hops, dialog, nextHop);
    if (!flow) {
      connection?.respond(messageId, NOT_OVER_A_KNOWN_TRANSPORT);
      return undefined;
    }
    if (method === 'INVITE') dialog.inviteFromUs = true;
    const sequence = ++dialog.localSequence;
    const rest = dialogRequestText(dialog, routes, sequence, request, flow);
    const made = dialogRequest(dialog, uri, routes, sequence, request);
    const sent = new SentRequest(id, connection, made, dialog.id);
    this.#sent.set(id, sent);
    const transaction = this.#context.stack.request(
      id,
      made,
      flow,
      {
        onResponse: (response, text, from) => {
          const final = response.status >= 200 && !sent.over;
          this.#onResponse(sent, dialog, response, text, from);
          if (final) onFinal?.(response.status);
        },
        onNoResponse: (why, from) => {
          dialog.inviteFromUs = false;
          this.#hops.failed(from.flow);
          reportNoResponse(this.#context, sent, why, from.flow);
        },
        onTerminated: () => this.#sent.delete(id),
      },
      (via) => `${method} ${uri} SIP/2.0\r\nVia: ${via}\r\n${rest}`,
      newBranch(),
    );
    sent.transaction = transaction;
    connection?.echo(messageId, echoPeer(flow), id, undefined, transaction.text);
    if (method === 'BYE' || this.#subscriptions.ends(dialog, request)) this.#context.dialogs.remove(dialog);
    return transaction.text;
  }

  #onResponse(
    sent: SentRequest,
    dialog: AppDialog,
    response: SipResponse,
    text: string,
    { flow }: ClientTransaction,
  ): void {
    if (sent.over) {
      if (sent.request.method === 'INVITE' && response.status < 300) this.#acknowledgements.repeat(dialog);
      return;
    }
    if (response.status >= 200) {
      sent.over = true;
      this.#onFinal(sent, dialog, response, flow);
    } else this.#cancellations.sendWaiting(sent);
    sent.connection?.sip('network', text, flow, sent.id, dialog.id);
  }

  #onFinal(sent: SentRequest, dialog: AppDialog, response: SipResponse, flow: Flow): void {
    const { method } = sent.request;
    if (method === 'INVITE') this.#reinviteEnded(sent, dialog, response, flow);
    // A NOTIFY in a call belongs to a REFER: without its subscription the call goes on (RFC 5057 §5.1).
    if (method === 'NOTIFY' && dialog.subscription === undefined) return;
    // The peer does not know the dialog any more (RFC 3261 §12.2.1.2).
    if ((response.status === 481 || response.status === 408) && method !== 'BYE') {
      if (dialog.subscription === undefined) this.#onLost(dialog);
      else this.#context.dialogs.remove(dialog);
    } else if (method === 'SUBSCRIBE' && response.status < 300 && dialog.state !== 'ended') {
      if (dialog.subscription !== undefined) this.#subscriptions.renewed(dialog, sent.request, response);
    }
  }

  #reinviteEnded(sent: SentRequest, dialog: AppDialog, response: SipResponse, flow: Flow): void {
    if (response.status >= 300) {
      dialog.inviteFromUs = false;
      return;
    }
    dialog.ackText = undefined;
    dialog.unacknowledged = sequenceOf(sent.request);
    dialog.refreshTarget(response, flow);
    if (sent.connection === undefined) {
      dialog.unacknowledged = undefined;
      dialog.inviteFromUs = false;
      this.#acknowledgements.send(dialog, sequenceOf(sent.request));
    }
    if (sent.request.body !== '') dialog.localSdp = sent.request.body;
  }
}
