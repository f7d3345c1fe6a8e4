import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { SealError } from './sealed-format';

/** AES-256 key wrap (RFC 3394), with the initial value of its §2.2.3.1. */
const WRAP = 'id-aes256-wrap';
const INITIAL_VALUE = Buffer.alloc(8, 0xa6);

/** A data key that can be kept anywhere. */
export interface WrappedKey {
  /** Of the key that wraps it: 16 hexadecimal digits. */
  readonly keyId: string;
  readonly wrapped: Buffer;
}

/**
 * The keys that wrap data keys: one in use, and older ones, under which something may still lie. Each is made of
 * a secret (HKDF, RFC 5869), and is called by what else is made of it, so that nobody has to name them.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, Buffer>;
  /** Of the key that wraps what is recorded from now on. */
  readonly currentId: string;

  /** @param secrets - the one in use first; at least one */
  constructor(secrets: readonly (string | Buffer)[]) {
    const keys = new Map<string, Buffer>();
    for (const secret of secrets) {
      const id = derive(secret, 'key id', 8).toString('hex');
      if (!keys.has(id)) keys.set(id, derive(secret, 'wrap', 32));
    }
    const [first] = keys.keys();
    if (first === undefined) throw new RangeError('a key ring has at least one key');
    this.#keys = keys;
    this.currentId = first;
  }

  has(keyId: string): boolean {
    return this.#keys.has(keyId);
  }

  wrap(dataKey: Buffer): WrappedKey {
    const cipher = createCipheriv(WRAP, this.#keyOf(this.currentId), INITIAL_VALUE);
    return { keyId: this.currentId, wrapped: Buffer.concat([cipher.update(dataKey), cipher.final()]) };
  }

  /** @throws SealError for a key that is not of this ring, or that was changed */
  unwrap({ keyId, wrapped }: WrappedKey): Buffer {
    const decipher = createDecipheriv(WRAP, this.#keyOf(keyId), INITIAL_VALUE);
    try {
      return Buffer.concat([decipher.update(wrapped), decipher.final()]);
    } catch {
      throw new SealError(`a data key cannot be unwrapped with the key ${keyId}`);
    }
  }

  #keyOf(id: string): Buffer {
    const key = this.#keys.get(id);
    if (!key) throw new SealError(`the key ${id} is not among recordings.keys`);
    return key;
  }
}

function derive(secret: string | Buffer, purpose: string, length: number): Buffer {
  const octets = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : secret;
  return Buffer.from(hkdfSync('sha256', octets, 'dce recordings 1', purpose, length));
}
