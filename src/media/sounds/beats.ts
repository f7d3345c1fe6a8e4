import { Metronome } from './metronome';

type Player = (due: number, missed: number) => void;

/** One metronome for all who keep its time; it stands while nobody does. */
export class Beats {
  readonly #metronome: Metronome;
  readonly #players = new Set<Player>();

  /** @param now - monotonic milliseconds */
  constructor(now: () => number, everyMs: number) {
    this.#metronome = new Metronome(now, everyMs, (due, missed) => {
      for (const player of [...this.#players]) player(due, missed);
    });
  }

  /**
   * @param play - told as {@link Metronome} tells
   * @returns ends that; idempotent
   */
  add(play: Player): () => void {
    const own: Player = (due, missed) => play(due, missed);
    this.#players.add(own);
    this.#metronome.start();
    return () => {
      this.#players.delete(own);
      if (this.#players.size === 0) this.#metronome.stop();
    };
  }

  close(): void {
    this.#players.clear();
    this.#metronome.stop();
  }
}
