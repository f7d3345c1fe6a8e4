import type { CallTransfer, PlanRecord, RingTarget } from '../domain';
import type { MediaLeg } from '../media';
import type { MediaLoss, MediaOpening } from './call-media';
import { CallMedia } from './call-media';
import type { CallOnItsWay, Ending, Offer } from './call-on-its-way';
import { CallRinging } from './call-ringing';
import { CallSale } from './call-sale';
import { Conversation } from './conversation';
import { listenToCaller } from './plan/attend';
import { engineFor } from './plan/plan-engine';
import { PlanRunner } from './plan/plan-runner';
import type { WayOfPlan } from './plan/planned-way';
import { cappedBy, PlannedWay } from './plan/planned-way';
import { planOfPolicy } from './plan/recording-policy';
import type { CallPlan } from './ports';
import { presentationTo } from './presentation';
import type { JoinedHold, RingOrder, RungOut } from './ring-out';
import type { SessionServices } from './session-services';
import { reasonHeader } from './sip-status';
import type { DialogHandlers } from './sip/sip-stack';
import type { AnsweredTarget } from './target-attempt';
import { TakenCall } from './taken-call';
import type { Party } from './transfer/party';

/**
 * The way of one call from its INVITE to a conversation: sold at once, its buyers rung one after the other, or as its
 * plan says. Whatever goes wrong on it ends the call, or a plan that cannot go on has it sold at once.
 */
export class CallWay {
  readonly media: CallMedia;
  readonly taken: TakenCall;
  readonly sale: CallSale;
  readonly ringing: CallRinging;
  readonly #transfers: CallTransfer[] = [];
  readonly #services: SessionServices;
  readonly #call: CallOnItsWay;
  #plan: CallPlan | undefined;
  #planned: PlannedWay | undefined;
  #runner: PlanRunner | undefined;
  #conversation: Conversation | undefined;
  /** The leg of whoever spoke with the caller last. */
  #buyerLeg: MediaLeg | undefined;
  #target: RingTarget | undefined;
  #attendedAt: number | undefined;

