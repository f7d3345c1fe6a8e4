import { createDecipheriv } from 'node:crypto';
import type { RecordingFormat } from '../media';
import type { ChunkFlag, SealedHeader } from './sealed-format';
import {
  CHUNK_BYTES,
  contextOf,
  FLAGS,
  HEADER_BYTES,
  nonceOf,
  readHeader,
  SEALED_CHUNK_BYTES,
  SealError,
  TAG_BYTES,
} from './sealed-format';

/** Where octets are read from: a file, an object of a store. */
export interface ByteSource {
  /** Octets that there are. */
  readonly size: number;
  /** Exactly so many from an offset on. @throws Error when they cannot be read */
  read(offset: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** Chunks that are read at once: half a mebibyte. */
const CHUNKS_AT_ONCE = 8;

/**
 * The audio in a sealed file, from anywhere in it: each chunk is authenticated before any of it is handed over,
 * and that nothing is missing at the end is known before anything is.
 */
export class SealedAudio {
  readonly #source: ByteSource;
  readonly #key: Buffer;
  readonly #header: Buffer;
  readonly #prefix: Buffer;
  /** Of the last chunk. */
  readonly #last: { readonly counter: number; readonly octets: Buffer };
  readonly encoding: RecordingFormat['encoding'];
  /** Octets of audio. */
  readonly size: number;
  /** Its end was written after its process was killed. */
  readonly recovered: boolean;

  private constructor(
    source: ByteSource,
    key: Buffer,
    header: Buffer,
    last: { readonly counter: number; readonly octets: Buffer; readonly recovered: boolean },
  ) {
    const { noncePrefix, encoding } = readHeader(header);
    this.#source = source;
    this.#key = key;
    this.#header = header;
    this.#prefix = noncePrefix;
    this.#last = last;
    this.encoding = encoding;
    this.size = last.counter * CHUNK_BYTES + last.octets.length;
    this.recovered = last.recovered;
  }

  /**
   * @param recordingId - whose audio is expected there
   * @param keyOf - the data key of the file
   * @throws SealError when it is another's, is not whole, or the key is wrong
   */
  static async open(
    source: ByteSource,
    recordingId: string,
    keyOf: (header: SealedHeader) => Buffer,
  ): Promise<SealedAudio> {
    const body = source.size - HEADER_BYTES;
    const rest = body % SEALED_CHUNK_BYTES;
    if (body < TAG_BYTES || rest < TAG_BYTES) throw new SealError('the end of a recording is missing');
    const header = await source.read(0, HEADER_BYTES);
    const parsed = readHeader(header);
    if (parsed.recordingId !== recordingId) throw new SealError('this is the file of another recording');
    const key = keyOf(parsed);
    const counter = (body - rest) / SEALED_CHUNK_BYTES;
    const sealed = await source.read(HEADER_BYTES + counter * SEALED_CHUNK_BYTES, rest);
    const of = { key, prefix: parsed.noncePrefix, header, counter, sealed };
    const whole = openChunk({ ...of, flag: FLAGS.last });
    const octets = whole ?? openChunk({ ...of, flag: FLAGS.recovered });
    if (!octets) throw new SealError('the end of a recording is missing, was changed, or has another key');
    return new SealedAudio(source, key, header, { counter, octets, recovered: whole === undefined });
  }

  /**
   * Octets of the audio, in pieces.
   * @param from - of the first
   * @param to - of the one behind the last; at most {@link size}
   * @throws SealError when a chunk is not as it was sealed
   */
  async *read(from = 0, to = this.size): AsyncGenerator<Buffer> {
    const lastChunk = Math.floor((to - 1) / CHUNK_BYTES);
    for (
      let first = Math.floor(from / CHUNK_BYTES);
      from < to && first <= lastChunk;
      first += CHUNKS_AT_ONCE
    ) {
      const count = Math.min(CHUNKS_AT_ONCE, lastChunk - first + 1);
      const stored = Math.min(count, this.#last.counter - first);
      const sealed =
        stored === 0
          ? Buffer.alloc(0)
          : await this.#source.read(HEADER_BYTES + first * SEALED_CHUNK_BYTES, stored * SEALED_CHUNK_BYTES);
      for (let index = 0; index < count; index++) {
        const counter = first + index;
        const octets =
          counter === this.#last.counter ? this.#last.octets : this.#chunk(counter, sealed, index);
        const start = counter * CHUNK_BYTES;
        yield octets.subarray(Math.max(0, from - start), Math.min(octets.length, to - start));
      }
    }
  }

  close(): Promise<void> {
    this.#key.fill(0);
    return this.#source.close();
  }

  #chunk(counter: number, sealed: Buffer, index: number): Buffer {
    const octets = openChunk({
      key: this.#key,
      prefix: this.#prefix,
      header: this.#header,
      counter,
      flag: FLAGS.more,
      sealed: sealed.subarray(index * SEALED_CHUNK_BYTES, (index + 1) * SEALED_CHUNK_BYTES),
    });
    if (!octets) throw new SealError(`part ${counter + 1} of a recording is not as it was sealed`);
    return octets;
  }
}

/** What is in a chunk; undefined when it is not what was sealed in this place with this key. */
export function openChunk(chunk: {
  readonly key: Buffer;
  readonly prefix: Buffer;
  readonly header: Buffer;
  readonly counter: number;
  readonly flag: ChunkFlag;
  readonly sealed: Buffer;
}): Buffer | undefined {
  const { key, prefix, header, counter, flag, sealed } = chunk;
  if (sealed.length < TAG_BYTES) return undefined;
  const nonce = nonceOf(prefix, counter, flag);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(contextOf(header));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const octets = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
    return octets;
  } catch {
    return undefined;
  }
}
