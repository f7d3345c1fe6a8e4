import { randomBytes } from 'node:crypto';

const PREFIX = randomBytes(6).toString('hex');
const RADIX = 36;
let counter = 0;

/**
 * A name that no other has: random per process, counted within it. Cheap, and safe wherever a token
 * is (tags, branches, transaction ids). Not a secret: see {@link newTag} for what must not be guessed.
 */
export function newId(): string {
  counter = (counter + 1) % Number.MAX_SAFE_INTEGER;
  return `${PREFIX}${counter.toString(RADIX)}`;
}

/** The magic cookie of RFC 3261 §8.1.1.7, and a branch of ours behind it. */
export function newBranch(): string {
  return `z9hG4bK${newId()}`;
}

let pool = '';
let poolAt = 0;

/** A tag with 64 bits of randomness (RFC 3261 §19.3 asks for 32). */
export function newTag(): string {
  if (poolAt >= pool.length) {
    pool = randomBytes(2048).toString('hex');
    poolAt = 0;
  }
  poolAt += 16;
  return pool.slice(poolAt - 16, poolAt);
}
