import type {
  CallAttempt,
  CallBasics,
  CallState,
  CallTransfer,
  CapLimit,
  EndReason,
  RingAttempt,
  RingTarget,
  Sale,
  SaleTerms,
  Trunk,
} from '../domain';
import { canTransition, NEVER_CONNECTED } from '../domain';
import type { MediaEngine, MediaLeg, MediaSession } from '../media';
import { connectedMilliseconds, collectMediaStats } from './call-figures';
import { CallSale } from './call-sale';
import { CallerSide } from './caller-side';
import type { CallCommand, ControlResult, RecordCommand } from './control/command';
import { Conversation } from './conversation';
import { Ladder } from './ladder/ladder';
import { RecordedInvite } from './ladder/recorded-invite';
import { RecordedStack } from './ladder/recorded-stack';
import { MidCall } from './mid-call';
import { keyOfInfo, Keys } from './plan/keys';
import { engineFor } from './plan/plan-engine';
import { PlanRunner } from './plan/plan-runner';
import type { PlannedCall, PlannedRing } from './plan/planned-call';
import { planOfPolicy } from './plan/recording-policy';
import type { CallEndedRecord, CallPlan, HeldFunds } from './ports';
import { CallRecording } from './recording/call-recording';
import { carryOutRecord } from './recording/carry-out';
import type { JoinedHold, RingOrder, RingOutCall, RungOut } from './ring-out';
import { RingOut } from './ring-out';
import type { Presentation } from './ringing';
import type { CallNews, LiveCall, SessionServices } from './session-services';
import { reasonHeader, statusFor } from './sip-status';
import type { IncomingInvite } from './sip/sip-stack';
import type { AnsweredTarget } from './target-attempt';
import type { Party } from './transfer/party';

export type { LiveCall, SessionServices } from './session-services';

/** How a call ends: said once, by whoever comes first. */
interface Ending {
  readonly state: CallEndedRecord['state'];
  readonly reason: EndReason;
  readonly detail: string;
  readonly sipStatus?: number;
  /** Monotonic instant at which the conversation was last heard, when that was before the end. */
  readonly lastHeardAt?: number;
}

/** For whom the call was sold, and on which terms. */
interface Offer {
  readonly targets: readonly RingTarget[];
  readonly terms: SaleTerms;
}

const SHOWN = ['record', 'monitor'] as const;
/** A phone that offered nothing answers our offer with its ACK: so long it is waited for. */
const ACK_SDP_MS = 4_000;

/**
 * One call from its INVITE to its CDR. Without a plan it is sold at once, and its buyers are rung one after
 * the other; else it goes as its plan says. It owns both legs, every timer and every reservation, and each way
 * out leads through {@link CallSession.finish}.
 */
