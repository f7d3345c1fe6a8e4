import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';
import type {
  AnswerResult,
  DialogHandlers,
  Headers,
  IncomingInvite,
  InviteInProgress,
  OutgoingInvite,
  OutgoingInviteListener,
  SipDialog,
  SipStack,
} from './sip-stack';

/** Where the SIP server (the embedded one or a drachtio-server) takes control connections. */
export interface DrachtioConnection {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
}

/** What the adapter reports of itself. */
export interface StackLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

const ALLOW = 'INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, MESSAGE';
const RECONNECT_MAX_DELAY_MS = 2_000;
const NO_ANSWER_TEXT = 'could not be sent';

/** drachtio-srf's own types leave out what it really offers; this is what the switch uses of it. */
interface RawMessage {
  readonly body: string | undefined;
  readonly uri: string;
  readonly method: string;
  readonly status: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly source_address: string;
  readonly source_port: number;
  get(name: string): string | undefined;
  has(name: string): boolean;
}
interface RawRequest extends RawMessage {
  readonly socket: Socket;
  on(event: 'cancel', handler: () => void): void;
  cancel(options: { headers: Headers }, callback: (error?: Error) => void): void;
}
interface RawResponse extends RawMessage {
  readonly finalResponseSent: boolean;
  send(status: number, options?: object): void;
  send(status: number, reason: string, options: object): void;
}
interface RawDialog {
  readonly remote: { readonly sdp: string | undefined };
  readonly local: { sdp: string };
  on(event: 'destroy', handler: (request: RawMessage, reason?: string) => void): void;
  on(event: 'ack', handler: (request: RawMessage) => void): void;
  on(
    event: 'modify' | 'update' | 'info' | 'message' | 'refer',
    handler: (request: RawMessage, response: RawResponse) => void,
  ): void;
  destroy(options: { headers: Headers }, callback: (error?: Error) => void): void;
  request(
    options: { method: string; headers: Headers; body: string },
    callback: (error: Error | null, response?: RawMessage) => void,
  ): void;
}
interface RawSrf {
  connect(options: object): void;
  disconnect(): void;
  on(event: 'connect', handler: (error: Error | null, hostports: string) => void): void;
  on(event: 'error', handler: (error: Error) => void): void;
  on(event: 'close', handler: () => void): void;
  invite(handler: (request: RawRequest, response: RawResponse) => void): void;
  options(handler: (request: RawRequest, response: RawResponse) => void): void;
  register(handler: (request: RawRequest, response: RawResponse) => void): void;
  createUAS(
    request: RawRequest,
    response: RawResponse,
    options: { localSdp: string; headers?: Headers },
    callback: (error: Error | null, dialog?: RawDialog) => void,
  ): void;
  createUAC(
    uri: string,
    options: { localSdp: string; callingNumber: string; headers: Headers },
    progress: {
      cbRequest(error: Error | null, request?: RawRequest): void;
      cbProvisional(response: RawMessage): void;
    },
    callback: (error: (Error & { status?: number; reason?: string }) | null, dialog?: RawDialog) => void,
  ): void;
}

/** The {@link SipStack} of the switch, by drachtio-srf over the control protocol. */
export class DrachtioStack implements SipStack {
  readonly #srf: RawSrf;
  readonly #log: StackLog;
  #onInvite: (invite: IncomingInvite) => void = () => undefined;
  #onLost: () => void = () => undefined;
  #onReady: (listening: string) => void = () => undefined;
  #connected = false;
  /** The control connection whose writes are gathered. */
  #gathered: Socket | undefined;

