import type { Playing, Sound } from '../media-engine';
import type { Reel } from '../sounds/reel';
import type { SessionLeg } from './negotiated-leg';

/** Two legs that hear each other. */
export interface Bridge {
  readonly legs: readonly [SessionLeg, SessionLeg];
  /** Not answered yet: silence of either side says nothing. */
  readonly early: boolean;
}

/** What a leg hears instead of whom it is bridged to. */
export interface Played extends Pick<Playing, 'done'> {
  readonly what: Sound | Reel;
  /** It is over; without effect when it was before. */
  over(how: Awaited<Playing['done']>): void;
}

/** Who of a call hears whom. A leg is in one bridge at a time. */
export class Arrangement {
  readonly #bridges = new Map<SessionLeg, Bridge>();
  readonly #played = new Map<SessionLeg, Played>();

  /** The bridges that stand, each once. */
  get bridges(): ReadonlySet<Bridge> {
    return new Set(this.#bridges.values());
  }

  /** Those who hear somebody or something. */
  get legs(): ReadonlySet<SessionLeg> {
    return new Set([...this.#bridges.keys(), ...this.#played.keys()]);
  }

  /** Takes both from whom they were bridged to, and from their sounds. */
  bridge(a: SessionLeg, b: SessionLeg, early: boolean): Bridge {
    const bridge: Bridge = { legs: [a, b], early };
    for (const leg of bridge.legs) this.remove(leg);
    for (const leg of bridge.legs) this.#bridges.set(leg, bridge);
    return bridge;
  }

  bridgeOf(leg: SessionLeg): Bridge | undefined {
    return this.#bridges.get(leg);
  }

  otherOf(leg: SessionLeg): SessionLeg | undefined {
    return this.#bridges.get(leg)?.legs.find((each) => each !== leg);
  }

  /** In place of what was played to it. */
  play(leg: SessionLeg, what: Sound | Reel): Played {
    this.#played.get(leg)?.over('stopped');
    let over: Played['over'] = () => undefined;
    const done = new Promise<Awaited<Playing['done']>>((resolve) => (over = resolve));
    const played = { what, done, over };
    this.#played.set(leg, played);
    return played;
  }

  playedTo(leg: SessionLeg): Played | undefined {
    return this.#played.get(leg);
  }

  /** False when the leg hears something else by now. */
  stop(leg: SessionLeg, played: Played, how: Awaited<Playing['done']>): boolean {
    if (this.#played.get(leg) !== played) return false;
    this.#played.delete(leg);
    played.over(how);
    return true;
  }

  remove(leg: SessionLeg): void {
    this.#played.get(leg)?.over('stopped');
    this.#played.delete(leg);
    for (const each of this.#bridges.get(leg)?.legs ?? []) this.#bridges.delete(each);
  }
}
