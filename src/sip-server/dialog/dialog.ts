import type { SipRequest, SipResponse } from '../message';
import {
  addressParam,
  decimal,
  headerValue,
  headerValues,
  parseUri,
  splitAddresses,
  tagOf,
  uriOfAddress,
} from '../message';
import type { Retransmission, ServerTransaction, Timer } from '../transaction';
import type { Flow } from '../transport';

/** Name of a dialog towards the application: Call-ID and the tag of the party that sent the INVITE. */
export function dialogId(callId: string, initiatorTag: string): string {
  return `${callId};from-tag=${initiatorTag}`;
}

/** A 2xx of ours that waits for its ACK (RFC 3261 §13.3.1.4). */
export interface PendingAnswer {
  readonly sequence: number;
  readonly retransmission: Retransmission | undefined;
  readonly deadline: Timer;
  /** The way it went. */
  readonly flow: Flow;
  /** Name under which the application knows the INVITE's transaction. */
  readonly transactionId: string;
}

/** One SIP dialog (RFC 3261 §12): what is needed to send and to judge requests within it. */
export class Dialog<Owner> {
  state: 'early' | 'confirmed' | 'ended' = 'early';
  /** The control connection that the dialog's events go to. */
  owner: Owner | undefined;
  localSequence: number;
  remoteSequence: number;
  /** Contact of the peer: the Request-URI of our requests. */
  remoteTarget: string;
  /** Route header values, nearest first. */
  routes: string[];
  /** The last way the peer was seen by. */
  flow: Flow;
  /** The peer's Contact names an address it does not send from, and no proxy stays between: requests go to where it is. */
  symmetric = false;
  pendingAnswer: PendingAnswer | undefined;
  /** Our INVITE in this dialog whose 2xx awaits the application's ACK. */
  unacknowledged: number | undefined;
  /** The ACK we sent, for repetitions of its 2xx. */
  ackText: string | undefined;
  /** A cancelled INVITE was answered all the same: hang up once it is acknowledged. */
  endAfterAck = false;
  /** Re-INVITE transactions in hand, for glare (RFC 3261 §14.2). */
  inviteFromPeer: ServerTransaction | undefined;
  inviteFromUs = false;
  sessionTimer: Timer | undefined;
  /** Event package of the SUBSCRIBE that made the dialog; undefined for a call's. */
  subscription: string | undefined;
  subscriptionTimer: Timer | undefined;
  /** The SDP we sent last, for a session refresh of our own. */
  localSdp = '';
  /** How we refresh the session: UPDATE, until the peer shows that it does not know it (RFC 4028 §7.4). */
  refreshMethod: 'UPDATE' | 'INVITE' = 'UPDATE';

  private constructor(
    readonly id: string,
    readonly role: 'uas' | 'uac',
    readonly callId: string,
    readonly localTag: string,
    readonly remoteTag: string,
    /** From value of our requests, with tag. */
    readonly localParty: string,
    /** To value of our requests, with tag. */
    readonly remoteParty: string,
    /** Contact value of ours. */
    readonly localContact: string,
    flow: Flow,
    sequences: { local: number; remote: number },
    target: string,
    routes: string[],
  ) {
    this.flow = flow;
    this.localSequence = sequences.local;
    this.remoteSequence = sequences.remote;
    this.remoteTarget = target;
    this.routes = routes;
  }

  /** RFC 3261 §12.1.1: the dialog that our response to an INVITE makes. */
  static asServer<Owner>(
    request: SipRequest,
    localTag: string,
    localContact: string,
    flow: Flow,
  ): Dialog<Owner> {
    const callId = headerValue(request, 'call-id') ?? '';
    const from = headerValue(request, 'from') ?? '';
    const to = headerValue(request, 'to') ?? '';
    const remoteTag = tagOf(from);
    const contact = headerValue(request, 'contact') ?? '';
    const dialog = new Dialog<Owner>(
      dialogId(callId, remoteTag),
      'uas',
      callId,
      localTag,
      remoteTag,
      `${to};tag=${localTag}`,
      from,
      localContact,
      flow,
      { local: 0, remote: sequenceOf(request) },
      uriOfAddress(splitAddresses(contact)[0] ?? ''),
      recordRoutes(request),
    );
    dialog.#judgeSymmetry();
    return dialog;
  }

