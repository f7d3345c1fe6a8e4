import type {
  CallAttempt,
  CallBasics,
  CallOrigin,
  CallState,
  CapLimit,
  Clock,
  Decision,
  EndReason,
  RingTarget,
  Sale,
  SaleTerms,
  Trunk,
} from '../domain';
import { canTransition, NEVER_CONNECTED } from '../domain';
import type { MediaEngine, MediaLeg, MediaSession } from '../media';
import { MediaUnavailable } from '../media';
import { connectedMilliseconds, collectMediaStats } from './call-figures';
import type {
  AgentDesk,
  CallEndedRecord,
  CallObserver,
  CallRecorder,
  CapReservations,
  FundsDesk,
  HeldFunds,
  PlanDesk,
  RecordingDesk,
  RingAttempt,
  SaleDesk,
} from './ports';
import { CallControl } from './control/call-control';
import type { CallCommand, ControlRefusal } from './control/command';
import { Ladder } from './ladder/ladder';
import { RecordedInvite } from './ladder/recorded-invite';
import { RecordedStack } from './ladder/recorded-stack';
import { MidCall } from './mid-call';
import { BuyerSide } from './transfer/buyer-side';
import { Party } from './transfer/party';
import type { PlaceResult, TransferTo } from './transfer/place';
import { RingingAddress, RingingBack, ringPlace } from './transfer/ringing-place';
import type { Presentation } from './ringing';
import { reasonHeader, statusFor } from './sip-status';
import type { IncomingInvite, SipDialog, SipStack } from './sip/sip-stack';
import type { WaterfallResult } from './waterfall';
import { Waterfall } from './waterfall';

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
}

type AnsweredTarget = Extract<WaterfallResult, { kind: 'answered' }>;

/** How a call ends: said once, by whoever comes first. */
interface Ending {
  readonly state: CallEndedRecord['state'];
  readonly reason: EndReason;
  readonly detail: string;
  readonly sipStatus?: number;
  /** Monotonic instant at which the conversation was last heard, when that was before the end. */
  readonly lastHeardAt?: number;
}

/** Ringing goes on for minutes only with a provisional each minute (RFC 3261 §13.3.1.1). */
const KEEP_RINGING_MS = 60_000;

/**
 * One call from its INVITE to its CDR. It owns both legs, every timer and every reservation, and
 * each way out leads through {@link CallSession.finish}.
 */
export class CallSession {
  readonly attempt: CallAttempt;
  readonly trunk: Trunk;
  readonly #services: SessionServices;
  readonly #invite: IncomingInvite;
  readonly #ladder: Ladder;
  readonly #receivedMono: number;
  readonly #attempts: RingAttempt[] = [];
  readonly #onFinished: (session: CallSession) => void;
  #state: CallState = 'received';
  #ending: Ending | undefined;
  /** As contracts and claim say together, once it is decided. */
  #origin: CallOrigin;
  /** The seller's limits that the call holds. */
  #sourceLimits: readonly CapLimit[] = [];
  #media: MediaSession | undefined;
  #callerLeg: MediaLeg | undefined;
  #waterfall: Waterfall | undefined;
  /** Money of the buyer who took the call, which its settlement will take. */
  #held: HeldFunds | undefined;
  #target: RingTarget | undefined;
  #sale: Sale | undefined;
  #callerDialog: SipDialog | undefined;
  #buyerDialog: SipDialog | undefined;
  #buyerLeg: MediaLeg | undefined;
  /** The agent who answered, until the buyer's side of the conversation takes over. */
  #agentId: string | undefined;
  /** Who has the call for the buyer, from the answer on. */
  #buyerSide: BuyerSide | undefined;
  /** What may be done to the conversation from outside, from the answer on. */
  #control: CallControl | undefined;
  #firstRingAt: number | undefined;
  #answeredAt: number | undefined;
  #answeredMono = 0;
  #maxDurationTimer: NodeJS.Timeout | undefined;
  #keepRingingTimer: NodeJS.Timeout | undefined;

