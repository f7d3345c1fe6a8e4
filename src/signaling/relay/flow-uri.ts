import type { Flow } from '../registrar/bindings';

/**
 * The URI that names a connection of this node, down which requests go to the phone (RFC 5626 §5.3); for
 * UDP the address that it sends from, which a NAT in between lets pass (RFC 3581).
 */
export function flowUri({ transport, address, port }: Flow): string {
  const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  return `sip:${host}:${port};transport=${transport}`;
}
