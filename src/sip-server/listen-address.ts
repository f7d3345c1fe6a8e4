import type { ListenAddress } from './options';

/**
 * Reads `udp:127.0.0.1:5060` or `tcp:[::1]:5060`.
 * @throws Error when it is neither
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, protocol = '', v6, other = '', port] = /^(udp|tcp):(?:\[(.+)\]|(.+)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined) throw new Error(`not an address to listen on: ${text}`);
  return { protocol: protocol === 'tcp' ? 'tcp' : 'udp', address: v6 ?? other, port: Number(port) };
}
