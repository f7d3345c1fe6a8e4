import type { types } from 'mediasoup';
import type { AudioCodec } from '../sdp/audio-description';
import type { LegReading } from '../quality/leg-stats';
import type { Exchange } from './worker-pool';

/** A stream of audio in a worker. */
export interface Stream {
  readonly exchange: Exchange;
  readonly producer: types.Producer;
}

/** Something that can be heard: another leg, or a sound of the switch. */
export interface Audible {
  /** Undefined while it says nothing, or is not known yet. */
  readonly stream: Stream | undefined;
  /** Told whenever what it says begins to reach who hears it, and when it does no more. */
  audience?(present: boolean): void;
}

/** What a leg's path has to do. */
export interface PathPlan {
  readonly exchange: Exchange;
  /** What this path's peer may send. */
  readonly codecs: readonly AudioCodec[];
  /** Payload type of its digits, and that under which whoever hears it wants them. */
  readonly digitsIn: number | undefined;
  readonly digitsOut: number | undefined;
  /** Whom its peer hears; undefined for nobody. */
  readonly hears: Audible | undefined;
  /** Whether its peer wants the digits of whom it hears. */
  readonly hearsDigits: boolean;
  /** Bridged for good: audio is due from the peer. Otherwise its silence says nothing. */
  readonly live: boolean;
}

/** The way of one leg's packets through a worker. */
export interface MediaPath extends Audible {
  /** Monotonic milliseconds of the last media known of; undefined before the first. */
  readonly lastMediaAt: number | undefined;
  connect(plan: PathPlan): void;
  /** Whom its peer hears appeared, changed or went away. */
  otherChanged(): void;
  /** Looks whether media came since the last look, for {@link lastMediaAt}. */
  look(): Promise<void>;
  /** Counters over all the streams that this leg had. */
  reading(): Promise<LegReading>;
  /** Frees everything. Idempotent. */
  close(): void;
}
