import { formatHost } from '../message';
import type {
  ListenAddress,
  Protocol,
  SipServerLimits,
  SipServerLog,
  TlsOptions,
  WebSocketOptions,
} from '../options';
import { isSecure } from '../options';
import type { TlsSettings } from './certificate';
import { Certificate, readRoots } from './certificate';
import { ConnectionCounts } from './connection-counts';
import type { ConnectionFlow } from './connection-flow';
import { NoConnection } from './connection-flow';
import type { Flow, Hop } from './flow';
import type { LocalAddress } from './local-address';
import type { StreamEvents } from './stream-transport';
import { StreamTransport } from './stream-transport';
import { UdpTransport } from './udp-transport';
import { UpgradeRules } from './upgrade-rules';
import { WebSocketTransport } from './web-socket-transport';

export interface ListenerEvents extends StreamEvents {
  /** A UDP socket has a trouble of its own. */
  readonly onSocketError: (error: Error) => void;
}

/** A listener whose peers are reached by connections. */
interface Connecting {
  readonly local: LocalAddress;
  readonly localPort: number;
  standing(hop: Hop): ConnectionFlow | undefined;
  close(): void;
}

/** Every address that the server listens on, and which of them serves for sending to a peer. */
export class Listeners {
  readonly #udp: UdpTransport[] = [];
  readonly #streams = { tcp: [] as StreamTransport[], tls: [] as StreamTransport[] };
  readonly #webSockets = { ws: [] as WebSocketTransport[], wss: [] as WebSocketTransport[] };
  readonly #limits: SipServerLimits;
  readonly #events: ListenerEvents;
  readonly #log: SipServerLog;
  readonly #tlsOptions: TlsOptions | undefined;
  readonly #rules: UpgradeRules;
  readonly #streamCounts: ConnectionCounts;
  readonly #webSocketCounts: ConnectionCounts;
  #tls: TlsSettings | undefined;

  constructor(
    limits: SipServerLimits,
    events: ListenerEvents,
    log: SipServerLog,
    tls?: TlsOptions,
    webSocket?: WebSocketOptions,
  ) {
    this.#limits = limits;
    this.#events = events;
    this.#log = log;
    this.#tlsOptions = tls;
    this.#rules = new UpgradeRules(webSocket);
    this.#streamCounts = new ConnectionCounts(limits.maxConnections, limits.maxConnectionsPerSource);
    this.#webSocketCounts = new ConnectionCounts(limits.maxWebSockets, limits.maxWebSocketsPerSource);
  }

  /**
   * Opens one listener.
   * @param external - the address that peers are to see
   * @throws Error of the operating system when the address is taken
   */
  async listen({ protocol, address, port }: ListenAddress, external: string | undefined): Promise<void> {
    const { onMessage, onSocketError } = this.#events;
    if (protocol === 'udp') {
      this.#udp.push(await UdpTransport.listen(address, port, external, onMessage, onSocketError));
      return;
    }
    const tls = isSecure(protocol) ? this.#tls : undefined;
    if (protocol === 'tcp' || protocol === 'tls') {
      this.#streams[protocol].push(
        await StreamTransport.listen(
          address,
          port,
          external,
          tls,
          this.#limits,
          this.#streamCounts,
          this.#events,
        ),
      );
      return;
    }
    this.#webSockets[protocol].push(
      await WebSocketTransport.listen(
        address,
        port,
        external,
        tls,
        this.#rules,
        this.#limits,
        this.#webSocketCounts,
        this.#events,
      ),
    );
  }

  /**
   * Reads the certificate, before the first listener of TLS is opened.
   * @throws Error in one line when there is none, or it is no good
   */
  loadCertificate(): void {
    if (!this.#tlsOptions) {
      throw new Error('listening on tls: or wss: takes a certificate: sip.tls.certFile and sip.tls.keyFile');
    }
    this.#tls ??= {
      certificate: Certificate.load(this.#tlsOptions, this.#log),
      roots: readRoots(this.#tlsOptions),
      verifyPeers: this.#tlsOptions.verifyPeers ?? true,
    };
  }

  /** `proto/address:port` of every listener. */
  names(): string[] {
    const all: readonly Protocol[] = ['udp', 'tcp', 'tls', 'ws', 'wss'];
    return all.flatMap((protocol) =>
      this.#of(protocol).map((at) => `${protocol}/${formatHost(at.local.announced)}:${at.localPort}`),
    );
  }

  /** Connections that stand, or are being opened. */
  get connections(): number {
    return this.#streamCounts.all + this.#webSocketCounts.all;
  }

  /** True when the address is one of ours: a request to it would come back. */
  isOurs(hop: Hop): boolean {
    return this.#of(hop.protocol).some((t) => t.localPort === hop.port && t.local.leadsHere(hop.address));
  }

  /** True when a listener speaks the hop's protocol and family. */
  speaks({ protocol, address }: Hop): boolean {
    return this.#of(protocol).some(({ local }) => local.isIPv6 === address.includes(':'));
  }

  /**
   * A flow to this hop: the connection that stands, or a new one. Undefined when no listener speaks its
   * protocol and family. WebSocket connections are never opened (RFC 7118 §3): where none stands, the
   * flow is one that takes nothing.
   */
  flowTo(hop: Hop): Flow | undefined {
    const { protocol, address } = hop;
    if (protocol === 'udp') return nearest(this.#udp, address)?.flowTo(address, hop.port);
    for (const transport of this.#connecting(protocol)) {
      const standing = transport.standing(hop);
      if (standing) return standing;
    }
    if (protocol === 'tcp' || protocol === 'tls') {
      const transport = nearest(this.#streams[protocol], address);
      return hop.standing && transport ? gone(hop, transport) : transport?.open(hop);
    }
    const [first] = this.#webSockets[protocol];
    return first && gone(hop, first);
  }

  close(): void {
    this.#tls?.certificate.close();
    for (const transport of this.#udp.splice(0)) transport.close();
    for (const transport of this.#streams.tcp.splice(0)) transport.close();
    for (const transport of this.#streams.tls.splice(0)) transport.close();
    for (const transport of this.#webSockets.ws.splice(0)) transport.close();
    for (const transport of this.#webSockets.wss.splice(0)) transport.close();
  }

  #of(protocol: Protocol): readonly { readonly local: LocalAddress; readonly localPort: number }[] {
    return protocol === 'udp' ? this.#udp : this.#connecting(protocol);
  }

  #connecting(protocol: Exclude<Protocol, 'udp'>): readonly Connecting[] {
    return protocol === 'tcp' || protocol === 'tls' ? this.#streams[protocol] : this.#webSockets[protocol];
  }
}

/** What a connection would be if it stood. */
function gone(
  { protocol, address, port, domain }: Hop,
  { local, localPort }: { readonly local: LocalAddress; readonly localPort: number },
): Flow {
  const flow = new NoConnection(protocol, address, port, local.seenBy(address), localPort, true, domain);
  flow.closed();
  return flow;
}

/** The listener to send from: of the peer's family, and where there are several, on its network. */
function nearest<T extends { readonly local: LocalAddress }>(
  transports: readonly T[],
  peer: string,
): T | undefined {
  const v6 = peer.includes(':');
  let best: T | undefined;
  for (const transport of transports) {
    if (transport.local.isIPv6 !== v6) continue;
    if (!best || transport.local.distance(peer) < best.local.distance(peer)) best = transport;
  }
  return best;
}
