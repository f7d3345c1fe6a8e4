import { sequenceOf, sessionExpires } from '../dialog';
import type { SipRequest } from '../message';
import { headerValue, maxForwards, parseUri, tagOf } from '../message';
import { isWebSocket } from '../options';
import type { ServerTransaction } from '../transaction';
import type { Flow } from '../transport';
import { ApplicationResponses } from './application-responses';
import { unsentCancel } from './cancel-request';
import type { AppDialog, Context } from './context';
import { newId } from './identifiers';
import type { Outbound } from './outbound';
import { PendingRequests } from './pending-requests';
import type { Proxy } from './proxy';
import { ReliableProvisionals } from './reliable-provisionals';
import { plainResponse, refuse } from './response-text';
import { MIN_SESSION_SECONDS, SessionTimers } from './session-timers';
import type { StackUser } from './stack';
import type { Subscriptions } from './subscriptions';

/** Methods that may come outside a dialog. */
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

/** Requests from the wire to the applications (RFC 3261 §8.2, §12.2.2). */
export class Inbound implements StackUser {
  readonly #context: Context;
  readonly #outbound: Outbound;
  readonly #proxy: Proxy;
  readonly #reliable: ReliableProvisionals;
  readonly #sessions: SessionTimers;
  /** What applications are to answer yet. */
  readonly pending: PendingRequests;
  /** What they answer. */
  readonly responses: ApplicationResponses;
  #leaving = false;

  constructor(context: Context, outbound: Outbound, proxy: Proxy, subscriptions: Subscriptions) {
    this.#context = context;
    this.#outbound = outbound;
    this.#proxy = proxy;
    this.#reliable = new ReliableProvisionals(context);
    this.#sessions = new SessionTimers(context, outbound.own);
    this.pending = new PendingRequests(context, this.#reliable);
    this.responses = new ApplicationResponses(
      context,
      this.pending,
      this.#reliable,
      this.#sessions,
      subscriptions,
      outbound.own,
    );
  }

  onRequest(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    if (request.method === 'CANCEL') this.#cancel(transaction, text);
    else if (tagOf(headerValue(request, 'to') ?? '') !== '') this.#inDialog(transaction, text);
    else this.#outOfDialog(transaction, text);
  }

  onAck(request: SipRequest, text: string, flow: Flow): void {
    const dialog = this.#dialogOf(request);
    if (!dialog) this.#proxy.forwardAck(request, flow);
    if (!dialog || dialog.pendingAnswer?.sequence !== sequenceOf(request)) return;
    const pending = dialog.acknowledged();
    dialog.flow = flow;
    // The ACK of a 2xx is shown without a protocol: that is how an application tells it from a request.
    const { address, port } = flow;
    const transactionId = pending?.transactionId ?? newId();
    dialog.owner?.sip('network', text, { protocol: '', address, port }, transactionId, dialog.id);
  }

  onServerTransactionEnd(transaction: ServerTransaction): void {
    this.pending.forget(transaction.id);
  }

  /** The application hears a CANCEL, for the caller might as well have sent one. */
  onCallerGone(invite: ServerTransaction): void {
    if (!invite.answered) this.#gaveUp(invite, unsentCancel(invite.request), invite.flow);
  }

  /** Answers everything that waits, and whatever comes from now on; the server is going down. */
  refuseAll(): void {
    this.#leaving = true;
    this.pending.refuseAll();
  }

  #outOfDialog(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    if (maxForwards(request) === 0 && request.method !== 'OPTIONS') return refuse(transaction, 483);
    if (!ROUTABLE.has(request.method)) {
      const known = request.method === 'BYE' || request.method === 'UPDATE' || request.method === 'PRACK';
      return refuse(transaction, known ? 481 : 501);
    }
    if (parseUri(request.uri) === undefined) return refuse(transaction, 416);
    if (request.method === 'INVITE') {
      const session = sessionExpires(request);
      if (session && session.seconds < MIN_SESSION_SECONDS)
        return refuse(transaction, 422, `Min-SE: ${MIN_SESSION_SECONDS}\r\n`);
      trying(transaction);
    }
    const taker = this.#leaving ? undefined : this.#context.control().takerOf(request.method);
    if (!taker) return refuse(transaction, 503, 'Retry-After: 5\r\n');
    const { flow } = transaction;
    this.pending.add(transaction, taker, undefined);
    taker.sip('network', text, flow, transaction.id, '', `${flow.localAddress}|${flow.localPort}|`);
  }

