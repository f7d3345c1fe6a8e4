import fc from 'fast-check';
import { Labels } from '../../../src/media/mediasoup/labels';

const dynamic = fc.option(fc.integer({ min: 96, max: 127 }), { nil: undefined });

test('digits leave with the payload type that the hearing side wants, audio with its own', () => {
  fc.assert(
    fc.property(dynamic, dynamic, dynamic, (digitsIn, out, otherOut) => {
      const labels = new Labels([out, otherOut]);
      const router = new Map(
        labels.mediaCodecs.map((codec) => [
          `${codec.mimeType}/${codec.clockRate}`,
          codec.preferredPayloadType,
        ]),
      );
      const leaves = labels
        .stream(['PCMA', 'PCMU'], digitsIn, out)
        .map(({ mimeType, clockRate, payloadType }) => [payloadType, router.get(`${mimeType}/${clockRate}`)]);
      const digits = digitsIn === undefined || out === undefined ? [] : [[digitsIn, out]];
      expect(leaves).toEqual([[8, 8], [0, 0], ...digits]);
    }),
  );
});

test('calls with the same payload types share a router, whichever side has which', () => {
  expect(new Labels([101, 96]).key).toBe(new Labels([96, 101]).key);
  expect(new Labels([101, 101]).key).toBe(new Labels([undefined, 101]).key);
  expect(new Labels([101, 96]).key).not.toBe(new Labels([101]).key);
});

test('payload types that a router lacks cannot be asked of it', () => {
  expect(new Labels([]).stream(['PCMU'], 101, 101)).toEqual(
    new Labels([]).stream(['PCMU'], undefined, undefined),
  );
});

test('calls with browsers share a router that knows what every leg is likely to ask for', () => {
  const labels = Labels.usual(99);
  for (const out of [99, 96, 101, 110, 126]) expect(labels.stream(['PCMU'], 101, out)).toHaveLength(2);
  expect(Labels.usual(101).key).toBe(Labels.usual(undefined).key);
  expect(new Set(labels.mediaCodecs.map(({ preferredPayloadType }) => preferredPayloadType)).size).toBe(
    labels.mediaCodecs.length,
  );
});