  constructor(
    services: SessionServices,
    invite: IncomingInvite,
    attempt: CallAttempt,
    trunk: Trunk,
    onFinished: (session: CallSession) => void,
  ) {
    this.#ladder = new Ladder(() => services.clock.now());
    this.#services = { ...services, stack: new RecordedStack(services.stack, this.#ladder) };
    this.#invite = new RecordedInvite(invite, this.#ladder);
    this.attempt = attempt;
    this.#origin = attempt.origin;
    this.trunk = trunk;
    this.#onFinished = onFinished;
    this.#receivedMono = services.clock.monotonic();
  }

  get callId(): string {
    return this.attempt.callId;
  }

  get state(): CallState {
    return this.#state;
  }

  /** The call as it stands now. */
  live(): LiveCall {
    return {
      callId: this.callId,
      state: this.#state,
      attempt: this.attempt,
      receivedAt: this.attempt.receivedAt,
      answeredAt: this.#answeredAt,
      target: this.#target,
      agentId: this.agentId,
      held: this.#control?.held ?? false,
    };
  }

  /** Milliseconds of conversation so far; 0 before the answer. */
  connectedMs(): number {
    if (this.#answeredAt === undefined) return 0;
    return connectedMilliseconds(this.#answeredMono, this.#services.clock.monotonic(), undefined);
  }

  /** The agent who has the call now. */
  get agentId(): string | undefined {
    return this.#ending ? undefined : this.#buyerSide?.party.agentId;
  }

  /**
   * The agent who has the call wants to ask somebody else.
   * @param sourceAddress - whence the agent's phone sent the INVITE
   */
  consult(invite: IncomingInvite, sourceAddress: string = invite.sourceAddress): void {
    if (this.#buyerSide) this.#buyerSide.consult(invite, sourceAddress);
    else invite.reject(481);
  }

  /**
   * Does to the conversation what somebody asks for who is no part of it.
   * @returns why not; undefined when it is done, or begun
   */
  async control(command: CallCommand): Promise<ControlRefusal | undefined> {
    if (this.#ending) return 'over';
    if (command.kind !== 'hangup') return this.#control ? this.#control.carryOut(command) : 'not_answered';
    this.end('admin_hangup', command.detail);
    return undefined;
  }

  /** Takes the call through its life. Resolves when it rings no more: answered, or ended. */
  async run(): Promise<void> {
    this.#invite.onCancel(() =>
      this.finish({ state: 'canceled', reason: 'caller_cancel', detail: 'the caller gave up' }),
    );
    this.#tell({ type: 'call.received', attempt: this.attempt });
    try {
      const decision = await this.#decide();
      if (!decision) return;
      if (!decision.ok) {
        this.finish({
          state: 'rejected',
          reason: decision.reason,
          detail: decision.detail,
          sipStatus: decision.sipStatus,
        });
        return;
      }
      if (!(await this.#reserveSource(decision.sourceLimits)) || !(await this.#openMedia())) return;
      await this.#ring(decision.plan, decision.terms);
    } catch (error) {
      this.#services.onBug(error, this.callId);
      this.finish({ state: this.#unansweredState(), reason: 'internal_error', detail: 'internal error' });
    }
  }

  /** Ends the call from outside: an admin, a wallet that is empty, a drain deadline, a lost SIP server. */
  end(
    reason: Extract<EndReason, 'admin_hangup' | 'insufficient_funds' | 'shutdown' | 'signaling_lost'>,
    detail: string,
  ): void {
    const lastHeardAt = reason === 'signaling_lost' ? this.#media?.lastMediaAt() : undefined;
    this.finish({
      state: this.#unansweredState(),
      reason,
      detail,
      ...(lastHeardAt === undefined ? {} : { lastHeardAt }),
    });
  }

  /**
   * The one way out. The first caller decides how the call ended; everything the call holds is
   * given back here, and its one record is written.
   */
  finish(ending: Ending): void {
    if (this.#ending) return;
    this.#ending = ending;
    const endedMono = this.#services.clock.monotonic();
    const endedAt = this.#services.clock.now();
    clearTimeout(this.#maxDurationTimer);
    clearInterval(this.#keepRingingTimer);
    this.#waterfall?.stop();
    const sipStatus = this.#answeredAt === undefined ? (ending.sipStatus ?? statusFor(ending.reason)) : 200;
    const reason = reasonHeader(ending.reason, ending.detail);
    if (this.#callerDialog) this.#callerDialog.bye(reason);
    else if (ending.reason !== 'caller_cancel') {
      const retry: Record<string, string> = sipStatus === 503 ? { 'Retry-After': '5' } : {};
      this.#invite.reject(sipStatus, undefined, { Reason: reason, ...retry });
    }
    this.#control?.close();
    if (this.#buyerSide) this.#buyerSide.close(reason);
    else this.#buyerDialog?.bye(reason);
    this.#transition(ending.state);
    void this.#conclude(ending, sipStatus, endedAt, endedMono);
  }

  /** Undefined when the caller gave up before it was decided. */
  async #decide(): Promise<Decision | undefined> {
    const { clock, desk, recorder } = this.#services;
    this.#transition('deciding');
    const startedAt = clock.monotonic();
    const decided = desk.decide(this.attempt);
    // Most calls wait for nobody: they go on in this very turn.
    const decision = decided instanceof Promise ? await decided : decided;
    if (this.#ending) {
      desk.abandoned(this.attempt);
      return undefined;
    }
    this.#origin = decision.trace.origin ?? this.attempt.origin;
    const decisionMicroseconds = Math.round((clock.monotonic() - startedAt) * 1000);
    recorder.decided({
      attempt: this.attempt,
      sipCallId: this.#invite.callId,
      decision,
      decisionMicroseconds,
    });
    this.#tell({ type: 'call.decided', decision, decisionMicroseconds });
    return decision;
  }

  /** Takes what the seller's caps ask for. False when the call ended here. */
  async #reserveSource(limits: readonly CapLimit[]): Promise<boolean> {
    // What came in the same packet as the INVITE has been heard by now: a CANCEL, say.
    if (limits.length === 0) return this.#ending === undefined;
    const { caps } = this.#services;
    const reserved = await caps.reserve(this.callId, limits);
    if (reserved.ok) this.#sourceLimits = limits;
    if (this.#ending) {
      // The end has passed by: what was taken since goes back here.
      if (reserved.ok) await caps.release(this.callId, limits, NEVER_CONNECTED);
      return false;
    }
    if (reserved.ok) return true;
    const detail = `the seller's limit is reached: ${reserved.exhausted}`;
    this.finish({ state: 'rejected', reason: 'source_capped', detail });
    return false;
  }

  /** Opens the media side and reads the caller's offer. False when the call ended here. */
  async #openMedia(): Promise<boolean> {
    const media = this.#services.media.openSession(this.callId, {
      onMediaLost: (detail) => this.#mediaEnded('media_failure', detail, this.#media?.lastMediaAt()),
      onRtpTimeout: (leg) =>
        this.#mediaEnded('rtp_timeout', `no audio from the ${leg}`, this.#media?.lastMediaAt(leg)),
      onConsultLost: () => this.#buyerSide?.consultLost(),
      onOneWayAudio: (leg) => this.#tell({ type: 'call.one_way_audio', leg }),
      onQuality: (legs) => this.#tell({ type: 'call.quality', legs }),
    });
    this.#media = media;
    let leg: MediaLeg;
    try {
      leg = await media.createLeg('caller', { signalingAddress: this.#invite.sourceAddress });
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'no media';
      this.finish({ state: this.#unansweredState(), reason: 'media_failure', detail });
      return false;
    }
    if (this.#ending) {
      leg.close();
      return false;
    }
    this.#callerLeg = leg;
    if (this.#invite.sdp === '') return true;
    const offer = leg.receiveOffer(this.#invite.sdp);
    if (offer.ok) return true;
    this.finish({
      state: 'rejected',
      reason: 'bad_request',
      detail: `the offer cannot be used: ${offer.reason}`,
      sipStatus: offer.reason === 'malformed' ? 400 : 488,
    });
    return false;
  }

  async #ring(plan: readonly RingTarget[], terms: SaleTerms): Promise<void> {
    const media = this.#media;
    const callerLeg = this.#callerLeg;
    if (!media || !callerLeg) throw new Error('ringing without media');
    this.#transition('ringing');
    this.#keepRingingTimer = setInterval(() => this.#invite.progress(180), KEEP_RINGING_MS);
    const waterfall = new Waterfall(this.#services, {
      callId: this.callId,
      currency: terms.currency,
      confirm: (target) => this.#services.desk.confirm(this.attempt, target),
      media,
      callerLeg,
      attempts: this.#attempts,
      presentationTo: (target) => this.#presentationTo(target),
      progress: (status, sdp) => this.#callerProgress(status, sdp),
      ringing: (target, attempt) => {
        this.#target = target;
        this.#tell({ type: 'call.ringing', target, attempt });
      },
      queued: (target, position) => this.#tell({ type: 'call.queued', target, position }),
      failed: (target, outcome, sipStatus) =>
        this.#tell({ type: 'call.ring_failed', target, outcome, sipStatus }),
    });
    this.#waterfall = waterfall;
    for (let next = 0; next < plan.length && !this.#ending;) {
      const result = await waterfall.ring(plan, next);
      if (result.kind === 'stopped') return;
      if (result.kind === 'exhausted') break;
      if (await this.#connect(result, terms, waterfall)) return;
      next = result.index + 1;
    }
    const detail = this.#attempts.length === 0 ? 'no target could be rung' : 'every buyer was tried';
    this.finish({ state: this.#unansweredState(), reason: 'buyers_exhausted', detail });
  }

  /** Agents see of the caller what their card shows; a target of its own sees the number. */
  #presentationTo(target: RingTarget): Presentation {
    const headers = { 'X-DCE-Call-ID': this.callId };
    if (target.kind !== 'softphone') return { callingNumber: userOf(this.attempt.from), headers };
    const card = this.#services.desk.card(this.attempt, target, false);
    return {
      callingNumber: userOf(card.number),
      headers: { ...headers, 'X-DCE-Card': Buffer.from(JSON.stringify(card)).toString('base64url') },
    };
  }

  /** Joins the caller with the buyer who answered. False when the next buyer is to be rung. */
  async #connect(
    { target, dialog: buyer, leg: buyerLeg, agentId, ringMs }: AnsweredTarget,
    terms: SaleTerms,
    waterfall: Waterfall,
  ): Promise<boolean> {
    const callerLeg = this.#callerLeg;
    const media = this.#media;
    if (!callerLeg || !media) throw new Error('an answer without media');
    if (this.#ending) {
      buyer.bye();
      if (agentId !== undefined) this.#services.agents.release(this.callId, agentId, 'caller_gone');
      return true;
    }
    this.#buyerDialog = buyer;
    this.#buyerLeg = buyerLeg;
    this.#agentId = agentId;
    let buyerGone = false;
    const midCall = new MidCall(this.#services.onBug, this.callId);
    midCall.attach('buyer', buyer, buyerLeg, () => (buyerGone = true));
    const sdp = this.#invite.sdp === '' ? callerLeg.createOffer() : await callerLeg.createAnswer();
    const joined = sdp.ok && (await this.#bridge(media, callerLeg, buyerLeg));
    if (this.#ending) {
      buyer.bye();
      return true;
    }
    if (buyerGone || !joined) {
      buyer.bye();
      this.#buyerDialog = undefined;
      this.#buyerLeg = undefined;
      this.#agentId = undefined;
      waterfall.lost(target, buyerLeg, agentId);
      return false;
    }
    const answering = this.#invite.answer(sdp.sdp);
    // On its way: whoever is killed from here on finds that it was.
    this.#sold(target, terms, ringMs);
    const answer = await answering;
    if (this.#ending) {
      // The caller gave up in the same instant: whichever dialog stands is ended.
      if (answer.ok) answer.dialog.bye();
      buyer.bye();
      return true;
    }
    if (!answer.ok) {
      this.finish({ state: 'failed', reason: 'signaling_lost', detail: answer.reason });
      return true;
    }
    this.#callerDialog = answer.dialog;
    this.#answered(target, waterfall.takeHeld());
    const party = new Party(buyer, buyerLeg, { agentId, targetId: target.targetId });
    const side = this.#sideOf(party, target, media, callerLeg, midCall);
    this.#buyerSide = side;
    this.#control = new CallControl(
      {
        media,
        caller: { dialog: answer.dialog, leg: callerLeg },
        place: (to) => this.#services.placeNamed(to, target.buyerId),
        changed: (held) => this.#tell({ type: held ? 'call.held' : 'call.resumed' }),
        played: (sound, to) => this.#tell({ type: 'call.sound_played', sound, to }),
        onBug: (error) => this.#services.onBug(error, this.callId),
      },
      side,
    );
    this.#agentId = undefined;
    midCall.attach('caller', answer.dialog, callerLeg, (cause) => this.#callerEnded(cause));
    if (buyerGone) this.#hungUp('buyer_hangup', 'the buyer hung up');
    return true;
  }

  /** False when the buyer's media is gone, which is no reason not to ring the next one. */
  async #bridge(media: MediaSession, callerLeg: MediaLeg, buyerLeg: MediaLeg): Promise<boolean> {
    try {
      await media.bridge(callerLeg, buyerLeg);
      return true;
    } catch (error) {
      if (error instanceof MediaUnavailable) return false;
      throw error;
    }
  }

  /** Whoever has the call for the buyer may hand it on within the buyer: it stays one sale. */
  #sideOf(
    party: Party,
    target: RingTarget,
    media: MediaSession,
    callerLeg: MediaLeg,
    midCall: MidCall,
  ): BuyerSide {
    const { callId } = this;
    const services = this.#services;
    const { agents, clock, onBug } = services;
    const context = { callId, media };
    const orderOf = (onRinging: () => void) => ({
      buyerId: target.buyerId,
      ringTimeoutMs: target.ringTimeoutMs,
      toAgents: this.#presentationTo({ ...target, kind: 'softphone' }),
      toOthers: this.#presentationTo({ ...target, kind: 'sip' }),
      onRinging,
    });
    return new BuyerSide(
      {
        callId,
        media,
        callerLeg,
        midCall,
        agents,
        clock,
        place: (uri) => services.findPlace(uri, target.buyerId),
        ring: (place, onRinging) => ringPlace(services, context, place, orderOf(onRinging), clock),
        ringBack: ({ agentId }) => {
          const order = orderOf(() => undefined);
          return agentId === undefined
            ? new RingingAddress(services, context, target.uri, order)
            : new RingingBack(services, context, agentId, order);
        },
        transferred: (transfer) => this.#tell({ type: 'call.transferred', transfer }),
        hungUp: (detail) => this.#hungUp('buyer_hangup', detail),
        onBug: (error) => onBug(error, callId),
      },
      party,
    );
  }

  #sold(target: RingTarget, terms: SaleTerms, ringMs: number): void {
    this.#sale = {
      target,
      terms,
      setupMs: this.#pdd(),
      ringMs,
      ...(this.#agentId === undefined ? {} : { agentId: this.#agentId }),
    };
    const { clock, recorder } = this.#services;
    recorder.answered({ ...this.#basics(), sale: this.#sale, answeredAt: clock.now() });
  }

  #answered(target: RingTarget, held: HeldFunds | undefined): void {
    const { clock, funds } = this.#services;
    this.#held = held;
    if (held) funds.answered(held);
    clearInterval(this.#keepRingingTimer);
    this.#target = target;
    this.#answeredMono = clock.monotonic();
    this.#answeredAt = clock.now();
    this.#transition('answered');
    this.#services.desk.connected(this.attempt, target);
    this.#tell({ type: 'call.answered', target, pddMs: this.#pdd(), agentId: this.#sale?.agentId });
    this.#maxDurationTimer = setTimeout(
      () => this.#hungUp('max_duration', 'the longest call allowed'),
      target.maxDurationMs,
    );
  }

  #callerEnded(cause: 'bye' | 'ack_timeout' | 'session_timeout'): void {
    if (cause === 'bye') {
      this.#hungUp('caller_hangup', 'the caller hung up');
      return;
    }
    // The caller is not there: what was not heard is not billed.
    const lastHeardAt = this.#media?.lastMediaAt('caller') ?? this.#answeredMono;
    const detail =
      cause === 'ack_timeout' ? 'the caller never confirmed the answer' : 'the session timer ran out';
    this.finish({ state: 'completed', reason: 'signaling_lost', detail, lastHeardAt });
  }

  #hungUp(reason: EndReason, detail: string): void {
    this.finish({ state: 'completed', reason, detail });
  }

  #mediaEnded(
    reason: 'media_failure' | 'rtp_timeout',
    detail: string,
    lastHeardAt: number | undefined,
  ): void {
    this.finish({
      state: this.#unansweredState(),
      reason,
      detail,
      // Audio that was never heard at all leaves nothing to bill.
      ...(this.#answeredAt === undefined ? {} : { lastHeardAt: lastHeardAt ?? this.#answeredMono }),
    });
  }

  #callerProgress(status: number, sdp: string | undefined): void {
    this.#firstRingAt ??= this.#services.clock.now();
    this.#invite.progress(status, sdp);
  }

  async #conclude(ending: Ending, sipStatus: number, endedAt: number, endedMono: number): Promise<void> {
    const { recorder, caps, funds, agents } = this.#services;
    if (this.#agentId !== undefined) agents.ended(this.callId, this.#agentId);
    const unused = this.#waterfall?.takeHeld();
    if (unused) funds.release(unused);
    try {
      const answered = this.#answeredAt !== undefined;
      const buyerLeg = this.#buyerSide?.party.leg ?? this.#buyerLeg;
      const media = answered ? await collectMediaStats(this.#callerLeg, buyerLeg) : undefined;
      const connectedMs = answered
        ? connectedMilliseconds(this.#answeredMono, endedMono, ending.lastHeardAt)
        : 0;
      if (this.#held) funds.ended(this.#held, connectedMs);
      const reserved = [...(this.#waterfall?.takeReserved() ?? []), ...this.#sourceLimits];
      if (reserved.length > 0) {
        const charge =
          answered && this.#sale ? this.#services.desk.charge(this.#sale, connectedMs) : NEVER_CONNECTED;
        await caps.release(this.callId, reserved, { ...charge, connected: answered });
      }
      const transfers = this.#buyerSide?.transfers ?? [];
      const record: CallEndedRecord = {
        ...this.#basics(),
        state: ending.state,
        reason: ending.reason,
        sipStatus,
        detail: ending.detail,
        firstRingAt: this.#firstRingAt,
        answeredAt: this.#answeredAt,
        endedAt,
        connectedMs,
        attempts: this.#attempts,
        sale: answered ? this.#sale : undefined,
        media,
        ...(transfers.length === 0 ? {} : { transfers }),
        ladder: this.#ladder.entries,
      };
      recorder.ended(record);
      this.#tell({ type: 'call.ended', record });
    } catch (error) {
      this.#services.onBug(error, this.callId);
    } finally {
      this.#media?.close();
      this.#onFinished(this);
    }
  }

  #basics(): CallBasics {
    const { callId, from, to, receivedAt } = this.attempt;
    return {
      callId,
      sipCallId: this.#invite.callId,
      trunkId: this.trunk.id,
      from,
      to,
      origin: this.#origin,
      receivedAt,
    };
  }

  /** A call that ends after its answer was completed, whatever ended it; before, it failed. */
  #unansweredState(): 'completed' | 'failed' {
    return this.#answeredAt === undefined ? 'failed' : 'completed';
  }

  /** Post-dial delay: milliseconds from the INVITE to now. */
  #pdd(): number {
    return Math.round(this.#services.clock.monotonic() - this.#receivedMono);
  }

  #transition(to: CallState): void {
    if (canTransition(this.#state, to)) this.#state = to;
    else {
      this.#services.onBug(new Error(`call state ${this.#state} cannot become ${to}`), this.callId);
      this.#state = to;
    }
  }

  #tell(event: TellableEvent): void {
    this.#services.observer.onCall({ ...event, callId: this.callId, at: this.#services.clock.now() });
  }
}

/** A number as the user part of an address. */
function userOf(number: string | undefined): string {
  return number?.replace(/^\+/, '') ?? 'anonymous';
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type TellableEvent = DistributiveOmit<Parameters<CallObserver['onCall']>[0], 'callId' | 'at'>;
