import type {
  CallAttempt,
  CallState,
  CallTransfer,
  EndReason,
  PlanRecord,
  RingAttempt,
  RingTarget,
  SaleTerms,
} from '../domain';
import type { MediaEngine, MediaLeg, MediaSession } from '../media';
import { CallSale } from './call-sale';
import type { CallerSide } from './caller-side';
import { Conversation } from './conversation';
import { MidCall } from './mid-call';
import { answerCaller, listenToCaller } from './plan/attend';
import { Keys } from './plan/keys';
import { engineFor } from './plan/plan-engine';
import { PlanRunner } from './plan/plan-runner';
import type { PlannedCall, PlannedRing } from './plan/planned-call';
import { planOfPolicy } from './plan/recording-policy';
import type { CallEndedRecord, CallPlan } from './ports';
import { presentationTo } from './presentation';
import { CallRecording } from './recording/call-recording';
import type { JoinedHold, RingOrder, RingOutCall, RungOut } from './ring-out';
import { RingOut } from './ring-out';
import type { CallNews, SessionServices } from './session-services';
import { reasonHeader } from './sip-status';
import type { DialogHandlers } from './sip/sip-stack';
import type { AnsweredTarget } from './target-attempt';
import { TakenCall } from './taken-call';
import type { Party } from './transfer/party';

/** How a call ends: said once, by whoever comes first. */
export interface Ending {
  readonly state: CallEndedRecord['state'];
  readonly reason: EndReason;
  readonly detail: string;
  readonly sipStatus?: number;
  /** Monotonic instant at which the conversation was last heard, when that was before the end. */
  readonly lastHeardAt?: number;
}

/** What the way of a call needs of the call itself. */
export interface CallOnItsWay {
  readonly sipCallId: string;
  /** The caller's offer; '' = none. */
  readonly sdp: string;
  readonly sourceAddress: string;
  readonly caller: CallerSide;
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

/** For whom the call was sold, and on which terms. */
interface Offer {
  readonly targets: readonly RingTarget[];
  readonly terms: SaleTerms;
}

/**
 * The way of one call from its INVITE to a conversation: sold at once, its buyers rung one after the other, or as its
 * plan says. Whatever goes wrong on it ends the call, or a plan that cannot go on has it sold at once.
 */
export class CallWay {
  readonly taken: TakenCall;
  readonly sale: CallSale;
  readonly attempts: RingAttempt[] = [];
  readonly #transfers: CallTransfer[] = [];
  readonly #services: SessionServices;
  readonly #call: CallOnItsWay;
  readonly #caller: CallerSide;
  readonly #keys = new Keys();
  #attempt: CallAttempt;
  #engine: MediaEngine;
  #media: MediaSession | undefined;
  #midCall: MidCall | undefined;
  #recording: CallRecording | undefined;
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
  /** The leg of whoever spoke with the caller last. */
  #buyerLeg: MediaLeg | undefined;
  #target: RingTarget | undefined;
  #attendedAt: number | undefined;

  constructor(services: SessionServices, call: CallOnItsWay, attempt: CallAttempt) {
    this.#services = services;
    this.#call = call;
    this.#caller = call.caller;
    this.#attempt = attempt;
    this.#engine = services.media;
    const { callId, origin } = attempt;
    const { sipCallId } = call;
    const isOver = (): boolean => call.isOver();
    this.taken = new TakenCall(services, callId);
    this.sale = new CallSale(
      services,
      { callId, sipCallId, isOver, tell: (event) => call.tell(event) },
      origin,
    );
  }

  /** As it came; since it was offered by a plan with the tags of that. */
  get attempt(): CallAttempt {
    return this.#attempt;
  }

  get engine(): MediaEngine {
    return this.#engine;
  }

  get media(): MediaSession | undefined {
    return this.#media;
  }

  /** Undefined as long as nobody wanted one. */
  get recording(): CallRecording | undefined {
    return this.#recording;
  }

  get conversation(): Conversation | undefined {
    return this.#conversation;
  }

  /** Who is rung, or speaks with the caller. */
  get target(): RingTarget | undefined {
    return this.#target;
  }

  /** UTC epoch milliseconds. */
  get attendedAt(): number | undefined {
    return this.#attendedAt;
  }

  /** The caller got a 200, by a buyer or by the exchange. */
  get wasTaken(): boolean {
    return this.#attendedAt !== undefined || this.taken.answeredAt !== undefined;
  }

