import * as fc from 'fast-check';
import { AddressPolicy } from '../../../src/domain';

const policy = new AddressPolicy();
const refused = (address: string, rules = policy, host = address): boolean =>
  rules.refusal(address, host) !== undefined;

test.each([
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:10.0.0.1',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  '2001:db8::1',
  'nonsense',
  '',
])('%s is refused', (address) => expect(refused(address)).toBe(true));

test.each(['8.8.8.8', '172.32.0.1', '1.1.1.1', '::ffff:8.8.8.8', '2606:4700::1111', '2a00:1450::1'])(
  '%s may be reached',
  (address) => expect(refused(address)).toBe(false),
);

test('what is configured may be reached, and nothing beside it', () => {
  const open = new AddressPolicy(['10.20.0.0/16', '192.168.7.7', 'fd00:1::/32', 'Bidder.Internal']);
  expect(refused('10.20.3.4', open)).toBe(false);
  expect(refused('::ffff:10.20.3.4', open)).toBe(false);
  expect(refused('192.168.7.7', open)).toBe(false);
  expect(refused('fd00:1::9', open)).toBe(false);
  expect(refused('172.16.0.1', open, 'bidder.internal')).toBe(false);
  expect(refused('10.21.0.1', open)).toBe(true);
  expect(refused('192.168.7.8', open)).toBe(true);
  expect(refused('172.16.0.1', open, 'sub.bidder.internal')).toBe(true);
});

test('a private address is refused however it is written as IPv6', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.constantFrom(10, 127), octet, octet, octet, (a, b, c, d) => {
      const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);
      expect(refused(`::ffff:${a}.${b}.${c}.${d}`)).toBe(true);
      expect(refused(`::ffff:${hex(a, b)}:${hex(c, d)}`)).toBe(true);
      expect(refused(`::${hex(a, b)}:${hex(c, d)}`)).toBe(true);
      expect(refused(`2002:${hex(a, b)}:${hex(c, d)}::1`)).toBe(true);
    }),
  );
});
