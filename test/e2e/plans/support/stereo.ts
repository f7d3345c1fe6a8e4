/** What the two sides of a recording said, of G.711 μ-law in a WAV. */
export function readStereo(wav: Buffer): { left: Int16Array; right: Int16Array } {
  const data = wav.indexOf('data', 12, 'latin1');
  expect([
    wav.toString('latin1', 0, 4),
    wav.readUInt16LE(20),
    wav.readUInt16LE(22),
    wav.readUInt32LE(24),
  ]).toEqual(['RIFF', MU_LAW, 2, 8_000]);
  const octets = wav.subarray(data + 8);
  const length = Math.floor(octets.length / 2);
  const left = new Int16Array(length);
  const right = new Int16Array(length);
  for (let i = 0; i < length; i++) {
    left[i] = linear(octets[2 * i] ?? 0);
    right[i] = linear(octets[2 * i + 1] ?? 0);
  }
  return { left, right };
}

/** Format tag of μ-law (RFC 2361). */
const MU_LAW = 7;
const BIAS = 132;

/** ITU-T G.711 §3.1. */
function linear(octet: number): number {
  const said = ~octet & 0xff;
  const magnitude = ((((said & 0x0f) << 3) + BIAS) << ((said & 0x70) >> 4)) - BIAS;
  return said & 0x80 ? -magnitude : magnitude;
}
