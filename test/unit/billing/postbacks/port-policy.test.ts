import * as fc from 'fast-check';
import { PortPolicy, portOf } from '../../../../src/billing/postbacks/port-policy';

const refused = (policy: PortPolicy, ...ports: number[]): boolean[] =>
  ports.map((port) => policy.refusal(port) !== undefined);

test('the ports of the web are open, and of others none by default', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65_535 }), (port) => {
      expect(new PortPolicy().refusal(port) === undefined).toBe(port === 443 || port === 80);
    }),
  );
});

test('one port is opened, and a range with both its ends', () => {
  const policy = new PortPolicy(['8443', '9000-9002']);
  expect(refused(policy, 8_442, 8_443, 8_444)).toEqual([true, false, true]);
  expect(refused(policy, 8_999, 9_000, 9_001, 9_002, 9_003)).toEqual([true, false, false, false, true]);
});

test('a range opens no port of what a request may do harm to; its own number does', () => {
  const all = new PortPolicy(['1024-65535']);
  expect(refused(all, 5_060, 6_379, 5_432, 11_211, 2_375, 6_000)).toEqual(Array(6).fill(true));
  expect(refused(all, 8_080, 49_152)).toEqual([false, false]);
  expect(refused(new PortPolicy(['1024-65535', '6379']), 6_379, 5_060)).toEqual([false, true]);
});

test('ports of the system are never open but for the web', () => {
  const all = new PortPolicy(['1024-65535']);
  expect(refused(all, 0, 22, 25, 53, 81, 442, 444, 1_023)).toEqual(Array(8).fill(true));
});

test.each(['22', '1023', '0', '', '-', '70000', '1024-70000', '9000-8000', '8443 ', '1e4', '443'])(
  '%j opens nothing',
  (rule) => {
    expect(() => new PortPolicy([rule])).toThrow(RangeError);
  },
);

test('a URL has a port, also where it names none', () => {
  const ports = [
    'https://a.example/',
    'http://a.example/',
    'https://a.example:443/',
    'http://a.example:022/',
  ];
  expect(ports.map((url) => portOf(new URL(url)))).toEqual([443, 80, 443, 22]);
});
