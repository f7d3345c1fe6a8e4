import { writeFileSync } from 'node:fs';

const RATE = 8_000;
const BIAS = 0x84;
const CLIP = 32_635;

/** Writes a pure tone as raw PCMU (ITU-T G.711 µ-law), as SIPp streams it. */
export function writePcmuTone(path: string, hertz: number, seconds: number): void {
  const samples = Buffer.alloc(RATE * seconds);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = encodePcmu(Math.round(8_000 * Math.sin((2 * Math.PI * hertz * i) / RATE)));
  }
  writeFileSync(path, samples);
}

/** One linear 16-bit sample as µ-law. */
function encodePcmu(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  let exponent = 7;
  for (let mask = 0x4000; exponent > 0 && (magnitude & mask) === 0; mask >>= 1) exponent--;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}
