import type { CallAttempt, Clock } from '../../domain';
import type { Meeting } from '../../dialplan';
import type { MediaSession } from '../../media';
import type { RingSound } from '../caller-sound';
import type { CallerSide } from '../caller-side';
import type { PlanDesk } from '../ports';
import type { CallRecording } from '../recording/call-recording';
import type { RungOut } from '../ring-out';
import type { CallNews } from '../session-services';
import type { Keys } from './keys';
import type { Reception } from './meeting';
import type { PlanRecording } from './plan-recording';

/** How buyers are rung by a step of a plan. */
export interface PlannedRing {
  readonly atOnce: number;
  readonly meeting: Reception & Pick<Meeting, 'record'>;
  /** What the caller hears meanwhile; undefined: ringback. */
  readonly sound: RingSound | undefined;
  /** The caller stays in the plan when the buyer has hung up. */
  readonly stays: boolean;
}

/** What a plan may do with its call. */
export interface PlannedCall {
  readonly attempt: CallAttempt;
  readonly media: MediaSession;
  readonly caller: CallerSide;
  readonly keys: Keys;
  readonly recording: CallRecording;
  /** What the plan wants recorded. */
  readonly wanted: PlanRecording;
  readonly plans: PlanDesk;
  readonly clock: Clock;
  isOver(): boolean;
  /** Answers the caller, once. False: the call is over. */
  attend(): Promise<boolean>;
  /** Offers the call for sale with these tags. False: it is refused, or was sold and spoken already. */
  auction(tags: Readonly<Record<string, string>>): Promise<boolean>;
  /** Rings whom it was sold to. `stopped`: the call is over, or the step. */
  ring(order: PlannedRing, stop: AbortSignal): Promise<RungOut>;
  /** Rings a target of the market for nobody's bid. */
  transfer(targetId: string, stays: boolean, stop: AbortSignal): Promise<RungOut>;
  /** Resolves when the conversation in hand is over. */
  spoken(): Promise<void>;
  end(sipStatus: number, detail: string): void;
  tell(event: CallNews): void;
}
