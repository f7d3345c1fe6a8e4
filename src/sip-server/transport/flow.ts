import type { Protocol } from '../options';

/** A next hop with a numeric address. */
export interface Hop {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
  /** Domain that the peer's certificate must be for (RFC 5922 §7.1); absent: the address itself. */
  readonly domain?: string | undefined;
  /** Only the connection that stands will do: none is opened (RFC 5626 §5.3). */
  readonly standing?: boolean;
}

/** Where a message came from, or goes to: a peer seen through one of our sockets. */
export interface Flow {
  readonly protocol: Protocol;
  /** The peer. */
  readonly address: string;
  readonly port: number;
  /** Our side, as peers are to see it. */
  readonly localAddress: string;
  readonly localPort: number;
  /** Sends a binary string; false when the flow is gone. */
  send(text: string): boolean;
  /** A connection only: false until it is up. */
  readonly established?: boolean;
  /** A connection only: the peer opened it, so nobody can open it again but the peer. */
  readonly inbound?: boolean;
  /** A connection only: its peer is no stranger, for something was granted to it, or asked of it. */
  readonly granted?: boolean;
  /** A connection only: from now on its peer is no stranger. */
  grant?(): void;
  /** A connection only: it has ended. */
  readonly gone?: boolean;
  /** A connection that we opened: see {@link Hop.domain}. */
  readonly domain?: string | undefined;
  /**
   * A connection only: hears once when it ends, or never comes up.
   * @returns what takes the listener back
   */
  onClosed?(listener: () => void): () => void;
  /** UDP only: sends to another port of the same peer. */
  sendTo?(text: string, port: number): boolean;
}

/** True for transports on which nothing is lost and nothing is repeated (RFC 3261 §17). */
export function isReliable(flow: Flow): boolean {
  return flow.protocol !== 'udp';
}

/** Called with every message that arrives. False: it was of no use. */
export type OnMessage = (text: string, flow: Flow) => boolean;