  /** RFC 3261 §12.1.2: the dialog that a response to our INVITE makes. */
  static asClient<Owner>(
    request: SipRequest,
    response: SipResponse,
    localContact: string,
    flow: Flow,
  ): Dialog<Owner> {
    const callId = headerValue(request, 'call-id') ?? '';
    const from = headerValue(request, 'from') ?? '';
    const to = headerValue(response, 'to') ?? '';
    const localTag = tagOf(from);
    const contact = headerValue(response, 'contact') ?? '';
    const dialog = new Dialog<Owner>(
      dialogId(callId, localTag),
      'uac',
      callId,
      localTag,
      tagOf(to),
      from,
      to,
      localContact,
      flow,
      { local: sequenceOf(request), remote: -1 },
      contact === '' ? request.uri : uriOfAddress(splitAddresses(contact)[0] ?? ''),
      recordRoutes(response).reverse(),
    );
    dialog.#judgeSymmetry();
    return dialog;
  }

  /** A re-INVITE, UPDATE or its 2xx may move the peer (RFC 3261 §12.2). */
  refreshTarget(message: SipRequest | SipResponse, flow: Flow): void {
    const contact = headerValue(message, 'contact');
    if (contact !== undefined)
      this.remoteTarget = uriOfAddress(splitAddresses(contact)[0] ?? '') || this.remoteTarget;
    this.flow = flow;
    this.#judgeSymmetry();
  }

  /** The 2xx of our INVITE fixes the route set (RFC 3261 §13.2.2.4). */
  confirm(response: SipResponse, flow: Flow): void {
    this.state = 'confirmed';
    const routes = recordRoutes(response).reverse();
    if (routes.length > 0) this.routes = routes;
    this.refreshTarget(response, flow);
  }

  /** Request-URI and Route of a request in this dialog, for loose and strict routers (RFC 3261 §12.2.1.1). */
  addressing(): { uri: string; routes: readonly string[]; nextHop: string } {
    const first = this.routes[0];
    if (first === undefined) return { uri: this.remoteTarget, routes: [], nextHop: this.remoteTarget };
    const firstUri = uriOfAddress(first);
    if (parseUri(firstUri)?.params.has('lr')) {
      return { uri: this.remoteTarget, routes: this.routes, nextHop: firstUri };
    }
    return { uri: firstUri, routes: [...this.routes.slice(1), `<${this.remoteTarget}>`], nextHop: firstUri };
  }

  /** The ACK to our 2xx came. */
  acknowledged(): PendingAnswer | undefined {
    const pending = this.pendingAnswer;
    pending?.retransmission?.stop();
    pending?.deadline.cancel();
    this.pendingAnswer = undefined;
    return pending;
  }

  /** Stops every timer. */
  end(): void {
    this.state = 'ended';
    this.acknowledged();
    this.sessionTimer?.cancel();
    this.sessionTimer = undefined;
    this.subscriptionTimer?.cancel();
    this.subscriptionTimer = undefined;
  }

  #judgeSymmetry(): void {
    const target = parseUri(this.remoteTarget);
    this.symmetric = this.routes.length === 0 && (target === undefined || target.host !== this.flow.address);
  }
}

/** CSeq number of a message, or -1. */
export function sequenceOf(message: SipRequest | SipResponse): number {
  const value = headerValue(message, 'cseq') ?? '';
  const space = value.search(/\s/);
  const text = space < 0 ? value : value.slice(0, space);
  return text.length === 10 && /^\d+$/.test(text) ? Number(text) : decimal(text);
}

function recordRoutes(message: SipRequest | SipResponse): string[] {
  return headerValues(message, 'record-route').flatMap(splitAddresses);
}

/** Session-Expires of a message (RFC 4028 §4): seconds and who refreshes. */
export function sessionExpires(
  message: SipRequest | SipResponse,
): { seconds: number; refresher: string | undefined } | undefined {
  const value = headerValue(message, 'session-expires');
  if (value === undefined) return undefined;
  const seconds = decimal((value.split(';', 1)[0] ?? '').trim());
  return seconds < 0 ? undefined : { seconds, refresher: addressParam(value, 'refresher')?.toLowerCase() };
}
