import fc from 'fast-check';
import { isPrivate, SourceRule } from '../../../src/media/mediasoup/source-rule';

const ANNOUNCED = '203.0.113.5';
const SIGNALING = '203.0.113.9';
const STRANGER = '198.51.100.66';
const packet = (sequence: number, ssrc = 1) => ({ payloadType: 0, sequence: sequence & 0xffff, ssrc });
const from = (address: string, port = 4000) => ({ address, port });

/** When, in packets of 20 ms, a stream from the stranger is taken. */
function takenAfter(rule: SourceRule, packets: number): number | undefined {
  for (let n = 0; n < packets; n++) if (rule.admits(packet(65_530 + n), from(STRANGER), n * 20)) return n;
  return undefined;
}

test('nobody is admitted before the peer said where it is', () => {
  const rule = new SourceRule(true);
  expect(rule.admits(packet(1), from(ANNOUNCED), 0)).toBe(false);
  expect(takenAfter(rule, 100)).toBeUndefined();
});

test('the announced address and that of the signalling are the peer, on any port', () => {
  const rule = new SourceRule(false);
  rule.expect(ANNOUNCED, SIGNALING, 0);
  expect(rule.admits(packet(1), from(ANNOUNCED, 9), 0)).toBe(true);
  expect(rule.admits(packet(1), from(SIGNALING, 10), 0)).toBe(true);
  expect(rule.admits(packet(1), from(STRANGER), 0)).toBe(false);
});

test('a whole stream from elsewhere is taken after half a second, across the wrap of its numbers', () => {
  const rule = new SourceRule(true);
  rule.expect(ANNOUNCED, SIGNALING, 0);
  expect(takenAfter(rule, 100)).toBe(25);
});

test('behind NAT the peer need not wait', () => {
  const rule = new SourceRule(true);
  rule.expect('192.168.1.20', SIGNALING, 0);
  expect(takenAfter(rule, 100)).toBe(4);
});

test('sprayed packets are no stream', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ sequence: fc.nat(65_535), ssrc: fc.nat(3), port: fc.integer({ min: 1, max: 3 }) }),
        { maxLength: 60 },
      ),
      (sprayed) => {
        const rule = new SourceRule(true);
        rule.expect(ANNOUNCED, undefined, 0);
        let run = 0;
        let last: (typeof sprayed)[number] | undefined;
        for (const { sequence, ssrc, port } of sprayed) {
          const gap = last ? (sequence - last.sequence + 65_536) % 65_536 : 0;
          run = last && last.ssrc === ssrc && last.port === port && gap >= 1 && gap <= 3 ? run + 1 : 1;
          last = { sequence, ssrc, port };
          expect(rule.admits({ payloadType: 0, sequence, ssrc }, from(STRANGER, port), 10_000)).toBe(
            run >= 5,
          );
          if (run >= 5) return;
        }
      },
    ),
  );
});

test('once a stream was accepted no stranger takes it over, until the peer says that it moved', () => {
  const rule = new SourceRule(true);
  rule.expect(ANNOUNCED, SIGNALING, 0);
  rule.settle('198.51.100.1');
  expect(rule.admits(packet(1), from('198.51.100.1'), 0)).toBe(true);
  expect(takenAfter(rule, 1_000)).toBeUndefined();
  rule.expect('203.0.113.77', SIGNALING, 0);
  expect(takenAfter(rule, 1_000)).toBeDefined();
});

test.each([
  ['10.1.2.3', true],
  ['172.16.0.1', true],
  ['172.32.0.1', false],
  ['192.168.0.1', true],
  ['100.64.0.1', true],
  ['100.128.0.1', false],
  ['169.254.1.1', true],
  ['127.0.0.1', true],
  ['203.0.113.1', false],
  ['::1', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['2001:db8::1', false],
])('%s is private: %s', (address, expected) => {
  expect(isPrivate(address)).toBe(expected);
});
