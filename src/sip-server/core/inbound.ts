import type { ControlConnection } from '../control';
import { Dialog, sequenceOf, sessionExpires } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, parseUri, tagOf } from '../message';
import type { ServerTransaction } from '../transaction';
import { Retransmission } from '../transaction';
import type { Flow } from '../transport';
import { isReliable } from '../transport';
import type { AppDialog, Context } from './context';
import { newId } from './identifiers';
import { applicationHeaders, contactOf, plainResponse, REASONS, responseText, tail } from './message-text';
import type { Outbound } from './outbound';
import type { Proxy } from './proxy';
import { ReliableProvisionals } from './reliable-provisionals';
import { SessionTimers } from './session-timers';
import type { StackUser } from './stack';
import { maxForwards } from './stack';
import type { Subscriptions } from './subscriptions';

/** What the server remembers of a request that an application is to answer. */
interface Pending {
  readonly transaction: ServerTransaction;
  readonly connection: ControlConnection;
  readonly dialog: AppDialog | undefined;
  /** The dialog that this INVITE made. */
  created: AppDialog | undefined;
  cancelled: boolean;
  answerTimer: { cancel(): void } | undefined;
}

const ROUTABLE = new Set([
  'INVITE',
  'REGISTER',
  'MESSAGE',
  'OPTIONS',
  'INFO',
  'NOTIFY',
  'SUBSCRIBE',
  'PUBLISH',
  'REFER',
]);
const MIN_SESSION_SECONDS = 90;
const UNKNOWN_TRANSACTION = 'NOK|Response not sent due to unknown transaction';

/** Requests from the wire to the applications, and the applications' responses to the wire. */
export class Inbound implements StackUser {
  readonly #context: Context;
  readonly #outbound: Outbound;
  readonly #proxy: Proxy;
  readonly #subscriptions: Subscriptions;
  readonly #pending = new Map<string, Pending>();
  readonly #reliable: ReliableProvisionals;
  readonly #sessions: SessionTimers;
  #leaving = false;

  constructor(context: Context, outbound: Outbound, proxy: Proxy, subscriptions: Subscriptions) {
    this.#context = context;
    this.#outbound = outbound;
    this.#proxy = proxy;
    this.#subscriptions = subscriptions;
    this.#reliable = new ReliableProvisionals(context);
    this.#sessions = new SessionTimers(context, outbound);
  }

  onRequest(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    if (request.method === 'CANCEL') this.#cancel(transaction, text);
    else if (tagOf(headerValue(request, 'to') ?? '') !== '') this.#inDialog(transaction, text);
    else this.#outOfDialog(transaction, text);
  }

  onAck(request: SipRequest, text: string, flow: Flow): void {
    const dialog = this.#dialogOf(request);
    if (!dialog) this.#proxy.forwardAck(request);
    if (!dialog || dialog.pendingAnswer?.sequence !== sequenceOf(request)) return;
    const pending = dialog.acknowledged();
    dialog.flow = flow;
    // The ACK of a 2xx is shown without a protocol: that is how an application tells it from a request.
    dialog.owner?.sip(
      'network',
      text,
      { ...peerOf(flow), protocol: '' as 'udp' },
      pending?.transactionId ?? newId(),
      dialog.id,
    );
  }

  onServerTransactionEnd(transaction: ServerTransaction): void {
    this.#forget(transaction.id);
  }

  /** An application's response. */
  respond(
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
    const text = this.#responseText(pending, response, reliable, extra);
    if (reliable) this.#reliable.send(transaction, response.status, text, () => this.#giveUp(pending, 504));
    else {
      if (response.status >= 200) this.#reliable.stop(transaction);
      transaction.respond(response.status, text);
    }
    const shownDialog = transaction.request.method === 'BYE' ? '' : (dialog?.id ?? '');
    connection.echo(messageId, transaction.flow, transactionId, shownDialog, text);
    if (response.status >= 200) this.#settled(pending, response, text, dialog);
  }

  /** The request is to be passed on: from now on no application answers it. Undefined: too late for that. */
  takeOver(transactionId: string): ServerTransaction | undefined {
    const pending = this.#pending.get(transactionId);
    if (!pending || pending.created || pending.dialog || pending.transaction.answered) return undefined;
    this.#forget(transactionId);
    return pending.transaction;
  }

