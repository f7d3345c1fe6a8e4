import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { readWav, wavSize } from '../../../src/recordings';
import type { AudioOctets } from '../../../src/recordings/wav';
import { wavHeader } from '../../../src/recordings/wav';

function audioOf(octets: Buffer, encoding: 'PCMU' | 'PCMA' = 'PCMU'): AudioOctets {
  return {
    encoding,
    size: octets.length,
    async *read(from, to) {
      yield octets.subarray(from, to);
    },
  };
}

async function bytes(audio: AudioOctets, from?: number, to?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readWav(audio, from, to)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test('the file says what it holds', () => {
  const header = wavHeader('PCMA', 16_000);
  expect(header).toHaveLength(58);
  expect(header.toString('latin1', 0, 4)).toBe('RIFF');
  expect(header.readUInt32LE(4)).toBe(16_000 + 50);
  expect(header.toString('latin1', 8, 16)).toBe('WAVEfmt ');
  expect(header.readUInt32LE(16)).toBe(18);
  expect([20, 22, 32, 34, 36].map((at) => header.readUInt16LE(at))).toEqual([6, 2, 2, 8, 0]);
  expect([24, 28].map((at) => header.readUInt32LE(at))).toEqual([8_000, 16_000]);
  expect(header.toString('latin1', 38, 42)).toBe('fact');
  // Samples of each channel.
  expect(header.readUInt32LE(46)).toBe(8_000);
  expect(header.toString('latin1', 50, 54)).toBe('data');
  expect(header.readUInt32LE(54)).toBe(16_000);
  expect(wavHeader('PCMU', 0).readUInt16LE(20)).toBe(7);
});

test('any range of it is that range', async () => {
  const audio = audioOf(randomBytes(5_000));
  const whole = await bytes(audio);
  expect(whole).toHaveLength(wavSize(5_000));
  const place = fc.integer({ min: 0, max: whole.length });
  await fc.assert(
    fc.asyncProperty(place, place, async (a, b) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      expect((await bytes(audio, from, to)).equals(whole.subarray(from, to))).toBe(true);
    }),
  );
});
