import type { Via } from '../message';
import type { Flow } from '../transport';

const DEFAULT_PORT = 5060;

/**
 * Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4): down the connection it came by; over UDP to
 * the source port if rport was asked for, else to the port of sent-by.
 */
export function responseFlow(flow: Flow, via: Via): Flow {
  if (flow.protocol !== 'udp' || via.rport !== undefined) return flow;
  const port = via.port ?? DEFAULT_PORT;
  return port === flow.port ? flow : new RedirectedFlow(flow, port);
}

/** A UDP flow whose answers go to another port of the same peer. */
class RedirectedFlow implements Flow {
  readonly protocol = 'udp';
  readonly address: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly #send: (text: string, port: number) => boolean;

  constructor(
    flow: Flow,
    readonly port: number,
  ) {
    this.address = flow.address;
    this.localAddress = flow.localAddress;
    this.localPort = flow.localPort;
    this.#send = (text, to) => flow.sendTo?.(text, to) ?? false;
  }

  send(text: string): boolean {
    return this.#send(text, this.port);
  }
}
