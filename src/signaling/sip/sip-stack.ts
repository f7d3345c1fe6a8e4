/**
 * The SIP stack as the switch sees it: invitations that come in, invitations that go out, and
 * dialogs. One adapter ({@link ./drachtio-stack}) speaks drachtio-srf; tests may speak something
 * simpler. Nothing here throws for what a peer did: that comes back as a value.
 */
export interface SipStack {
  /** Called for every INVITE outside a dialog. Set before {@link connect}. */
  onInvite(handler: (invite: IncomingInvite) => void): void;
  /** Called when the connection to the SIP server is lost: every dialog is gone with it. */
  onLost(handler: () => void): void;
  /** Called when the connection stands again, and the first time. */
  onReady(handler: (listening: string) => void): void;
  /** Sends an INVITE; what becomes of it arrives through the listener, exactly one final. */
  invite(uri: string, request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress;
  close(): void;
}

export type Headers = Readonly<Record<string, string>>;

/** An INVITE outside a dialog, waiting for an answer. */
export interface IncomingInvite {
  /** SIP Call-ID. */
  readonly callId: string;
  readonly requestUri: string;
  /** The offer; '' for an INVITE without one (RFC 3264 §5, late offer). */
  readonly sdp: string;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** First value of a header in any letter case, or undefined. */
  header(name: string): string | undefined;
  /** Names of all headers as received. */
  headerNames(): string[];
  /** The caller gave up; the 487 has been sent already. */
  onCancel(handler: () => void): void;
  /** A provisional response, e.g. 180, or 183 with SDP. Ignored once a final response went out. */
  progress(status: number, sdp?: string): void;
  /** A final failure response. Ignored once a final response went out. */
  reject(status: number, reason?: string, headers?: Headers): void;
  /** Sends the 200; resolves when it is on the wire. */
  answer(sdp: string): Promise<AnswerResult>;
}

export type AnswerResult =
  { readonly ok: true; readonly dialog: SipDialog } | { readonly ok: false; readonly reason: string };

export interface OutgoingInvite {
  readonly sdp: string;
  /** User part of From and Contact. */
  readonly callingNumber: string;
  readonly headers?: Headers;
}

export interface OutgoingInviteListener {
  /** A sign of life before anything rings: 100 … 179, where the SIP server passes them on. */
  onTrying(): void;
  /** 180 … 199, with the SDP where there was one. */
  onProgress(status: number, sdp: string | undefined): void;
  onAnswer(dialog: SipDialog): void;
  /** The final failure; status 0 when the request could not be sent at all. */
  onFailure(status: number, reason: string): void;
}

export interface InviteInProgress {
  /**
   * Gives the attempt up: CANCEL at once, and should a 200 cross it, ACK and BYE (RFC 3261 §9.1,
   * §15). The listener hears nothing more.
   */
  abandon(reason: string): void;
}

/** A confirmed INVITE dialog (RFC 3261 §12). */
export interface SipDialog {
  readonly remoteSdp: string;
  setHandlers(handlers: DialogHandlers): void;
  /** Sends BYE once; later calls do nothing. */
  bye(reason?: string): void;
  /** Sends a request in the dialog; resolves to the final status, 0 when it could not be sent. */
  request(method: 'INFO' | 'MESSAGE', contentType: string, body: string): Promise<number>;
}

export interface DialogHandlers {
  /** The dialog ended: the peer's BYE, or the server's own (no ACK, session timer). Called once. */
  onEnd(cause: 'bye' | 'ack_timeout' | 'session_timeout'): void;
  /**
   * The peer's new offer in a re-INVITE or UPDATE ('' for a re-INVITE without one, whose answer
   * comes by {@link onAckSdp}). The SDP returned is sent in the 200, or the status as a refusal.
   */
  onOffer(sdp: string): Promise<{ ok: true; sdp: string } | { ok: false; status: number }>;
  /** SDP in an ACK: the answer to the offer that we sent in a 200. */
  onAckSdp(sdp: string): void;
  /** INFO or MESSAGE; resolves to the status to answer with. */
  onRequest(method: 'INFO' | 'MESSAGE', contentType: string, body: string): Promise<number>;
}
