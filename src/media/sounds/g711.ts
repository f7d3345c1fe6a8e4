import type { AudioCodec } from '../sdp/audio-description';

/** Largest sample of 16 bits that μ-law can say. */
const MU_CLIP = 32_635;
const MU_BIAS = 132;
const A_CLIP = 32_767;
/** Every other bit of A-law is sent inverted (G.711 §3.2). */
const A_INVERTED = 0x55;
const SILENT_RUN = 0x80;

/** The octet of silence: positive zero. */
export const G711_SILENCE: Readonly<Record<AudioCodec, number>> = { PCMU: 0xff, PCMA: 0xd5 };

/** Encodes samples from -1 to 1 as G.711; beyond that they are clipped. */
export function encodeG711(samples: ArrayLike<number>, codec: AudioCodec): Buffer {
  const encode = codec === 'PCMU' ? muLaw : aLaw;
  const bytes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = encode(Math.round((samples[i] ?? 0) * A_CLIP));
  return bytes;
}

/**
 * Encodes linear samples of 16 bits, each by a table: a prompt may have millions.
 * @param pcm - two octets for each sample, the lower first
 */
export function encodePcm(pcm: Buffer, codec: AudioCodec): Buffer {
  const table = (tables[codec] ??= tableOf(codec));
  const bytes = Buffer.allocUnsafe(pcm.length >> 1);
  for (let i = 0; i < bytes.length; i++) bytes[i] = table[pcm.readUInt16LE(2 * i)] ?? 0;
  return bytes;
}

/** By the sample's 16 bits; made when it is needed first. */
const tables: Partial<Record<AudioCodec, Uint8Array>> = {};

function tableOf(codec: AudioCodec): Uint8Array {
  const encode = codec === 'PCMU' ? muLaw : aLaw;
  return Uint8Array.from({ length: 2 ** 16 }, (_, bits) => encode((bits << 16) >> 16));
}

/** ITU-T G.711 §3.1, table 2: eight segments on a bias of 132, all bits inverted. */
function muLaw(sample: number): number {
  const sign = sample < 0 ? SILENT_RUN : 0;
  const biased = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = Math.floor(Math.log2(biased)) - 7;
  const step = (biased >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | step) & 0xff;
}

/** ITU-T G.711 §3.2, table 1: thirteen bits, the first two segments of one slope. */
function aLaw(sample: number): number {
  const sign = sample < 0 ? 0 : SILENT_RUN;
  // Negative zero does not exist: -1 is the first step below.
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, A_CLIP) >> 4;
  const segment = magnitude < 32 ? (magnitude < 16 ? 0 : 1) : Math.floor(Math.log2(magnitude)) - 3;
  const step = segment < 2 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | step) ^ A_INVERTED;
}

/** Decodes octets of G.711 to samples from -1 to 1. */
export function decodeG711(octets: Uint8Array, codec: AudioCodec): Float32Array {
  const values = DECODED[codec];
  const samples = new Float32Array(octets.length);
  for (let i = 0; i < samples.length; i++) samples[i] = values[octets[i] ?? 0] ?? 0;
  return samples;
}

const DECODED: Readonly<Record<AudioCodec, Float32Array>> = {
  PCMU: Float32Array.from({ length: 256 }, (_, octet) => fromMuLaw(octet) / A_CLIP),
  PCMA: Float32Array.from({ length: 256 }, (_, octet) => fromALaw(octet) / A_CLIP),
};

/** Of the values that a step stands for, the one in its middle (ITU-T G.711, table 2). */
function fromMuLaw(octet: number): number {
  const value = ~octet & 0xff;
  const magnitude = (((value & 0x0f) * 8 + MU_BIAS) << ((value >> 4) & 7)) - MU_BIAS;
  return value & SILENT_RUN ? -magnitude : magnitude;
}

/** The same of table 1. */
function fromALaw(octet: number): number {
  const value = octet ^ A_INVERTED;
  const segment = (value >> 4) & 7;
  const step = (value & 0x0f) * 16 + 8;
  const magnitude = segment === 0 ? step : (step + 256) << (segment - 1);
  return value & SILENT_RUN ? magnitude : -magnitude;
}
