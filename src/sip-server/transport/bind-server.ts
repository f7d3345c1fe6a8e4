import type { AddressInfo, Server } from 'node:net';
import { isIPv6 } from 'node:net';
import { LocalAddress } from './local-address';

/** Where a server came to listen. */
export interface Bound {
  readonly local: LocalAddress;
  readonly port: number;
}

/**
 * Lets a server of connections listen.
 * @param port - 0 for one that is free
 * @param external - the address that peers are told in place of the server's own
 * @throws Error of the operating system when the address cannot be bound
 */
export function bindServer(
  server: Server,
  address: string,
  port: number,
  external: string | undefined,
): Promise<Bound> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address, ipv6Only: isIPv6(address) }, () => {
      server.removeListener('error', reject);
      const bound = server.address() as AddressInfo;
      resolve({ local: new LocalAddress(bound.address, external), port: bound.port });
    });
  });
}
