import { createHmac, timingSafeEqual } from 'node:crypto';

export interface NoncesOptions {
  /** Of this node alone: what another node minted is stale here, and the phone asks once more. */
  readonly key: Buffer;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  readonly randomBytes: (count: number) => Buffer;
  /** Milliseconds that a nonce is good for. */
  readonly lifeMs?: number;
  /** Nonces in use whose counts are remembered. */
  readonly maxTracked?: number;
}

/** `stale`: not ours, for another address, too old, or used with this count before; a new one is to be had. */
export type NonceState = 'fresh' | 'stale';

const LIFE_MS = 300_000;
const MAX_TRACKED = 65_536;
const TIME_BYTES = 6;
const RANDOM_BYTES = 10;
const BODY_BYTES = TIME_BYTES + RANDOM_BYTES;
const MAC_BYTES = 16;
const NONCE_LENGTH = Math.ceil(((BODY_BYTES + MAC_BYTES) * 4) / 3);
/** Counts below the highest one that may still come, once each: datagrams overtake each other. */
const WINDOW = 32;

interface Use {
  /** UTC epoch milliseconds. */
  readonly mintedAt: number;
  /** Highest nonce count so far. */
  highest: number;
  /** Bit n: the count `highest - n` was used. */
  seen: number;
}

/**
 * Nonces that nobody stores: time, random bytes, and a MAC over both and the address that asked. Only those
 * in use are remembered, with the counts they were used with (RFC 7616 §3.3, §3.4: nc), and when there
 * are too many, whatever is older than the one forgotten is stale: no pair of nonce and count passes twice.
 */
export class Nonces {
  readonly #options: NoncesOptions;
  readonly #lifeMs: number;
  readonly #maxTracked: number;
  readonly #uses = new Map<string, Use>();
  /** Nonces minted until then are no longer taken. */
  #forgottenUntil = 0;

  constructor(options: NoncesOptions) {
    this.#options = options;
    this.#lifeMs = options.lifeMs ?? LIFE_MS;
    this.#maxTracked = options.maxTracked ?? MAX_TRACKED;
  }

  /** Nonces whose counts are remembered. */
  get tracked(): number {
    return this.#uses.size;
  }

  mint(address: string): string {
    const body = Buffer.alloc(BODY_BYTES);
    body.writeUIntBE(this.#options.now(), 0, TIME_BYTES);
    this.#options.randomBytes(RANDOM_BYTES).copy(body, TIME_BYTES);
    return Buffer.concat([body, this.#mac(body, address)]).toString('base64url');
  }

  /** Uses a nonce with a count up: the same pair is stale from here on. */
  use(nonce: string, nc: number, address: string): NonceState {
    const mintedAt = this.#mintedAt(nonce, address);
    const now = this.#options.now();
    if (mintedAt === undefined || mintedAt > now || now - mintedAt >= this.#lifeMs) return 'stale';
    if (mintedAt <= this.#forgottenUntil || nc < 1) return 'stale';
    const use = this.#uses.get(nonce);
    if (use) return useUp(use, nc) ? 'fresh' : 'stale';
    this.#makeRoom(now);
    if (mintedAt <= this.#forgottenUntil) return 'stale';
    this.#uses.set(nonce, { mintedAt, highest: nc, seen: 1 });
    return 'fresh';
  }

  #mintedAt(nonce: string, address: string): number | undefined {
    if (nonce.length !== NONCE_LENGTH) return undefined;
    const bytes = Buffer.from(nonce, 'base64url');
    // One nonce has one spelling: else it could be used again in another.
    if (bytes.length !== BODY_BYTES + MAC_BYTES || bytes.toString('base64url') !== nonce) return undefined;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(this.#mac(body, address), bytes.subarray(BODY_BYTES))) return undefined;
    return body.readUIntBE(0, TIME_BYTES);
  }

  #mac(body: Buffer, address: string): Buffer {
    const mac = createHmac('sha256', this.#options.key).update(body).update(address).digest();
    return mac.subarray(0, MAC_BYTES);
  }

  /** In the order of first use, which is nearly that of minting: who is past its life stands in front. */
  #makeRoom(now: number): void {
    for (const [nonce, { mintedAt }] of this.#uses) {
      const full = this.#uses.size >= this.#maxTracked;
      if (!full && now - mintedAt < this.#lifeMs) return;
      this.#uses.delete(nonce);
      if (now - mintedAt < this.#lifeMs) this.#forgottenUntil = Math.max(this.#forgottenUntil, mintedAt);
    }
  }
}

/** Marks a count as used; false when it was, or may have been. */
function useUp(use: Use, nc: number): boolean {
  const ahead = nc - use.highest;
  if (ahead > 0) {
    use.seen = ahead < WINDOW ? (use.seen << ahead) | 1 : 1;
    use.highest = nc;
    return true;
  }
  if (-ahead >= WINDOW) return false;
  const bit = 1 << -ahead;
  if ((use.seen & bit) !== 0) return false;
  use.seen |= bit;
  return true;
}
