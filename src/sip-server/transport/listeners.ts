import { formatHost } from '../message';
import type { ListenAddress, Protocol, SipServerLimits } from '../options';
import type { Flow, Hop } from './flow';
import type { LocalAddress } from './local-address';
import type { TcpEvents } from './tcp-transport';
import { TcpTransport } from './tcp-transport';
import { UdpTransport } from './udp-transport';

export interface ListenerEvents extends TcpEvents {
  /** A UDP socket has a trouble of its own. */
  readonly onSocketError: (error: Error) => void;
}

/** Every address that the server listens on, and which of them serves for sending to a peer. */
export class Listeners {
  readonly #udp: UdpTransport[] = [];
  readonly #tcp: TcpTransport[] = [];
  readonly #limits: SipServerLimits;
  readonly #events: ListenerEvents;

  constructor(limits: SipServerLimits, events: ListenerEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  /**
   * Opens one listener.
   * @param external - the address that peers are to see
   * @throws Error of the operating system when the address is taken
   */
  async listen(at: ListenAddress, external: string | undefined): Promise<void> {
    const { protocol, address, port } = at;
    const { onMessage, onSocketError } = this.#events;
    if (protocol === 'udp') {
      this.#udp.push(await UdpTransport.listen(address, port, external, onMessage, onSocketError));
    } else {
      this.#tcp.push(await TcpTransport.listen(address, port, external, this.#limits, this.#events));
    }
  }

  /** `proto/address:port` of every listener. */
  names(): string[] {
    const name = (protocol: Protocol, at: { local: LocalAddress; localPort: number }): string =>
      `${protocol}/${formatHost(at.local.announced)}:${at.localPort}`;
    return [...this.#udp.map((t) => name('udp', t)), ...this.#tcp.map((t) => name('tcp', t))];
  }

  /** TCP connections that stand, or are being opened. */
  get connections(): number {
    return this.#tcp.reduce((sum, transport) => sum + transport.size, 0);
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
   * A flow to this hop, or undefined when no listener speaks its protocol and family.
   * @param onFailure - hears when a connection to it never comes up
   */
  flowTo(hop: Hop, onFailure: () => void): Flow | undefined {
    if (hop.protocol === 'udp') return nearest(this.#udp, hop.address)?.flowTo(hop.address, hop.port);
    return nearest(this.#tcp, hop.address)?.flowTo(hop.address, hop.port, onFailure);
  }

  close(): void {
    for (const transport of this.#udp.splice(0)) transport.close();
    for (const transport of this.#tcp.splice(0)) transport.close();
  }

  #of(protocol: Protocol): readonly { readonly local: LocalAddress; readonly localPort: number }[] {
    return protocol === 'udp' ? this.#udp : this.#tcp;
  }
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
