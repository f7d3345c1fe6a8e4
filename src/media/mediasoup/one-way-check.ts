import { speaks, wantsAudio } from '../sdp/direction';
import type { SessionLeg } from './negotiated-leg';

export interface OneWayOptions {
  readonly legs: readonly [SessionLeg, SessionLeg];
  readonly afterMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** This leg's peer has sent nothing that the other one could hear. */
  onSilent(leg: SessionLeg): void;
}

/** Looks once, a while after two legs were bridged for good, whether audio crosses both ways. */
export class OneWayCheck {
  readonly #timer: NodeJS.Timeout;
  #stopped = false;

  constructor(options: OneWayOptions) {
    const since = options.now();
    this.#timer = setTimeout(() => void this.#check(since, options), options.afterMs);
  }

  /** Idempotent. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #check(since: number, { legs, onSilent }: OneWayOptions): Promise<void> {
    const isHeard = ({ path }: SessionLeg): boolean => (path.lastMediaAt ?? -Infinity) >= since;
    // To look costs as much as a good many packets.
    await Promise.all(legs.filter((leg) => !isHeard(leg)).map(({ path }) => path.look()));
    const [a, b] = legs;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const due = speaks(from.remoteDirection()) && wantsAudio(to.remoteDirection());
      if (due && !isHeard(from) && !this.#stopped) onSilent(from);
    }
  }
}
