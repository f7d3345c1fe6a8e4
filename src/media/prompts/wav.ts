import { CLOCK_RATE } from '../sdp/audio-description';

/** The samples of a file as they stand there. */
export interface WavAudio {
  readonly encoding: 'PCM' | 'PCMU' | 'PCMA';
  /** Octets of G.711; of PCM two for each sample, the lower first. */
  readonly octets: Buffer;
}

/** `wFormatTag` (Multimedia Programming Interface and Data Specifications 1.0; RFC 2361). */
const ENCODINGS: Readonly<
  Record<number, { readonly encoding: WavAudio['encoding']; readonly bits: number }>
> = {
  1: { encoding: 'PCM', bits: 16 },
  6: { encoding: 'PCMA', bits: 8 },
  7: { encoding: 'PCMU', bits: 8 },
};
/** The real tag then stands in the first two octets of the sub-format. */
const EXTENSIBLE = 0xfffe;
const SUB_FORMAT = 24;
const RIFF_HEADER = 12;
const CHUNK_HEADER = 8;
const MIN_FORMAT = 16;
/** Lengths from here on are of writers who did not know it yet: what follows is all there is. */
const STREAMED = 0x7fff_0000;

/**
 * Reads a RIFF/WAVE file of one channel at 8 kHz: PCM of 16 bits, or G.711.
 * @throws Error in one line that says what the file is instead
 */
export function readWav(file: Buffer): WavAudio {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, RIFF_HEADER) !== 'WAVE') {
    throw new Error('is no WAV file');
  }
  const chunks = chunksOf(file);
  const format = chunks.get('fmt ');
  if (!format || format.length < MIN_FORMAT) throw new Error('does not say what its samples are');
  const { encoding, bits } = readFormat(format);
  const octets = chunks.get('data');
  if (!octets) throw new Error('has no samples');
  return { encoding, octets: octets.subarray(0, octets.length - (octets.length % (bits / 8))) };
}

function readFormat(format: Buffer): { readonly encoding: WavAudio['encoding']; readonly bits: number } {
  const said = format.readUInt16LE(0);
  const tag = said === EXTENSIBLE && format.length >= SUB_FORMAT + 2 ? format.readUInt16LE(SUB_FORMAT) : said;
  const [channels, rate, bits] = [format.readUInt16LE(2), format.readUInt32LE(4), format.readUInt16LE(14)];
  const known = ENCODINGS[tag];
  if (!known) throw new Error(`is encoded as ${tag}, not as PCM (1), A-law (6) or µ-law (7)`);
  if (channels !== 1) throw new Error(`has ${channels} channels, not one`);
  if (rate !== CLOCK_RATE) throw new Error(`has ${rate} samples a second, not ${CLOCK_RATE}`);
  if (bits !== known.bits) throw new Error(`has samples of ${bits} bits, not of ${known.bits}`);
  return known;
}

/** The first of each kind. @throws Error when the last is not all there, as of a file that is being written */
function chunksOf(file: Buffer): ReadonlyMap<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = RIFF_HEADER; at + CHUNK_HEADER <= file.length;) {
    const id = file.toString('latin1', at, at + 4);
    const length = file.readUInt32LE(at + 4);
    const begin = at + CHUNK_HEADER;
    if (begin + length > file.length && length < STREAMED) throw new Error('ends before its samples do');
    if (!chunks.has(id)) chunks.set(id, file.subarray(begin, begin + length));
    at = begin + length + (length % 2);
  }
  return chunks;
}
