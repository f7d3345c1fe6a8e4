import type { ControlConnection } from '../control';
import { Dialog, dialogId, sequenceOf } from '../dialog';
import type { SipRequest, SipResponse } from '../message';
import { headerValue, headerValues, parseMessage, parseUri, tagOf, uriOfAddress } from '../message';
import type { ClientTransaction } from '../transaction';
import type { Flow } from '../transport';
import { cancelRequest, cancelText } from './cancel-request';
import type { AppDialog, Context } from './context';
import { newBranch, newId, newTag } from './identifiers';
import {
  applicationHeaders,
  contactOf,
  NO_BODY,
  REASONS,
  responseText,
  tail,
  viaOf,
  withLocalhost,
} from './message-text';
import type { NextHops } from './next-hop';
import type { Hop } from './stack';
import type { Subscriptions } from './subscriptions';

/** A request that an application sent, over all the hops it may need. */
interface Sent {
  readonly id: string;
  readonly connection: ControlConnection | undefined;
  readonly request: SipRequest;
  /** The request's text from the second line on, without Via. */
  readonly rest: string;
  /** Name of the dialog it belongs to, or makes; '' for none. */
  readonly dialog: string;
  hops: readonly Hop[];
  transaction: ClientTransaction | undefined;
  cancelled: string | undefined;
  /** Final response seen. */
  over: boolean;
}

const NOT_OVER_A_KNOWN_TRANSPORT = 'NOK|requested protocol/transport not available';
const NO_DIALOG = 'NOK|Server error: unable to find dialog for dialog id provided';
const FIRST_SEQUENCE_RANGE = 100_000;

/** The applications' requests to the wire, and the responses to the applications. */
export class Outbound {
  readonly #context: Context;
  readonly #hops: NextHops;
  readonly #subscriptions: Subscriptions;
  readonly #sent = new Map<string, Sent>();
  /** SUBSCRIBEs that wait for their answer, by the name of the dialog that they make. */
  readonly #subscribing = new Map<string, Sent>();

  constructor(context: Context, hops: NextHops, subscriptions: Subscriptions) {
    this.#context = context;
    this.#hops = hops;
    this.#subscriptions = subscriptions;
  }

