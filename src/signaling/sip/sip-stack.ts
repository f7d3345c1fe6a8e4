/**
 * The SIP stack as the switch sees it: invitations that come in, invitations that go out, and
 * dialogs. One adapter ({@link ./drachtio-stack}) speaks drachtio-srf; tests may speak something
 * simpler. Nothing here throws for what a peer did: that comes back as a value.
 */
export interface SipStack {
  /** Called for every INVITE outside a dialog. Set before {@link connect}. */
  onInvite(handler: (invite: IncomingInvite) => void): void;
  /** Called for every REGISTER. Without a handler, 405 is answered. */
  onRegister(handler: (request: IncomingRequest) => void): void;
  /** Called when the connection to the SIP server is lost, every one that was set: every dialog is gone with it. */
  onLost(handler: () => void): void;
  /** Called when the connection stands again, and the first time. */
  onReady(handler: (listening: string) => void): void;
  /** Sends an INVITE; what becomes of it arrives through the listener, exactly one final. */
  invite(uri: string, request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress;
  close(): void;
}

export type Headers = Readonly<Record<string, string>>;

/** How a request came: over WebSocket, `ws` and `wss`, its answers and our requests go back on that connection. */
export type SipTransport = 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';

/** What every request outside a dialog tells. */
export interface RequestView {
  /** SIP Call-ID. */
  readonly callId: string;
  readonly requestUri: string;
  readonly transport: SipTransport;
  readonly sourceAddress: string;
  readonly sourcePort: number;
  /** First value of a header in any letter case, or undefined. */
  header(name: string): string | undefined;
}

/** A request outside a dialog that needs one answer. */
export interface IncomingRequest extends RequestView {
  /** The final response; headers with several values are lists. Ignored once one went out. */
  respond(status: number, headers?: Readonly<Record<string, string | readonly string[]>>): void;
}

/** An INVITE outside a dialog, waiting for an answer. */
export interface IncomingInvite extends RequestView {
  /** The offer; '' for an INVITE without one (RFC 3264 §5, late offer). */
  readonly sdp: string;
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
  /**
   * Hands the INVITE on to a phone whose connection this node holds, or to another node, staying in the path (Record-Route):
   * its Request-URI stays, and the dialog is between its sender and that phone. Resolves when it is
   * decided, one way or the other.
   * @param route - URI of the connection or of the node, without a user part
   * @param headers - added, in place of those of the same name
   */
  relay(route: string, headers?: Headers): Promise<void>;
}

export type AnswerResult =
  { readonly ok: true; readonly dialog: SipDialog } | { readonly ok: false; readonly reason: string };

export interface OutgoingInvite {
  readonly sdp: string;
  /** User part of From and Contact. */
  readonly callingNumber: string;
  readonly headers?: Headers;
  /** Over whose rates it is reached, if a carrier is paid for it: nothing of it is sent. */
  readonly trunkId?: string | undefined;
  /** URI of where it is sent instead of where its Request-URI leads: a connection that a phone holds, another node. */
  readonly route?: string | undefined;
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

/** What became of an offer: the peer's answer, or the status by which it was refused. */
export type OfferResult =
  { readonly ok: true; readonly sdp: string } | { readonly ok: false; readonly status: number };

/** A confirmed INVITE dialog (RFC 3261 §12). */
export interface SipDialog {
  readonly remoteSdp: string;
  setHandlers(handlers: DialogHandlers): void;
  /** Told once and at that instant when it is over, whichever side ended it: also before anybody else listens. */
  onOver(handler: () => void): void;
  /** Sends BYE once; later calls do nothing. */
  bye(reason?: string): void;
  /** What names the dialog for Replaces (RFC 3891 §3): Call-ID and both tags, of our side and theirs. */
  readonly id: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  /**
   * Sends a new offer of ours in a re-INVITE (RFC 3261 §14.1). Not to be called before the last one is over.
   * 491: the peer offers something itself; status 0: it could not be sent.
   */
  offer(sdp: string): Promise<OfferResult>;
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
  /** REFER (RFC 3515): the peer wants the call handed on. Without a handler, 603 is answered. */
  onRefer?(refer: IncomingRefer): void;
}

/** A REFER in a dialog, waiting for an answer. */
export interface IncomingRefer {
  /** Refer-To as it came: a name-addr or a URI, with `?Replaces=…` for an attended transfer (RFC 3891). */
  readonly referTo: string;
  readonly referredBy: string | undefined;
  reject(status: number): void;
  /** Answers 202; what becomes of it is told by NOTIFY (RFC 3515 §2.4.4). */
  accept(): ReferProgress;
}

export interface ReferProgress {
  /**
   * Tells how the new call does, as a status line in `message/sipfrag`: 100, 180, 200, 486 …; a final
   * status ends the subscription. Later calls do nothing.
   */
  notify(status: number, reason: string): void;
}