  constructor(log: StackLog) {
    this.#log = log;
    this.#srf = new Srf() as unknown as RawSrf;
    this.#srf.invite((request, response) => {
      this.#coalesce(request.socket);
      this.#onInvite(new DrachtioInvite(this.#srf, request, response));
    });
    this.#srf.options((_request, response) =>
      response.send(200, {
        headers: { Allow: ALLOW, Accept: 'application/sdp', Supported: '100rel, timer' },
      }),
    );
    this.#srf.register((_request, response) => response.send(405, { headers: { Allow: ALLOW } }));
    this.#srf.on('connect', (error, hostports) => {
      if (error) {
        this.#log.warn({ error: error.message }, 'the SIP server refused the control connection');
        return;
      }
      this.#connected = true;
      this.#onReady(hostports);
    });
    this.#srf.on('error', (error) => this.#log.warn({ error: error.message }, 'control connection failed'));
    this.#srf.on('close', () => {
      if (!this.#connected) return;
      this.#connected = false;
      this.#onLost();
    });
  }

  /**
   * drachtio-srf writes each frame by itself. What is written within one turn of the event loop goes
   * out together: an ACK to one side and a 200 to the other cost one system call, not two.
   */
  #coalesce(socket: Socket): void {
    if (this.#gathered === socket) return;
    this.#gathered = socket;
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    let corked = false;
    socket.write = ((...args: unknown[]) => {
      if (!corked) {
        corked = true;
        socket.cork();
        setImmediate(() => {
          corked = false;
          socket.uncork();
        });
      }
      return write(...args);
    }) as Socket['write'];
  }

  /** Connects, and reconnects for as long as the process lives. */
  connect(connection: DrachtioConnection): void {
    this.#srf.connect({ ...connection, reconnect: { retryMaxDelay: RECONNECT_MAX_DELAY_MS } });
  }

  onInvite(handler: (invite: IncomingInvite) => void): void {
    this.#onInvite = handler;
  }

  onLost(handler: () => void): void {
    this.#onLost = handler;
  }

  onReady(handler: (listening: string) => void): void {
    this.#onReady = handler;
  }

  get connected(): boolean {
    return this.#connected;
  }

  invite(uri: string, request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress {
    return new DrachtioOutgoingInvite(this.#srf, uri, request, listener);
  }

  close(): void {
    this.#connected = false;
    try {
      this.#srf.disconnect();
    } catch {
      // There was no connection to end.
    }
  }
}

class DrachtioInvite implements IncomingInvite {
  readonly #srf: RawSrf;
  readonly #request: RawRequest;
  readonly #response: RawResponse;
  /** Provisionals go out reliably only where the caller demands it (RFC 3262 §3). */
  readonly #reliable: boolean;

  constructor(srf: RawSrf, request: RawRequest, response: RawResponse) {
    this.#srf = srf;
    this.#request = request;
    this.#response = response;
    this.#reliable = /\b100rel\b/i.test(request.get('Require') ?? '');
  }

  get callId(): string {
    return this.#request.get('Call-ID') ?? '';
  }
  get requestUri(): string {
    return this.#request.uri;
  }
  get sdp(): string {
    return this.#request.body ?? '';
  }
  get sourceAddress(): string {
    return this.#request.source_address;
  }
  get sourcePort(): number {
    return this.#request.source_port;
  }

  header(name: string): string | undefined {
    return this.#request.has(name) ? this.#request.get(name) : undefined;
  }

  headerNames(): string[] {
    return Object.keys(this.#request.headers);
  }

  onCancel(handler: () => void): void {
    this.#request.on('cancel', handler);
  }

  progress(status: number, sdp?: string): void {
    if (this.#response.finalResponseSent) return;
    const headers: Record<string, string> = this.#reliable ? { Require: '100rel' } : {};
    if (sdp !== undefined) headers['Content-Type'] = 'application/sdp';
    this.#response.send(status, sdp === undefined ? { headers } : { headers, body: sdp });
  }

  reject(status: number, reason?: string, headers: Headers = {}): void {
    if (this.#response.finalResponseSent) return;
    if (reason === undefined) this.#response.send(status, { headers: { ...headers } });
    else this.#response.send(status, reason, { headers: { ...headers } });
  }

  answer(sdp: string): Promise<AnswerResult> {
    return new Promise((resolve) => {
      // drachtio-srf would answer a request without Contact and then fail on its own: RFC 3261 §8.1.1.8.
      if (this.header('Contact') === undefined) {
        this.reject(400, 'Missing Contact');
        resolve({ ok: false, reason: 'no Contact in the INVITE' });
        return;
      }
      this.#srf.createUAS(
        this.#request,
        this.#response,
        { localSdp: sdp, headers: { Allow: ALLOW, Supported: 'timer' } },
        (error, dialog) => {
          if (dialog) resolve({ ok: true, dialog: new DrachtioDialog(dialog) });
          else resolve({ ok: false, reason: error ? String(error.message) : 'no dialog' });
        },
      );
    });
  }
}

class DrachtioOutgoingInvite implements InviteInProgress {
  #request: RawRequest | undefined;
  /** Why the attempt was given up; while undefined, the listener is told. */
  #abandoned: string | undefined;
  #over = false;

  constructor(srf: RawSrf, uri: string, invite: OutgoingInvite, listener: OutgoingInviteListener) {
    try {
      srf.createUAC(
        uri,
        {
          localSdp: invite.sdp,
          callingNumber: invite.callingNumber,
          headers: { Allow: ALLOW, ...invite.headers },
        },
        {
          cbRequest: (error, request) => {
            if (error || !request) return;
            this.#request = request;
            if (this.#abandoned !== undefined) this.#cancel(this.#abandoned);
          },
          cbProvisional: (response) => {
            if (this.#abandoned !== undefined || this.#over) return;
            if (response.status < 180) listener.onTrying();
            else listener.onProgress(response.status, response.body ? response.body : undefined);
          },
        },
        (error, dialog) => {
          this.#over = true;
          if (this.#abandoned !== undefined) {
            // The 200 crossed our CANCEL: drachtio-srf has sent the ACK, the BYE is ours.
            if (dialog) new DrachtioDialog(dialog).bye(this.#abandoned);
          } else if (dialog) listener.onAnswer(new DrachtioDialog(dialog));
          else listener.onFailure(error?.status ?? 0, error?.reason ?? error?.message ?? NO_ANSWER_TEXT);
        },
      );
    } catch (error) {
      this.#over = true;
      const reason = error instanceof Error ? error.message : NO_ANSWER_TEXT;
      queueMicrotask(() => {
        if (this.#abandoned === undefined) listener.onFailure(0, reason);
      });
    }
  }

  abandon(reason: string): void {
    if (this.#abandoned !== undefined) return;
    this.#abandoned = reason;
    if (!this.#over) this.#cancel(reason);
  }

  #cancel(reason: string): void {
    try {
      this.#request?.cancel({ headers: { Reason: reason } }, () => undefined);
    } catch {
      // The control connection went away; the server ends what it can no longer ask us about.
    }
  }
}

class DrachtioDialog implements SipDialog {
  readonly #dialog: RawDialog;
  #handlers: DialogHandlers | undefined;
  /** Set when the peer ended the dialog before anybody listened. */
  #endedEarly: Parameters<DialogHandlers['onEnd']>[0] | undefined;
  #over = false;

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
    dialog.on('refer', (_request, response) => response.send(603));
  }

  get remoteSdp(): string {
    return this.#dialog.remote.sdp ?? '';
  }

  setHandlers(handlers: DialogHandlers): void {
    this.#handlers = handlers;
    if (this.#endedEarly !== undefined) handlers.onEnd(this.#endedEarly);
  }

  bye(reason?: string): void {
    if (this.#over) return;
    this.#over = true;
    try {
      this.#dialog.destroy({ headers: reason === undefined ? {} : { Reason: reason } }, () => undefined);
    } catch {
      // The control connection went away, and the dialog with it.
    }
  }

  request(method: 'INFO' | 'MESSAGE', contentType: string, body: string): Promise<number> {
    return new Promise((resolve) => {
      this.#dialog.request({ method, headers: { 'Content-Type': contentType }, body }, (error, response) =>
        resolve(error || !response ? 0 : response.status),
      );
    });
  }

  #end(cause: Parameters<DialogHandlers['onEnd']>[0]): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#handlers) this.#handlers.onEnd(cause);
    else this.#endedEarly = cause;
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
      response.send(result.status);
      return;
    }
    this.#dialog.local.sdp = result.sdp;
    response.send(200, { body: result.sdp, headers: { 'Content-Type': 'application/sdp' } });
  }

  async #relay(method: 'INFO' | 'MESSAGE', request: RawMessage, response: RawResponse): Promise<void> {
    const handlers = this.#handlers;
    const status =
      handlers && !this.#over
        ? await handlers.onRequest(method, request.get('Content-Type') ?? '', request.body ?? '')
        : 481;
    response.send(status);
  }
}

/** The server's own BYEs carry their cause as text. */
function endCause(reason: string | undefined): Parameters<DialogHandlers['onEnd']>[0] {
  if (reason?.includes('ACK timeout')) return 'ack_timeout';
  if (reason?.includes('Session timer')) return 'session_timeout';
  return 'bye';
}
