import type { RecordingFormat } from '../media';

/** What was sealed cannot be opened: with another key, for another recording, or not as it was. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** Octets of audio in a chunk; the last one of a file has less. */
export const CHUNK_BYTES = 65_536;
/** What AES-GCM adds to each. */
export const TAG_BYTES = 16;
/** A chunk as it lies in the file. */
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
export const HEADER_BYTES = 80;
/** A data key of 256 bits, wrapped (RFC 3394 §2.2.1). */
export const WRAPPED_KEY_BYTES = 40;
/** Part of the header that every chunk vouches for: it never changes. */
const CONTEXT_BYTES = 32;
const PREFIX_BYTES = 7;
const KEY_ID_BYTES = 8;
const MAGIC = Buffer.from('DCER', 'latin1');
const VERSION = 1;
const CHUNK_EXPONENT = 16;
const CHANNELS = 2;
/** Format tags of WAV (RFC 2361). */
const FORMAT_TAGS = { PCMA: 6, PCMU: 7 } as const;

/** What follows a chunk: more of them, nothing, or nothing any more since a process was killed. */
export const FLAGS = { more: 0, last: 1, recovered: 2 } as const;
export type ChunkFlag = (typeof FLAGS)[keyof typeof FLAGS];

/** What a sealed file begins with. */
export interface SealedHeader {
  /** A UUID. */
  readonly recordingId: string;
  readonly encoding: RecordingFormat['encoding'];
  /** Seven random octets, of this file alone. */
  readonly noncePrefix: Buffer;
  /** Of the key that wraps the data key: 16 hexadecimal digits. */
  readonly keyId: string;
  /** Octets of 0 where it is kept elsewhere. */
  readonly wrappedKey: Buffer;
}

/**
 * The header, in network order: magic (4), version (1), format tag of WAV (1), exponent of the chunk size (1),
 * channels (1), UUID of the recording (16), prefix of nonces (7), zero (1); then what may change: id of the
 * wrapping key (8), wrapped data key (40).
 */
export function writeHeader({ recordingId, encoding, noncePrefix, keyId, wrappedKey }: SealedHeader): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header, 0);
  header[4] = VERSION;
  header[5] = FORMAT_TAGS[encoding];
  header[6] = CHUNK_EXPONENT;
  header[7] = CHANNELS;
  Buffer.from(recordingId.replace(/-/g, ''), 'hex').copy(header, 8);
  noncePrefix.copy(header, 24);
  Buffer.from(keyId, 'hex').copy(header, CONTEXT_BYTES);
  wrappedKey.copy(header, CONTEXT_BYTES + KEY_ID_BYTES);
  return header;
}

/** @throws SealError for what is no such header */
export function readHeader(octets: Buffer): SealedHeader {
  if (octets.length < HEADER_BYTES || !octets.subarray(0, 4).equals(MAGIC)) {
    throw new SealError('this is no sealed recording');
  }
  const encoding =
    octets[5] === FORMAT_TAGS.PCMU ? 'PCMU' : octets[5] === FORMAT_TAGS.PCMA ? 'PCMA' : undefined;
  const known = octets[4] === VERSION && octets[6] === CHUNK_EXPONENT && octets[7] === CHANNELS;
  if (encoding === undefined || !known) throw new SealError('this recording is sealed in a way of later');
  const keyAt = CONTEXT_BYTES + KEY_ID_BYTES;
  return {
    recordingId: uuidOf(octets.subarray(8, 24)),
    encoding,
    noncePrefix: Buffer.from(octets.subarray(24, 24 + PREFIX_BYTES)),
    keyId: octets.subarray(CONTEXT_BYTES, keyAt).toString('hex'),
    wrappedKey: Buffer.from(octets.subarray(keyAt, HEADER_BYTES)),
  };
}

/** Where the wrapped key lies in the file. */
export const WRAPPED_KEY_AT = CONTEXT_BYTES + KEY_ID_BYTES;

/** What every chunk is bound to: exchanged between files, or under another header, it does not open. */
export function contextOf(header: Buffer): Buffer {
  return header.subarray(0, CONTEXT_BYTES);
}

/** The nonce of a chunk: STREAM's prefix, counter and last-flag (Hoang, Reyhanitabar, Rogaway, Vizár 2015, §7). */
export function nonceOf(prefix: Buffer, counter: number, flag: ChunkFlag): Buffer {
  const nonce = Buffer.alloc(12);
  prefix.copy(nonce);
  nonce.writeUInt32BE(counter, PREFIX_BYTES);
  nonce[11] = flag;
  return nonce;
}

function uuidOf(octets: Buffer): string {
  const hex = octets.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
