import { createHmac } from 'node:crypto';
import type { E164 } from '../domain';

const DAY_MS = 86_400_000;
/** 128 bits: nobody meets the same one twice by chance. */
const SHOWN_BYTES = 16;
const MAX_KEYS = 4_096;

/**
 * Names for callers that say who is who and not who it is: keyed hashes (HMAC-SHA-256, RFC 2104) of
 * their numbers. There are only ten billion numbers to try, so everything hangs on the key: it never
 * leaves the exchange, is another one for each reader (so that two buyers cannot compare), and
 * changes with the day.
 */
export class CallerHasher {
  readonly #secret: Buffer;
  readonly #keys = new Map<string, Buffer>();
  #day = -1;

  /** @param secret - the same on every node; at least 16 bytes */
  constructor(secret: Buffer) {
    if (secret.length < 16) throw new RangeError('the secret that hides callers must have 16 bytes at least');
    this.#secret = secret;
  }

  /**
   * The caller's name for one reader on one day.
   * @param reader - the buyer it is shown to
   * @param now - UTC epoch milliseconds; the day is that of UTC
   */
  daily(caller: E164, reader: string, now: number): string {
    const day = Math.floor(now / DAY_MS);
    if (day !== this.#day || this.#keys.size >= MAX_KEYS) {
      this.#keys.clear();
      this.#day = day;
    }
    let key = this.#keys.get(reader);
    if (!key) {
      key = createHmac('sha256', this.#secret).update(`rtb-caller\n${day}\n${reader}`).digest();
      this.#keys.set(reader, key);
    }
    return hash(key, caller);
  }

  /** The caller's name within the exchange, on every day: for what is stored. */
  lasting(caller: E164): string {
    return hash(this.#secret, `rtb-reservation\n${caller}`);
  }
}

function hash(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest().subarray(0, SHOWN_BYTES).toString('hex');
}