  constructor(services: SessionServices, call: CallOnItsWay) {
    this.#services = services;
    this.#call = call;
    const { callId } = call.attempt();
    this.media = new CallMedia(services, call, {
      ended: (loss) => this.#mediaEnded(loss),
      consultLost: () => this.#conversation?.side.consultLost(),
    });
    this.taken = new TakenCall(services, callId);
    this.sale = new CallSale(services, call);
    this.ringing = new CallRinging(services, call, this.media, {
      rings: (target) => (this.#target = target),
      buyerHungUp: (detail) => this.#buyerHungUp(detail),
      callerLost: (detail) => this.#callerLost(detail),
    });
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
    const { caller } = this.#call;
    return [caller.hasLeg ? caller.leg : undefined, this.#conversation?.side.party.leg ?? this.#buyerLeg];
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

  /** How a call ends that nobody answered, or `completed` for one that somebody did. */
  endState(unanswered: 'failed' | 'rejected'): Ending['state'] {
    return this.wasTaken ? 'completed' : unanswered;
  }

  /** The call is over: nothing goes on. */
  stop(reason: string): void {
    this.#runner?.stop();
    this.ringing.stop();
    this.media.recording?.close();
    this.#conversation?.close(reason);
    this.#planned?.conversationOver();
  }

  /** Resolves when it rings no more: answered, or ended. */
  async go(): Promise<void> {
    const plan = this.#services.plans.planOf(this.#call.attempt());
    this.#plan = plan;
    if (!plan || !(await this.#goByPlan(plan))) await this.#sellAtOnce();
  }

  /** The way of calls without a plan: sold at once, buyers rung one after the other. */
  async #sellAtOnce(): Promise<void> {
    const call = this.#call;
    const decision = await this.sale.decide(call.attempt());
    if (!decision) return;
    if (!decision.ok) {
      const { reason, detail, sipStatus } = decision;
      call.finish({ state: this.endState('rejected'), reason, detail, sipStatus });
      return;
    }
    const limited = await this.sale.reserve(decision.sourceLimits);
    if (limited === 'over') return;
    if (limited) {
      call.finish({ state: this.endState('rejected'), ...cappedBy(limited.exhausted) });
      return;
    }
    const offer = { targets: decision.plan, terms: decision.terms };
    const policy = this.#services.recordings.policyOf(call.attempt());
    if (policy) {
      const plan = planOfPolicy(policy.announce);
      if (await this.#goByPlan({ plan, version: 0 }, offer)) return;
    }
    if (!this.media.session && !(await this.#openMedia())) return;
    const order = { targets: offer.targets, atOnce: 1, meeting: undefined, sound: undefined };
    const rung = await this.#ringBuyers(offer, order);
    if (rung === 'nobody') call.finish({ state: this.endState('failed'), ...this.ringing.untaken });
  }

  /**
   * Carries a plan out to its end. False when it cannot be begun, or broke before a buyer had the call.
   * @param offer - of a call that is sold already
   */
  async #goByPlan({ plan, version }: CallPlan, offer?: Offer): Promise<boolean> {
    const call = this.#call;
    const { media: main, plans, onBug } = this.#services;
    const engine = engineFor(plan, this.#services);
    const unusable = (detail: string): false => {
      call.tell({ type: 'call.plan_unusable', plan: plan.name, detail });
      return false;
    };
    if (!engine) return unusable('no media engine that is configured can do all that its steps need');
    if (this.media.session) {
      // A plan before this one broke.
      if (engine !== this.media.engine)
        return unusable(`its media is with ${this.media.engine.name} already`);
    } else {
      const opening = await this.media.open(engine, { heedsKeys: true });
      // Sold at once, the call goes on with the main one.
      if (opening.kind === 'unavailable' && engine !== main)
        return unusable(`the media engine ${engine.name} cannot take it now`);
      if (!this.#isOpen(opening)) return true;
    }
    try {
      const facts = await plans.factsOf(call.attempt());
      if (call.isOver()) return true;
      this.#planned = new PlannedWay(this.#services, this.#wayOfPlan(), offer);
      this.#runner = new PlanRunner(this.#planned, { plan, version }, facts);
      await this.#runner.run();
      return true;
    } catch (error) {
      this.#runner?.stop();
      if (call.isOver() || this.taken.answeredAt !== undefined) throw error;
      onBug(error, call.attempt().callId);
      this.#planned?.giveUp();
      return unusable('it could not be carried out');
    }
  }

  /** Opens the media of the engine for calls without a plan. False when the call ended here. */
  async #openMedia(): Promise<boolean> {
    return this.#isOpen(await this.media.open(this.#services.media, { heedsKeys: false }));
  }

  /** False when the call ended here. */
  #isOpen(opening: MediaOpening): boolean {
    switch (opening.kind) {
      case 'open':
        return true;
      case 'over':
        return false;
      case 'unavailable': {
        const { detail } = opening;
        this.#call.finish({ state: this.endState('failed'), reason: 'media_failure', detail });
        return false;
      }
      case 'bad_offer':
        this.#badOffer(opening.reason);
        return false;
    }
  }

  #badOffer(reason: string): void {
    this.#call.finish({
      state: this.endState('rejected'),
      reason: 'bad_request',
      detail: `the offer cannot be used: ${reason}`,
      sipStatus: reason === 'malformed' ? 400 : 488,
    });
  }

  #wayOfPlan(): WayOfPlan {
    const { media, sale, taken, ringing } = this;
    return {
      call: this.#call,
      media,
      sale,
      taken,
      ringing,
      target: () => this.#target,
      attended: () => this.#attended(),
      listenToCaller: () => this.#listenToCaller(),
      ringBuyers: (offer, order, stop) => this.#ringBuyers(offer, order, stop),
      converse: (target, party) => this.#converse(target, party),
      isSpoken: () => this.#conversation !== undefined,
      transferred: (transfer) => this.#transfers.push(transfer),
      badOffer: (reason) => this.#badOffer(reason),
      callerLost: (detail) => this.#callerLost(detail),
      endState: (unanswered) => this.endState(unanswered),
    };
  }

  /** The exchange has the caller now: for the first time, or once more. */
  #attended(): void {
    const first = this.#attendedAt === undefined;
    this.#attendedAt ??= this.#services.clock.now();
    this.#call.become('attended');
    if (first) this.#call.attended(this.#attendedAt);
  }

  #listenToCaller(): Promise<void> {
    const { opened, keys } = this.media;
    return listenToCaller(this.#call.caller, opened.midCall, keys, (cause) => this.#callerEnded(cause));
  }

  /** Rings whom the call was sold to. */
  #ringBuyers(offer: Offer, order: RingOrder, stop?: AbortSignal): Promise<RungOut> {
    const { terms } = offer;
    return this.ringing.ring(
      order,
      {
        attempts: this.ringing.attempts,
        currency: terms.currency,
        taken: (answered) => this.#call.sold(answered, terms),
        joined: (answered, party, hold) => this.#answered(answered, party, hold),
      },
      stop,
    );
  }

