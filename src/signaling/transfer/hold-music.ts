import type { MediaLeg, MediaSession, Playing } from '../../media';

/** What a caller hears who waits in the midst of a call. Without an engine that can play, it is silence. */
export class HoldMusic {
  readonly #media: MediaSession;
  readonly #leg: MediaLeg;
  #playing: Promise<Playing | undefined> | undefined;

  constructor(media: MediaSession, leg: MediaLeg) {
    this.#media = media;
    this.#leg = leg;
  }

  get playing(): boolean {
    return this.#playing !== undefined;
  }

  play(): void {
    this.#playing ??= this.#media.play(this.#leg, 'hold').catch(() => undefined);
  }

  async end(): Promise<void> {
    const playing = this.#playing;
    this.#playing = undefined;
    (await playing)?.stop();
  }
}
