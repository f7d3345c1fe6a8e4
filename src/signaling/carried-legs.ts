import type { CarriedLeg, Clock } from '../domain';
import { MAX_CARRIED_LEGS, numberInUri } from '../domain';

/** A leg that was answered, until now or until it was over. */
interface MeteredLeg {
  readonly leg: Omit<CarriedLeg, 'durationMs'>;
  /** By the monotonic clock. */
  readonly answeredMono: number;
  endedMono: number | undefined;
}

/** The legs outward of one call over carriers' trunks, as the carriers meter them: each from its 200 to its end. */
export class CarriedLegs {
  readonly #clock: Clock;
  readonly #legs: MeteredLeg[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Somebody answered.
   * @param trunkId - over whose rates they were reached; undefined: no carrier is paid for it
   * @returns what is to be called when the leg is over; once or more often
   */
  answered(trunkId: string | undefined, uri: string): () => void {
    const number = trunkId === undefined ? undefined : numberInUri(uri);
    if (trunkId === undefined || number === undefined || this.#legs.length >= MAX_CARRIED_LEGS) {
      return () => undefined;
    }
    const answeredAt = Math.round(this.#clock.now());
    const metered: MeteredLeg = {
      leg: { direction: 'outbound', trunkId, number, answeredAt },
      answeredMono: this.#clock.monotonic(),
      endedMono: undefined,
    };
    this.#legs.push(metered);
    return () => (metered.endedMono ??= this.#clock.monotonic());
  }

  /**
   * In the order of their answers, up to now.
   * @param lostMono - when they were last heard, where all of them are gone since
   */
  list(lostMono?: number): CarriedLeg[] {
    const now = this.#clock.monotonic();
    return this.#legs.map(({ leg, answeredMono, endedMono = now }) => ({
      ...leg,
      durationMs: metered(answeredMono, endedMono, lostMono),
    }));
  }
}

/**
 * Milliseconds that a leg lasted, an integer ≥ 0.
 * @param lostMono - when it was last heard, where nobody said that it ended
 */
export function metered(answeredMono: number, endedMono: number, lostMono?: number): number {
  const until = lostMono === undefined ? endedMono : Math.min(endedMono, lostMono);
  return Math.max(0, Math.round(until - answeredMono));
}

/** Whether legs are those that follow from the conversation alone: see `carriedLegs` of billing. */
export function followFrom(
  legs: readonly CarriedLeg[],
  conversation: {
    readonly connectedMs: number;
    readonly target: { trunkId?: string | undefined; uri: string };
  },
): boolean {
  const { connectedMs, target } = conversation;
  const isReached = target.trunkId !== undefined && numberInUri(target.uri) !== undefined;
  const wanted = isReached ? ['inbound', 'outbound'] : ['inbound'];
  return (
    legs.length === wanted.length &&
    legs.every(({ direction, durationMs }) => durationMs === connectedMs && wanted.includes(direction))
  );
}
