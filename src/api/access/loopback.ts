import { isIP } from 'node:net';
import type { CookieRequest } from './cookies';

/** RFC 9110 §7.2, without the port. */
const HOST = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::\d{1,5})?$/;

/** Whether somebody on this machine asks, by a name that no other machine has (RFC 6761 §6.3). */
export function isLoopback({ headers, socket }: CookieRequest): boolean {
  const [, host = ''] = HOST.exec(headers.host ?? '') ?? [];
  return isLoopbackHost(host) && isLoopbackHost(socket.remoteAddress ?? '');
}

/** `localhost`, an address of 127.0.0.0/8, or ::1. */
function isLoopbackHost(host: string): boolean {
  const plain = host
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/i, '')
    .toLowerCase();
  if (plain === 'localhost' || plain.endsWith('.localhost') || plain === '::1') return true;
  return isIP(plain) === 4 && plain.startsWith('127.');
}
