import type { SdpResult } from '../media-engine';

/** The offer of a peer, and our answer to it: a 200 repeats what a 183 said (RFC 6337 §3.1.1). */
export class PeerOffer<Peer> {
  #unanswered: Peer | undefined;
  #answer: Promise<SdpResult> | undefined;

  /** The one that is not answered yet. */
  get unanswered(): Peer | undefined {
    return this.#unanswered;
  }

  /** Another offer of the peer's. */
  take(offer: Peer): void {
    this.#unanswered = offer;
    this.#answer = undefined;
  }

  /**
   * Answers it, once.
   * @param make - undefined where the two have no codec in common: then it stays unanswered
   */
  answer(make: (offer: Peer) => Promise<SdpResult> | undefined): Promise<SdpResult> {
    if (this.#answer) return this.#answer;
    const offer = this.#unanswered;
    if (offer === undefined) return Promise.resolve({ ok: false, reason: 'no_audio' });
    const answer = make(offer);
    if (!answer) return Promise.resolve({ ok: false, reason: 'no_common_codec' });
    this.#unanswered = undefined;
    this.#answer = answer;
    return answer;
  }
}

/** The version of our description: the same one keeps it, another one gets the next (RFC 3264 §8). */
export class DescriptionVersion {
  #version = 0;
  #written = '';

  /** @param write - our description, as of a version */
  write(write: (version: number) => string): string {
    const shape = write(0);
    if (shape !== this.#written) this.#version++;
    this.#written = shape;
    return write(this.#version);
  }
}
