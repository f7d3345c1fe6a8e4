import { createHash } from 'node:crypto';
import type { LiveBid, Micros } from '../domain';
import type { PingCall, PlannedPing } from './ping-plan';

/** An offer that was made. */
export type Offer = Extract<LiveBid, { ok: true }>;

interface Kept {
  readonly offer: Offer;
  readonly url: string;
  readonly standing: Micros;
}

const MAX_OFFERS = 20_000;

/**
 * Offers by buyer, caller and tags, for as long as they stand: who asks twice for one caller gets the
 * same offer, and the buyer is not asked twice. Holds hashes of callers, not their numbers.
 */
export class OfferCache {
  readonly #kept = new Map<string, Kept>();

  get size(): number {
    return this.#kept.size;
  }

  /**
   * The offer that still stands for so long.
   * @param key - see {@link offerKey}
   * @param now - UTC epoch milliseconds
   */
  find(key: string, { bid, ping }: PlannedPing, now: number, standsMs: number): Offer | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    // Another URL, or another price that may be said, is another bid.
    if (kept.offer.expiresAt - now < standsMs || kept.url !== ping.url || kept.standing !== bid.price) {
      this.#kept.delete(key);
      return undefined;
    }
    return kept.offer;
  }

  keep(key: string, { bid, ping }: PlannedPing, offer: Offer): void {
    this.#kept.delete(key);
    if (this.#kept.size >= MAX_OFFERS) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    this.#kept.set(key, { offer, url: ping.url, standing: bid.price });
  }

  /** The offer was taken up, or taken back: it is good for no other call. */
  drop(key: string): void {
    this.#kept.delete(key);
  }
}

/** What an offer is remembered under; undefined for a caller that nobody knows: nothing is remembered of those. */
export function offerKey(bidId: string, callerHash: string | undefined, tags: string): string | undefined {
  return callerHash === undefined ? undefined : `${bidId}\n${callerHash}\n${tags}`;
}

/** A short name for the tags of a call and the number it dialled, whatever their order. */
export function tagsKey({ attempt }: Pick<PingCall, 'attempt'>): string {
  const hash = createHash('sha256').update(attempt.to);
  for (const name of Object.keys(attempt.tags).sort()) {
    hash.update(JSON.stringify([name, attempt.tags[name]]));
  }
  return hash.digest('base64url').slice(0, 22);
}
