import type { Socket } from 'node:net';
import Srf from 'drachtio-srf';
import { DrachtioInvite } from './drachtio-invite';
import { DrachtioOutgoingInvite } from './drachtio-outgoing-invite';
import type { RawSrf } from './drachtio-raw';
import type { ViewOptions } from './drachtio-request';
import { DrachtioRequest } from './drachtio-request';
import { ALLOW } from './methods';
import type {
  IncomingInvite,
  IncomingRequest,
  InviteInProgress,
  OutgoingInvite,
  OutgoingInviteListener,
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

const RECONNECT_MAX_DELAY_MS = 2_000;

/** The {@link SipStack} of the switch, by drachtio-srf over the control protocol. */
export class DrachtioStack implements SipStack {
  readonly #srf: RawSrf;
  readonly #log: StackLog;
  #onInvite: (invite: IncomingInvite) => void = () => undefined;
  #onRegister: ((request: IncomingRequest) => void) | undefined;
  readonly #onLost: (() => void)[] = [];
  #onReady: (listening: string) => void = () => undefined;
  #connected = false;
  /** The control connection whose writes are gathered. */
  #gathered: Socket | undefined;

  constructor(log: StackLog, options: ViewOptions = { viaTellsWebSocket: false }) {
    this.#log = log;
    this.#srf = new Srf() as unknown as RawSrf;
    this.#srf.invite((request, response) => {
      this.#coalesce(request.socket);
      this.#onInvite(new DrachtioInvite(this.#srf, request, response, options));
    });
    this.#srf.options((_request, response) =>
      response.send(200, {
        headers: { Allow: this.#allow, Accept: 'application/sdp', Supported: '100rel, timer' },
      }),
    );
    this.#srf.register((request, response) => {
      if (this.#onRegister) this.#onRegister(new DrachtioRequest(request, response, options));
      else response.send(405, { headers: { Allow: ALLOW } });
    });
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
      for (const lost of this.#onLost) lost();
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

  /** The connection itself, for media servers that are reached by SIP. */
  get srf(): Srf {
    return this.#srf as unknown as Srf;
  }

  /** Connects, and reconnects for as long as the process lives. */
  connect(connection: DrachtioConnection): void {
    this.#srf.connect({ ...connection, reconnect: { retryMaxDelay: RECONNECT_MAX_DELAY_MS } });
  }

  onInvite(handler: (invite: IncomingInvite) => void): void {
    this.#onInvite = handler;
  }

  onRegister(handler: (request: IncomingRequest) => void): void {
    this.#onRegister = handler;
  }

  onLost(handler: () => void): void {
    this.#onLost.push(handler);
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

  /** RFC 3261 §11.2: what this node answers outside dialogs. */
  get #allow(): string {
    return this.#onRegister ? `${ALLOW}, REGISTER` : ALLOW;
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
