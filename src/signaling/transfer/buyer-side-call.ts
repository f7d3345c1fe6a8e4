import type { CallTransfer, Clock } from '../../domain';
import type { MediaLeg, MediaSession } from '../../media';
import type { MidCall } from '../mid-call';
import type { AgentDesk } from '../ports';
import type { Ringing } from '../ringing';
import type { Party } from './party';
import type { Place, PlaceResult } from './place';

/** What the buyer's side needs of the sold call that it belongs to. */
export interface BuyerSideCall {
  readonly callId: string;
  readonly media: MediaSession;
  readonly callerLeg: MediaLeg;
  readonly midCall: MidCall;
  readonly agents: Pick<AgentDesk, 'ended'>;
  readonly clock: Clock;
  /** Where a URI leads that somebody of the buyer named. */
  place(uri: string): PlaceResult;
  ring(place: Place, onRinging: () => void): Ringing;
  /** Rings who had the call and hung up while it was being handed on. */
  ringBack(party: Party): Ringing;
  /** A transfer succeeded: the caller speaks with whom it names from here on. */
  transferred(transfer: CallTransfer): void;
  /** The caller and who has the call are joined anew: after a hold, or with somebody else. */
  rejoined?(): void;
  /** Nobody is left on the buyer's side. */
  hungUp(detail: string): void;
  onBug(error: unknown): void;
}

/** What ringing somebody came to, once media was settled with whoever answered. */
export type Reached =
  | { readonly ok: true; readonly party: Party }
  | { readonly ok: false; readonly outcome: CallTransfer['outcome']; readonly sipStatus: number }
  /** The call ended, or it is needed no more. */
  | undefined;
