import { readFileSync, writeFileSync } from 'node:fs';

const RATE = 8_000;
const HEADER_BYTES = 44;

/** Writes a mono 16-bit 8 kHz WAV of one pure tone. */
export function writeTone(path: string, hertz: number, seconds: number): void {
  const samples = new Int16Array(RATE * seconds);
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(12_000 * Math.sin((2 * Math.PI * hertz * i) / RATE));
  }
  writeSamples(path, samples);
}

/** Writes a mono 16-bit 8 kHz WAV. */
export function writeSamples(path: string, samples: Int16Array): void {
  const wav = Buffer.alloc(HEADER_BYTES + samples.length * 2);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(samples.length * 2, 40);
  for (const [i, sample] of samples.entries()) wav.writeInt16LE(sample, HEADER_BYTES + i * 2);
  writeFileSync(path, wav);
}

/** Samples of a mono 16-bit WAV, whatever its header says of the length (a recorder may still be writing). */
export function readSamples(path: string): Int16Array {
  const wav = readFileSync(path);
  // Some carry a word about themselves before their samples.
  const first = Math.max(HEADER_BYTES, wav.indexOf('data', 12, 'latin1') + 8);
  const samples = new Int16Array(Math.max(0, Math.floor((wav.length - first) / 2)));
  for (let i = 0; i < samples.length; i++) samples[i] = wav.readInt16LE(first + i * 2);
  return samples;
}

/**
 * Share of the signal's energy that lies at one frequency, 0 … 1 (Goertzel): about 1 for that pure
 * tone, about 0 for another one or for silence.
 */
export function toneShare(samples: Int16Array, hertz: number): number {
  const n = samples.length;
  if (n === 0) return 0;
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / RATE);
  let s1 = 0;
  let s2 = 0;
  let energy = 0;
  for (const sample of samples) {
    const s0 = sample + coefficient * s1 - s2;
    s2 = s1;
    s1 = s0;
    energy += sample * sample;
  }
  if (energy === 0) return 0;
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  return (2 * power) / (n * energy);
}
