import type { AudioCodec } from '../sdp/audio-description';
import { decodeG711, encodePcm } from './g711';

const OCTETS = Uint8Array.from({ length: 256 }, (_, octet) => octet);
const FULL_SCALE = 32_767;

/** The linear sample, of 16 bits, that each octet stands for. */
export const LINEAR: Readonly<Record<AudioCodec, Int16Array>> = {
  PCMU: linear('PCMU'),
  PCMA: linear('PCMA'),
};

/** The octet of the other codec that is nearest to each octet of one, by what both stand for. */
export const IN_OTHER: Readonly<Record<AudioCodec, Uint8Array>> = {
  PCMU: encodePcm(Buffer.from(LINEAR.PCMU.buffer), 'PCMA'),
  PCMA: encodePcm(Buffer.from(LINEAR.PCMA.buffer), 'PCMU'),
};

function linear(codec: AudioCodec): Int16Array {
  return Int16Array.from(decodeG711(OCTETS, codec), (sample) => Math.round(sample * FULL_SCALE));
}
