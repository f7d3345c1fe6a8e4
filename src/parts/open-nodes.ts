import type { Config } from '../config';
import type { Clock } from '../domain';
import type { SipTransport } from '../signaling';
import { flowUri, Relay } from '../signaling';
import type { Database } from '../storage';
import { NodeAddresses, sharedSecret } from '../storage';

export interface NodesParts {
  readonly config: Config;
  readonly database: Database;
  readonly clock: Clock;
  /** Something did not work that is made up for. */
  readonly warn: (message: string) => (error: Error) => void;
}

/** The other nodes: where they are, and how their phones are rung. */
export interface Nodes {
  readonly addresses: NodeAddresses;
  readonly relay: Relay;
}

/** Puts together what nodes know of each other. @throws Error when the database is away */
export async function openNodes({ config, database, clock, warn }: NodesParts): Promise<Nodes> {
  const addresses = new NodeAddresses(database, {
    nodeId: config.node.id,
    deadAfterMs: config.billing.nodeDeadAfterMs,
    onError: warn('addresses of the other nodes are not read'),
  });
  const relay = new Relay({
    secret: await sharedSecret(database, 'relay'),
    addressOf: (nodeId) => addresses.of(nodeId),
    now: () => clock.now(),
  });
  return { addresses, relay };
}

/**
 * Tells the other nodes where this one's SIP server is. One that they cannot reach is warned of: they would
 * not ring the phones that are connected to it.
 */
export async function announceNode(
  heartbeat: { announce(address: string | undefined): Promise<void> },
  sip: Pick<Config['sip'], 'nodeAddress'>,
  listening: readonly string[],
  warn: NodesParts['warn'],
): Promise<void> {
  const address = nodeSipAddress(sip, listening);
  if (address === undefined) {
    const why =
      'no udp or tcp listener is on an address of its own: where there are several nodes, set sip.nodeAddress';
    warn('other nodes do not reach the phones of this one')(new Error(why));
  }
  await heartbeat.announce(address).catch(warn('the others do not hear of this node'));
}

const LISTENING = /^(tcp|udp)\/(.+):(\d+)$/;
const ANYWHERE = new Set(['0.0.0.0', '[::]', '::']);

/**
 * Where other nodes reach this node's SIP server: as configured, or its first listener, TCP before UDP
 * (what browsers say does not fit into a datagram). Undefined: nowhere, as of one that listens everywhere.
 * @param listening - `proto/address:port` of every SIP listener
 */
export function nodeSipAddress(
  { nodeAddress }: Pick<Config['sip'], 'nodeAddress'>,
  listening: readonly string[],
): string | undefined {
  const configured = nodeAddress === undefined ? [] : [nodeAddress.replace(':', '/')];
  const candidates = [...configured, ...listening].flatMap((name) => {
    const [, protocol = '', host = '', port = ''] = LISTENING.exec(name) ?? [];
    return protocol === '' || ANYWHERE.has(host) ? [] : [{ protocol, host, port }];
  });
  const found =
    (configured.length > 0 ? candidates[0] : undefined) ??
    candidates.find(({ protocol }) => protocol === 'tcp') ??
    candidates[0];
  if (!found) return undefined;
  const { protocol, host, port } = found;
  return flowUri({ transport: protocol as SipTransport, address: host, port: Number(port) });
}
