import type { IncomingMessage } from 'node:http';
import { clientAddress } from '../../../src/api/client-address';

const from = (remoteAddress: string, forwarded?: string): Pick<IncomingMessage, 'socket' | 'headers'> =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as never;
const PROXIES = ['10.0.0.0/8', '2001:db8:f::1'];

test.each([
  ['192.0.2.7', undefined, '192.0.2.7'],
  ['::ffff:192.0.2.7', undefined, '192.0.2.7'],
  ['2001:DB8:1:2:3::4', undefined, '2001:db8:1:2'],
  ['2001:db8::4', undefined, '2001:db8:0:0'],
  ['fe80::1%eth0', undefined, 'fe80:0:0:0'],
  // Whoever is no proxy of ours may say what it likes.
  ['192.0.2.7', '198.51.100.1', '192.0.2.7'],
  ['10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['::ffff:10.1.2.3', '::ffff:198.51.100.1', '198.51.100.1'],
  ['2001:db8:f::1', '203.0.113.9, 198.51.100.1, 10.9.9.9', '198.51.100.1'],
  ['10.1.2.3', '198.51.100.1, unknown', '10.1.2.3'],
  ['10.1.2.3', undefined, '10.1.2.3'],
  ['10.1.2.3', '10.4.4.4', '10.1.2.3'],
])('a connection from %p, forwarded for %p, is of %p', (peer, forwarded, client) => {
  expect(clientAddress(PROXIES)(from(peer, forwarded))).toBe(client);
});
