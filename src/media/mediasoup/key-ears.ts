import { TelephoneEvents } from '../digits/telephone-events';
import { TonePackets } from '../digits/tone-packets';
import { readRtpPacket } from '../rtp/rtp-packet';
import { Feed } from './feed';
import type { LegTaps } from './leg-taps';
import type { SessionLeg } from './negotiated-leg';

interface Ear {
  readonly feed: Feed;
  readonly events: TelephoneEvents;
  readonly tones: TonePackets;
  /** Undefined while its tones are not listened to. */
  stopTones: (() => void) | undefined;
}

/**
 * Hears the keys that peers press. The worker hands out the packets of keys alone, not those of audio: a leg whose
 * keys are heard costs a consumer, and nothing while no key is pressed. Peers whose descriptions name no telephone
 * events are heard by their tones, which takes all of their audio.
 */
export class KeyEars {
  readonly #taps: LegTaps;
  readonly #onPress: (leg: SessionLeg, key: string, durationMs: number) => void;
  readonly #ears = new Map<SessionLeg, Ear>();

  constructor(taps: LegTaps, onPress: (leg: SessionLeg, key: string, durationMs: number) => void) {
    this.#taps = taps;
    this.#onPress = onPress;
  }

  /** Hears this leg from now on; again when its description may be another one. */
  open(leg: SessionLeg): void {
    const ear = this.#ears.get(leg) ?? this.#newEar(leg);
    this.#ears.set(leg, ear);
    this.follow(leg);
    if (leg.digits.out === undefined)
      ear.stopTones ??= this.#taps.listen(leg, (packet) => ear.tones.take(packet));
    else this.#stopTones(ear);
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
    if (!ear) return;
    ear.feed.close();
    ear.events.close();
    this.#stopTones(ear);
    this.#ears.delete(leg);
  }

  #stopTones(ear: Ear): void {
    ear.stopTones?.();
    ear.stopTones = undefined;
    ear.tones.close();
  }

  #newEar(leg: SessionLeg): Ear {
    const onPress = (key: string, durationMs: number): void => this.#onPress(leg, key, durationMs);
    return {
      feed: new Feed((datagram) => this.take(leg, datagram)),
      events: new TelephoneEvents(onPress),
      tones: new TonePackets(onPress),
      stopTones: undefined,
    };
  }
}
