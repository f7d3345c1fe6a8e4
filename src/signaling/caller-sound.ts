import type { MediaLeg, MediaSession, Playing, Sound } from '../media';

/** What is to be heard by a caller for whom somebody is rung. */
export interface RingSound {
  /** Music on hold: the caller waits for agents. */
  hold(): void;
  ringback(): void;
  /** The caller hears somebody else now. */
  handOver(): void;
  stop(): void;
  /** The caller hears nothing of ours any more. */
  close(): void;
}

/** For a caller who hears something else meanwhile, whoever is rung. */
export const NO_RING_SOUND: RingSound = {
  hold: () => undefined,
  ringback: () => undefined,
  handOver: () => undefined,
  stop: () => undefined,
  close: () => undefined,
};

/**
 * What the switch lets a caller hear before the answer. The first sound takes the caller's offer as
 * early media; from then on its own phone makes no ringback any more, so that we must.
 */
export class CallerSound implements RingSound {
  readonly #media: MediaSession;
  readonly #leg: MediaLeg;
  readonly #progress: (status: number, sdp: string | undefined) => void;
  #early: boolean;
  #wanted: Sound | undefined;
  #playing: { readonly sound: Sound; readonly handle: Playing } | undefined;
  #changing: Promise<void> | undefined;
  #closed = false;

  /** @param hearsUs - the caller has taken our media already, and its phone makes no ringback */
  constructor(
    media: MediaSession,
    leg: MediaLeg,
    progress: (status: number, sdp: string | undefined) => void,
    hearsUs = false,
  ) {
    this.#media = media;
    this.#leg = leg;
    this.#progress = progress;
    this.#early = hearsUs;
  }

  /** Music on hold: 183 with it, or 182 without where the caller sent no offer or the engine has no music. */
  hold(): void {
    this.#want('hold');
  }

  /** Ringback, where the caller's phone makes none since it hears us. */
  ringback(): void {
    if (this.#early || this.#wanted === 'hold') this.#want('ringback');
  }

  /** The caller hears somebody else now, and makes no ringback of its own from here on. */
  handOver(): void {
    this.#early = true;
    this.stop();
  }

  stop(): void {
    this.#wanted = undefined;
    this.#playing?.handle.stop();
    this.#playing = undefined;
  }

  /** The caller hears nothing of ours any more. */
  close(): void {
    this.#closed = true;
    this.stop();
  }

  #want(sound: Sound): void {
    if (this.#closed) return;
    this.#wanted = sound;
    // One change at a time; the last wish wins.
    this.#changing ??= this.#change().finally(() => {
      this.#changing = undefined;
    });
  }

  async #change(): Promise<void> {
    while (this.#wanted !== this.#playing?.sound) {
      const sound = this.#wanted;
      this.#playing?.handle.stop();
      this.#playing = undefined;
      if (sound === undefined) return;
      if (!this.#early && !(await this.#answerEarly())) return;
      if (this.#wanted !== sound) continue;
      const handle = await this.#media.play(this.#leg, sound).catch(() => undefined);
      if (!handle) return;
      if (this.#wanted === sound) this.#playing = { sound, handle };
      else handle.stop();
    }
  }

  async #answerEarly(): Promise<boolean> {
    const answer = await this.#leg.createAnswer().catch(() => undefined);
    if (!answer?.ok) {
      this.#progress(182, undefined);
      return false;
    }
    this.#early = true;
    this.#progress(183, answer.sdp);
    return true;
  }
}
