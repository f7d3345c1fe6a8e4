import type { MonitorMode, Sound } from '../../media';
import type { TransferTo } from '../transfer/place';

/** Who hears a sound of the switch. */
export type SoundTo = 'caller' | 'buyer' | 'both';

/** What may be done to a call that is up by somebody who is no part of it. */
export type CallCommand =
  /** `detail` says who wants it, for the record of the call. */
  | { readonly kind: 'hangup'; readonly detail: string }
  | { readonly kind: 'hold' | 'unhold' }
  | RecordCommand
  | MonitorCommand
  | { readonly kind: 'transfer'; readonly to: TransferTo }
  | { readonly kind: 'play'; readonly sound: Sound; readonly to: SoundTo; readonly durationMs: number };

/** `by` names who wants it, for the news of the call. */
export type RecordCommand = { readonly kind: 'record'; readonly by: string } & (
  | { readonly action: 'start' | 'resume' | 'stop' }
  /** It resumes by itself after so many milliseconds. */
  | { readonly action: 'pause'; readonly maxMs: number }
);

/** Who listens in: whose people they are, and what they are called. */
export interface Listener {
  readonly accountId: string;
  readonly name: string;
}

/** Where somebody who listens in is rung: an agent, or a target that is no team. */
export interface ListeningPost {
  readonly kind: 'agent' | 'target';
  readonly id: string;
  /** Whose agent or target it is. */
  readonly buyerId: string;
}

export type MonitorCommand = { readonly kind: 'monitor'; readonly by: Listener } & (
  | { readonly action: 'start'; readonly mode: MonitorMode; readonly to: ListeningPost }
  | { readonly action: 'change'; readonly mode: MonitorMode }
  | { readonly action: 'stop' }
);

/** A refusal, and what is to be said of it where its code does not say all. */
export interface Refused {
  readonly refusal: ControlRefusal;
  readonly detail: string;
}

/** What came of a command: nothing that hinders it, or why it is not done. */
export type ControlResult = ControlRefusal | Refused | undefined;

/**
 * Why it is not done: the call is over, or nobody has answered it yet; it is being handed on, its agent
 * asks somebody, it is on hold (by the API: `held`, by a phone: `held_by_phone`); who is to have it has it
 * already, is not there, or is none of its buyer's; it was handed on too often; the media engine is not made for it.
 * Of recording and of listening in: the law or somebody's settings do not let it be (`recording_refused`,
 * `needs_consent`), nothing is being recorded, somebody listens already, nobody does, who is to listen cannot now.
 */
export const CONTROL_REFUSALS = [
  'over',
  'not_answered',
  'in_transfer',
  'in_consultation',
  'held',
  'held_by_phone',
  'has_the_call',
  'no_such_place',
  'place_of_others',
  'too_many_transfers',
  'media_cannot',
  'recording_refused',
  'not_recorded',
  'needs_consent',
  'monitored',
  'not_monitored',
  'supervisor_unreachable',
] as const;
export type ControlRefusal = (typeof CONTROL_REFUSALS)[number];
