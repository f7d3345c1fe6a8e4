import type { FreeswitchLeg } from './freeswitch-leg';
import type { Played } from './playback';

/** Two legs that hear each other. */
export interface Bridge {
  readonly legs: readonly [FreeswitchLeg, FreeswitchLeg];
  /** Not answered yet: silence of either side says nothing. */
  readonly early: boolean;
}

/** What a channel does: nothing, it is bridged to another, or it plays. */
export type Doing = FreeswitchLeg | Played | undefined;

/** Who of a call is to hear whom or what. A leg is in one bridge at a time. */
export class Arrangement {
  readonly #bridges = new Map<FreeswitchLeg, Bridge>();
  readonly #played = new Map<FreeswitchLeg, Played>();

  /** The bridges that stand, each once. */
  get bridges(): ReadonlySet<Bridge> {
    return new Set(this.#bridges.values());
  }

  /** Takes both from whom they were bridged to, and from their sounds. */
  bridge(a: FreeswitchLeg, b: FreeswitchLeg, early: boolean): Bridge {
    const bridge: Bridge = { legs: [a, b], early };
    for (const leg of bridge.legs) this.remove(leg);
    for (const leg of bridge.legs) this.#bridges.set(leg, bridge);
    return bridge;
  }

  bridgeOf(leg: FreeswitchLeg): Bridge | undefined {
    return this.#bridges.get(leg);
  }

  otherOf(leg: FreeswitchLeg): FreeswitchLeg | undefined {
    return this.#bridges.get(leg)?.legs.find((each) => each !== leg);
  }

  play(leg: FreeswitchLeg, played: Played): void {
    this.#played.get(leg)?.over('stopped');
    this.#played.set(leg, played);
  }

  /** False when the leg hears something else by now. */
  stop(leg: FreeswitchLeg, played: Played): boolean {
    return this.#played.get(leg) === played && this.#played.delete(leg);
  }

  remove(leg: FreeswitchLeg): void {
    this.#played.get(leg)?.over('stopped');
    this.#played.delete(leg);
    for (const each of this.#bridges.get(leg)?.legs ?? []) this.#bridges.delete(each);
  }

  /** What a leg's channel is to do. One that plays to its peer hears nobody, and nobody hears it. */
  wanted(leg: FreeswitchLeg): Doing {
    const played = this.#played.get(leg);
    if (played) return played;
    const other = this.otherOf(leg);
    return other && !this.#played.has(other) ? other : undefined;
  }
}
