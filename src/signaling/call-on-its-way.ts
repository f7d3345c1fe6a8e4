import type { CallAttempt, CallState, EndReason, RingTarget, SaleTerms } from '../domain';
import type { CallerSide } from './caller-side';
import type { CallEndedRecord } from './ports';
import type { CallNews } from './session-services';
import type { AnsweredTarget } from './target-attempt';

/** How a call ends: said once, by whoever comes first. */
export interface Ending {
  readonly state: CallEndedRecord['state'];
  readonly reason: EndReason;
  readonly detail: string;
  readonly sipStatus?: number;
  /** Monotonic instant at which the conversation was last heard, when that was before the end. */
  readonly lastHeardAt?: number;
  /** Whose dialogs went away without an end: their legs lasted until they were last heard. */
  readonly lost?: 'caller' | 'everybody';
}

/** For whom the call was sold, and on which terms. */
export interface Offer {
  readonly targets: readonly RingTarget[];
  readonly terms: SaleTerms;
}

/** A call as those know it who take it on its way. */
export interface CallOnItsWay {
  readonly sipCallId: string;
  /** The caller's offer; '' = none. */
  readonly sdp: string;
  readonly sourceAddress: string;
  readonly caller: CallerSide;
  /** As it came; since a plan has offered it with the tags of that. */
  attempt(): CallAttempt;
  /** A plan offers it with these tags. */
  tagged(tags: Readonly<Record<string, string>>): void;
  state(): CallState;
  isOver(): boolean;
  become(state: CallState): void;
  finish(ending: Ending): void;
  tell(event: CallNews): void;
  /** Writes down that the exchange, or a buyer, has answered. */
  attended(at: number): void;
  sold(answered: AnsweredTarget, terms: SaleTerms): void;
  /** Post-dial delay: milliseconds from the INVITE to now. */
  pdd(): number;
}
