import type {
  AgentGroup,
  AnsweredRecord,
  AttendedRecord,
  CallAttempt,
  CallCard,
  CallEndedRecord,
  CallTransfer,
  CapLimit,
  CapOutcome,
  Currency,
  Decision,
  DecidedRecord,
  EndReason,
  E164,
  RingAttempt,
  RingTarget,
  Sale,
  Trunk,
} from '../domain';
import type { Plan, PlanFacts } from '../dialplan';
import type { LegStats, MediaLegRole, MonitorMode, RecordingSink, Sound } from '../media';
import type { Binding } from './registrar/bindings';

/** Reserves limits for one ring attempt, atomically and across nodes. */
export interface CapReservations {
  /**
   * Takes the units of every limit or of none of them.
   * @returns the key of the first exhausted limit when refused
   */
  reserve(
    callId: string,
    limits: readonly CapLimit[],
  ): Promise<{ ok: true } | { ok: false; exhausted: string }>;
  /** Gives back what the call took and did not use. Idempotent per call and limit. */
  release(callId: string, limits: readonly CapLimit[], outcome: CapOutcome): Promise<void>;
}

/** Money of a buyer that is set aside for one ring attempt, by its name. */
export interface HeldFunds {
  /** Unique over all nodes. */
  readonly id: string;
}

/** For what money is to be set aside. */
export interface FundsRequest {
  readonly callId: string;
  /** Number of the ring attempt, from 1; never twice in one call. */
  readonly attempt: number;
  /** Whose buyer pays, at most how much. */
  readonly target: RingTarget;
  readonly currency: Currency;
}

/** The money of buyers whose calls their wallets must cover. */
export interface FundsDesk {
  /**
   * Sets aside what the call may cost if this target answers. Never rejects, and never takes long.
   * @returns false when its buyer has not got it; held is absent when nothing is to be held
   */
  hold(
    request: FundsRequest,
  ): Promise<{ readonly ok: true; readonly held?: HeldFunds | undefined } | { readonly ok: false }>;
  /** Gives back what was held for a target that did not take the call. Never throws. */
  release(held: HeldFunds): void;
  /** The target took the call: what is held for it stays, and grows with the call. */
  answered(held: HeldFunds): void;
  /**
   * The call is over: what is held for it is its settlement's.
   * @param connectedMs - milliseconds of conversation
   */
  ended(held: HeldFunds, connectedMs: number): void;
}

/** The sale of a call: what is to be had for it, and what the buyers say. */
export interface SaleDesk {
  /**
   * Decides. Where the campaign wants providers or buyers to be asked first it is a promise, which
   * keeps the campaign's deadlines; else the decision is there at once. Never rejects but for bugs.
   */
  decide(attempt: CallAttempt): Decision | Promise<Decision>;
  /** The number that a reservation's own address stands for; undefined when there is none. Never rejects. */
  reservedNumber(user: string): Promise<E164 | undefined>;
  /** The caller gave up before the decision was there: nothing comes of it. */
  abandoned(attempt: CallAttempt): void;
  /** Asks the buyer of a live bid once more before it is rung. False: it takes its offer back. Never rejects. */
  confirm(attempt: CallAttempt, target: RingTarget): Promise<boolean>;
  /** What the agent's phone shows of the call: a small JSON object. */
  card(attempt: CallAttempt, target: RingTarget, answered: boolean): CallCard;
  /** A buyer answered: what duplicate rules and other nodes remember. */
  connected(attempt: CallAttempt, target: RingTarget): void;
  /** What the buyer owes for a conversation of so many milliseconds, as far as it is known when it ends. */
  charge(sale: Sale, connectedMs: number): Pick<CapOutcome, 'converted' | 'revenue'>;
}

/** The plan that a call takes: what was in force when it came, whatever is published meanwhile. */
export interface CallPlan {
  readonly plan: Plan;
  /** From 1; of plans that are files of the installation 0. */
  readonly version: number;
  /** What the number that was called belongs to, for calls that end before they are offered to anybody. */
  readonly source?: { readonly campaignId: string; readonly sellerId: string } | undefined;
}

/** Plans of numbers and campaigns, and what steps of theirs need beside signalling and media. */
export interface PlanDesk {
  /**
   * The plan of the number that was called, else of its campaign. Undefined: the call is sold at once and its
   * buyers are rung one after the other.
   */
  planOf(attempt: CallAttempt): CallPlan | undefined;
  /** What a plan may branch on before the call is sold. Never rejects. */
  factsOf(attempt: CallAttempt): PlanFacts | Promise<PlanFacts>;
  /** A target of the market by its id, to be rung for nobody's bid; undefined: there is no such, or it is off. */
  target(attempt: CallAttempt, targetId: string): RingTarget | undefined;
  /** Notes that somebody wants to be called. Never rejects; false where that number may not be called. */
  callback(request: CallbackRequest): Promise<boolean>;
}