  /** The legs of the caller, and of whoever spoke with the caller last. */
  get legs(): readonly [caller: MediaLeg | undefined, buyer: MediaLeg | undefined] {
    const caller = this.#caller.hasLeg ? this.#caller.leg : undefined;
    return [caller, this.#conversation?.side.party.leg ?? this.#buyerLeg];
  }

  get transfers(): readonly CallTransfer[] {
    return [...this.#transfers, ...(this.#conversation?.side.transfers ?? [])];
  }

  /** What the number that was called belongs to, where its plan said so. */
  get source(): CallPlan['source'] {
    return this.#plan?.source;
  }

  /** How it went through a plan of its own. */
  get planRecord(): PlanRecord | undefined {
    return this.#plan ? this.#runner?.record : undefined;
  }

  get ringOut(): Pick<RingOut, 'takeHeld' | 'takeReserved'> | undefined {
    return this.#ringOut;
  }

  /** How a call ends that nobody answered, or `completed` for one that somebody did. */
  endState(unanswered: 'failed' | 'rejected'): Ending['state'] {
    return this.wasTaken ? 'completed' : unanswered;
  }

  /** The call is over: nothing goes on. */
  stop(reason: string): void {
    this.#runner?.stop();
    this.#ringOut?.stop();
    this.#recording?.close();
    this.#conversation?.close(reason);
    this.#onSpoken?.();
  }

  /** Resolves when it rings no more: answered, or ended. */
  async go(): Promise<void> {
    const plan = this.#services.plans.planOf(this.#attempt);
    this.#plan = plan;
    if (!plan || !(await this.#goByPlan(plan))) await this.#sellAtOnce();
  }

  /** The way of calls without a plan: sold at once, buyers rung one after the other. */
  async #sellAtOnce(): Promise<void> {
    const decision = await this.sale.decide(this.#attempt);
    if (!decision) return;
    if (!decision.ok) {
      const { reason, detail, sipStatus } = decision;
      this.#call.finish({ state: this.endState('rejected'), reason, detail, sipStatus });
      return;
    }
    const limited = await this.sale.reserve(decision.sourceLimits);
    if (limited === 'over') return;
    if (limited) {
      this.#call.finish({ state: this.endState('rejected'), ...cappedBy(limited.exhausted) });
      return;
    }
    this.#offer = { targets: decision.plan, terms: decision.terms };
    const policy = this.#services.recordings.policyOf(this.#attempt);
    if (policy && (await this.#goByPlan({ plan: planOfPolicy(policy.announce), version: 0 }))) return;
    if (!this.#media && !(await this.#openMedia(this.#services.media))) return;
    const { plan: targets } = decision;
    const order = { targets, atOnce: 1, meeting: undefined, sound: undefined };
    const rung = await this.#ringBuyers(this.#offer, order);
    if (rung === 'nobody') this.#call.finish({ state: this.endState('failed'), ...this.#untaken });
  }

  /** Carries a plan out to its end. False when it cannot be begun, or broke before a buyer had the call. */
  async #goByPlan({ plan, version }: CallPlan): Promise<boolean> {
    const engine = engineFor(plan, this.#services);
    const unusable = (detail: string): false => {
      this.#call.tell({ type: 'call.plan_unusable', plan: plan.name, detail });
      return false;
    };
    if (!engine) return unusable('no media engine that is configured can do all that its steps need');
    const isMain = engine === this.#services.media;
    const opened = await this.#openMedia(engine, { planned: true, orElse: !isMain });
    if (opened === 'unavailable') return unusable(`the media engine ${engine.name} cannot take it now`);
    if (!opened) return true;
    try {
      const facts = await this.#services.plans.factsOf(this.#attempt);
      if (this.#call.isOver()) return true;
      this.#runner = new PlanRunner(this.#planned(), { plan, version }, facts);
      await this.#runner.run();
      return true;
    } catch (error) {
      this.#runner?.stop();
      if (this.#call.isOver() || this.taken.answeredAt !== undefined) throw error;
      this.#services.onBug(error, this.#attempt.callId);
      return unusable('it could not be carried out');
    }
  }

  /**
   * Opens the media side and reads the caller's offer. False when the call ended here.
   * @param orElse - another engine may do: this one being away is no end
   */
  async #openMedia(
    engine: MediaEngine,
    { planned, orElse }: { planned: boolean; orElse: boolean } = { planned: false, orElse: false },
  ): Promise<boolean | 'unavailable'> {
    const { callId } = this.#attempt;
    const media = engine.openSession(callId, {
      onMediaLost: (detail) => this.#mediaEnded('media_failure', detail, this.#media?.lastMediaAt()),
      onRtpTimeout: (leg) =>
        this.#mediaEnded('rtp_timeout', `no audio from the ${leg}`, this.#media?.lastMediaAt(leg)),
      onConsultLost: () => this.#conversation?.side.consultLost(),
      onOneWayAudio: (leg) => this.#call.tell({ type: 'call.one_way_audio', leg }),
      onQuality: (legs) => this.#call.tell({ type: 'call.quality', legs }),
      ...(planned ? { onDigit: (leg: MediaLeg, digit: string) => this.#keys.pressed(leg, digit) } : {}),
    });
    this.#media = media;
    let leg: MediaLeg;
    try {
      leg = await media.createLeg('caller', { signalingAddress: this.#call.sourceAddress });
    } catch (error) {
      if (this.#call.isOver()) return false;
      if (orElse) {
        media.close();
        this.#media = undefined;
        return 'unavailable';
      }
      const detail = error instanceof Error ? error.message : 'no media';
      this.#call.finish({ state: this.endState('failed'), reason: 'media_failure', detail });
      return false;
    }
    if (this.#call.isOver()) {
      leg.close();
      return false;
    }
    this.#engine = engine;
    this.#caller.opened(leg);
    this.#midCall = new MidCall(this.#services.onBug, callId);
    if (this.#caller.offersNothing) return true;
    const offer = leg.receiveOffer(this.#call.sdp);
    if (offer.ok) return true;
    this.#badOffer(offer.reason);
    return false;
  }

  #badOffer(reason: string): void {
    this.#call.finish({
      state: this.endState('rejected'),
      reason: 'bad_request',
      detail: `the offer cannot be used: ${reason}`,
      sipStatus: reason === 'malformed' ? 400 : 488,
    });
  }

  /** What its plan may do with this call. */
  #planned(): PlannedCall {
    const { plans, clock } = this.#services;
    const { media } = this.#opened;
    return {
      attempt: this.#attempt,
      media,
      caller: this.#caller,
      keys: this.#keys,
      recording: this.recordingNow(),
      plans,
      clock,
      isOver: () => this.#call.isOver(),
      attend: () => this.#attend(),
      auction: (tags) => this.#auction(tags),
      ring: (order, stop) => this.#ringByPlan(order, stop),
      transfer: (targetId, stays, stop) => this.#transferByPlan(targetId, stays, stop),
      spoken: () =>
        new Promise((resolve) => {
          if (this.#conversation && !this.#call.isOver()) this.#onSpoken = resolve;
          else resolve();
        }),
      end: (sipStatus, detail) => this.#endByPlan(sipStatus, detail),
      tell: (event) => this.#call.tell(event),
    };
  }

  /** The exchange answers the caller itself. */
  async #attend(): Promise<boolean> {
    const caller = this.#caller;
    if (caller.dialog) return !this.#call.isOver();
    const attended = await answerCaller(caller, () => this.#call.isOver());
    if (attended.kind === 'bad_offer') this.#badOffer(attended.reason);
    else if (attended.kind === 'lost') this.#callerLost(attended.reason);
    if (attended.kind !== 'attended') return false;
    this.#attendedNow();
    const described = this.#listenToCaller();
    if (caller.offersNothing) await described;
    return !this.#call.isOver();
  }

  #attendedNow(): void {
    this.#attendedAt = this.#services.clock.now();
    this.#call.become('attended');
    this.#call.attended(this.#attendedAt);
  }

  #listenToCaller(): Promise<void> {
    const { midCall } = this.#opened;
    return listenToCaller(this.#caller, midCall, this.#keys, (cause) => this.#callerEnded(cause));
  }

  /** Offers the call for sale with the tags of its plan. A call that was spoken is sold once and for all. */
  async #auction(tags: Readonly<Record<string, string>>): Promise<boolean> {
    if (this.taken.answeredAt !== undefined) return false;
    // Whoever was asked for an offer before learns that nothing came of it.
    if (this.#offer || this.#unsold) this.#services.desk.abandoned(this.#attempt);
    this.#offer = undefined;
    this.#attempt = { ...this.#attempt, tags };
    const decision = await this.sale.decide(this.#attempt);
    if (!decision) return false;
    if (!decision.ok) {
      this.#unsold = { reason: decision.reason, detail: decision.detail };
      return false;
    }
    const limited = await this.sale.reserve(decision.sourceLimits);
    if (limited === 'over') return false;
    this.#unsold = limited && cappedBy(limited.exhausted);
    if (!limited) this.#offer = { targets: decision.plan, terms: decision.terms };
    return this.#offer !== undefined;
  }

  async #ringByPlan({ atOnce, meeting, sound, stays }: PlannedRing, stop: AbortSignal): Promise<RungOut> {
    const offer = this.#offer;
    if (!offer || this.taken.answeredAt !== undefined) return 'nobody';
    this.#stays = stays;
    const rung = await this.#ringBuyers(offer, { targets: offer.targets, atOnce, meeting, sound }, stop);
    if (rung === 'nobody') this.#unsold = this.#untaken;
    if (rung === 'joined' && meeting.record) void this.#recording?.start('conversation', this.#target);
    return rung;
  }

  /** Rings whom the call was sold to. */
  #ringBuyers({ terms }: Offer, order: RingOrder, stop?: AbortSignal): Promise<RungOut> {
    const call = this.#ringOutCall(terms.currency, {
      attempts: this.attempts,
      taken: (answered) => this.#call.sold(answered, terms),
      joined: (answered, party, hold) => this.#answered(answered, party, hold),
    });
    return this.#ring(call, order, stop);
  }

  async #ring(call: RingOutCall, order: RingOrder, stop?: AbortSignal): Promise<RungOut> {
    if (this.#call.state() !== 'ringing') this.#call.become('ringing');
    const ringOut = new RingOut(this.#services, call, order);
    this.#ringOut = ringOut;
    const onStop = (): void => ringOut.stop();
    stop?.addEventListener('abort', onStop);
    try {
      const rung = await ringOut.run();
      if (rung !== 'joined' && this.#caller.dialog && !this.#call.isOver()) this.#call.become('attended');
      // What it held is the call's now, or given back; a call that is over still takes it from there.
      if (!this.#call.isOver()) this.#ringOut = undefined;
      return rung;
    } finally {
      stop?.removeEventListener('abort', onStop);
    }
  }

  #ringOutCall(
    currency: SaleTerms['currency'],
    { attempts, taken, joined }: Pick<RingOutCall, 'attempts' | 'taken' | 'joined'>,
  ): RingOutCall {
    const { media, midCall } = this.#opened;
    const { desk } = this.#services;
    const call = this.#call;
    return {
      callId: this.#attempt.callId,
      currency,
      caller: this.#caller,
      media,
      midCall,
      keys: this.#keys,
      attempts,
      taken,
      joined,
      nextAttempt: () => ++this.#attemptsMade,
      isOver: () => call.isOver(),
      confirm: (target) => desk.confirm(this.#attempt, target),
      presentationTo: (target) => presentationTo(desk, this.#attempt, target),
      ringing: (target, attempt) => {
        this.#target = target;
        call.tell({ type: 'call.ringing', target, attempt });
      },
      queued: (target, position) => call.tell({ type: 'call.queued', target, position }),
      failed: (target, outcome, sipStatus) =>
        call.tell({ type: 'call.ring_failed', target, outcome, sipStatus }),
      buyerHungUp: (detail) => this.#buyerHungUp(detail),
      callerLost: (detail) => this.#callerLost(detail),
    };
  }

  /** Rings a target for nobody's bid: whoever answers has the call, and nobody is billed for it. */
  async #transferByPlan(targetId: string, stays: boolean, stop: AbortSignal): Promise<RungOut> {
    const spoken = this.taken.answeredAt !== undefined;
    const target = spoken ? undefined : this.#services.plans.target(this.#attempt, targetId);
    if (!target) return 'nobody';
    const at = this.#services.clock.now();
    const attempts: RingAttempt[] = [];
    this.#stays = stays;
    // Nothing is held for it, in whichever currency.
    const call = this.#ringOutCall('USD', {
      attempts,
      taken: () => undefined,
      joined: (answered, party, hold) => {
        this.taken.keep(hold);
        if (this.#attendedAt === undefined) this.#attendedNow();
        else this.#call.become('attended');
        this.#converse(answered.target, party);
      },
    });
    const order = { targets: [target], atOnce: 1, meeting: undefined, sound: undefined };
    const rung = await this.#ring(call, order, stop);
    const transfer: CallTransfer = {
      at,
      how: 'plan',
      toTargetId: target.targetId,
      outcome: attempts.at(-1)?.outcome ?? 'failed',
      ...(rung === 'joined' ? { takenAt: this.#services.clock.now() } : {}),
    };
    this.#transfers.push(transfer);
    if (rung === 'joined') this.#call.tell({ type: 'call.transferred', transfer });
    return rung;
  }

  #answered({ target, agentId }: AnsweredTarget, party: Party, hold: JoinedHold): void {
    this.taken.answered(hold);
    this.#call.become('answered');
    this.#services.desk.connected(this.#attempt, target);
    this.#call.tell({ type: 'call.answered', target, pddMs: this.#call.pdd(), agentId });
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
        callId: this.#attempt.callId,
        attempt: this.#attempt,
        media,
        capabilities: this.#engine.capabilities,
        caller: { dialog, leg },
        midCall,
        recording: () => this.recordingNow(),
        presentationTo: (to) => presentationTo(this.#services.desk, this.#attempt, to),
        tell: (event) => this.#call.tell(event),
        buyerHungUp: (detail) => {
          if (this.#conversation) this.#buyerHungUp(detail);
          else gone = detail;
        },
        tooLong: () => this.#call.finish(TOO_LONG),
      },
      target,
      party,
    );
    midCall.attach('caller', dialog, leg, (cause) => this.#callerEnded(cause));
    if (gone !== undefined) this.#buyerHungUp(gone);
  }

  #callerLost(detail: string): void {
    this.#call.finish({ state: 'failed', reason: 'signaling_lost', detail });
  }

  #callerEnded(cause: Parameters<DialogHandlers['onEnd']>[0]): void {
    if (cause === 'bye') {
      this.#call.finish({ state: 'completed', reason: 'caller_hangup', detail: 'the caller hung up' });
      return;
    }
    // The caller is not there: what was not heard is not billed.
    const lastHeardAt = this.#media?.lastMediaAt('caller') ?? this.taken.answeredMono;
    const detail =
      cause === 'ack_timeout' ? 'the caller never confirmed the answer' : 'the session timer ran out';
    this.#call.finish({ state: 'completed', reason: 'signaling_lost', detail, lastHeardAt });
  }

  #buyerHungUp(detail: string): void {
    if (!this.#conversation) return;
    if (this.#stays && !this.#call.isOver()) this.#endConversation(this.#conversation, detail);
    else this.#call.finish({ state: 'completed', reason: 'buyer_hangup', detail });
  }

  /** The buyer is gone and the caller stays: the sale is over, and so is what it costs. */
  #endConversation(conversation: Conversation, detail: string): void {
    const { media, midCall } = this.#opened;
    this.#conversation = undefined;
    this.#target = undefined;
    conversation.close(reasonHeader('buyer_hangup', detail));
    this.#transfers.push(...conversation.side.transfers);
    this.#buyerLeg = conversation.side.party.leg;
    void this.#recording?.stop();
    this.taken.spoken();
    if (this.#call.state() !== 'attended') this.#call.become('attended');
    midCall.detach('buyer');
    media.unbridge(this.#caller.leg);
    void this.#listenToCaller();
    this.#onSpoken?.();
    this.#onSpoken = undefined;
  }

  #endByPlan(sipStatus: number, detail: string): void {
    const why = this.#unsold ?? { reason: 'plan_ended', detail };
    const unanswered = why.reason === 'buyers_exhausted' ? 'failed' : 'rejected';
    this.#call.finish({ state: this.endState(unanswered), ...why, sipStatus });
  }

  get #untaken(): { readonly reason: 'buyers_exhausted'; readonly detail: string } {
    const detail = this.attempts.length === 0 ? 'no target could be rung' : 'every buyer was tried';
    return { reason: 'buyers_exhausted', detail };
  }

  #mediaEnded(
    reason: 'media_failure' | 'rtp_timeout',
    detail: string,
    lastHeardAt: number | undefined,
  ): void {
    const { answeredAt, answeredMono } = this.taken;
    this.#call.finish({
      state: this.endState('failed'),
      reason,
      detail,
      // Audio that was never heard at all leaves nothing to bill.
      ...(answeredAt === undefined ? {} : { lastHeardAt: lastHeardAt ?? answeredMono }),
    });
  }

  /** The recording of the call, whoever wants it. */
  recordingNow(): CallRecording {
    const { recordings, clock, onBug } = this.#services;
    const { media } = this.#opened;
    const current = (): CallAttempt => this.#attempt;
    return (this.#recording ??= new CallRecording({
      get attempt() {
        return current();
      },
      media,
      recordings,
      clock,
      tell: (event) => this.#call.tell(event),
      onBug: (error) => onBug(error, this.#attempt.callId),
    }));
  }

  /** What is there since its media was opened. */
  get #opened(): { media: MediaSession; midCall: MidCall } {
    const media = this.#media;
    const midCall = this.#midCall;
    if (!media || !midCall) throw new Error('a call without media');
    return { media, midCall };
  }
}

const TOO_LONG: Ending = {
  state: 'completed',
  reason: 'max_duration',
  detail: 'the longest call allowed',
};

function cappedBy(limit: string): { readonly reason: 'source_capped'; readonly detail: string } {
  return { reason: 'source_capped', detail: `the seller's limit is reached: ${limit}` };
}
