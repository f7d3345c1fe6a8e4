import type { RawDialog, RawMessage, RawResponse } from './drachtio-raw';
import { DrachtioRefer } from './drachtio-refer';
import { sendable } from './sendable';
import type { DialogHandlers, Headers, OfferResult, SipDialog } from './sip-stack';

const SDP_HEADERS = { 'Content-Type': 'application/sdp' };

/** A confirmed INVITE dialog over drachtio-srf's. */
export class DrachtioDialog implements SipDialog {
  readonly #dialog: RawDialog;
  #handlers: DialogHandlers | undefined;
  /** Set when the peer ended the dialog before anybody listened. */
  #endedEarly: Parameters<DialogHandlers['onEnd']>[0] | undefined;
  #over = false;
  #onOver: (() => void) | undefined;
  /** REFERs that came: all but the first are told apart by name (RFC 3515 §2.4.6). */
  #refers = 0;
  /** NOTIFYs go out one after the other: over UDP they might overtake each other. */
  #notifies: Promise<unknown> = Promise.resolve();

  constructor(dialog: RawDialog) {
    this.#dialog = dialog;
    dialog.on('destroy', (_request, reason) => this.#end(endCause(reason)));
    dialog.on('ack', (request) => {
      if (request.body) this.#handlers?.onAckSdp(request.body);
    });
    dialog.on('modify', (request, response) => void this.#offer(request, response, true));
    dialog.on('update', (request, response) => void this.#offer(request, response, false));
    dialog.on('info', (request, response) => void this.#relay('INFO', request, response));
    dialog.on('message', (request, response) => void this.#relay('MESSAGE', request, response));
    dialog.on('refer', (request, response) => this.#refer(request, response));
  }

  get id(): SipDialog['id'] {
    const { callId, localTag, remoteTag } = this.#dialog.sip;
    return { callId, localTag, remoteTag };
  }

  get remoteSdp(): string {
    return this.#dialog.remote.sdp ?? '';
  }

  setHandlers(handlers: DialogHandlers): void {
    this.#handlers = handlers;
    if (this.#endedEarly !== undefined) handlers.onEnd(this.#endedEarly);
  }

  onOver(handler: () => void): void {
    if (this.#over) handler();
    else this.#onOver = handler;
  }

  bye(reason?: string): void {
    if (this.#over) return;
    this.#becomeOver();
    try {
      this.#dialog.destroy({ headers: reason === undefined ? {} : { Reason: reason } }, () => undefined);
    } catch {
      // The control connection went away, and the dialog with it.
    }
  }

  async offer(sdp: string): Promise<OfferResult> {
    const { contact } = this.#dialog.local;
    const headers = { ...SDP_HEADERS, ...(contact === undefined ? {} : { Contact: contact }) };
    // drachtio-srf acknowledges the final response.
    const response = await this.#send('INVITE', headers, sdp);
    if (response?.status !== 200) return { ok: false, status: response?.status ?? 0 };
    const answer = response.body ?? '';
    this.#dialog.local.sdp = sdp;
    this.#dialog.remote.sdp = answer;
    return { ok: true, sdp: answer };
  }

  async request(method: 'INFO' | 'MESSAGE', contentType: string, body: string): Promise<number> {
    return (await this.#send(method, { 'Content-Type': contentType }, body))?.status ?? 0;
  }

  /** Undefined when it could not be sent. */
  #send(method: string, headers: Headers, body: string): Promise<RawMessage | undefined> {
    if (this.#over) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.#dialog.request({ method, headers, body }, (error, response) => {
        if (error || !response) resolve(undefined);
        else if (response.status >= 200) resolve(response);
      });
    });
  }

  #end(cause: Parameters<DialogHandlers['onEnd']>[0]): void {
    if (this.#over) return;
    this.#becomeOver();
    if (this.#handlers) this.#handlers.onEnd(cause);
    else this.#endedEarly = cause;
  }

  #becomeOver(): void {
    this.#over = true;
    this.#onOver?.();
    this.#onOver = undefined;
  }

  async #offer(request: RawMessage, response: RawResponse, isReinvite: boolean): Promise<void> {
    const body = request.body ?? '';
    if (body === '' && !isReinvite) {
      // An UPDATE without SDP only refreshes the session timer (RFC 4028 §7.4).
      response.send(200);
      return;
    }
    const handlers = this.#handlers;
    const result =
      handlers && !this.#over ? await handlers.onOffer(body) : { ok: false as const, status: 481 };
    if (!result.ok) {
      response.send(sendable(result.status));
      return;
    }
    this.#dialog.local.sdp = result.sdp;
    response.send(200, { body: result.sdp, headers: SDP_HEADERS });
  }

  async #relay(method: 'INFO' | 'MESSAGE', request: RawMessage, response: RawResponse): Promise<void> {
    const handlers = this.#handlers;
    const status =
      handlers && !this.#over
        ? await handlers.onRequest(method, request.get('Content-Type') ?? '', request.body ?? '')
        : 481;
    response.send(sendable(status));
  }

  #refer(request: RawMessage, response: RawResponse): void {
    const handler = this.#handlers?.onRefer?.bind(this.#handlers);
    if (!handler || this.#over) {
      response.send(this.#over ? 481 : 603);
      return;
    }
    // The first may be named too, but phones match it without (RFC 3515 §2.4.6).
    const id = this.#refers++ === 0 ? undefined : sequenceOf(request);
    const refer = DrachtioRefer.read(request, response, id, (headers, body) => {
      this.#notifies = this.#notifies.then(() => this.#send('NOTIFY', headers, body));
    });
    if (refer) handler(refer);
  }
}

function sequenceOf(request: RawMessage): string | undefined {
  return /^\s*(\d+)/.exec(request.get('CSeq') ?? '')?.[1];
}

/** The server's own BYEs carry their cause as text. */
function endCause(reason: string | undefined): Parameters<DialogHandlers['onEnd']>[0] {
  if (reason?.includes('ACK timeout')) return 'ack_timeout';
  if (reason?.includes('Session timer')) return 'session_timeout';
  return 'bye';
}
