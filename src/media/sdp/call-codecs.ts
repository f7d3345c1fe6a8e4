import type { MediaLegRole } from '../media-engine';
import type { AudioCodec, AudioTraits } from './audio-description';
import { AUDIO_CODECS } from './audio-description';

/** Payload type in our own offers where no side has named one before. */
const DEFAULT_TELEPHONE_EVENT = 101;

/** What a side of the call is offered, or answered with. */
export interface AudioTerms {
  readonly codecs: readonly AudioCodec[];
  readonly telephoneEvent: number | undefined;
  readonly ptime: number | undefined;
}

/** Who negotiates: one leg of the call. There may be several of a role at once. */
export interface Party {
  readonly role: MediaLegRole;
  /**
   * It is offered one codec alone: a browser knows them all, and sends the first of those offered
   * whatever the caller was told meanwhile.
   */
  readonly oneCodec?: boolean;
}

interface Side {
  readonly remote: AudioTraits;
  /** It answered our offer, so its first codec is its choice. */
  readonly answered: boolean;
}

/**
 * What the legs of one call have in common. Audio crosses untouched, so the caller's codecs are
 * those that the others are offered, in its order, and it is answered with what was chosen. The
 * codec that the caller was told is the only one that later legs are offered.
 */
export class CallCodecs {
  /** In the order in which they were last heard from. */
  readonly #sides = new Map<Party, Side>();
  /** What those who are offered one codec were offered. */
  readonly #alone = new Map<Party, AudioCodec>();
  #told: AudioCodec | undefined;

  /** The codec in use; undefined before anybody chose one. */
  get codec(): AudioCodec | undefined {
    return this.#told ?? this.#choiceOfOthers() ?? this.#choiceOfCaller();
  }

  /** The payload type that the caller wants digits with; undefined while it is unknown, or has none. */
  get callerDigits(): number | undefined {
    return this.#caller()?.remote.telephoneEvent;
  }

  /** A side's offer. False when it lacks the codec that the call is held in. */
  offeredBy(party: Party, remote: AudioTraits): boolean {
    if (this.#told !== undefined && !remote.codecs.includes(this.#told)) return false;
    this.#heardFrom(party, { remote, answered: false });
    return true;
  }

  /**
   * What to offer a side.
   * @param own - what this very leg's peer said last; undefined for a leg that has not heard from it
   */
  offer(party: Party, own?: AudioTraits): AudioTerms {
    const other = this.#facing(party);
    const events = other ? other.remote.telephoneEvent : DEFAULT_TELEPHONE_EVENT;
    return {
      codecs: this.#codecsFor(party, other),
      telephoneEvent: own && events !== undefined ? own.telephoneEvent : events,
      ptime: other?.remote.ptime,
    };
  }

  /** A side's answer. False when it took none of the codecs offered, or not the one of the call. */
  answeredBy(party: Party, remote: AudioTraits, offered: AudioTerms): boolean {
    const codecs = remote.codecs.filter((codec) => offered.codecs.includes(codec));
    if (codecs.length === 0) return false;
    // While it rang, the caller may have been told another one.
    if (this.#told !== undefined && !codecs.includes(this.#told)) return false;
    this.#heardFrom(party, { remote: { ...remote, codecs }, answered: true });
    if (party.role === 'caller') this.#told ??= codecs[0];
    return true;
  }

  /**
   * What to answer a side's offer with: one codec, and digits only where the other side has them
   * too. Each side keeps its own payload type for them.
   * @returns undefined when the offer lacks the call's codec
   */
  answer(party: Party, remote: AudioTraits): AudioTerms | undefined {
    const other = this.#facing(party);
    const codec = this.#told ?? this.#choiceFacing(party) ?? this.#loneOf(remote) ?? remote.codecs[0];
    if (codec === undefined || !remote.codecs.includes(codec)) return undefined;
    this.#told ??= codec;
    const digits = !other || other.remote.telephoneEvent !== undefined;
    return {
      codecs: [codec],
      telephoneEvent: digits ? remote.telephoneEvent : undefined,
      ptime: other?.remote.ptime ?? remote.ptime,
    };
  }

  /** What may cross between these legs: the call's codec first, then what else they all listed. */
  common(...parties: readonly Party[]): readonly AudioCodec[] {
    const codec = this.codec;
    if (codec === undefined) return AUDIO_CODECS;
    const others = AUDIO_CODECS.filter(
      (name) =>
        name !== codec && parties.every((party) => this.#sides.get(party)?.remote.codecs.includes(name)),
    );
    return [codec, ...others];
  }

  /** A leg is closed: what its peer said binds nobody any more, save what the caller was told. */
  forget(party: Party): void {
    this.#sides.delete(party);
    this.#alone.delete(party);
  }

  #codecsFor(party: Party, other: Side | undefined): readonly AudioCodec[] {
    const choice = this.#told ?? this.#choiceFacing(party);
    const open = choice === undefined ? (other?.remote.codecs ?? AUDIO_CODECS) : [choice];
    const lone = [...this.#alone].find(([who, codec]) => who !== party && open.includes(codec))?.[1];
    const codecs = lone === undefined ? open : [lone];
    const [first] = codecs;
    if (!party.oneCodec || first === undefined) return codecs;
    this.#alone.set(party, first);
    return [first];
  }

  #heardFrom(party: Party, side: Side): void {
    this.#sides.delete(party);
    this.#sides.set(party, side);
  }

  /** What somebody who was offered one codec alone was offered, where this side has it. */
  #loneOf(remote: AudioTraits): AudioCodec | undefined {
    return [...this.#alone.values()].find((codec) => remote.codecs.includes(codec));
  }

  #choiceFacing(party: Party): AudioCodec | undefined {
    return party.role === 'caller' ? this.#choiceOfOthers() : this.#choiceOfCaller();
  }

  /** The last of those who answered: that is who the caller hears next. */
  #choiceOfOthers(): AudioCodec | undefined {
    let choice: AudioCodec | undefined;
    for (const [{ role }, side] of this.#sides) {
      if (isFacingCaller(role) && side.answered) choice = side.remote.codecs[0];
    }
    return choice;
  }

  #choiceOfCaller(): AudioCodec | undefined {
    const side = this.#caller();
    return side?.answered ? side.remote.codecs[0] : undefined;
  }

  /** Whose description a leg's terms follow: the caller's, or for the caller that of whom it talks to. */
  #facing(party: Party): Side | undefined {
    if (party.role !== 'caller') return this.#caller();
    let last: Side | undefined;
    for (const [{ role }, side] of this.#sides) if (isFacingCaller(role)) last = side;
    return last;
  }

  #caller(): Side | undefined {
    for (const [{ role }, side] of this.#sides) if (role === 'caller') return side;
    return undefined;
  }
}

/** Who listens to the two of a call changes nothing of what these have in common. */
function isFacingCaller(role: MediaLegRole): boolean {
  return role !== 'caller' && role !== 'supervisor';
}