  /** A request frame of an application. */
  send(
    messageId: string,
    transactionId: string,
    dialogName: string,
    routeUrl: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    if (dialogName !== '') this.#sendInDialog(messageId, dialogName, request, connection);
    else if (transactionId !== '') this.#cancel(messageId, transactionId, request, connection);
    else this.#sendNew(messageId, routeUrl, request, connection);
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

  /** Hangs up in the server's own name, and tells the application. */
  endByServer(dialog: AppDialog, why: string): void {
    const text = this.#bye(dialog, `Reason: SIP;cause=200;text="${why}"\r\n`);
    this.#context.dialogs.remove(dialog);
    if (text !== undefined) dialog.owner?.sip('application', text, dialog.flow, 'unsolicited', dialog.id);
  }

  /** The application is gone: nobody is left to end its calls but us. */
  applicationGone(connection: ControlConnection): void {
    for (const sent of [...this.#sent.values()]) {
      if (sent.connection === connection && sent.request.method === 'INVITE' && !sent.over) {
        this.#cancelNow(sent, 'Reason: SIP;cause=503;text="application gone"\r\n');
      }
    }
    const end = (): void => {
      for (const dialog of this.#context.dialogs.all())
        if (dialog.owner === connection) this.#abandon(dialog);
    };
    if (this.#context.limits.orphanGraceMs === 0) end();
    else this.#context.scheduler.after(this.#context.limits.orphanGraceMs, end);
  }

  /** Ends every dialog; the server is going down. */
  endAll(): void {
    for (const sent of [...this.#sent.values()]) {
      if (sent.request.method === 'INVITE' && !sent.over) this.#cancelNow(sent, '');
    }
    for (const dialog of this.#context.dialogs.all()) this.#abandon(dialog);
  }

  /**
   * A session refresh of our own: UPDATE, or a re-INVITE with the SDP that stands for a peer without
   * UPDATE (RFC 4028 §7.4). The refresher is named by its role in this very request: we are its client.
   */
  refresh(dialog: AppDialog, seconds: number): void {
    const method = dialog.refreshMethod;
    if (method === 'INVITE' && (dialog.inviteFromUs || dialog.inviteFromPeer)) return;
    const request: SipRequest = {
      kind: 'request',
      method,
      uri: dialog.remoteTarget,
      headers: [
        { name: 'Session-Expires', key: 'session-expires', value: `${seconds};refresher=uac` },
        { name: 'Supported', key: 'supported', value: 'timer' },
      ],
      body: method === 'INVITE' ? dialog.localSdp : '',
    };
    this.#inDialog(dialog, request, undefined, undefined, (status) => {
      if (method !== 'UPDATE' || (status !== 405 && status !== 501)) return;
      dialog.refreshMethod = 'INVITE';
      this.refresh(dialog, seconds);
    });
  }

  #abandon(dialog: AppDialog): void {
    if (dialog.subscription !== undefined) {
      if (dialog.role === 'uas') this.#endSubscription(dialog);
    } else if (dialog.state === 'confirmed')
      this.#bye(dialog, 'Reason: SIP;cause=503;text="application gone"\r\n');
    this.#context.dialogs.remove(dialog);
  }

  /** Who subscribed hears that it is over, and may ask again (RFC 6665 §4.1.3); who is subscribed to finds out. */
  #endSubscription(dialog: AppDialog): void {
    const request: SipRequest = {
      kind: 'request',
      method: 'NOTIFY',
      uri: dialog.remoteTarget,
      headers: [
        { name: 'Event', key: 'event', value: dialog.subscription ?? '' },
        { name: 'Subscription-State', key: 'subscription-state', value: 'terminated;reason=deactivated' },
      ],
      body: '',
    };
    this.#inDialog(dialog, request, undefined, undefined);
  }

  /* ---- requests outside a dialog ---- */

  #sendNew(messageId: string, routeUrl: string, request: SipRequest, connection: ControlConnection): void {
    if (parseUri(request.uri) === undefined) {
      connection.respond(messageId, `NOK|invalid request-uri: ${request.uri}`);
      return;
    }
    const target =
      routeUrl === ''
        ? request.uri
        : routeUrl.includes(':') && /^sips?:/i.test(routeUrl)
          ? routeUrl
          : `sip:${routeUrl}`;
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
    if (!first) {
      connection.respond(messageId, NOT_OVER_A_KNOWN_TRANSPORT);
      return;
    }
    if (this.#context.stack.isOurs(first)) {
      connection.respond(messageId, 'NOK|can not send request to myself');
      return;
    }
    const id = newId();
    const flow = this.#flow(id, first);
    if (!flow) {
      connection.respond(messageId, NOT_OVER_A_KNOWN_TRANSPORT);
      return;
    }
    const parts = newRequest(request, flow);
    const made: SipRequest = { ...request, headers: parts.headers };
    const sent: Sent = {
      id,
      connection,
      request: made,
      rest: parts.rest,
      dialog:
        request.method === 'INVITE' || request.method === 'SUBSCRIBE'
          ? dialogId(parts.callId, parts.fromTag)
          : '',
      hops: further,
      transaction: undefined,
      cancelled: undefined,
      over: false,
    };
    this.#sent.set(id, sent);
    if (request.method === 'SUBSCRIBE') this.#subscribing.set(sent.dialog, sent);
    const text = this.#start(sent, flow);
    connection.echo(messageId, echoFlow(flow), id, undefined, text);
  }

  #flow(id: string, hop: Hop): Flow | undefined {
    return this.#context.stack.flowTo(hop, () => this.#sent.get(id)?.transaction?.fail('transport'));
  }