  /** The application is gone: what it left unanswered gets an answer. */
  applicationGone(connection: ControlConnection): void {
    for (const pending of [...this.#pending.values()]) {
      if (pending.connection === connection) this.#giveUp(pending, 503);
    }
  }

  /** Answers everything that waits, and whatever comes from now on; the server is going down. */
  refuseAll(): void {
    this.#leaving = true;
    for (const pending of [...this.#pending.values()]) this.#giveUp(pending, 503);
  }

  /** Forgets everything, without a word to anybody. */
  close(): void {
    for (const pending of [...this.#pending.values()]) {
      this.#reliable.stop(pending.transaction);
      this.#forget(pending.transaction.id);
    }
  }

  #outOfDialog(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    if (maxForwards(request) === 0 && request.method !== 'OPTIONS') return this.#refuse(transaction, 483);
    if (!ROUTABLE.has(request.method)) {
      const known = request.method === 'BYE' || request.method === 'UPDATE' || request.method === 'PRACK';
      return this.#refuse(transaction, known ? 481 : 501);
    }
    if (parseUri(request.uri) === undefined) return this.#refuse(transaction, 416);
    if (request.method === 'INVITE') {
      const session = sessionExpires(request);
      if (session && session.seconds < MIN_SESSION_SECONDS)
        return this.#refuse(transaction, 422, `Min-SE: ${MIN_SESSION_SECONDS}\r\n`);
      transaction.respond(100, plainResponse(request, 100, 'Trying', ''));
    }
    const taker = this.#leaving ? undefined : this.#context.control().takerOf(request.method);
    if (!taker) return this.#refuse(transaction, 503, 'Retry-After: 5\r\n');
    const { flow } = transaction;
    this.#await(transaction, taker, undefined);
    taker.sip('network', text, flow, transaction.id, '', `${flow.localAddress}|${flow.localPort}|`);
  }

  #inDialog(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    const dialog =
      this.#dialogOf(request) ??
      (request.method === 'NOTIFY' ? this.#outbound.notified(request, transaction.flow) : undefined);
    if (!dialog) return this.#passOn(transaction);
    const sequence = sequenceOf(request);
    if (sequence <= dialog.remoteSequence) return this.#refuse(transaction, 500);
    dialog.remoteSequence = sequence;
    if (request.method === 'PRACK') {
      if (!this.#reliable.acknowledge(dialog, request)) return this.#refuse(transaction, 481);
    }
    if (request.method === 'INVITE') {
      if (dialog.inviteFromPeer || dialog.pendingAnswer)
        return this.#refuse(transaction, 500, 'Retry-After: 3\r\n');
      if (dialog.inviteFromUs) return this.#refuse(transaction, 491);
      dialog.inviteFromPeer = transaction;
      transaction.respond(100, plainResponse(request, 100, 'Trying', ''));
    }
    if (request.method === 'INVITE' || request.method === 'UPDATE') {
      dialog.refreshTarget(request, transaction.flow);
      this.#sessions.refreshed(dialog, request);
    }
    const { owner } = dialog;
    if (request.method === 'BYE') this.#peerEnds(dialog);
    if (!owner?.open) {
      this.#context.dialogs.remove(dialog);
      return this.#refuse(transaction, 481);
    }
    this.#await(transaction, owner, dialog);
    owner.sip('network', text, transaction.flow, transaction.id, dialog.id);
  }

  /** A request of a dialog that is not ours, but may have us in its route set. */
  #passOn(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (!this.#proxy.forward(transaction)) return this.#refuse(transaction, 481);
    if (transaction.isInvite && !transaction.answered) {
      transaction.respond(100, plainResponse(request, 100, 'Trying', ''));
    }
  }

  /** A BYE ends the dialog on arrival; an INVITE that still waits in it ends with 487 (RFC 3261 §15.1.2). */
  #peerEnds(dialog: AppDialog): void {
    const open = dialog.inviteFromPeer;
    this.#context.dialogs.remove(dialog);
    for (const pending of this.#pending.values()) {
      if (pending.transaction === open || (pending.created === dialog && !pending.transaction.answered)) {
        this.#giveUp(pending, 487);
      }
    }
  }

  /** RFC 3261 §9.2. The application is told; what it answers then comes too late. */
  #cancel(transaction: ServerTransaction, text: string): void {
    const invite = this.#context.stack.inviteOf(transaction);
    if (!invite) return this.#refuse(transaction, 481);
    transaction.localTag = invite.localTag;
    transaction.respond(200, plainResponse(transaction.request, 200, 'OK', invite.localTag));
    if (this.#proxy.cancel(invite)) return;
    const pending = this.#pending.get(invite.id);
    if (!pending || invite.answered) return;
    pending.cancelled = true;
    const dialog = pending.created ?? pending.dialog;
    this.#reliable.stop(invite);
    this.#answer(invite, 487);
    if (pending.created) this.#context.dialogs.remove(pending.created);
    this.#forget(invite.id);
    pending.connection.sip('network', text, transaction.flow, invite.id, dialog?.id ?? '');
  }

  #await(transaction: ServerTransaction, connection: ControlConnection, dialog: AppDialog | undefined): void {
    const pending: Pending = {
      transaction,
      connection,
      dialog,
      created: undefined,
      cancelled: false,
      answerTimer: undefined,
    };
    // A slow or silent application must not leave a caller hanging.
    pending.answerTimer = this.#context.scheduler.after(this.#context.limits.applicationTimeoutMs, () =>
      this.#giveUp(pending, transaction.isInvite ? 480 : 500),
    );
    this.#pending.set(transaction.id, pending);
  }

