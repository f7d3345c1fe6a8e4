import type { MediaLeg, MediaSession, Playing, Sound } from '../../media';

/** A sound that some legs hear for a while, in place of whom they speak with. */
export class PlayedSound {
  readonly #playing: readonly Playing[];
  readonly #timer: NodeJS.Timeout;

  private constructor(playing: readonly Playing[], durationMs: number) {
    this.#playing = playing;
    this.#timer = setTimeout(() => this.stop(), durationMs);
  }

  /** @throws MediaUnavailable where the engine cannot; nobody hears it then */
  static async play(
    media: Pick<MediaSession, 'play'>,
    legs: readonly MediaLeg[],
    sound: Sound,
    durationMs: number,
  ): Promise<PlayedSound> {
    const begun = await Promise.allSettled(legs.map((leg) => media.play(leg, sound)));
    const playing = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const failed = begun.find((one) => one.status === 'rejected');
    if (!failed) return new PlayedSound(playing, durationMs);
    for (const one of playing) one.stop();
    throw failed.reason;
  }

  /** Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    for (const one of this.#playing) one.stop();
  }
}
