import type { Sound } from '../../media';
import type { TransferTo } from '../transfer/place';

/** Who hears a sound of the switch. */
export type SoundTo = 'caller' | 'buyer' | 'both';

/** What may be done to a call that is up by somebody who is no part of it. */
export type CallCommand =
  /** `detail` says who wants it, for the record of the call. */
  | { readonly kind: 'hangup'; readonly detail: string }
  | { readonly kind: 'hold' | 'unhold' }
  /** Waits for a media engine that can. */
  | { readonly kind: 'record' | 'monitor' }
  | { readonly kind: 'transfer'; readonly to: TransferTo }
  | { readonly kind: 'play'; readonly sound: Sound; readonly to: SoundTo; readonly durationMs: number };

/**
 * Why it is not done: the call is over, or nobody has answered it yet; it is being handed on, its agent
 * asks somebody, it is on hold (by the API: `held`, by a phone: `held_by_phone`); who is to have it has it
 * already, is not there, or is none of its buyer's; it was handed on too often; the media engine is not made for it.
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
] as const;
export type ControlRefusal = (typeof CONTROL_REFUSALS)[number];