export interface CallbackRequest {
  readonly attempt: CallAttempt;
  /** As the caller keyed it in; undefined: the number that they call from. */
  readonly number: string | undefined;
  /** UTC epoch milliseconds. */
  readonly notAfter: number;
}

/** For what a recording is made. */
export interface RecordingRequest {
  readonly attempt: CallAttempt;
  readonly kind: 'conversation' | 'voicemail';
  /** Whom the caller speaks with; undefined of a message. */
  readonly target: RingTarget | undefined;
  /** The caller was told of it, by the plan or by its campaign's own announcement: UTC epoch milliseconds. */
  readonly announcedAt: number | undefined;
}

/** A recording that may be made, as it is made. */
export interface OpenRecording {
  readonly recordingId: string;
  readonly sink: RecordingSink;
}

/** Where recordings go, and whether they may be made. */
export interface RecordingDesk {
  /**
   * Whether the campaign wants the conversation recorded without a plan that says so, and by which announcement
   * first; undefined: it does not.
   */
  policyOf(attempt: CallAttempt): { readonly announce: string | undefined } | undefined;
  /**
   * Opens a recording. Refused where the law of the caller's or the buyer's state asks for consent that was not
   * got, where the tenant forbids it, or where nothing can be stored now; the call goes on without. Never throws.
   */
  open(request: RecordingRequest): OpenRecording | { readonly refused: string };
  /**
   * Whether people of the exchange or the buyer may listen in: what hears a call in secret is to the law what
   * records it. By the same rule, whether or not anything can be stored. Never throws.
   * @returns why not, with the citation; undefined when they may
   */
  mayMonitor(request: Omit<RecordingRequest, 'kind'>): string | undefined;
}

/** One phone of an agent that can be rung now. */
export interface AgentContact {
  readonly agentId: string;
  /** The registration by which it is known. */
  readonly binding: Binding;
  /** Request-URI: what the phone registered. */
  readonly uri: string;
  /** Where the INVITE is sent: the flow on which the phone registered, or the node that holds it. */
  readonly route: string | undefined;
  /** A browser, whose media is WebRTC; else plain RTP. */
  readonly webrtc: boolean;
}

/** An agent taken for a call, with every phone that rings. */
export interface ClaimedAgent {
  readonly agentId: string;
  readonly contacts: readonly AgentContact[];
}

/** For which call agents are wanted. */
export interface AgentRequest {
  readonly callId: string;
  /** Whose people may be rung: a group of anybody else is as good as none. */
  readonly buyerId: string;
  readonly group: AgentGroup;
  /** Every skill that the agent must have. */
  readonly skills: readonly string[];
  /** Agents who were rung for this target already. */
  readonly tried: ReadonlySet<string>;
}

/** `nobody`: none is signed in, or has the skills. `busy`: some are, and none is free. */
export type AgentClaim =
  | { readonly kind: 'agents'; readonly agents: readonly ClaimedAgent[]; readonly ringMs: number | undefined }
  | { readonly kind: 'busy' | 'nobody' };

/** Why an agent who was claimed did not take the call. */
export type AgentRelease =
  'answered_elsewhere' | 'declined' | 'no_answer' | 'unreachable' | 'caller_gone' | 'failed';

/** The people behind softphone targets: who is free, on every node, and who waits for them. */
export interface AgentDesk {
  /**
   * Takes who is to be rung, by the team's distribution: they are ringing from here on, for no other
   * call. Never rejects. `ringMs` is how long these ring before others are claimed; undefined: as long
   * as the target.
   */
  claim(request: AgentRequest): Promise<AgentClaim>;
  /**
   * Gives an agent back who does not take the call, or no longer: its answer turned out useless.
   * Never throws.
   */
  release(callId: string, agentId: string, why: AgentRelease): void;
  /** The agent took the call. Never throws. */
  answered(callId: string, agentId: string): void;
  /** Phones on which an agent can be rung who has the call already, and lost it on the way. Never rejects. */
  phonesOf(agentId: string): Promise<readonly AgentContact[]>;
  /** The call that the agent is on, and the node that has it. Never rejects. */
  callOf(agentId: string): Promise<{ readonly callId: string; readonly nodeId: string } | undefined>;
  /** The agent's part in the call is over: wrap-up begins. Never throws. */
  ended(callId: string, agentId: string): void;
  /**
   * A phone could not be reached: it is not rung again until it registers anew, if what was told says
   * that it is gone. Never throws.
   * @param sipStatus - the final status of its INVITE; 408 also when there was none in time
   */
  lost(contact: AgentContact, sipStatus: number): void;
  /** Joins the queue of a team; undefined when it has none, or it is full. Never rejects. */
  queue(request: AgentRequest): Promise<QueuePlace | undefined>;
}

