import fc from 'fast-check';
import { encodeG711 } from '../../../src/media/sounds/g711';
import { WaveformMeter } from '../../../src/recordings/waveform';

const RATE = 8_000;

function stereo(caller: Buffer, other: Buffer): Buffer {
  const octets = Buffer.alloc(caller.length * 2);
  for (let at = 0; at < caller.length; at++) {
    octets[2 * at] = caller[at] as number;
    octets[2 * at + 1] = other[at] as number;
  }
  return octets;
}

test.each(['PCMU', 'PCMA'] as const)('loud is loud, and silence is nothing: %s', (encoding) => {
  const tone = (amplitude: number): Buffer =>
    encodeG711(
      Array.from({ length: RATE }, (_none, at) => amplitude * Math.sin((2 * Math.PI * 440 * at) / RATE)),
      encoding,
    );
  const meter = new WaveformMeter(encoding);
  meter.push(stereo(tone(1), tone(0.25)));
  meter.push(stereo(tone(0), tone(1)));
  const { stepMs, caller, other } = meter.result();
  expect(stepMs).toBe(100);
  expect(caller).toHaveLength(20);
  for (const peak of caller.slice(0, 10)) expect(peak).toBeGreaterThan(245);
  for (const peak of caller.slice(10)) expect(peak).toBeLessThan(2);
  for (const peak of other.slice(0, 10)) expect(Math.abs(peak - 64)).toBeLessThan(4);
});

test('however long it is, there are no more figures than anybody can draw, and the peak is among them', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3_000_000 }),
      fc.nat(),
      fc.integer({ min: 1, max: 50_000 }),
      (samples, place, piece) => {
        const octets = Buffer.alloc(samples * 2, 0xff);
        // The loudest octet of μ-law.
        octets[2 * (place % samples)] = 0x80;
        const meter = new WaveformMeter('PCMU');
        for (let at = 0; at < octets.length; at += 2 * piece) meter.push(octets.subarray(at, at + 2 * piece));
        const { stepMs, caller, other } = meter.result();
        expect(caller.length).toBeLessThanOrEqual(400);
        expect(caller).toHaveLength(Math.ceil(samples / 8 / stepMs));
        expect(caller.indexOf(251)).toBe(Math.floor((place % samples) / 8 / stepMs));
        expect(Math.max(...other)).toBe(0);
      },
    ),
    { numRuns: 15 },
  );
});
