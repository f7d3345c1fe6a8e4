import { createCipheriv, randomBytes } from 'node:crypto';
import type { RecordingFormat } from '../media';
import type { KeyRing } from './key-ring';
import type { ChunkFlag } from './sealed-format';
import { CHUNK_BYTES, contextOf, FLAGS, nonceOf, TAG_BYTES, writeHeader } from './sealed-format';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const PREFIX_BYTES = 7;

/**
 * Seals the audio of one recording, chunk by chunk as it comes, under a key of its own. A chunk is told as soon
 * as it is full; the last one, which ends the file, may therefore be empty.
 */
export class Sealer {
  /** What the file begins with. */
  readonly header: Buffer;
  readonly #key = randomBytes(KEY_BYTES);
  readonly #prefix = randomBytes(PREFIX_BYTES);
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #filled = 0;
  #counter = 0;

  constructor(recordingId: string, encoding: RecordingFormat['encoding'], ring: KeyRing) {
    const { keyId, wrapped: wrappedKey } = ring.wrap(this.#key);
    this.header = writeHeader({ recordingId, encoding, noncePrefix: this.#prefix, keyId, wrappedKey });
  }

  /** @returns chunks that are full now, as they go to the file */
  push(octets: Buffer): Buffer[] {
    const full: Buffer[] = [];
    for (let from = 0; from < octets.length;) {
      const taken = octets.copy(this.#chunk, this.#filled, from);
      from += taken;
      this.#filled += taken;
      if (this.#filled < CHUNK_BYTES) break;
      full.push(this.#seal(FLAGS.more));
    }
    return full;
  }

  /** @returns what ends the file */
  end(): Buffer {
    const last = this.#seal(FLAGS.last);
    this.#key.fill(0);
    this.#chunk.fill(0);
    return last;
  }

  #seal(flag: ChunkFlag): Buffer {
    const sealed = sealChunk({
      key: this.#key,
      prefix: this.#prefix,
      header: this.header,
      counter: this.#counter,
      flag,
      octets: this.#chunk.subarray(0, this.#filled),
    });
    this.#counter++;
    this.#filled = 0;
    return sealed;
  }
}

/** One chunk, with its tag behind it. No counter may be sealed twice with one flag, but for the same octets. */
export function sealChunk(chunk: {
  readonly key: Buffer;
  readonly prefix: Buffer;
  readonly header: Buffer;
  readonly counter: number;
  readonly flag: ChunkFlag;
  readonly octets: Buffer;
}): Buffer {
  const { key, prefix, header, counter, flag, octets } = chunk;
  const cipher = createCipheriv(CIPHER, key, nonceOf(prefix, counter, flag), { authTagLength: TAG_BYTES });
  cipher.setAAD(contextOf(header));
  const body = cipher.update(octets);
  cipher.final();
  return Buffer.concat([body, cipher.getAuthTag()]);
}
