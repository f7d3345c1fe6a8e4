import type { Connector } from './connector';
import type { Exchange } from './exchange';
import { Http1Pool } from './http1-pool';
import { Http2Session } from './http2-session';

export interface OriginSettings {
  /** Requests under way at once. */
  readonly maxInFlight: number;
  readonly maxConnections: number;
  readonly idleMs: number;
  readonly maxReplyBytes: number;
  readonly onActivity: () => void;
}

/**
 * Everything that goes to one origin. Over TLS the first connection finds out which protocol is spoken
 * (ALPN); requests that come meanwhile wait for it. HTTP/2 shares one connection, HTTP/1.1 has a pool.
 */
export class OriginClient {
  readonly #origin: string;
  readonly #secure: boolean;
  readonly #connector: Connector;
  readonly #settings: OriginSettings;
  readonly #http1: Http1Pool;
  #http2: Http2Session | undefined;
  #speaks: 'h1' | 'h2' | undefined;
  /** Waiting for the first connection. */
  #waiting: Exchange[] = [];
  #connecting = false;
  #inFlight = 0;
  #closed = false;

  constructor(origin: URL, connector: Connector, settings: OriginSettings) {
    this.#origin = origin.origin;
    this.#secure = origin.protocol === 'https:';
    this.#connector = connector;
    this.#settings = settings;
    this.#http1 = new Http1Pool({ connector, ...settings });
    if (!this.#secure) this.#speaks = 'h1';
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get connections(): number {
    return this.#http1.connections + (this.#http2 ? 1 : 0) + (this.#connecting ? 1 : 0);
  }

  /** True when another request may go out. */
  get ready(): boolean {
    if (this.#closed || this.#inFlight >= this.#settings.maxInFlight) return false;
    return this.#speaks !== 'h1' || this.#http1.ready;
  }

  /** One more request under way; {@link ended} must follow. */
  send(exchange: Exchange): void {
    this.#inFlight++;
    this.#dispatch(exchange, true);
  }

  /** A request that was sent is over. */
  ended(): void {
    this.#inFlight--;
  }

  close(): void {
    this.#closed = true;
    this.#http1.close();
    this.#http2?.close();
    for (const exchange of this.#waiting.splice(0)) exchange.fail('aborted', 'closed');
  }

  #dispatch(exchange: Exchange, mayRepeat: boolean): void {
    if (this.#speaks === 'h1') {
      this.#http1.send(exchange);
      return;
    }
    const session = this.#http2;
    if (session && !session.useless) {
      const again = mayRepeat ? (): void => this.#dispatch(exchange, false) : undefined;
      if (!session.ready) exchange.fail('busy', 'no stream is free');
      else if (!session.send(exchange, again)) this.#dispatch(exchange, mayRepeat);
      return;
    }
    this.#waiting.push(exchange);
    exchange.cancelBy(() => {
      this.#waiting = this.#waiting.filter((waiting) => waiting !== exchange);
    });
    if (!this.#connecting) this.#connect();
  }

  #connect(): void {
    this.#connecting = true;
    this.#connector.open(['h2', 'http/1.1'], (connected) => {
      this.#connecting = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      if (!connected.ok) {
        for (const exchange of waiting) exchange.fail(connected.why, connected.detail);
        return;
      }
      if (this.#closed) {
        connected.socket.destroy();
        return;
      }
      this.#speaks = connected.protocol;
      if (connected.protocol === 'h1') this.#http1.adopt(connected.socket);
      else {
        const session = new Http2Session(this.#origin, connected.socket, {
          ...this.#settings,
          onUseless: () => {
            if (this.#http2 === session) this.#http2 = undefined;
          },
        });
        this.#http2 = session;
      }
      for (const exchange of waiting) {
        if (connected.protocol === 'h1' && !this.#http1.ready) exchange.fail('busy', 'no connection is free');
        else this.#dispatch(exchange, true);
      }
    });
  }
}