  #start(sent: Sent, flow: Flow): string {
    const branch = newBranch();
    sent.transaction = this.#context.stack.request(
      sent.id,
      sent.request,
      flow,
      {
        onResponse: (response, text, transaction) => this.#onResponse(sent, response, text, transaction),
        onNoResponse: (why) => this.#onNoResponse(sent, why),
        onTerminated: (transaction) => {
          if (sent.transaction !== transaction) return;
          this.#sent.delete(sent.id);
          if (this.#subscribing.get(sent.dialog) === sent) this.#subscribing.delete(sent.dialog);
        },
      },
      (via) => `${sent.request.method} ${sent.request.uri} SIP/2.0\r\nVia: ${via}\r\n${sent.rest}`,
      branch,
    );
    return sent.transaction.text;
  }

  /** RFC 3263 §4.3: the next hop is tried when one does not answer; else the application hears a failure. */
  #onNoResponse(sent: Sent, why: 'timeout' | 'transport'): void {
    if (sent.transaction) this.#hops.failed(sent.transaction.flow);
    const [next, ...further] = sent.hops;
    if (next && sent.cancelled === undefined) {
      sent.hops = further;
      const flow = this.#flow(sent.id, next);
      if (flow) {
        this.#sent.set(sent.id, sent);
        this.#start(sent, flow);
        return;
      }
    }
    sent.over = true;
    const status = why === 'timeout' ? 408 : 503;
    const text = responseText(sent.request, {
      status,
      reason: REASONS[status] ?? '',
      toTag: newTag(),
      contact: undefined,
      extra: '',
      tail: NO_BODY,
    });
    this.#dialogOf(sent, undefined);
    sent.connection?.sip('network', text, undefined, sent.id, sent.dialog);
  }

  #onResponse(sent: Sent, response: SipResponse, text: string, transaction: ClientTransaction): void {
    const { flow } = transaction;
    if (response.status < 200) {
      if (sent.cancelled !== undefined) this.#sendCancel(sent);
      if (sent.request.method === 'INVITE' && response.status > 100) this.#earlyDialog(sent, response, flow);
      sent.connection?.sip('network', text, flow, sent.id, sent.dialog);
      return;
    }
    if (response.status === 503 && sent.hops.length > 0 && sent.cancelled === undefined) {
      this.#onNoResponse(sent, 'transport');
      return;
    }
    if (sent.request.method === 'INVITE' && response.status < 300) {
      if (!this.#answered(sent, response, flow)) return;
    } else if (sent.request.method === 'SUBSCRIBE' && response.status < 300) {
      this.#subscribed(sent, response, flow);
    } else if (!sent.over) this.#dialogOf(sent, undefined);
    sent.over = true;
    sent.connection?.sip('network', text, flow, sent.id, sent.dialog);
  }

  /** A 1xx with a tag that the application may act on (PRACK, UPDATE). */
  #earlyDialog(sent: Sent, response: SipResponse, flow: Flow): void {
    if (tagOf(headerValue(response, 'to') ?? '') === '' || this.#context.dialogs.get(sent.dialog)) return;
    if (headerValue(response, 'rseq') === undefined && headerValue(response, 'contact') === undefined) return;
    this.#makeDialog(sent, response, flow);
  }

  #makeDialog(sent: Sent, response: SipResponse, flow: Flow): AppDialog {
    const contact = headerValue(sent.request, 'contact') ?? contactOf(flow);
    const dialog: AppDialog = Dialog.asClient(sent.request, response, contact, flow);
    dialog.owner = sent.connection;
    this.#context.dialogs.add(dialog);
    return dialog;
  }

  /**
   * A 2xx to an INVITE. False when the application need not hear of it: a repetition, which is
   * acknowledged again, or another fork's answer, which is acknowledged and ended (RFC 3261 §13.2.2.4).
   */
  #answered(sent: Sent, response: SipResponse, flow: Flow): boolean {
    const toTag = tagOf(headerValue(response, 'to') ?? '');
    let dialog = this.#context.dialogs.get(sent.dialog);
    if (sent.over) {
      if (dialog?.remoteTag === toTag && dialog.ackText !== undefined) dialog.flow.send(dialog.ackText);
      else if (dialog && dialog.remoteTag !== toTag) this.#endFork(sent, response, flow);
      return false;
    }
    if (dialog && (dialog.role !== 'uac' || dialog.remoteTag !== toTag)) {
      this.#context.dialogs.remove(dialog);
      dialog = undefined;
    }
    dialog ??= this.#makeDialog(sent, response, flow);
    dialog.confirm(response, flow);
    dialog.localSdp = sent.request.body;
    dialog.unacknowledged = sequenceOf(sent.request);
    dialog.endAfterAck = sent.cancelled !== undefined;
    if (!sent.connection?.open) {
      this.#acknowledge(dialog, dialog.unacknowledged, '', NO_BODY);
      this.#abandon(dialog);
    }
    return true;
  }

  /** A NOTIFY may have made the dialog already. */
  #subscribed(sent: Sent, response: SipResponse, flow: Flow): void {
    this.#subscribing.delete(sent.dialog);
    const dialog = this.#context.dialogs.get(sent.dialog) ?? this.#makeDialog(sent, response, flow);
    this.#subscriptions.renewed(dialog, sent.request, response);
  }

  #endFork(sent: Sent, response: SipResponse, flow: Flow): void {
    const fork: AppDialog = Dialog.asClient(sent.request, response, contactOf(flow), flow);
    fork.confirm(response, flow);
    this.#acknowledge(fork, sequenceOf(sent.request), '', NO_BODY);
    this.#bye(fork, '');
  }

  /** The dialog that a failed INVITE had made early is dropped. */
  #dialogOf(sent: Sent, _response: undefined): void {
    const dialog = sent.request.method === 'INVITE' ? this.#context.dialogs.get(sent.dialog) : undefined;
    if (dialog?.state === 'early') this.#context.dialogs.remove(dialog);
  }

  /* ---- CANCEL ---- */

  #cancel(
    messageId: string,
    transactionId: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    const sent = this.#sent.get(transactionId);
    if (!sent?.transaction || sent.over || request.method !== 'CANCEL') {
      connection.respond(messageId, `NOK|unable to cancel unknown transaction id: ${transactionId}`);
      return;
    }
    const reason = headerValues(request, 'reason')
      .map((value) => `Reason: ${value}\r\n`)
      .join('');
    const text = this.#cancelNow(sent, reason);
    connection.echo(messageId, echoFlow(sent.transaction.flow), newId(), undefined, text);
  }

  /** Cancels now, or as soon as a provisional shows that the INVITE arrived (RFC 3261 §9.1). */
  #cancelNow(sent: Sent, reason: string): string {
    const text = sent.transaction ? cancelText(sent.transaction, sent.request, reason) : '';
    if (sent.cancelled !== undefined) return text;
    sent.cancelled = text;
    if (sent.transaction?.state === 'proceeding') this.#sendCancel(sent);
    return text;
  }

  #sendCancel(sent: Sent): void {
    const text = sent.cancelled;
    const { transaction } = sent;
    if (!text || !transaction) return;
    sent.cancelled = '';
    cancelRequest(this.#context.stack, transaction, '', text);
  }

  /* ---- requests in a dialog ---- */

  #sendInDialog(
    messageId: string,
    dialogName: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    const dialog = this.#context.dialogs.get(dialogName);
    if (!dialog) {
      const text =
        request.method === 'ACK'
          ? 'NOK|Server error: ACK for non-success final response is automatically generated by server'
          : NO_DIALOG;
      connection.respond(messageId, text);
      return;
    }
    if (request.method === 'ACK') this.#sendAck(messageId, dialog, request, connection);
    else this.#inDialog(dialog, request, messageId, connection);
  }

  #sendAck(messageId: string, dialog: AppDialog, request: SipRequest, connection: ControlConnection): void {
    const sequence = dialog.unacknowledged;
    if (sequence === undefined) {
      connection.respond(
        messageId,
        'NOK|Server error: ACK for non-success final response is automatically generated by server',
      );
      return;
    }
    dialog.unacknowledged = undefined;
    dialog.inviteFromUs = false;
    const text = this.#acknowledge(dialog, sequence, applicationHeaders(request, dialog.flow), tail(request));
    connection.echo(messageId, echoFlow(dialog.flow), newId(), undefined, text);
    // The answer crossed our CANCEL: nobody wants this call (RFC 3261 §9.1, §15).
    if (dialog.endAfterAck) {
      this.#bye(dialog, 'Reason: SIP;cause=487;text="cancelled"\r\n');
      this.#context.dialogs.remove(dialog);
    }
  }

  #acknowledge(dialog: AppDialog, sequence: number, headers: string, rest: string): string {
    const { uri, routes, nextHop } = dialog.addressing();
    const flow = this.#dialogFlow(dialog, nextHop) ?? dialog.flow;
    const text = `ACK ${uri} SIP/2.0\r\nVia: ${viaOf(flow, newBranch())}\r\n${dialogHeaders(dialog, routes, sequence, 'ACK')}${headers}${rest}`;
    dialog.ackText = text;
    flow.send(text);
    return text;
  }

  /** Sends BYE on our own account; the transaction looks after itself. */
  #bye(dialog: AppDialog, headers: string): string | undefined {
    const request: SipRequest = {
      kind: 'request',
      method: 'BYE',
      uri: dialog.remoteTarget,
      headers: [],
      body: '',
    };
    for (const line of headers.split('\r\n')) {
      const colon = line.indexOf(': ');
      if (colon > 0)
        request.headers.push({
          name: line.slice(0, colon),
          key: line.slice(0, colon).toLowerCase(),
          value: line.slice(colon + 2),
        });
    }
    return this.#inDialog(dialog, request, undefined, undefined);
  }

  #inDialog(
    dialog: AppDialog,
    request: SipRequest,
    messageId: string | undefined,
    connection: ControlConnection | undefined,
    onFinal: (status: number) => void = () => undefined,
  ): string | undefined {
    const { uri, routes, nextHop } = dialog.addressing();
    const id = newId();
    const flow = this.#dialogFlow(dialog, nextHop, () => this.#sent.get(id)?.transaction?.fail('transport'));
    if (!flow) {
      if (messageId !== undefined) connection?.respond(messageId, NOT_OVER_A_KNOWN_TRANSPORT);
      return undefined;
    }
    if (request.method === 'INVITE') dialog.inviteFromUs = true;
    dialog.localSequence++;
    const sequence = dialog.localSequence;
    const contact = ['INVITE', 'UPDATE', 'SUBSCRIBE', 'REFER'].includes(request.method)
      ? `Contact: ${dialog.localContact}\r\n`
      : '';
    const rest =
      dialogHeaders(dialog, routes, sequence, request.method) +
      contact +
      applicationHeaders(request, flow) +
      tail(request);
    const made: SipRequest = {
      ...request,
      uri,
      headers: [
        ...routes.map((value) => ({ name: 'Route', key: 'route', value })),
        { name: 'From', key: 'from', value: dialog.localParty },
        { name: 'To', key: 'to', value: dialog.remoteParty },
        { name: 'Call-ID', key: 'call-id', value: dialog.callId },
        { name: 'CSeq', key: 'cseq', value: `${sequence} ${request.method}` },
      ],
    };
    const sent: Sent = {
      id,
      connection,
      request: made,
      rest,
      dialog: dialog.id,
      hops: [],
      transaction: undefined,
      cancelled: undefined,
      over: false,
    };
    this.#sent.set(id, sent);
    const branch = newBranch();
    sent.transaction = this.#context.stack.request(
      id,
      made,
      flow,
      {
        onResponse: (response, text, transaction) => {
          const final = response.status >= 200 && !sent.over;
          this.#onDialogResponse(sent, dialog, response, text, transaction);
          if (final) onFinal(response.status);
        },
        onNoResponse: (why) => {
          dialog.inviteFromUs = false;
          this.#onNoResponse(sent, why);
        },
        onTerminated: () => this.#sent.delete(id),
      },
      (via) => `${request.method} ${uri} SIP/2.0\r\nVia: ${via}\r\n${rest}`,
      branch,
    );
    if (messageId !== undefined)
      connection?.echo(messageId, echoFlow(flow), id, undefined, sent.transaction.text);
    if (request.method === 'BYE' || this.#subscriptions.ends(dialog, request))
      this.#context.dialogs.remove(dialog);
    return sent.transaction.text;
  }

  #onDialogResponse(
    sent: Sent,
    dialog: AppDialog,
    response: SipResponse,
    text: string,
    transaction: ClientTransaction,
  ): void {
    if (sent.over) {
      if (sent.request.method === 'INVITE' && response.status < 300 && dialog.ackText !== undefined) {
        dialog.flow.send(dialog.ackText);
      }
      return;
    }
    if (response.status >= 200) {
      sent.over = true;
      if (sent.request.method === 'INVITE') this.#reinviteEnded(sent, dialog, response, transaction.flow);
      // The peer does not know the dialog any more (RFC 3261 §12.2.1.2).
      if ((response.status === 481 || response.status === 408) && sent.request.method !== 'BYE') {
        if (dialog.subscription === undefined) this.endByServer(dialog, 'Dialog lost');
        else this.#context.dialogs.remove(dialog);
      } else if (sent.request.method === 'SUBSCRIBE' && response.status < 300 && dialog.state !== 'ended') {
        if (dialog.subscription !== undefined) this.#subscriptions.renewed(dialog, sent.request, response);
      }
    } else if (sent.cancelled !== undefined) this.#sendCancel(sent);
    sent.connection?.sip('network', text, transaction.flow, sent.id, dialog.id);
  }

  #reinviteEnded(sent: Sent, dialog: AppDialog, response: SipResponse, flow: Flow): void {
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
      this.#acknowledge(dialog, sequenceOf(sent.request), '', NO_BODY);
    }
    if (sent.request.body !== '') dialog.localSdp = sent.request.body;
  }

  /** Where in-dialog requests go: back where the peer is, or to the next hop that the dialog names. */
  #dialogFlow(dialog: AppDialog, nextHop: string, onFailure: () => void = () => undefined): Flow | undefined {
    if (dialog.symmetric) {
      const { protocol, address, port } = dialog.flow;
      return this.#context.stack.flowTo({ protocol, address, port }, onFailure);
    }
    const hop = this.#hops.literal(nextHop);
    return hop ? this.#context.stack.flowTo(hop, onFailure) : dialog.flow;
  }
}

