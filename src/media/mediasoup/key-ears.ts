import { TelephoneEvents } from '../digits/telephone-events';
import { readRtpPacket } from '../rtp/rtp-packet';
import { Feed } from './feed';
import type { SessionLeg } from './negotiated-leg';

interface Ear {
  readonly feed: Feed;
  readonly events: TelephoneEvents;
}

/**
 * Hears the keys that peers press. The worker hands out the packets of keys alone, not those of audio: a leg whose
 * keys are heard costs a consumer, and nothing while no key is pressed.
 */
export class KeyEars {
  readonly #onPress: (leg: SessionLeg, key: string, durationMs: number) => void;
  readonly #ears = new Map<SessionLeg, Ear>();

  constructor(onPress: (leg: SessionLeg, key: string, durationMs: number) => void) {
    this.#onPress = onPress;
  }

  /** Hears this leg from now on; again when its stream appeared, changed or went away. */
  open(leg: SessionLeg): void {
    if (!this.#ears.has(leg)) this.#ears.set(leg, this.#newEar(leg));
    this.follow(leg);
  }

  /** The stream of a leg that is heard appeared, changed or went away. */
  follow(leg: SessionLeg): void {
    const feed = this.#ears.get(leg)?.feed;
    if (!feed) return;
    const { stream } = leg.path;
    const keys = stream?.exchange.keysOf(stream.producer);
    // A worker that dies takes its calls along; they are told.
    if (stream && keys) feed.open(stream.exchange, stream.producer, keys).catch(() => undefined);
    else feed.close();
  }

  /** A packet of keys that came another way than through the worker. */
  take(leg: SessionLeg, datagram: Buffer): void {
    const packet = readRtpPacket(datagram);
    if (packet) this.#ears.get(leg)?.events.take(packet);
  }

  /** The leg is gone. */
  remove(leg: SessionLeg): void {
    const ear = this.#ears.get(leg);
    ear?.feed.close();
    ear?.events.close();
    this.#ears.delete(leg);
  }

  #newEar(leg: SessionLeg): Ear {
    return {
      feed: new Feed((datagram) => this.take(leg, datagram)),
      events: new TelephoneEvents((key, durationMs) => this.#onPress(leg, key, durationMs)),
    };
  }
}
