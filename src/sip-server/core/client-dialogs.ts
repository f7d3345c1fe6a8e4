import { Dialog, dialogId, sequenceOf } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, tagOf } from '../message';
import type { Flow } from '../transport';
import type { Acknowledgements } from './acknowledgements';
import type { AppDialog, Context } from './context';
import { contactOf } from './own-address';
import type { OwnRequests } from './own-requests';
import type { SentRequest } from './sent-request';
import type { Subscriptions } from './subscriptions';

/** Dialogs that the responses to our INVITEs and SUBSCRIBEs make (RFC 3261 §12.1.2, RFC 6665 §4.4.1). */
export class ClientDialogs {
  readonly #context: Context;
  readonly #subscriptions: Subscriptions;
  readonly #acknowledgements: Acknowledgements;
  readonly #own: OwnRequests;
  /** SUBSCRIBEs that wait for their answer, by the name of the dialog that they make. */
  readonly #subscribing = new Map<string, SentRequest>();

  constructor(
    context: Context,
    subscriptions: Subscriptions,
    acknowledgements: Acknowledgements,
    own: OwnRequests,
  ) {
    this.#context = context;
    this.#subscriptions = subscriptions;
    this.#acknowledgements = acknowledgements;
    this.#own = own;
  }

  /** The request goes out: a SUBSCRIBE may get its NOTIFY before its answer. */
  expect(sent: SentRequest): void {
    if (sent.request.method === 'SUBSCRIBE') this.#subscribing.set(sent.dialog, sent);
  }

  /** Its transaction is over. */
  forget(sent: SentRequest): void {
    if (this.#subscribing.get(sent.dialog) === sent) this.#subscribing.delete(sent.dialog);
  }

  /** The dialog of a NOTIFY that came before the answer to its SUBSCRIBE. */
  notified(notify: SipRequest, flow: Flow): AppDialog | undefined {
    const name = dialogId(headerValue(notify, 'call-id') ?? '', tagOf(headerValue(notify, 'to') ?? ''));
    const sent = this.#subscribing.get(name);
    if (!sent?.connection || this.#context.dialogs.get(name)) return undefined;
    const contact = headerValue(sent.request, 'contact') ?? contactOf(flow);
    const dialog = this.#subscriptions.fromNotify(sent.request, notify, contact, flow);
    dialog.owner = sent.connection;
    this.#context.dialogs.add(dialog);
    return dialog;
  }

  /** A 1xx to an INVITE, with a tag that the application may act on (PRACK, UPDATE). */
  ringing(sent: SentRequest, response: SipResponse, flow: Flow): void {
    if (tagOf(headerValue(response, 'to') ?? '') === '' || this.#context.dialogs.get(sent.dialog)) return;
    if (headerValue(response, 'rseq') === undefined && headerValue(response, 'contact') === undefined) return;
    this.#make(sent, response, flow);
  }

  /**
   * A 2xx to an INVITE. False when the application need not hear of it: a repetition, which is
   * acknowledged again, or another fork's answer, which is acknowledged and ended (RFC 3261 §13.2.2.4).
   */
  answered(sent: SentRequest, response: SipResponse, flow: Flow): boolean {
    const toTag = tagOf(headerValue(response, 'to') ?? '');
    let dialog = this.#context.dialogs.get(sent.dialog);
    if (sent.over) {
      if (dialog?.remoteTag === toTag) this.#acknowledgements.repeat(dialog);
      else if (dialog) this.#endFork(sent, response, flow);
      return false;
    }
    if (dialog && (dialog.role !== 'uac' || dialog.remoteTag !== toTag)) {
      this.#context.dialogs.remove(dialog);
      dialog = undefined;
    }
    dialog ??= this.#make(sent, response, flow);
    dialog.confirm(response, flow);
    dialog.localSdp = sent.request.body;
    dialog.unacknowledged = sequenceOf(sent.request);
    dialog.endAfterAck = sent.cancelled !== undefined;
    if (!sent.connection?.open) {
      this.#acknowledgements.send(dialog, dialog.unacknowledged);
      this.#own.abandon(dialog);
    }
    return true;
  }

  /** A 2xx to a SUBSCRIBE. A NOTIFY may have made the dialog already. */
  subscribed(sent: SentRequest, response: SipResponse, flow: Flow): void {
    this.#subscribing.delete(sent.dialog);
    const dialog = this.#context.dialogs.get(sent.dialog) ?? this.#make(sent, response, flow);
    this.#subscriptions.renewed(dialog, sent.request, response);
  }

  #make(sent: SentRequest, response: SipResponse, flow: Flow): AppDialog {
    const contact = headerValue(sent.request, 'contact') ?? contactOf(flow);
    const dialog: AppDialog = Dialog.asClient(sent.request, response, contact, flow);
    dialog.owner = sent.connection;
    this.#context.dialogs.add(dialog);
    return dialog;
  }

  #endFork(sent: SentRequest, response: SipResponse, flow: Flow): void {
    const fork: AppDialog = Dialog.asClient(sent.request, response, contactOf(flow), flow);
    fork.confirm(response, flow);
    this.#acknowledgements.send(fork, sequenceOf(sent.request));
    this.#own.bye(fork);
  }
}
