import type { MediaLegRole } from '../media-engine';
import type { AudioCodec, RemoteAudio } from './audio-description';
import { AUDIO_CODECS } from './audio-description';

/** Payload type in our own offers where no side has named one before. */
const DEFAULT_TELEPHONE_EVENT = 101;

/** What a side of the call is offered, or answered with. */
export interface AudioTerms {
  readonly codecs: readonly AudioCodec[];
  readonly telephoneEvent: number | undefined;
  readonly ptime: number | undefined;
}

interface Side {
  readonly remote: RemoteAudio;
  /** It answered our offer, so its first codec is its choice. */
  readonly answered: boolean;
}

/**
 * What the two sides of one call have in common. Audio crosses untouched, so each side is offered
 * what the other offered, in that order, and answered with what the other chose. The codec that the
 * caller was told is the only one that later buyers are offered.
 */
export class CallCodecs {
  readonly #sides = new Map<MediaLegRole, Side>();
  #told: AudioCodec | undefined;

  /** The codec in use; undefined before anybody chose one. */
  get codec(): AudioCodec | undefined {
    return this.#told ?? this.#choiceOf('buyer') ?? this.#choiceOf('caller');
  }

  /** A side's offer. False when it lacks the codec that the call is held in. */
  offeredBy(role: MediaLegRole, remote: RemoteAudio): boolean {
    if (this.#told !== undefined && !remote.codecs.includes(this.#told)) return false;
    this.#sides.set(role, { remote, answered: false });
    return true;
  }

  /**
   * What to offer a side.
   * @param own - what this very leg's peer said last; undefined for a leg that has not heard from it
   */
  offer(role: MediaLegRole, own?: RemoteAudio): AudioTerms {
    const other = this.#other(role);
    const choice = this.#told ?? this.#choiceOf(opposite(role));
    const events = other ? other.remote.telephoneEvent : DEFAULT_TELEPHONE_EVENT;
    return {
      codecs: choice === undefined ? (other?.remote.codecs ?? AUDIO_CODECS) : [choice],
      telephoneEvent: own && events !== undefined ? own.telephoneEvent : events,
      ptime: other?.remote.ptime,
    };
  }

  /** A side's answer. False when it took none of the codecs offered. */
  answeredBy(role: MediaLegRole, remote: RemoteAudio, offered: AudioTerms): boolean {
    const codecs = remote.codecs.filter((codec) => offered.codecs.includes(codec));
    if (codecs.length === 0) return false;
    this.#sides.set(role, { remote: { ...remote, codecs }, answered: true });
    if (role === 'caller') this.#told ??= codecs[0];
    return true;
  }

  /**
   * What to answer a side's offer with: one codec, and digits only where the other side has them
   * too. Each side keeps its own payload type for them.
   * @returns undefined when the offer lacks the call's codec
   */
  answer(role: MediaLegRole, remote: RemoteAudio): AudioTerms | undefined {
    const other = this.#other(role);
    const codec = this.#told ?? this.#choiceOf(opposite(role)) ?? remote.codecs[0];
    if (codec === undefined || !remote.codecs.includes(codec)) return undefined;
    this.#told ??= codec;
    const digits = !other || other.remote.telephoneEvent !== undefined;
    return {
      codecs: [codec],
      telephoneEvent: digits ? remote.telephoneEvent : undefined,
      ptime: other?.remote.ptime ?? remote.ptime,
    };
  }

  /** What may cross: the call's codec first, then what else both sides listed. */
  common(): readonly AudioCodec[] {
    const codec = this.codec;
    if (codec === undefined) return AUDIO_CODECS;
    const sides = [...this.#sides.values()];
    const others = AUDIO_CODECS.filter(
      (name) => name !== codec && sides.every(({ remote }) => remote.codecs.includes(name)),
    );
    return [codec, ...others];
  }

  #choiceOf(role: MediaLegRole): AudioCodec | undefined {
    const side = this.#sides.get(role);
    return side?.answered ? side.remote.codecs[0] : undefined;
  }

  #other(role: MediaLegRole): Side | undefined {
    return this.#sides.get(opposite(role));
  }
}

function opposite(role: MediaLegRole): MediaLegRole {
  return role === 'caller' ? 'buyer' : 'caller';
}
