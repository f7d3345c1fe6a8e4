import type { RtpPacket } from '../rtp/rtp-packet';
import { readRtpPacket } from '../rtp/rtp-packet';
import { Feed } from './feed';
import type { SessionLeg } from './negotiated-leg';

/** Takes what a leg's peer says; it keeps no packet longer than the call lasts. */
export type Ear = (packet: RtpPacket) => void;

interface Tap {
  readonly feed: Feed;
  readonly ears: Set<Ear>;
}

/**
 * Brings what peers say out of the worker: once for each leg, however many listen here, and not at all
 * while nobody does, because each packet costs this process as much as it costs the worker.
 */
export class LegTaps {
  readonly #taps = new Map<SessionLeg, Tap>();

  has(leg: SessionLeg): boolean {
    return this.#taps.has(leg);
  }

  /**
   * Whoever the peer sends as, and wherever that stream goes, is heard until it is stopped.
   * @returns stops it; idempotent
   */
  listen(leg: SessionLeg, ear: Ear): () => void {
    const tap = this.#taps.get(leg) ?? openTap();
    this.#taps.set(leg, tap);
    // The same function twice is two who listen.
    const own: Ear = (packet) => ear(packet);
    tap.ears.add(own);
    this.follow(leg);
    return () => {
      if (tap.ears.delete(own) && tap.ears.size === 0) this.#drop(leg, tap);
    };
  }

  /** The leg's stream appeared, changed or went away. */
  follow(leg: SessionLeg): void {
    const tap = this.#taps.get(leg);
    if (!tap) return;
    const { stream } = leg.path;
    // A worker that dies takes its calls along; they are told.
    if (stream) tap.feed.open(stream.exchange, stream.producer).catch(() => undefined);
    else tap.feed.close();
  }

  /** The leg is gone, and with it whoever listened to it. */
  remove(leg: SessionLeg): void {
    const tap = this.#taps.get(leg);
    if (tap) this.#drop(leg, tap);
  }

  #drop(leg: SessionLeg, tap: Tap): void {
    tap.feed.close();
    if (this.#taps.get(leg) === tap) this.#taps.delete(leg);
  }
}

function openTap(): Tap {
  const ears = new Set<Ear>();
  const feed = new Feed((datagram) => {
    const packet = readRtpPacket(datagram);
    if (!packet) return;
    for (const ear of [...ears]) ear(packet);
  });
  return { feed, ears };
}