  #answered({ target, agentId }: AnsweredTarget, party: Party, hold: JoinedHold): void {
    const call = this.#call;
    this.taken.answered(hold);
    call.become('answered');
    this.#services.desk.connected(call.attempt(), target);
    call.tell({ type: 'call.answered', target, pddMs: call.pdd(), agentId });
    this.#converse(target, party);
  }

  /** Caller and whoever answered hear each other. */
  #converse(target: RingTarget, party: Party): void {
    const call = this.#call;
    const { session, midCall } = this.media.opened;
    const { dialog, leg } = call.caller;
    if (!dialog) throw new Error('a conversation with a caller who was not answered');
    this.#target = target;
    // Whoever has hung up already says so while it is put together.
    let gone: string | undefined;
    this.#conversation = new Conversation(
      this.#services,
      {
        callId: call.attempt().callId,
        attempt: call.attempt(),
        media: session,
        capabilities: this.media.engine.capabilities,
        caller: { dialog, leg },
        midCall,
        recording: () => this.media.recordingNow(),
        presentationTo: (to) => presentationTo(this.#services.desk, call.attempt(), to),
        tell: (event) => call.tell(event),
        buyerHungUp: (detail) => {
          if (this.#conversation) this.#buyerHungUp(detail);
          else gone = detail;
        },
        tooLong: () => call.finish(TOO_LONG),
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
    const lastHeardAt = this.media.session?.lastMediaAt('caller') ?? this.taken.answeredMono;
    const detail =
      cause === 'ack_timeout' ? 'the caller never confirmed the answer' : 'the session timer ran out';
    this.#call.finish({ state: 'completed', reason: 'signaling_lost', detail, lastHeardAt, lost: 'caller' });
  }

  #buyerHungUp(detail: string): void {
    const conversation = this.#conversation;
    if (!conversation) return;
    if (this.#planned?.callerStays && !this.#call.isOver()) this.#endConversation(conversation, detail);
    else this.#call.finish({ state: 'completed', reason: 'buyer_hangup', detail });
  }

  /** The buyer is gone and the caller stays: the sale is over, and so is what it costs. */
  #endConversation(conversation: Conversation, detail: string): void {
    const { session, midCall } = this.media.opened;
    this.#conversation = undefined;
    this.#target = undefined;
    conversation.close(reasonHeader('buyer_hangup', detail));
    this.#transfers.push(...conversation.side.transfers);
    this.#buyerLeg = conversation.side.party.leg;
    void this.media.recording?.stop();
    this.taken.spoken();
    if (this.#call.state() !== 'attended') this.#call.become('attended');
    midCall.detach('buyer');
    session.unbridge(this.#call.caller.leg);
    void this.#listenToCaller();
    this.#planned?.conversationOver();
  }

  #mediaEnded({ reason, detail, lastHeardAt }: MediaLoss): void {
    const { answeredAt, answeredMono } = this.taken;
    this.#call.finish({
      state: this.endState('failed'),
      reason,
      detail,
      // Audio that was never heard at all leaves nothing to bill.
      ...(answeredAt === undefined ? {} : { lastHeardAt: lastHeardAt ?? answeredMono }),
    });
  }
}

const TOO_LONG: Ending = {
  state: 'completed',
  reason: 'max_duration',
  detail: 'the longest call allowed',
};
