import { BlockList, isIP } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { networkInterfaces } from 'node:os';

type Interface = Pick<NetworkInterfaceInfo, 'address' | 'netmask' | 'cidr' | 'internal'>;

const MAX_REMEMBERED = 10_000;
const WILDCARDS = new Set(['0.0.0.0', '::']);

/** Which of our addresses a listener is known by: to whom, and to ourselves. */
export class LocalAddress {
  readonly bound: string;
  readonly isIPv6: boolean;
  readonly #external: string | undefined;
  /** Only of the listener's family. */
  readonly #interfaces: readonly {
    readonly address: string;
    readonly internal: boolean;
    readonly net: BlockList;
  }[];
  readonly #seen = new Map<string, string>();

  /**
   * @param bound - what the socket is bound to
   * @param external - what peers are to see; an address counts for listeners of its own family only
   */
  constructor(
    bound: string,
    external: string | undefined,
    interfaces: readonly Interface[] = allInterfaces(),
  ) {
    this.bound = bound;
    this.isIPv6 = bound.includes(':');
    const family = this.isIPv6 ? 6 : 4;
    const applies = external !== undefined && (isIP(external) === 0 || isIP(external) === family);
    this.#external = applies ? external : undefined;
    this.#interfaces = interfaces
      .filter(({ address }) => isIP(address) === family)
      .map(({ address, cidr, internal }) => ({ address, internal, net: subnet(address, cidr) }));
  }

  /** The name under which it is announced. */
  get announced(): string {
    return this.#external ?? this.bound;
  }

  /** Our address in messages for this peer: one bound to all addresses is reached by the interface that is nearest. */
  seenBy(peer: string): string {
    if (this.#external !== undefined) return this.#external;
    if (!WILDCARDS.has(this.bound)) return this.bound;
    const known = this.#seen.get(peer);
    if (known !== undefined) return known;
    const found =
      this.#interfaces.find(({ net }) => contains(net, peer)) ??
      this.#interfaces.find(({ address, internal }) => !internal && !isLinkLocal(address)) ??
      this.#interfaces[0];
    const address = found?.address ?? this.bound;
    if (this.#seen.size >= MAX_REMEMBERED) this.#seen.clear();
    this.#seen.set(peer, address);
    return address;
  }

  /** True for an address that leads to this listener. */
  leadsHere(address: string): boolean {
    if (address === this.bound || address === this.#external) return true;
    if (!WILDCARDS.has(this.bound)) return false;
    return (
      address === '::1' ||
      address.startsWith('127.') ||
      this.#interfaces.some((own) => own.address === address)
    );
  }

  /** How well a listener serves for sending to this peer; lower is better. */
  distance(peer: string): number {
    if (WILDCARDS.has(this.bound)) return 1;
    const own = this.#interfaces.find(({ address }) => address === this.bound);
    if (own && contains(own.net, peer)) return 0;
    return own?.internal === true ? 3 : 2;
  }
}

function allInterfaces(): Interface[] {
  return Object.values(networkInterfaces()).flatMap((found) => found ?? []);
}

function subnet(address: string, cidr: string | null): BlockList {
  const net = new BlockList();
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  const bits = Number(cidr?.split('/')[1] ?? (family === 'ipv6' ? 128 : 32));
  net.addSubnet(address, bits, family);
  return net;
}

function contains(net: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && net.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function isLinkLocal(address: string): boolean {
  return /^(fe[89ab][0-9a-f]:|169\.254\.)/i.test(address);
}
