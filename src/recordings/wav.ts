import type { RecordingFormat } from '../media';

/** Octets before the audio. */
const WAV_HEADER_BYTES = 58;
const RATE = 8_000;
const CHANNELS = 2;
/** WAVE_FORMAT_ALAW and WAVE_FORMAT_MULAW (RFC 2361, A.5 and A.6). */
const FORMAT_TAGS = { PCMA: 6, PCMU: 7 } as const;

/**
 * What a WAV file of two channels of G.711 begins with: `RIFF`, `fmt ` of 18 octets, `fact` as formats other than
 * PCM have it, and the head of `data`.
 * @param octets - of audio: pairs
 */
export function wavHeader(encoding: RecordingFormat['encoding'], octets: number): Buffer {
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(WAV_HEADER_BYTES - 8 + octets, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(FORMAT_TAGS[encoding], 20);
  header.writeUInt16LE(CHANNELS, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * CHANNELS, 28);
  header.writeUInt16LE(CHANNELS, 32);
  header.writeUInt16LE(8, 34);
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(octets / CHANNELS, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(octets, 54);
  return header;
}

/** Audio of which any part can be read. */
export interface AudioOctets {
  readonly encoding: RecordingFormat['encoding'];
  readonly size: number;
  read(from: number, to: number): AsyncIterable<Buffer>;
}

/** Octets of the WAV file that audio makes, from anywhere in it. */
export async function* readWav(
  audio: AudioOctets,
  from = 0,
  to = wavSize(audio.size),
): AsyncGenerator<Buffer> {
  if (from < WAV_HEADER_BYTES && from < to) yield wavHeader(audio.encoding, audio.size).subarray(from, to);
  const start = Math.max(0, from - WAV_HEADER_BYTES);
  if (to > WAV_HEADER_BYTES) yield* audio.read(start, to - WAV_HEADER_BYTES);
}

/** Octets of the whole file. */
export function wavSize(octets: number): number {
  return WAV_HEADER_BYTES + octets;
}
