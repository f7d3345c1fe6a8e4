import { LocalAddress } from '../../../../src/sip-server/transport/local-address';

const interfaces = [
  { address: '127.0.0.1', netmask: '255.0.0.0', cidr: '127.0.0.1/8', internal: true },
  { address: '::1', netmask: 'ffff:…', cidr: '::1/128', internal: true },
  { address: '169.254.3.4', netmask: '255.255.0.0', cidr: '169.254.3.4/16', internal: false },
  { address: '10.0.0.5', netmask: '255.255.255.0', cidr: '10.0.0.5/24', internal: false },
  { address: '198.51.100.5', netmask: '255.255.255.0', cidr: '198.51.100.5/24', internal: false },
  { address: 'fe80::5', netmask: 'ffff:…', cidr: 'fe80::5/64', internal: false },
  { address: '2001:db8::5', netmask: 'ffff:…', cidr: '2001:db8::5/64', internal: false },
];

test.each([
  // bound, external, peer, how the peer sees us
  ['10.0.0.5', undefined, '203.0.113.9', '10.0.0.5'],
  ['0.0.0.0', undefined, '127.0.0.9', '127.0.0.1'],
  ['0.0.0.0', undefined, '198.51.100.77', '198.51.100.5'],
  ['0.0.0.0', undefined, '10.0.0.77', '10.0.0.5'],
  ['0.0.0.0', undefined, '203.0.113.9', '10.0.0.5'],
  ['::', undefined, '2001:db8::9', '2001:db8::5'],
  ['::', undefined, '2001:db8:9::9', '2001:db8::5'],
  ['::', undefined, '::1', '::1'],
  ['::', undefined, 'fe80::9', 'fe80::5'],
  ['0.0.0.0', '203.0.113.1', '10.0.0.77', '203.0.113.1'],
  ['10.0.0.5', '203.0.113.1', '10.0.0.77', '203.0.113.1'],
  ['::', '203.0.113.1', '2001:db8::9', '2001:db8::5'],
  ['::', '2001:db8:1::1', '2001:db8::9', '2001:db8:1::1'],
  ['10.0.0.5', 'sip.example.com', '10.0.0.77', 'sip.example.com'],
])('bound to %s, announced as %s: %s sees %s', (bound, external, peer, seen) => {
  const local = new LocalAddress(bound, external, interfaces);
  for (let i = 0; i < 2; i++) expect(local.seenBy(peer)).toBe(seen);
});

test('a machine without interfaces says what it is bound to', () => {
  expect(new LocalAddress('0.0.0.0', undefined, []).seenBy('10.0.0.1')).toBe('0.0.0.0');
});

test.each([
  ['10.0.0.5', undefined, '10.0.0.5', true],
  ['10.0.0.5', undefined, '127.0.0.1', false],
  ['10.0.0.5', undefined, '198.51.100.5', false],
  ['10.0.0.5', '203.0.113.1', '203.0.113.1', true],
  ['0.0.0.0', undefined, '198.51.100.5', true],
  ['0.0.0.0', undefined, '127.0.0.7', true],
  ['0.0.0.0', undefined, '10.0.0.6', false],
  ['::', undefined, '::1', true],
  ['::', undefined, '10.0.0.5', false],
])('bound to %s, announced as %s: %s leads here: %s', (bound, external, address, here) => {
  expect(new LocalAddress(bound, external, interfaces).leadsHere(address)).toBe(here);
});

test('of several listeners the one on the network of the peer is nearest', () => {
  const nearestTo = (peer: string): string | undefined =>
    ['127.0.0.1', '10.0.0.5', '198.51.100.5']
      .map((bound) => new LocalAddress(bound, undefined, interfaces))
      .sort((a, b) => a.distance(peer) - b.distance(peer))[0]?.bound;
  expect(nearestTo('127.0.0.1')).toBe('127.0.0.1');
  expect(nearestTo('198.51.100.9')).toBe('198.51.100.5');
  expect(nearestTo('203.0.113.9')).toBe('10.0.0.5');
});