interface NewRequest {
  readonly headers: SipRequest['headers'];
  readonly rest: string;
  readonly callId: string;
  readonly fromTag: string;
}

/** Completes an application's request outside a dialog (RFC 3261 §8.1.1): what it gave stays, what lacks is added. */
function newRequest(request: SipRequest, flow: Flow): NewRequest {
  const givenFrom = headerValue(request, 'from');
  const from = partyOf(givenFrom === undefined ? contactOf(flow) : withLocalhost(givenFrom, flow));
  const fromTag = tagOf(from) || newTag();
  const fromValue = tagOf(from) === '' ? `${from};tag=${fromTag}` : from;
  const to = partyOf(withLocalhost(headerValue(request, 'to') ?? request.uri, flow));
  const callId = headerValue(request, 'call-id') ?? `${newId()}@${flow.localAddress}`;
  const cseq =
    headerValue(request, 'cseq') ??
    `${1 + Math.floor(Math.random() * FIRST_SEQUENCE_RANGE)} ${request.method}`;
  const headers: SipRequest['headers'] = [
    { name: 'From', key: 'from', value: fromValue },
    { name: 'To', key: 'to', value: to },
    { name: 'Call-ID', key: 'call-id', value: callId },
    { name: 'CSeq', key: 'cseq', value: cseq },
    { name: 'Max-Forwards', key: 'max-forwards', value: headerValue(request, 'max-forwards') ?? '70' },
  ];
  const contact = contactFor(request, flow);
  if (contact !== undefined) headers.push({ name: 'Contact', key: 'contact', value: contact });
  let rest = '';
  for (const { name, value } of headers) rest += `${name}: ${value}\r\n`;
  return { headers, rest: rest + applicationHeaders(request, flow) + tail(request), callId, fromTag };
}

