import type { CallAttempt, CallState, Clock, RingTarget } from '../domain';
import type { MediaEngine } from '../media';
import type {
  AgentDesk,
  CallObserver,
  CallRecorder,
  CapReservations,
  FundsDesk,
  PlanDesk,
  RecordingDesk,
  SaleDesk,
} from './ports';
import type { RecordingState } from './recording/call-recording';
import type { SipStack } from './sip/sip-stack';
import type { SupervisionView } from './supervision/supervision';
import type { PlaceResult, TransferTo } from './transfer/place';

/** What every session uses; none of it belongs to one call. */
export interface SessionServices {
  readonly stack: SipStack;
  /** Milliseconds a buyer has for its first response of any kind; undefined: its whole ring time. */
  readonly responseTimeoutMs: number | undefined;
  readonly agents: AgentDesk;
  readonly media: MediaEngine;
  /** An engine by its name, for plans that ask for one; undefined: it is not configured. */
  engineNamed(name: MediaEngine['name']): MediaEngine | undefined;
  readonly plans: PlanDesk;
  readonly recordings: RecordingDesk;
  readonly caps: CapReservations;
  readonly funds: FundsDesk;
  readonly recorder: CallRecorder;
  readonly observer: CallObserver;
  readonly clock: Clock;
  readonly desk: SaleDesk;
  /** Where a URI leads that somebody of a buyer names who hands a call on. */
  findPlace(uri: string, buyerId: string): PlaceResult;
  /** Where a call leads that people of the exchange hand on. */
  placeNamed(to: TransferTo, buyerId: string): PlaceResult;
  /** An impossible thing happened; it is counted and told, and the call goes on to its end. */
  onBug(error: unknown, callId: string): void;
}

/** A call that is up, as the API shows it. */
export interface LiveCall {
  readonly callId: string;
  readonly state: CallState;
  readonly attempt: CallAttempt;
  readonly receivedAt: number;
  readonly answeredAt: number | undefined;
  readonly target: RingTarget | undefined;
  /** The agent who has it now. */
  readonly agentId: string | undefined;
  /** Somebody put it on hold by the API. */
  readonly held: boolean;
  readonly recording: LiveRecording;
  /** Who listens in, or is rung for it. */
  readonly monitoring: SupervisionView | undefined;
  /** What its media engine can do to it, beside joining the two. */
  readonly can: readonly ('record' | 'monitor')[];
}

/** Whether a call is being recorded. */
export interface LiveRecording {
  readonly state: RecordingState;
  readonly recordingId: string | undefined;
  /** When a pause ends by itself, UTC epoch milliseconds. */
  readonly resumesAt: number | undefined;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** What a call tells of itself; whose it is, and when it was told, is added. */
export type CallNews = DistributiveOmit<Parameters<CallObserver['onCall']>[0], 'callId' | 'at'>;
