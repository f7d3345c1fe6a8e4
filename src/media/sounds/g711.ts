import type { AudioCodec } from '../sdp/audio-description';

/** Largest sample of 16 bits that μ-law can say. */
const MU_CLIP = 32_635;
const MU_BIAS = 132;
const A_CLIP = 32_767;
/** Every other bit of A-law is sent inverted (G.711 §3.2). */
const A_INVERTED = 0x55;
const SILENT_RUN = 0x80;

/** Encodes samples from -1 to 1 as G.711; beyond that they are clipped. */
export function encodeG711(samples: ArrayLike<number>, codec: AudioCodec): Buffer {
  const encode = codec === 'PCMU' ? muLaw : aLaw;
  const bytes = Buffer.allocUnsafe(samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = encode(Math.round((samples[i] ?? 0) * A_CLIP));
  return bytes;
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
