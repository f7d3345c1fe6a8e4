import type { ListenAddress, Protocol } from './options';

const PATTERN = /^(udp|tcp|tls|ws|wss):(?:\[(.+)\]|(.+)):(\d{1,5})$/;

/**
 * Reads `udp:127.0.0.1:5060`, `wss:[::1]:443` and their like.
 * @throws Error when it is none
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, protocol, v6, other = '', port] = PATTERN.exec(text) ?? [];
  if (port === undefined) throw new Error(`not an address to listen on: ${text}`);
  return { protocol: protocol as Protocol, address: v6 ?? other, port: Number(port) };
}