export class CallSession {
  readonly trunk: Trunk;
  readonly #services: SessionServices;
  readonly #invite: IncomingInvite;
  readonly #ladder: Ladder;
  readonly #caller: CallerSide;
  readonly #callerSale: CallSale;
  readonly #receivedMono: number;
  readonly #attempts: RingAttempt[] = [];
  readonly #transfers: CallTransfer[] = [];
  readonly #onFinished: (session: CallSession) => void;
  /** As it came; since it was sold by a plan with the tags of that. */
  #attempt: CallAttempt;
  #state: CallState = 'received';
  #ending: Ending | undefined;
  /** What carries its media, or will. */
  #engine: MediaEngine;
  #media: MediaSession | undefined;
  #midCall: MidCall | undefined;
  #recording: CallRecording | undefined;
  #keys: Keys | undefined;
  #plan: CallPlan | undefined;
  #runner: PlanRunner | undefined;
  #offer: Offer | undefined;
  /** Why a call that goes by a plan has not been sold so far. */
  #unsold: Pick<Ending, 'reason' | 'detail'> | undefined;
  #ringOut: RingOut | undefined;
  #attemptsMade = 0;
  #conversation: Conversation | undefined;
  /** The caller stays when the buyer hangs up; told when that has happened. */
  #stays = false;
  #onSpoken: (() => void) | undefined;
  /** Money and limits of the buyer who took the call, which its settlement will take. */
  #held: HeldFunds | undefined;
  #reserved: readonly CapLimit[] = [];
  /** The leg of whoever spoke with the caller last. */
  #buyerLeg: MediaLeg | undefined;
  #target: RingTarget | undefined;
  #sale: Sale | undefined;
  #attendedAt: number | undefined;
  #answeredAt: number | undefined;
  #answeredMono = 0;
  /** Milliseconds of a conversation that is over while the caller is still there. */
  #spokenMs: number | undefined;

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
    this.#caller = new CallerSide(this.#invite, services.clock);
    this.#attempt = attempt;
    this.#engine = services.media;
    this.#callerSale = new CallSale(
      services,
      {
        callId: attempt.callId,
        sipCallId: invite.callId,
        isOver: () => this.#ending !== undefined,
        tell: (event) => this.#tell(event),
      },
      attempt.origin,
    );
    this.trunk = trunk;
    this.#onFinished = onFinished;
    this.#receivedMono = services.clock.monotonic();
  }

  get callId(): string {
    return this.#attempt.callId;
  }

  get attempt(): CallAttempt {
    return this.#attempt;
  }

  get state(): CallState {
    return this.#state;
  }

  /** A buyer has answered, whether they speak still or not. */
  get wasAnswered(): boolean {
    return this.#answeredAt !== undefined;
  }

  /** The call as it stands now. */
  live(): LiveCall {
    return {
      callId: this.callId,
      state: this.#state,
      attempt: this.#attempt,
      receivedAt: this.#attempt.receivedAt,
      answeredAt: this.#answeredAt,
      target: this.#target,
      agentId: this.agentId,
      held: this.#conversation?.control.held ?? false,
      recording: {
        state: this.#recording?.state ?? 'off',
        recordingId: this.#recording?.recordingId,
        resumesAt: this.#recording?.resumesAt,
      },
      monitoring: this.#conversation?.control.supervision,
      can: SHOWN.filter((capability) => this.#engine.capabilities.has(capability)),
    };
  }

  /** Milliseconds of conversation so far; 0 before the answer. */
  connectedMs(): number {
    if (this.#answeredAt === undefined) return 0;
    return (
      this.#spokenMs ?? connectedMilliseconds(this.#answeredMono, this.#services.clock.monotonic(), undefined)
    );
  }

  /** The agent who has the call now. */
  get agentId(): string | undefined {
    return this.#ending ? undefined : this.#conversation?.side.party.agentId;
  }

  /**
   * The agent who has the call wants to ask somebody else.
   * @param sourceAddress - whence the agent's phone sent the INVITE
   */
  consult(invite: IncomingInvite, sourceAddress: string = invite.sourceAddress): void {
    if (this.#conversation) this.#conversation.side.consult(invite, sourceAddress);
    else invite.reject(481);
  }

  /**
   * Does to the conversation what somebody asks for who is no part of it.
   * @returns why not; undefined when it is done, or begun
   */
  async control(command: CallCommand): Promise<ControlResult> {
    if (this.#ending) return 'over';
    switch (command.kind) {
      case 'hangup':
        this.end('admin_hangup', command.detail);
        return undefined;
      case 'record':
        return this.#record(command);
      default:
        return this.#conversation ? this.#conversation.control.carryOut(command) : 'not_answered';
    }
  }

  /** A message that the caller leaves is paused and ended as a conversation is. */
  #record(command: RecordCommand): ControlResult | Promise<ControlResult> {
    if (!this.#recording || (command.action === 'start' && !this.#conversation)) return 'not_answered';
    return carryOutRecord(this.#recording, command, this.#target);
  }

  /** Takes the call through its life. Resolves when it rings no more: answered, or ended. */
  async run(): Promise<void> {
    this.#invite.onCancel(() =>
      this.finish({ state: 'canceled', reason: 'caller_cancel', detail: 'the caller gave up' }),
    );
    this.#tell({ type: 'call.received', attempt: this.#attempt });
    this.#transition('deciding');
    try {
      const plan = this.#services.plans.planOf(this.#attempt);
      if (!plan || !(await this.#goByPlan(plan))) await this.#sellAtOnce();
    } catch (error) {
      this.#services.onBug(error, this.callId);
      this.finish({ state: this.#endState('failed'), reason: 'internal_error', detail: 'internal error' });
    }
  }

  /** Ends the call from outside: an admin, a wallet that is empty, a drain deadline, a lost SIP server. */
  end(
    reason: Extract<EndReason, 'admin_hangup' | 'insufficient_funds' | 'shutdown' | 'signaling_lost'>,
    detail: string,
  ): void {
    const lastHeardAt = reason === 'signaling_lost' ? this.#media?.lastMediaAt() : undefined;
    this.finish({
      state: this.#endState('failed'),
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
    this.#runner?.stop();
    this.#ringOut?.stop();
    const sipStatus = this.#wasTaken ? 200 : (ending.sipStatus ?? statusFor(ending.reason));
    const reason = reasonHeader(ending.reason, ending.detail);
    if (this.#caller.dialog) this.#caller.dialog.bye(reason);
    else if (ending.reason !== 'caller_cancel') {
      const retry: Record<string, string> = sipStatus === 503 ? { 'Retry-After': '5' } : {};
      this.#caller.reject(sipStatus, { Reason: reason, ...retry });
    }
    this.#recording?.close();
    this.#conversation?.close(reason);
    this.#transition(ending.state);
    this.#onSpoken?.();
    void this.#conclude(ending, sipStatus, endedAt, endedMono);
  }

  /** The way of calls without a plan: sold at once, buyers rung one after the other. */
  async #sellAtOnce(): Promise<void> {
    const decision = await this.#callerSale.decide(this.#attempt);
    if (!decision) return;
    if (!decision.ok) {
      const { reason, detail, sipStatus } = decision;
      this.finish({ state: this.#endState('rejected'), reason, detail, sipStatus });
      return;
    }
    const limited = await this.#callerSale.reserve(decision.sourceLimits);
    if (limited === 'over') return;
    if (limited) {
      const detail = `the seller's limit is reached: ${limited.exhausted}`;
      this.finish({ state: this.#endState('rejected'), reason: 'source_capped', detail });
      return;
    }
    this.#offer = { targets: decision.plan, terms: decision.terms };
    const policy = this.#services.recordings.policyOf(this.#attempt);
    if (policy && (await this.#run({ plan: planOfPolicy(policy.announce), version: 0 }))) return;
    if (!this.#media && !(await this.#openMedia(this.#services.media))) return;
    const rung = await this.#ringBuyers({
      targets: decision.plan,
      atOnce: 1,
      meeting: undefined,
      sound: undefined,
    });
    if (rung === 'nobody') this.finish({ state: this.#endState('failed'), ...this.#untaken });
  }

  /** The call goes as its plan says. False when it cannot: the call is to be sold at once. */
  async #goByPlan(plan: CallPlan): Promise<boolean> {
    this.#plan = plan;
    return this.#run(plan);
  }

  /** Carries a plan out to its end. False when it cannot be begun, or broke before anybody was rung. */
  async #run({ plan, version }: CallPlan): Promise<boolean> {
    const engine = engineFor(plan, this.#services);
    if (!engine) {
      this.#unusable(plan.name, 'no media engine that is configured can do all that its steps need');
      return false;
    }
    if (!(await this.#openMedia(engine, true))) return true;
    try {
      const facts = await this.#services.plans.factsOf(this.#attempt);
      if (this.#ending) return true;
      this.#runner = new PlanRunner(this.#planned(), { plan, version }, facts);
      await this.#runner.run();
      return true;
    } catch (error) {
      this.#services.onBug(error, this.callId);
      this.#runner?.stop();
      if (this.#ending || this.wasAnswered) throw error;
      this.#unusable(plan.name, 'it could not be carried out');
      return false;
    }
  }

  #unusable(plan: string, detail: string): void {
    this.#tell({ type: 'call.plan_unusable', plan, detail });
  }

  /** Opens the media side and reads the caller's offer. False when the call ended here. */
  async #openMedia(engine: MediaEngine, planned = false): Promise<boolean> {
    this.#engine = engine;
    const media = engine.openSession(this.callId, {
      onMediaLost: (detail) => this.#mediaEnded('media_failure', detail, this.#media?.lastMediaAt()),
      onRtpTimeout: (leg) =>
        this.#mediaEnded('rtp_timeout', `no audio from the ${leg}`, this.#media?.lastMediaAt(leg)),
      onConsultLost: () => this.#conversation?.side.consultLost(),
      onOneWayAudio: (leg) => this.#tell({ type: 'call.one_way_audio', leg }),
      onQuality: (legs) => this.#tell({ type: 'call.quality', legs }),
      ...(planned ? { onDigit: (leg: MediaLeg, digit: string) => this.#keys?.pressed(leg, digit) } : {}),
    });
    this.#media = media;
    let leg: MediaLeg;
    try {
      leg = await media.createLeg('caller', { signalingAddress: this.#invite.sourceAddress });
    } catch (error) {
      const detail = error instanceof Error ? error.message : 'no media';
      this.finish({ state: this.#endState('failed'), reason: 'media_failure', detail });
      return false;
    }
    if (this.#ending) {
      leg.close();
      return false;
    }
    this.#caller.opened(leg);
    this.#midCall = new MidCall(this.#services.onBug, this.callId);
    if (this.#caller.offersNothing) return true;
    const offer = leg.receiveOffer(this.#invite.sdp);
    if (offer.ok) return true;
    this.#badOffer(offer.reason);
    return false;
  }

  #badOffer(reason: string): void {
    this.finish({
      state: this.#endState('rejected'),
      reason: 'bad_request',
      detail: `the offer cannot be used: ${reason}`,
      sipStatus: reason === 'malformed' ? 400 : 488,
    });
  }

  /** What its plan may do with this call. */
  #planned(): PlannedCall {
    const { plans, clock } = this.#services;
    return {
      attempt: this.#attempt,
      media: this.#opened.media,
      caller: this.#caller,
      keys: (this.#keys ??= new Keys()),
      recording: this.#recordingOf(this.#opened.media),
      plans,
      clock,
      isOver: () => this.#ending !== undefined,
      attend: () => this.#attend(),
      auction: (tags) => this.#auction(tags),
      ring: (order, stop) => this.#ringByPlan(order, stop),
      transfer: (targetId, stays, stop) => this.#transferByPlan(targetId, stays, stop),
      spoken: () =>
        new Promise((resolve) => {
          if (this.#conversation && !this.#ending) this.#onSpoken = resolve;
          else resolve();
        }),
      end: (sipStatus, detail) => this.#endByPlan(sipStatus, detail),
      tell: (event) => this.#tell(event),
    };
  }

  /** The exchange answers the caller itself. */
  async #attend(): Promise<boolean> {
    const caller = this.#caller;
    if (caller.dialog) return !this.#ending;
    const sdp = await caller.describe();
    if (this.#ending) return false;
    if (!sdp.ok) {
      this.#badOffer(sdp.reason);
      return false;
    }
    const answer = await caller.answer(sdp.sdp);
    if (this.#ending) {
      if (answer.ok) answer.dialog.bye();
      return false;
    }
    if (!answer.ok) {
      this.finish({ state: 'failed', reason: 'signaling_lost', detail: answer.reason });
      return false;
    }
    caller.answered(answer.dialog);
    this.#attendedNow();
    const described = this.#listenToCaller();
    if (caller.offersNothing) await described;
    return !this.#isOver;
  }

  #attendedNow(): void {
    const { clock, recorder } = this.#services;
    this.#attendedAt = clock.now();
    this.#transition('attended');
    recorder.attended({ ...this.#basics(), attendedAt: this.#attendedAt });
    this.#tell({ type: 'call.attended' });
  }

  /** While nobody speaks with the caller, its INFO are keys. Resolves when its media is known. */
  #listenToCaller(): Promise<void> {
    const { dialog, leg } = this.#caller;
    if (!dialog) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#caller.offersNothing ? setTimeout(resolve, ACK_SDP_MS) : undefined;
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const onEnd = (cause: 'bye' | 'ack_timeout' | 'session_timeout'): void => {
        done();
        this.#callerEnded(cause);
      };
      const onInfo = (contentType: string, body: string): number => {
        const key = keyOfInfo(contentType, body);
        if (key !== undefined) this.#keys?.pressed(leg, key);
        return key === undefined ? 415 : 200;
      };
      this.#opened.midCall.attach('caller', dialog, leg, onEnd, { onInfo, onAnswered: done });
      if (!this.#caller.offersNothing) done();
    });
  }

  /** Offers the call for sale with the tags of its plan. A call that was spoken is sold once and for all. */
  async #auction(tags: Readonly<Record<string, string>>): Promise<boolean> {
    if (this.wasAnswered) return false;
    const attempt = { ...this.#attempt, tags };
    // Whoever was asked for an offer before learns that nothing came of it.
    if (this.#offer || this.#unsold) this.#services.desk.abandoned(this.#attempt);
    this.#offer = undefined;
    this.#attempt = attempt;
    const decision = await this.#callerSale.decide(attempt);
    if (!decision) return false;
    if (!decision.ok) {
      this.#unsold = { reason: decision.reason, detail: decision.detail };
      return false;
    }
    const limited = await this.#callerSale.reserve(decision.sourceLimits);
    if (limited === 'over') return false;
    if (limited) {
      const detail = `the seller's limit is reached: ${limited.exhausted}`;
      this.#unsold = { reason: 'source_capped', detail };
      return false;
    }
    this.#unsold = undefined;
    this.#offer = { targets: decision.plan, terms: decision.terms };
    return true;
  }

  async #ringByPlan({ atOnce, meeting, sound, stays }: PlannedRing, stop: AbortSignal): Promise<RungOut> {
    const offer = this.#offer;
    if (!offer || this.wasAnswered) return 'nobody';
    this.#stays = stays;
    const rung = await this.#ringBuyers({ targets: offer.targets, atOnce, meeting, sound }, stop);
    if (rung === 'nobody') this.#unsold = this.#untaken;
    if (rung === 'joined' && meeting.record) void this.#opened.recording?.start('conversation', this.#target);
    return rung;
  }

  /** Rings whom the call was sold to. */
  async #ringBuyers(order: RingOrder, stop?: AbortSignal): Promise<RungOut> {
    const { terms } = this.#offer as Offer;
    return this.#ring(
      {
        ...this.#ringOutCall(terms.currency),
        taken: (answered) => this.#sold(answered, terms),
        joined: (answered, party, hold) => this.#answered(answered, party, hold),
      },
      order,
      stop,
    );
  }

  async #ring(call: RingOutCall, order: RingOrder, stop?: AbortSignal): Promise<RungOut> {
    if (this.#state !== 'ringing') this.#transition('ringing');
    const ringOut = new RingOut(this.#services, call, order);
    this.#ringOut = ringOut;
    const onStop = (): void => ringOut.stop();
    stop?.addEventListener('abort', onStop);
    try {
      const rung = await ringOut.run();
      if (rung !== 'joined' && this.#caller.dialog && !this.#ending) this.#transition('attended');
      return rung;
    } finally {
      stop?.removeEventListener('abort', onStop);
    }
  }

  #ringOutCall(currency: SaleTerms['currency']): Omit<RingOutCall, 'taken' | 'joined'> {
    const { media, midCall } = this.#opened;
    return {
      callId: this.callId,
      currency,
      caller: this.#caller,
      media,
      midCall,
      keys: (this.#keys ??= new Keys()),
      attempts: this.#attempts,
      nextAttempt: () => ++this.#attemptsMade,
      isOver: () => this.#ending !== undefined,
      confirm: (target) => this.#services.desk.confirm(this.#attempt, target),
      presentationTo: (target) => this.#presentationTo(target),
      ringing: (target, attempt) => {
        this.#target = target;
        this.#tell({ type: 'call.ringing', target, attempt });
      },
      queued: (target, position) => this.#tell({ type: 'call.queued', target, position }),
      failed: (target, outcome, sipStatus) =>
        this.#tell({ type: 'call.ring_failed', target, outcome, sipStatus }),
      buyerHungUp: (detail) => this.#buyerHungUp(detail),
      callerLost: (detail) => this.finish({ state: 'failed', reason: 'signaling_lost', detail }),
    };
  }

  /** Rings a target for nobody's bid: whoever answers has the call, and nobody is billed for it. */
  async #transferByPlan(targetId: string, stays: boolean, stop: AbortSignal): Promise<RungOut> {
    const target = this.wasAnswered ? undefined : this.#services.plans.target(this.#attempt, targetId);
    if (!target) return 'nobody';
    const at = this.#services.clock.now();
    const attempts: RingAttempt[] = [];
    this.#stays = stays;
    const rung = await this.#ring(
      {
        // Nothing is held for it.
        ...this.#ringOutCall('USD'),
        attempts,
        taken: () => undefined,
        joined: ({ target: answered }, party, hold) => {
          this.#reserved = hold.reserved;
          if (this.#attendedAt === undefined) this.#attendedNow();
          else this.#transition('attended');
          this.#converse(answered, party);
        },
      },
      { targets: [target], atOnce: 1, meeting: undefined, sound: undefined },
      stop,
    );
    const outcome = attempts.at(-1)?.outcome ?? 'failed';
    const transfer: CallTransfer = {
      at,
      how: 'plan',
      toTargetId: target.targetId,
      outcome,
      ...(rung === 'joined' ? { takenAt: this.#services.clock.now() } : {}),
    };
    this.#transfers.push(transfer);
    if (rung === 'joined') this.#tell({ type: 'call.transferred', transfer });
    return rung;
  }

  /** Agents see of the caller what their card shows; a target of its own sees the number. */
  #presentationTo(target: RingTarget): Presentation {
    const headers = { 'X-DCE-Call-ID': this.callId };
    if (target.kind !== 'softphone') return { callingNumber: userOf(this.#attempt.from), headers };
    const card = this.#services.desk.card(this.#attempt, target, false);
    return {
      callingNumber: userOf(card.number),
      headers: { ...headers, 'X-DCE-Card': Buffer.from(JSON.stringify(card)).toString('base64url') },
    };
  }

  #sold({ target, agentId, ringMs }: AnsweredTarget, terms: SaleTerms): void {
    this.#sale = {
      target,
      terms,
      setupMs: this.#pdd(),
      ringMs,
      ...(agentId === undefined ? {} : { agentId }),
    };
    const { clock, recorder } = this.#services;
    recorder.answered({ ...this.#basics(), sale: this.#sale, answeredAt: clock.now() });
  }

  #answered({ target, agentId }: AnsweredTarget, party: Party, hold: JoinedHold): void {
    const { clock, funds, desk } = this.#services;
    this.#held = hold.held;
    this.#reserved = hold.reserved;
    if (hold.held) funds.answered(hold.held);
    this.#answeredMono = clock.monotonic();
    this.#answeredAt = clock.now();
    this.#transition('answered');
    desk.connected(this.#attempt, target);
    this.#tell({ type: 'call.answered', target, pddMs: this.#pdd(), agentId });
    this.#converse(target, party);
  }

  /** Caller and whoever answered hear each other. */
  #converse(target: RingTarget, party: Party): void {
    const { media, midCall } = this.#opened;
    const { dialog, leg } = this.#caller;
    if (!dialog) throw new Error('a conversation with a caller who was not answered');
    this.#target = target;
    // Whoever has hung up already says so while it is put together.
    let gone: string | undefined;
    this.#conversation = new Conversation(
      this.#services,
      {
        callId: this.callId,
        attempt: this.#attempt,
        media,
        capabilities: this.#engine.capabilities,
        caller: { dialog, leg },
        midCall,
        recording: this.#recordingOf(media),
        presentationTo: (to) => this.#presentationTo(to),
        tell: (event) => this.#tell(event),
        buyerHungUp: (detail) => {
          if (this.#conversation) this.#buyerHungUp(detail);
          else gone = detail;
        },
        tooLong: () =>
          this.finish({
            state: 'completed',
            reason: 'max_duration',
            detail: 'the longest call allowed',
          }),
      },
      target,
      party,
    );
    midCall.attach('caller', dialog, leg, (cause) => this.#callerEnded(cause));
    if (gone !== undefined) this.#buyerHungUp(gone);
  }

  #callerEnded(cause: 'bye' | 'ack_timeout' | 'session_timeout'): void {
    if (cause === 'bye') {
      this.finish({ state: 'completed', reason: 'caller_hangup', detail: 'the caller hung up' });
      return;
    }
    // The caller is not there: what was not heard is not billed.
    const lastHeardAt = this.#media?.lastMediaAt('caller') ?? this.#answeredMono;
    const detail =
      cause === 'ack_timeout' ? 'the caller never confirmed the answer' : 'the session timer ran out';
    this.finish({ state: 'completed', reason: 'signaling_lost', detail, lastHeardAt });
  }

  #buyerHungUp(detail: string): void {
    if (!this.#conversation) return;
    if (this.#stays && !this.#ending) this.#endConversation(detail);
    else this.finish({ state: 'completed', reason: 'buyer_hangup', detail });
  }

  /** The buyer is gone and the caller stays: the sale is over, and so is what it costs. */
  #endConversation(detail: string): void {
    const { media, midCall } = this.#opened;
    const { funds, caps } = this.#services;
    const conversation = this.#conversation;
    this.#conversation = undefined;
    if (this.wasAnswered) this.#spokenMs = this.connectedMs();
    conversation?.close(reasonHeader('buyer_hangup', detail));
    if (conversation) {
      this.#transfers.push(...conversation.side.transfers);
      this.#buyerLeg = conversation.side.party.leg;
    }
    void this.#recording?.stop();
    if (this.#held) funds.ended(this.#held, this.#spokenMs ?? 0);
    this.#held = undefined;
    const reserved = this.#reserved;
    this.#reserved = [];
    if (reserved.length > 0) {
      void caps.release(this.callId, reserved, this.#outcome(this.connectedMs())).catch(() => undefined);
    }
    this.#target = undefined;
    if (this.#state !== 'attended') this.#transition('attended');
    midCall.detach('buyer');
    media.unbridge(this.#caller.leg);
    void this.#listenToCaller();
    this.#onSpoken?.();
    this.#onSpoken = undefined;
  }

  #endByPlan(sipStatus: number, detail: string): void {
    const why = this.#unsold ?? { reason: 'plan_ended', detail };
    const unanswered = why.reason === 'buyers_exhausted' ? 'failed' : 'rejected';
    this.finish({ state: this.#endState(unanswered), ...why, sipStatus });
  }

  get #untaken(): { readonly reason: 'buyers_exhausted'; readonly detail: string } {
    const detail = this.#attempts.length === 0 ? 'no target could be rung' : 'every buyer was tried';
    return { reason: 'buyers_exhausted', detail };
  }

  #mediaEnded(
    reason: 'media_failure' | 'rtp_timeout',
    detail: string,
    lastHeardAt: number | undefined,
  ): void {
    this.finish({
      state: this.#endState('failed'),
      reason,
      detail,
      // Audio that was never heard at all leaves nothing to bill.
      ...(this.#answeredAt === undefined ? {} : { lastHeardAt: lastHeardAt ?? this.#answeredMono }),
    });
  }

  async #conclude(ending: Ending, sipStatus: number, endedAt: number, endedMono: number): Promise<void> {
    const { recorder, caps, funds } = this.#services;
    const unused = this.#ringOut?.takeHeld();
    if (unused) funds.release(unused);
    try {
      const answered = this.#answeredAt !== undefined;
      const buyerLeg = this.#conversation?.side.party.leg ?? this.#buyerLeg;
      const media = this.#wasTaken ? await collectMediaStats(this.#callerLeg, buyerLeg) : undefined;
      const connectedMs = answered
        ? (this.#spokenMs ?? connectedMilliseconds(this.#answeredMono, endedMono, ending.lastHeardAt))
        : 0;
      if (this.#held) funds.ended(this.#held, connectedMs);
      const reserved = [
        ...(this.#ringOut?.takeReserved() ?? []),
        ...this.#reserved,
        ...this.#callerSale.takeLimits(),
      ];
      if (reserved.length > 0) await caps.release(this.callId, reserved, this.#outcome(connectedMs));
      const transfers = [...this.#transfers, ...(this.#conversation?.side.transfers ?? [])];
      const plan = this.#plan ? this.#runner?.record : undefined;
      const record: CallEndedRecord = {
        ...this.#basics(),
        state: ending.state,
        reason: ending.reason,
        sipStatus,
        detail: ending.detail,
        firstRingAt: this.#caller.firstRingAt,
        ...(this.#attendedAt === undefined ? {} : { attendedAt: this.#attendedAt }),
        answeredAt: this.#answeredAt,
        endedAt,
        connectedMs,
        attempts: this.#attempts,
        sale: answered ? this.#sale : undefined,
        media,
        ...(transfers.length === 0 ? {} : { transfers }),
        ladder: this.#ladder.entries,
        ...(plan === undefined ? {} : { plan }),
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

  /** What became of the call, to those whose limits it counted for. */
  #outcome(connectedMs: number): Parameters<SessionServices['caps']['release']>[2] {
    const answered = this.wasAnswered;
    const charge =
      answered && this.#sale ? this.#services.desk.charge(this.#sale, connectedMs) : NEVER_CONNECTED;
    return { ...charge, connected: answered };
  }

  #basics(): CallBasics {
    const { callId, from, to, receivedAt } = this.#attempt;
    return {
      callId,
      sipCallId: this.#invite.callId,
      trunkId: this.trunk.id,
      from,
      to,
      origin: this.#callerSale.origin,
      receivedAt,
      ...this.#plan?.source,
    };
  }

  /** The recording of the call, whoever wants it. */
  #recordingOf(media: MediaSession): CallRecording {
    const { recordings, clock, onBug } = this.#services;
    return (this.#recording ??= new CallRecording({
      attempt: this.#attempt,
      media,
      recordings,
      clock,
      tell: (event) => this.#tell(event),
      onBug: (error) => onBug(error, this.callId),
    }));
  }

  /** What is there since its media was opened. */
  get #opened(): { media: MediaSession; midCall: MidCall; recording: CallRecording | undefined } {
    const media = this.#media;
    const midCall = this.#midCall;
    if (!media || !midCall) throw new Error('a call without media');
    return { media, midCall, recording: this.#recording };
  }

  get #callerLeg(): MediaLeg | undefined {
    return this.#caller.hasLeg ? this.#caller.leg : undefined;
  }

  /** The caller got a 200, by a buyer or by the exchange. */
  get #wasTaken(): boolean {
    return this.#answeredAt !== undefined || this.#attendedAt !== undefined;
  }

  /** How a call ends that nobody answered, or `completed` for one that somebody did. */
  #endState(unanswered: 'failed' | 'rejected'): Ending['state'] {
    return this.#wasTaken ? 'completed' : unanswered;
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

  #tell(event: CallNews): void {
    this.#services.observer.onCall({ ...event, callId: this.callId, at: this.#services.clock.now() });
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isOver(): boolean {
    return this.#ending !== undefined;
  }
}

/** A number as the user part of an address. */
function userOf(number: string | undefined): string {
  return number?.replace(/^\+/, '') ?? 'anonymous';
}
