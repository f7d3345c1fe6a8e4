import type { ControlConnection } from '../control';
import { Dialog } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, headerValues, parseUri, tagOf } from '../message';
import { repeatAnswer } from './answer-repetition';
import { applicationHeaders, tail } from './application-text';
import type { AppDialog, Context } from './context';
import { contactOf } from './own-address';
import type { OwnRequests } from './own-requests';
import type { PendingRequest, PendingRequests } from './pending-requests';
import type { ReliableProvisionals } from './reliable-provisionals';
import { responseText } from './response-text';
import type { SessionTimers } from './session-timers';
import type { Subscriptions } from './subscriptions';

const UNKNOWN_TRANSACTION = 'NOK|Response not sent due to unknown transaction';

/** The applications' responses to the wire, and the dialogs that they make (RFC 3261 §8.2.6, §12.1.1). */
export class ApplicationResponses {
  readonly #context: Context;
  readonly #pending: PendingRequests;
  readonly #reliable: ReliableProvisionals;
  readonly #sessions: SessionTimers;
  readonly #subscriptions: Subscriptions;
  readonly #own: OwnRequests;

  constructor(
    context: Context,
    pending: PendingRequests,
    reliable: ReliableProvisionals,
    sessions: SessionTimers,
    subscriptions: Subscriptions,
    own: OwnRequests,
  ) {
    this.#context = context;
    this.#pending = pending;
    this.#reliable = reliable;
    this.#sessions = sessions;
    this.#subscriptions = subscriptions;
    this.#own = own;
  }

  /** An application's response to the request that it knows by this transaction. */
  fromApplication(
    messageId: string,
    transactionId: string,
    response: SipResponse,
    connection: ControlConnection,
  ): void {
    const pending = this.#pending.get(transactionId);
    if (!pending || pending.cancelled || pending.transaction.answered) {
      connection.respond(messageId, UNKNOWN_TRANSACTION);
      return;
    }
    const { transaction } = pending;
    // Only a call may ring on; anything else must have its final response in time.
    if (transaction.isInvite || response.status >= 200) {
      pending.answerTimer?.cancel();
      pending.answerTimer = undefined;
    }
    const wantedTag = tagOf(headerValue(response, 'to') ?? '');
    if (wantedTag !== '' && pending.created === undefined && pending.dialog === undefined)
      transaction.localTag = wantedTag;
    const reliable = response.status > 100 && response.status < 200 && asksFor100rel(response);
    if (reliable && !this.#reliable.supportedBy(transaction.request)) {
      connection.respond(messageId, 'NOK|Remote endpoint does not support 100rel');
      return;
    }
    const dialog = this.#dialogFor(pending, response.status);
    const extra = reliable ? this.#reliable.headers(transaction) : '';
    const text = this.#text(pending, response, reliable, extra);
    if (reliable) {
      this.#reliable.send(transaction, response.status, text, () => this.#pending.giveUp(pending, 504));
    } else {
      if (response.status >= 200) this.#reliable.stop(transaction);
      transaction.respond(response.status, text);
    }
    const shownDialog = transaction.request.method === 'BYE' ? '' : (dialog?.id ?? '');
    connection.echo(messageId, transaction.flow, transactionId, shownDialog, text);
    if (response.status >= 200) this.#settled(pending, response, text, dialog);
  }

  /** The dialog a response belongs to; an INVITE's makes one (RFC 3261 §12.1). */
  #dialogFor(pending: PendingRequest, status: number): AppDialog | undefined {
    if (pending.dialog) return pending.dialog;
    const { transaction } = pending;
    const { request, flow } = transaction;
    const makesDialog =
      (request.method === 'INVITE' && status > 100) || (request.method === 'SUBSCRIBE' && status >= 200);
    if (makesDialog && status < 300 && !pending.created) {
      const contact = contactOf(flow, calledUser(request));
      const dialog: AppDialog = Dialog.asServer(request, transaction.localTag, contact, flow);
      dialog.owner = pending.connection;
      pending.created = dialog;
      this.#context.dialogs.add(dialog);
    }
    return pending.created;
  }

  #text(pending: PendingRequest, response: SipResponse, reliable: boolean, extra: string): string {
    const { transaction } = pending;
    const { request } = transaction;
    const inviteLike =
      request.method === 'INVITE' || request.method === 'SUBSCRIBE' || request.method === 'UPDATE';
    const needsContact = reliable || (inviteLike && response.status >= 200 && response.status < 300);
    const given = headerValues(response, 'contact').join(', ');
    // drachtio-srf writes `localhost` where it means us; a registrar tells of phones, wherever they say they are.
    const meansUs = given.includes('localhost') && request.method !== 'REGISTER';
    const own = (pending.dialog ?? pending.created)?.localContact ?? contactOf(transaction.flow);
    const session = needsContact && !reliable ? this.#sessions.answer(request, response) : '';
    return responseText(request, {
      status: response.status,
      reason: response.reason,
      toTag: transaction.localTag,
      contact: given !== '' && !meansUs ? given : needsContact ? own : undefined,
      extra: applicationHeaders(response, transaction.flow) + session + extra,
      tail: tail(response),
    });
  }

  /** A final response went out. */
  #settled(
    pending: PendingRequest,
    response: SipResponse,
    text: string,
    dialog: AppDialog | undefined,
  ): void {
    const { transaction } = pending;
    const success = response.status < 300;
    this.#pending.forget(transaction.id);
    if (!dialog) return;
    const { request } = transaction;
    if (request.method === 'SUBSCRIBE' && success) this.#subscribed(pending, response, dialog);
    else if (this.#subscriptions.ends(dialog, request)) this.#context.dialogs.remove(dialog);
    if (!transaction.isInvite) return;
    if (success) {
      dialog.state = 'confirmed';
      dialog.localSdp = response.body;
      repeatAnswer(this.#context, dialog, transaction, text, () => this.#unacknowledged(pending, dialog));
      this.#sessions.start(dialog, transaction.request, text);
    } else if (pending.created) this.#context.dialogs.remove(dialog);
  }

  /**
   * No ACK came. A BYE would not reach who lost its connection in the middle of a call, and it may come
   * back on another one; whether it is there is for the application to judge, as at any other time.
   */
  #unacknowledged({ created, transaction: { flow } }: PendingRequest, dialog: AppDialog): void {
    if (created || flow.inbound !== true || flow.gone !== true) this.#own.hangUp(dialog, 'ACK timeout');
  }

  /** Made by this SUBSCRIBE, or renewed by it; a call that a SUBSCRIBE came in is no less a call. */
  #subscribed(pending: PendingRequest, response: SipResponse, dialog: AppDialog): void {
    if (pending.created || dialog.subscription !== undefined)
      this.#subscriptions.renewed(dialog, pending.transaction.request, response);
  }
}

/** User part for our Contact: the number that was dialled. */
function calledUser(request: SipRequest): string {
  return parseUri(request.uri)?.user?.split(';', 1)[0] ?? '';
}

function asksFor100rel(response: SipResponse): boolean {
  return /\b100rel\b/i.test(headerValue(response, 'require') ?? '');
}
