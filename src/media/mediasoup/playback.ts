import type { Sound } from '../media-engine';
import type { AudioCodec } from '../sdp/audio-description';
import { Reel } from '../sounds/reel';
import type { Played } from './arrangement';
import type { Audible } from './media-path';
import type { SessionLeg } from './negotiated-leg';
import type { Listening, Sounds } from './sounds';
import type { Voice, Voices } from './voices';
import type { Exchange } from './worker-pool';

/** What a leg is to hear of the switch, and how. */
export interface Tuning {
  readonly played: Played | undefined;
  /** It hears nobody else: where nothing is played, a voice that it heard stays, for what is played next. */
  readonly alone: boolean;
  readonly exchange: Exchange;
  readonly codec: AudioCodec;
  /** Every clip has been sent. */
  onEnd(played: Played): void;
}

/** What the legs of a call hear of the switch itself: sounds that all share, and clips by a voice of the leg's own. */
export class Playback {
  readonly #sounds: Sounds;
  readonly #voices: Voices;
  readonly #listening = new Map<SessionLeg, Listening & { readonly sound: Sound }>();
  readonly #spokenTo = new Map<SessionLeg, Voice>();

  constructor(sounds: Sounds, voices: Voices) {
    this.#sounds = sounds;
    this.#voices = voices;
  }

  /** What the leg hears from now on; undefined when that is nothing of the switch. */
  tune(leg: SessionLeg, tuning: Tuning): Audible | undefined {
    const { played, alone } = tuning;
    const reel = played?.what instanceof Reel;
    const voice = reel || (alone && !played) ? this.#voiceOf(leg, tuning, reel) : undefined;
    if (!voice) this.#quit(leg);
    const sound = this.#soundOf(leg, tuning);
    if (played?.what instanceof Reel) voice?.say(played.what, () => tuning.onEnd(played));
    else voice?.hush();
    return voice ?? sound;
  }

  /** The leg is gone. */
  remove(leg: SessionLeg): void {
    this.#quit(leg);
    this.#listening.get(leg)?.stop();
    this.#listening.delete(leg);
  }

  /** The one that it heard, while that fits; another one only where something is to be said. */
  #voiceOf(leg: SessionLeg, { exchange, codec }: Tuning, speaks: boolean): Voice | undefined {
    const present = this.#spokenTo.get(leg);
    if (present?.exchange === exchange && present.codec === codec) return present;
    this.#quit(leg);
    if (!speaks) return undefined;
    const voice = this.#voices.open(exchange, codec, () => leg.path.otherChanged());
    this.#spokenTo.set(leg, voice);
    return voice;
  }

  #quit(leg: SessionLeg): void {
    this.#spokenTo.get(leg)?.stop();
    this.#spokenTo.delete(leg);
  }

  #soundOf(leg: SessionLeg, { played, exchange, codec }: Tuning): Listening | undefined {
    const present = this.#listening.get(leg);
    if (
      present &&
      present.sound === played?.what &&
      present.exchange === exchange &&
      present.codec === codec
    ) {
      return present;
    }
    present?.stop();
    this.#listening.delete(leg);
    if (!played || played.what instanceof Reel) return undefined;
    const listening = this.#sounds.listen(exchange, played.what, codec, () => leg.path.otherChanged());
    this.#listening.set(leg, Object.assign(listening, { sound: played.what }));
    return listening;
  }
}
