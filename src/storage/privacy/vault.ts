import type { Cipher, Decipher } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { E164 } from '../../domain';
import type { HashedNumber } from '../../market';

/** What was sealed cannot be opened: with another key, for another place, or not as it was. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
}

/** Least characters a key is made of. */
const MIN_KEY_LENGTH = 32;

const CIPHER = 'aes-256-gcm';
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
/** What a pseudonym begins with. */
const PSEUDONYM_PREFIX = 'anon:';

/**
 * Seals what names a person, and hashes numbers, so that without the key neither is of use to anybody.
 * Each purpose has a key of its own (HKDF, RFC 5869). Seals are AES-256-GCM with a random nonce of 96
 * bits: good for 2^32 of them with one key (NIST SP 800-38D §8.3).
 */
export class Vault {
  readonly #seals: Buffer;
  readonly #numbers: Buffer;
  readonly #pseudonyms: Buffer;
  readonly #fingerprints: Buffer;
  readonly #encryptBlock: Cipher;
  readonly #decryptBlock: Decipher;
  /** Of it the key is made that wraps those of recordings, where no other is configured. */
  readonly recordings: Buffer;
  /** Tells whether two vaults have the same key, and nothing of it. */
  readonly checkValue: Buffer;

  /** @throws RangeError for a key shorter than 32 characters */
  constructor(key: string) {
    if (key.length < MIN_KEY_LENGTH) {
      throw new RangeError(`a privacy key has at least ${MIN_KEY_LENGTH} characters`);
    }
    const derive = (purpose: string): Buffer =>
      Buffer.from(hkdfSync('sha256', Buffer.from(key, 'utf8'), 'dce privacy 1', purpose, 32));
    this.#seals = derive('seals');
    this.#numbers = derive('numbers');
    this.#pseudonyms = derive('pseudonyms');
    this.#fingerprints = derive('fingerprints');
    this.recordings = derive('recordings');
    this.checkValue = derive('check value');
    const blocks = derive('sealed numbers');
    this.#encryptBlock = createCipheriv('aes-256-ecb', blocks, null).setAutoPadding(false);
    this.#decryptBlock = createDecipheriv('aes-256-ecb', blocks, null).setAutoPadding(false);
  }

  /** @param place - what it belongs to, e.g. `consent 17`: it opens for nothing else */
  seal(text: string, place: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#seals, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(place, 'utf8'));
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([FORMAT]), nonce, cipher.getAuthTag(), body]);
  }

  /** @throws VaultError */
  open(sealed: Buffer, place: string): string {
    if (sealed[0] !== FORMAT || sealed.length < 1 + NONCE_BYTES + TAG_BYTES) {
      throw new VaultError(`what is sealed for ${place} is damaged`);
    }
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const body = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.#seals, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES));
    decipher.setAAD(Buffer.from(place, 'utf8'));
    try {
      return decipher.update(body, undefined, 'utf8') + decipher.final('utf8');
    } catch {
      throw new VaultError(`what is sealed for ${place} cannot be opened with this key`);
    }
  }

  /**
   * A number as one block of AES-256: the same for the same number, as its hash is. Nodes open millions of
   * them when they start, so it must be quick.
   */
  sealNumber(number: E164): Buffer {
    return this.#encryptBlock.update(Buffer.from(number.padEnd(BLOCK_BYTES, '\0'), 'latin1'));
  }

  /** @throws VaultError */
  openNumber(sealed: Buffer): E164 {
    if (sealed.length !== BLOCK_BYTES) throw new VaultError('a sealed number is damaged');
    const text = this.#decryptBlock.update(sealed).toString('latin1').replace(/\0+$/, '');
    // Of another block than one that was sealed with this key, next to nothing looks like a number.
    if (!/^\+[1-9]\d{6,14}$/.test(text)) {
      throw new VaultError('a sealed number cannot be opened with this key');
    }
    return text as E164;
  }

  /** HMAC-SHA-256 of a number: by it a person is found again. */
  hashNumber(number: E164): Buffer {
    return createHmac('sha256', this.#numbers).update(number, 'utf8').digest();
  }

  /** What stands in place of a number that was erased: the same for the same number. */
  pseudonym(number: string): string {
    const hash = createHmac('sha256', this.#pseudonyms).update(number, 'utf8').digest('base64url');
    return PSEUDONYM_PREFIX + hash.slice(0, 22);
  }

  /** Keyed hash of a text, to know it again. */
  fingerprint(text: string): Buffer {
    return createHmac('sha256', this.#fingerprints).update(text, 'utf8').digest();
  }
}

/** The 64 bits of a number's hash that are kept in memory. */
export function shortHash(hash: Buffer): HashedNumber {
  return { high: hash.readUInt32BE(0), low: hash.readUInt32BE(4) };
}