/** A caller's place in the queue of a team. Whoever takes it leaves it. */
export interface QueuePlace {
  /** From 1. */
  readonly position: number;
  /** Milliseconds that it may be held. */
  readonly maxWaitMs: number;
  onPosition(handler: (position: number) => void): void;
  /** Resolves when an agent may be free for this caller, who then claims; again for each further try. Never rejects. */
  turn(): Promise<void>;
  /** Idempotent. */
  leave(): void;
}

/** Writes what happened to calls, durably and in order for one call. Never throws; spools when storage is away. */
export interface CallRecorder {
  /** The decision, with its trace; the first thing stored of a call. */
  decided(record: DecidedRecord): void;
  /** The exchange itself answered the caller: from here on the call has a record, whatever becomes of it. */
  attended(record: AttendedRecord): void;
  /** The call was answered: from here on it costs money, so this is stored at once. */
  answered(record: AnsweredRecord): void;
  /** The one end of a call: its CDR, and what settlement needs. */
  ended(record: CallEndedRecord): void;
}

/** Live news of calls, for people who watch: the console, the demo, metrics. Never blocks. */
export interface CallObserver {
  onCall(event: CallEvent): void;
}

export type CallEvent = {
  readonly callId: string;
  /** UTC epoch milliseconds. */
  readonly at: number;
} & (
  | { readonly type: 'call.received'; readonly attempt: CallAttempt }
  | { readonly type: 'call.decided'; readonly decision: Decision; readonly decisionMicroseconds: number }
  | { readonly type: 'call.ringing'; readonly target: RingTarget; readonly attempt: number }
  | {
      readonly type: 'call.ring_failed';
      readonly target: RingTarget;
      readonly outcome: RingAttempt['outcome'];
      readonly sipStatus: number;
    }
  | { readonly type: 'call.queued'; readonly target: RingTarget; readonly position: number }
  | { readonly type: 'call.quality'; readonly legs: Readonly<Record<string, LegStats>> }
  | { readonly type: 'call.one_way_audio'; readonly leg: MediaLegRole }
  | { readonly type: 'call.transferred'; readonly transfer: CallTransfer }
  | { readonly type: 'call.held' | 'call.resumed' }
  /** The exchange answered the caller itself. */
  | { readonly type: 'call.attended' }
  /** It is its plan's again: nobody took it, the one who did hung up, or it was handed on for nobody's bid. */
  | { readonly type: 'call.returned'; readonly from: 'ringing' | 'answered' }
  | { readonly type: 'call.plan_step'; readonly plan: string; readonly step: string }
  /** Its plan cannot be carried out here: the call is sold at once instead. */
  | { readonly type: 'call.plan_unusable'; readonly plan: string; readonly detail: string }
  | {
      readonly type: 'call.recording';
      readonly recordingId: string;
      readonly state: 'on' | 'paused' | 'off' | 'refused';
      /** Why, where it was refused or did not go on. */
      readonly detail?: string | undefined;
      /** Who asked for it; absent: a plan, the campaign's own rule, or the time of a pause that was over. */
      readonly by?: string | undefined;
      /** When a pause ends by itself, UTC epoch milliseconds. */
      readonly resumesAt?: number | undefined;
    }
  /**
   * People listen in, go on otherwise, or do no more; `failed`: the phone that was rung for them was not answered, or
   * the media engine could not. `accountId` is whose people they are.
   */
  | {
      readonly type: 'call.monitored';
      readonly mode: MonitorMode | 'failed' | 'ended';
      /** Why it failed: how the ringing ended, or `media`. */
      readonly detail?: string | undefined;
      readonly by: string;
      readonly accountId: string;
    }
  | { readonly type: 'call.sound_played'; readonly sound: Sound; readonly to: readonly MediaLegRole[] }
  | {
      readonly type: 'call.answered';
      readonly target: RingTarget;
      readonly pddMs: number;
      readonly agentId: string | undefined;
    }
  | { readonly type: 'call.ended'; readonly record: CallEndedRecord }
  | {
      readonly type: 'call.refused';
      readonly reason: EndReason;
      readonly sipStatus: number;
      readonly source: string;
    }
);

/** Trunks and numbers as signalling needs them: a synchronous view that follows the database. */
export interface TrunkDirectory {
  trunkBySource(address: string): Trunk | undefined;
}

export type { AnsweredRecord, AttendedRecord, CallEndedRecord, DecidedRecord, RingAttempt } from '../domain';