  #inDialog(transaction: ServerTransaction, text: string): void {
    const { request } = transaction;
    const dialog =
      this.#dialogOf(request) ??
      (request.method === 'NOTIFY' ? this.#outbound.dialogs.notified(request, transaction.flow) : undefined);
    if (!dialog) return this.#passOn(transaction);
    const sequence = sequenceOf(request);
    if (sequence <= dialog.remoteSequence) return refuse(transaction, 500);
    dialog.remoteSequence = sequence;
    if (request.method === 'PRACK' && !this.#reliable.acknowledge(dialog, request))
      return refuse(transaction, 481);
    if (request.method === 'INVITE') {
      // Who comes back on another connection had our answer, or lost it with the old one: no ACK will come.
      if (transaction.flow.inbound === true && dialog.pendingAnswer?.flow !== transaction.flow)
        dialog.acknowledged();
      if (dialog.inviteFromPeer || dialog.pendingAnswer)
        return refuse(transaction, 500, 'Retry-After: 3\r\n');
      if (dialog.inviteFromUs) return refuse(transaction, 491);
      dialog.inviteFromPeer = transaction;
      trying(transaction);
    }
    if (request.method === 'INVITE' || request.method === 'UPDATE') {
      dialog.refreshTarget(request, transaction.flow);
      this.#sessions.refreshed(dialog, request);
    }
    // Who is reached by its connection only is reached by the one that it uses now; others are where they were.
    const { flow } = transaction;
    if (flow.inbound === true && (isWebSocket(flow.protocol) || dialog.flow.inbound === true))
      dialog.flow = flow;
    const { owner } = dialog;
    // A BYE ends the dialog on arrival, whatever the application answers (RFC 3261 §15.1.2).
    if (request.method === 'BYE') {
      this.#context.dialogs.remove(dialog);
      this.pending.peerEnded(dialog);
    }
    if (!owner?.open) {
      this.#context.dialogs.remove(dialog);
      return refuse(transaction, 481);
    }
    this.pending.add(transaction, owner, dialog);
    owner.sip('network', text, transaction.flow, transaction.id, dialog.id);
  }

  /** A request of a dialog that is not ours, but may have us in its route set. */
  #passOn(transaction: ServerTransaction): void {
    if (!this.#proxy.forward(transaction)) return refuse(transaction, 481);
    if (transaction.isInvite && !transaction.answered) trying(transaction);
  }

  /** RFC 3261 §9.2. The application is told; what it answers then comes too late. */
  #cancel(transaction: ServerTransaction, text: string): void {
    const invite = this.#context.stack.inviteOf(transaction);
    if (!invite) return refuse(transaction, 481);
    transaction.localTag = invite.localTag;
    transaction.respond(200, plainResponse(transaction.request, 200, 'OK', invite.localTag));
    this.#gaveUp(invite, text, transaction.flow);
  }

  #gaveUp(invite: ServerTransaction, cancel: string, by: Flow): void {
    if (this.#proxy.cancel(invite)) return;
    const pending = this.pending.cancel(invite);
    if (!pending) return;
    const dialog = pending.created ?? pending.dialog;
    pending.connection.sip('network', cancel, by, invite.id, dialog?.id ?? '');
  }

  #dialogOf(request: SipRequest): AppDialog | undefined {
    return this.#context.dialogs.ofRequest(
      headerValue(request, 'call-id') ?? '',
      tagOf(headerValue(request, 'from') ?? ''),
      tagOf(headerValue(request, 'to') ?? ''),
    );
  }
}

/** Stops the peer's retransmissions while the application thinks (RFC 3261 §17.2.1). */
function trying(transaction: ServerTransaction): void {
  transaction.respond(100, plainResponse(transaction.request, 100, 'Trying', ''));
}
