import type { Socket } from 'node:net';
import { connect as connectTcp, isIP } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import type { AddressPolicy } from '../../domain';
import type { Resolved, Resolver } from '../../outbound';
import { answerWith } from '../../outbound';

export type Connected =
  | { readonly ok: true; readonly socket: Socket; readonly protocol: 'h1' | 'h2' }
  | { readonly ok: false; readonly why: 'refused' | 'unreachable'; readonly detail: string };

export interface ConnectorSettings {
  readonly policy: AddressPolicy;
  readonly resolver: Resolver;
  /** Milliseconds for the connection, TLS included. */
  readonly timeoutMs: number;
  /** Which authorities are trusted: made once, for it takes long. */
  readonly secureContext: SecureContext;
  /** Called first whenever something arrives. */
  readonly onActivity: () => void;
}

/**
 * Opens connections of one origin, to allowed addresses only: the name is resolved and judged first,
 * the connection goes to what was judged and to nothing that a second look-up might say, and the
 * address it has in the end is judged again.
 */
export class Connector {
  readonly #settings: ConnectorSettings;
  readonly #host: string;
  readonly #port: number;
  readonly #secure: boolean;
  /** The latest TLS session, so that the next handshake is a short one (RFC 8446 §2.2). */
  #session: Buffer | undefined;

  constructor(origin: URL, settings: ConnectorSettings) {
    this.#settings = settings;
    this.#host = origin.hostname.startsWith('[') ? origin.hostname.slice(1, -1) : origin.hostname;
    this.#secure = origin.protocol === 'https:';
    this.#port = origin.port === '' ? (this.#secure ? 443 : 80) : Number(origin.port);
  }

  /**
   * @param protocols - those the peer may choose of (ALPN, RFC 7301)
   * @param done - called once
   * @returns gives up
   */
  open(protocols: readonly ('h2' | 'http/1.1')[], done: (connected: Connected) => void): () => void {
    let socket: Socket | undefined;
    let over = false;
    const end = (connected: Connected): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (!connected.ok) socket?.destroy();
      done(connected);
    };
    const timer = setTimeout(
      () => end({ ok: false, why: 'unreachable', detail: `no connection in ${this.#settings.timeoutMs} ms` }),
      this.#settings.timeoutMs,
    );
    timer.unref();
    this.#settings.resolver.resolve(this.#host, (resolution) => {
      if (over) return;
      if (!resolution.ok) {
        end(resolution);
        return;
      }
      socket = this.#connect(resolution.addresses, protocols, end);
    });
    return () => end({ ok: false, why: 'unreachable', detail: 'given up' });
  }

  #connect(
    addresses: readonly Resolved[],
    protocols: readonly string[],
    end: (connected: Connected) => void,
  ): Socket {
    const { onActivity, policy, secureContext } = this.#settings;
    const place = {
      host: this.#host,
      port: this.#port,
      lookup: answerWith(addresses),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
    };
    const socket = this.#secure
      ? connectTls({
          ...place,
          ALPNProtocols: [...protocols],
          ...(isIP(this.#host) === 0 ? { servername: this.#host } : {}),
          secureContext,
          ...(this.#session === undefined ? {} : { session: this.#session }),
        })
      : connectTcp(place);
    socket.on('error', (error) => {
      onActivity();
      end({ ok: false, why: 'unreachable', detail: error.message.slice(0, 200) });
    });
    socket.once('connect', () => {
      onActivity();
      const refused = policy.refusal(socket.remoteAddress ?? '', this.#host);
      if (refused !== undefined) end({ ok: false, why: 'refused', detail: refused });
      else if (!this.#secure) end({ ok: true, socket, protocol: 'h1' });
    });
    if (!this.#secure) return socket;
    const tls = socket as TLSSocket;
    tls.on('session', (session: Buffer) => {
      this.#session = session;
    });
    tls.once('secureConnect', () => {
      onActivity();
      end({ ok: true, socket: tls, protocol: chosen(tls) });
    });
    return tls;
  }
}

/** The peer's choice; who chooses nothing speaks HTTP/1.1. */
function chosen(tls: TLSSocket): 'h1' | 'h2' {
  return tls.alpnProtocol === 'h2' ? 'h2' : 'h1';
}
