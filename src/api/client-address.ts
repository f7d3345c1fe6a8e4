import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Who asks, as far as an address tells. */
export type ClientAddress = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => string;

/**
 * How clients are told apart: by the address that a connection comes from, or that a proxy of ours says it
 * comes from (X-Forwarded-For). Of IPv6 it is the network, which one person has.
 * @param trustedProxies - addresses and CIDR blocks
 */
export function clientAddress(trustedProxies: readonly string[] = []): ClientAddress {
  const isProxy = proxiesOf(trustedProxies);
  return ({ socket, headers }) => {
    const peer = plain(socket.remoteAddress ?? '');
    if (!isProxy(peer)) return network(peer);
    const forwarded = headers['x-forwarded-for'];
    const list = typeof forwarded === 'string' ? forwarded.split(',') : (forwarded ?? []);
    // Each proxy adds whom it heard from: the last that is no proxy of ours is the client.
    for (const one of [...list].reverse()) {
      const address = plain(one.trim());
      if (isIP(address) === 0) break;
      if (!isProxy(address)) return network(address);
    }
    return network(peer);
  };
}

/**
 * Of whom a connection is, by its remote address: of IPv6 the network; undefined of a proxy of ours, which has many
 * clients.
 * @param trustedProxies - addresses and CIDR blocks
 */
export function connectionOwner(
  trustedProxies: readonly string[] = [],
): (address: string) => string | undefined {
  const isProxy = proxiesOf(trustedProxies);
  return (address) => {
    const peer = plain(address);
    return isProxy(peer) ? undefined : network(peer);
  };
}

/** Whether a request came over TLS, as far as its last hop that is no proxy of ours. */
export type ArrivedByTls = (request: Pick<IncomingMessage, 'socket' | 'headers'>) => boolean;

/** @param trustedProxies - whose X-Forwarded-Proto is believed: addresses and CIDR blocks */
export function arrivedByTls(trustedProxies: readonly string[] = []): ArrivedByTls {
  const isProxy = proxiesOf(trustedProxies);
  return ({ socket, headers }) => {
    if ('encrypted' in socket && socket.encrypted === true) return true;
    const forwarded = headers['x-forwarded-proto'];
    if (forwarded === undefined || !isProxy(plain(socket.remoteAddress ?? ''))) return false;
    return String(forwarded).split(',', 1)[0]?.trim() === 'https';
  };
}

function proxiesOf(trusted: readonly string[]): (address: string) => boolean {
  const proxies = new BlockList();
  for (const proxy of trusted) {
    const [address = '', bits] = proxy.split('/');
    if (bits === undefined) proxies.addAddress(address, familyOf(address));
    else proxies.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => isIP(address) !== 0 && proxies.check(address, familyOf(address));
}

/** An IPv4 address that is written as IPv6 is what it is. */
function plain(address: string): string {
  return /^::ffff:([\d.]+)$/i.exec(address)?.[1] ?? address;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/** The first 64 bits of an IPv6 address; an IPv4 address as it is. */
function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('%', 1)[0]?.split('::') ?? [];
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const whole = address.includes('::')
    ? [...first, ...Array<string>(Math.max(8 - first.length - last.length, 0)).fill('0'), ...last]
    : first;
  return whole.slice(0, 4).join(':').toLowerCase();
}
