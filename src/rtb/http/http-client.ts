import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { AddressPolicy } from '../../domain';
import type { SystemLookup } from '../../outbound';
import { Resolver } from '../../outbound';
import { Connector } from './connector';
import type { HttpRequest, HttpResult } from './exchange';
import { Exchange } from './exchange';
import { OriginClient } from './origin-client';

export interface HttpClientSettings {
  readonly addresses: AddressPolicy;
  /** Hosts that may be reached without TLS: names, `*.name`, addresses. */
  readonly insecureAllowed: (host: string) => boolean;
  readonly connectTimeoutMs: number;
  /** Requests under way at once to one origin. */
  readonly maxInFlightPerOrigin: number;
  /** Connections to one origin that speaks HTTP/1.1. */
  readonly maxConnectionsPerOrigin: number;
  /** Milliseconds that an idle connection is kept. */
  readonly idleMs: number;
  readonly maxReplyBytes: number;
  /** PEM of authorities trusted instead of the system's own. */
  readonly ca?: string;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
  /** Called first whenever something arrives, so that what is due is not held up by it. */
  readonly onActivity?: () => void;
  /** For tests. */
  readonly lookup?: SystemLookup;
}

/** A request under way. */
export interface Sent {
  /** Takes it back; its end is told as `aborted` unless it has come already. */
  abort(): void;
}

/** What sends requests: the port that pings, confirmations and notices go through. */
export interface HttpSender {
  /** @param onDone - called exactly once, possibly before this returns; never throws */
  send(request: HttpRequest, onDone: (result: HttpResult) => void): Sent;
}

export interface HttpFigures {
  readonly origins: number;
  readonly connections: number;
  readonly inFlight: number;
}

const MAX_ORIGINS = 5_000;

/**
 * Requests to places that strangers named: to allowed addresses only, over connections that are kept,
 * bounded per origin. Redirects are not followed, replies are read up to a length. Nothing is queued:
 * a request that cannot go out at once is refused. Time limits are the caller's, by `abort`.
 */
export class HttpClient implements HttpSender {
  readonly #settings: HttpClientSettings;
  readonly #resolver: Resolver;
  readonly #secureContext: SecureContext;
  readonly #origins = new Map<string, OriginClient>();
  readonly #underWay = new Set<Exchange>();
  #closed = false;

  constructor(settings: HttpClientSettings) {
    this.#settings = settings;
    this.#resolver = new Resolver(settings.addresses, settings.monotonic, settings.lookup);
    const { ca } = settings;
    this.#secureContext = createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) });
  }

  get figures(): HttpFigures {
    let connections = 0;
    for (const origin of this.#origins.values()) connections += origin.connections;
    return { origins: this.#origins.size, connections, inFlight: this.#underWay.size };
  }

  send(request: HttpRequest, onDone: (result: HttpResult) => void): Sent {
    const refusal = this.#refusal(request.url);
    if (refusal !== undefined) {
      onDone({ ok: false, why: 'refused', detail: refusal });
      return { abort: () => undefined };
    }
    const origin = this.#originOf(request.url);
    if (!origin?.ready) {
      onDone({ ok: false, why: 'busy', detail: 'too many requests are under way to this place' });
      return { abort: () => undefined };
    }
    const exchange = new Exchange(request, (result) => {
      this.#underWay.delete(exchange);
      origin.ended();
      onDone(result);
    });
    this.#underWay.add(exchange);
    origin.send(exchange);
    return exchange;
  }

  /** Ends every connection; what is under way is told to be over. */
  close(): void {
    this.#closed = true;
    for (const exchange of [...this.#underWay]) exchange.abort();
    for (const origin of this.#origins.values()) origin.close();
    this.#origins.clear();
  }

  #refusal({ protocol, hostname, username, password }: URL): string | undefined {
    if (this.#closed) return 'closed';
    if (username !== '' || password !== '') return 'a URL with a password';
    if (protocol === 'https:') return undefined;
    if (protocol !== 'http:') return `${protocol} is not spoken`;
    return this.#settings.insecureAllowed(hostname) ? undefined : `HTTPS is asked for at ${hostname}`;
  }

  #originOf(url: URL): OriginClient | undefined {
    const known = this.#origins.get(url.origin);
    if (known) {
      // The one that was used last is the last to be let go.
      this.#origins.delete(url.origin);
      this.#origins.set(url.origin, known);
      return known;
    }
    if (this.#origins.size >= MAX_ORIGINS && !this.#dropIdle()) return undefined;
    const { addresses: policy, connectTimeoutMs: timeoutMs, onActivity = () => undefined } = this.#settings;
    const connector = new Connector(url, {
      policy,
      resolver: this.#resolver,
      timeoutMs,
      secureContext: this.#secureContext,
      onActivity,
    });
    const origin = new OriginClient(url, connector, {
      maxInFlight: this.#settings.maxInFlightPerOrigin,
      maxConnections: this.#settings.maxConnectionsPerOrigin,
      idleMs: this.#settings.idleMs,
      maxReplyBytes: this.#settings.maxReplyBytes,
      onActivity,
    });
    this.#origins.set(url.origin, origin);
    return origin;
  }

  /** Lets the origin go that has been idle for longest. */
  #dropIdle(): boolean {
    for (const [name, origin] of this.#origins) {
      if (origin.inFlight > 0) continue;
      origin.close();
      this.#origins.delete(name);
      return true;
    }
    return false;
  }
}