/** A bare URI in angle brackets, so that its parameters stay its own (RFC 3261 §20.10). */
function partyOf(value: string): string {
  return value.includes('<') || !/^(sips?|tel):/i.test(value) ? value : bracketed(value);
}

function bracketed(value: string): string {
  const tag = value.indexOf(';tag=');
  return tag < 0 ? `<${value}>` : `<${value.slice(0, tag)}>${value.slice(tag)}`;
}

function contactFor(request: SipRequest, flow: Flow): string | undefined {
  const given = headerValue(request, 'contact');
  if (given === undefined) {
    return request.method === 'INVITE' || request.method === 'SUBSCRIBE' ? contactOf(flow) : undefined;
  }
  const uri = parseUri(uriOfAddress(given));
  // The application cannot know our transport: its placeholder becomes a Contact that works.
  return uri?.host === 'localhost' ? contactOf(flow, uri.user) : given;
}

/** What every request in a dialog carries (RFC 3261 §12.2.1.1). */
function dialogHeaders(
  dialog: AppDialog,
  routes: readonly string[],
  sequence: number,
  method: string,
): string {
  let text = 'Max-Forwards: 70\r\n';
  for (const route of routes) text += `Route: ${route}\r\n`;
  return `${text}From: ${dialog.localParty}\r\nTo: ${dialog.remoteParty}\r\nCall-ID: ${dialog.callId}\r\nCSeq: ${sequence} ${method}\r\n`;
}

/** The address in an echo: our own over UDP, the peer's over a connection. */
function echoFlow(flow: Flow): Flow {
  if (flow.protocol !== 'udp') return flow;
  const { protocol, localAddress, localPort } = flow;
  return { protocol, address: localAddress, port: localPort, localAddress, localPort, send: () => false };
}

/** SIP text of an application; undefined when it is none. */
export function readApplicationMessage(text: string): SipRequest | SipResponse | undefined {
  const parsed = parseMessage(text, true);
  return parsed.ok ? parsed.message : undefined;
}
