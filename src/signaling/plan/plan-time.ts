import type { Clock } from '../../domain';

/** The time that a plan may take of one call: it stands still while caller and buyer speak. */
export class PlanTime {
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #leftMs: number;
  #startedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, ms: number, onOver: () => void) {
    this.#clock = clock;
    this.#leftMs = ms;
    this.#onOver = onOver;
  }

  /** Idempotent. */
  run(): void {
    if (this.#startedAt !== undefined) return;
    this.#startedAt = this.#clock.monotonic();
    this.#timer = setTimeout(this.#onOver, Math.max(0, this.#leftMs));
  }

  /** Idempotent. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#startedAt !== undefined) this.#leftMs -= this.#clock.monotonic() - this.#startedAt;
    this.#startedAt = undefined;
  }
}