  /** Answers in the application's stead. */
  #giveUp(pending: Pending, status: number): void {
    if (!pending.transaction.answered) {
      this.#reliable.stop(pending.transaction);
      this.#answer(pending.transaction, status);
    }
    if (pending.created && pending.created.state === 'early') this.#context.dialogs.remove(pending.created);
    this.#forget(pending.transaction.id);
  }

  #forget(transactionId: string): void {
    const pending = this.#pending.get(transactionId);
    if (!pending) return;
    pending.answerTimer?.cancel();
    if (pending.dialog?.inviteFromPeer === pending.transaction) pending.dialog.inviteFromPeer = undefined;
    this.#pending.delete(transactionId);
  }

  #refuse(transaction: ServerTransaction, status: number, extra = ''): void {
    this.#answer(transaction, status, extra);
  }

  #answer(transaction: ServerTransaction, status: number, extra = ''): void {
    transaction.respond(
      status,
      plainResponse(transaction.request, status, REASONS[status] ?? 'Error', transaction.localTag, extra),
    );
  }

  #dialogOf(request: SipRequest): AppDialog | undefined {
    return this.#context.dialogs.ofRequest(
      headerValue(request, 'call-id') ?? '',
      tagOf(headerValue(request, 'from') ?? ''),
      tagOf(headerValue(request, 'to') ?? ''),
    );
  }

  /** The dialog a response belongs to; an INVITE's makes one (RFC 3261 §12.1). */
  #dialogFor(pending: Pending, status: number): AppDialog | undefined {
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

  #responseText(pending: Pending, response: SipResponse, reliable: boolean, extra: string): string {
    const { transaction } = pending;
    const { request } = transaction;
    const inviteLike =
      request.method === 'INVITE' || request.method === 'SUBSCRIBE' || request.method === 'UPDATE';
    const needsContact = reliable || (inviteLike && response.status >= 200 && response.status < 300);
    const given = headerValue(response, 'contact');
    const own = (pending.dialog ?? pending.created)?.localContact ?? contactOf(transaction.flow);
    const session = needsContact && !reliable ? this.#sessions.answer(request, response) : '';
    return responseText(request, {
      status: response.status,
      reason: response.reason,
      toTag: transaction.localTag,
      contact: given !== undefined && !given.includes('localhost') ? given : needsContact ? own : undefined,
      extra: applicationHeaders(response, transaction.flow) + session + extra,
      tail: tail(response),
    });
  }

  /** A final response went out. */
  #settled(pending: Pending, response: SipResponse, text: string, dialog: AppDialog | undefined): void {
    const { transaction } = pending;
    const success = response.status < 300;
    this.#forget(transaction.id);
    if (!dialog) return;
    const { request } = transaction;
    if (request.method === 'SUBSCRIBE' && success) this.#subscribed(pending, response, dialog);
    else if (this.#subscriptions.ends(dialog, request)) this.#context.dialogs.remove(dialog);
    if (!transaction.isInvite) return;
    if (success) {
      dialog.state = 'confirmed';
      dialog.localSdp = response.body;
      this.#repeatAnswer(dialog, transaction, text);
      this.#sessions.start(dialog, transaction.request, text);
    } else if (pending.created) this.#context.dialogs.remove(dialog);
  }

  /** Made by this SUBSCRIBE, or renewed by it; a call that a SUBSCRIBE came in is no less a call. */
  #subscribed(pending: Pending, response: SipResponse, dialog: AppDialog): void {
    if (pending.created || dialog.subscription !== undefined)
      this.#subscriptions.renewed(dialog, pending.transaction.request, response);
  }

  /** The 2xx is repeated until its ACK comes; without one the call is ended (RFC 3261 §13.3.1.4). */
  #repeatAnswer(dialog: AppDialog, transaction: ServerTransaction, text: string): void {
    const { scheduler, timers, stack } = this.#context;
    const { flow } = transaction;
    dialog.pendingAnswer = {
      sequence: sequenceOf(transaction.request),
      transactionId: transaction.id,
      retransmission: isReliable(flow)
        ? undefined
        : new Retransmission(scheduler, timers.t1, timers.t2, () => {
            stack.retransmissions++;
            flow.send(text);
          }),
      deadline: scheduler.after(64 * timers.t1, () => {
        dialog.acknowledged();
        this.#outbound.endByServer(dialog, 'ACK timeout');
      }),
    };
  }
}

/** User part for our Contact: the number that was dialled. */
function calledUser(request: SipRequest): string {
  return parseUri(request.uri)?.user?.split(';', 1)[0] ?? '';
}

function asksFor100rel(response: SipResponse): boolean {
  return /\b100rel\b/i.test(headerValue(response, 'require') ?? '');
}

/** A flow's peer, without its socket. */
function peerOf(flow: Flow): Flow {
  const { protocol, address, port, localAddress, localPort } = flow;
  return { protocol, address, port, localAddress, localPort, send: () => false };
}
