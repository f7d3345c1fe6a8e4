import type { MediaLeg } from '../../media';
import type { SipDialog } from '../sip/sip-stack';

/** A side of a call that is to be offered something. */
export interface OfferedSide {
  readonly dialog: Pick<SipDialog, 'offer'>;
  readonly leg: Pick<MediaLeg, 'createOffer' | 'applyAnswer'>;
}

/** Whether the Call-ID is ours: who made it waits longer when both offer at once (RFC 3261 §14.1). */
export type CallIdOwner = 'us' | 'peer';

/** A side that offers all the time itself is left alone. */
const MAX_TRIES = 5;
const STEP_MS = 10;
/** RFC 3261 §14.1: 2.1 to 4 seconds, or up to 2, in units of 10 ms. */
const WAITS = { us: [210, 400], peer: [0, 200] } as const;

/**
 * Tells one side by re-INVITE what its leg says now: one after the other, and the last word wins. What it
 * answers is taken over; where it refuses, everything stays as it was, as RFC 3261 §14.1 wants it.
 */
export class ReOffers {
  readonly #side: OfferedSide;
  readonly #owner: CallIdOwner;
  readonly #onBug: (error: unknown) => void;
  readonly #random: () => number;
  #wanted = false;
  #running = false;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param random - from 0 to 1, 1 excluded */
  constructor(
    side: OfferedSide,
    owner: CallIdOwner,
    onBug: (error: unknown) => void,
    random: () => number = Math.random,
  ) {
    this.#side = side;
    this.#owner = owner;
    this.#onBug = onBug;
    this.#random = random;
  }

  /** The leg says something else now. */
  tell(): void {
    this.#wanted = true;
    this.#tries = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#wanted && !this.#closed) {
        this.#wanted = false;
        await this.#offer();
      }
    } catch (error) {
      if (!this.#closed) this.#onBug(error);
    } finally {
      this.#running = false;
    }
  }

  async #offer(): Promise<void> {
    const { dialog, leg } = this.#side;
    const offer = leg.createOffer();
    if (!offer.ok) return;
    const answer = await dialog.offer(offer.sdp);
    if (this.#closed) return;
    if (answer.ok) await leg.applyAnswer(answer.sdp);
    else if (answer.status === 491 && !this.#wanted && ++this.#tries < MAX_TRIES) this.#later();
  }

  #later(): void {
    const [least, most] = WAITS[this.#owner];
    const steps = least + Math.floor(this.#random() * (most - least + 1));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#wanted = true;
      void this.#run();
    }, steps * STEP_MS);
  }
}
