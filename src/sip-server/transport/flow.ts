import type { Protocol } from '../options';

/** A next hop with a numeric address. */
export interface Hop {
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
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
  /** UDP only: sends to another port of the same peer. */
  sendTo?(text: string, port: number): boolean;
}

/** True for transports on which nothing is lost and nothing is repeated (RFC 3261 §17). */
export function isReliable(flow: Flow): boolean {
  return flow.protocol !== 'udp';
}

/** Called with every message that arrives. */
export type OnMessage = (text: string, flow: Flow) => void;
