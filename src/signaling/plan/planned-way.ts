import type { CallAttempt, CallTransfer, Clock, RingAttempt, RingTarget } from '../../domain';
import type { MediaSession } from '../../media';
import type { CallMedia } from '../call-media';
import type { CallOnItsWay, Ending, Offer } from '../call-on-its-way';
import type { CallRinging } from '../call-ringing';
import type { CallSale } from '../call-sale';
import type { CallerSide } from '../caller-side';
import type { PlanDesk } from '../ports';
import type { CallRecording } from '../recording/call-recording';
import type { RingOrder, RungOut } from '../ring-out';
import type { CallNews, SessionServices } from '../session-services';
import type { TakenCall } from '../taken-call';
import type { Party } from '../transfer/party';
import { answerCaller } from './attend';
import type { Keys } from './keys';
import { PlanRecording } from './plan-recording';
import type { PlannedCall, PlannedRing } from './planned-call';

/** The way of a call, as far as its plan turns it. */
export interface WayOfPlan {
  readonly call: CallOnItsWay;
  readonly media: CallMedia;
  readonly sale: CallSale;
  readonly taken: TakenCall;
  readonly ringing: CallRinging;
  /** Who is rung, or speaks with the caller. */
  target(): RingTarget | undefined;
  /** The exchange has the caller now. */
  attended(): void;
  listenToCaller(): Promise<void>;
  /** Rings whom the call was sold to. */
  ringBuyers(offer: Offer, order: RingOrder, stop: AbortSignal): Promise<RungOut>;
  /** Caller and whoever answered hear each other. */
  converse(target: RingTarget, party: Party): void;
  /** Whether a conversation is in hand. */
  isSpoken(): boolean;
  transferred(transfer: CallTransfer): void;
  badOffer(reason: string): void;
  callerLost(detail: string): void;
  endState(unanswered: 'failed' | 'rejected'): Ending['state'];
}

/** How a plan takes a call on its way: each of its wishes, as the call can have it. */
export class PlannedWay implements PlannedCall {
  readonly media: MediaSession;
  readonly caller: CallerSide;
  readonly keys: Keys;
  readonly recording: CallRecording;
  readonly wanted: PlanRecording;
  readonly plans: PlanDesk;
  readonly clock: Clock;
  readonly #services: SessionServices;
  readonly #way: WayOfPlan;
  #offer: Offer | undefined;
  /** It was offered for sale by its plan. */
  #asked = false;
  /** Why the call has not been sold so far. */
  #unsold: Pick<Ending, 'reason' | 'detail'> | undefined;
  #stays = false;
  #onSpoken: (() => void) | undefined;

  /** @param offer - of a call that was sold before its plan began */
  constructor(services: SessionServices, way: WayOfPlan, offer: Offer | undefined) {
    this.media = way.media.opened.session;
    this.caller = way.call.caller;
    this.keys = way.media.keys;
    this.recording = way.media.recordingNow();
    this.plans = services.plans;
    this.clock = services.clock;
    this.wanted = new PlanRecording({
      recording: this.recording,
      clock: services.clock,
      isSpoken: () => way.isSpoken(),
      policy: () => services.recordings.policyOf(this.attempt),
      refused: (detail) => this.tell({ type: 'call.recording', recordingId: '', state: 'refused', detail }),
    });
    this.#services = services;
    this.#way = way;
    this.#offer = offer;
  }

  get attempt(): CallAttempt {
    return this.#way.call.attempt();
  }

  /** The caller stays when whoever speaks with it hangs up. */
  get callerStays(): boolean {
    return this.#stays;
  }

  /** Nothing comes of what its plan offered it for. */
  giveUp(): void {
    if (this.#asked) this.#services.desk.abandoned(this.attempt);
    this.#asked = false;
  }

  /** The conversation in hand is over, or the call. */
  conversationOver(): void {
    this.#onSpoken?.();
    this.#onSpoken = undefined;
  }

  isOver(): boolean {
    return this.#way.call.isOver();
  }

  tell(event: CallNews): void {
    this.#way.call.tell(event);
  }

  /** The exchange answers the caller itself. */
  async attend(): Promise<boolean> {
    const { caller } = this;
    if (caller.dialog) return !this.isOver();
    const attended = await answerCaller(caller, () => this.isOver());
    if (attended.kind === 'bad_offer') this.#way.badOffer(attended.reason);
    else if (attended.kind === 'lost') this.#way.callerLost(attended.reason);
    if (attended.kind !== 'attended') return false;
    this.#way.attended();
    const described = this.#way.listenToCaller();
    if (caller.offersNothing) await described;
    return !this.isOver();
  }

  /** Offers the call for sale with the tags of its plan. A call that was spoken is sold once and for all. */
  async auction(tags: Readonly<Record<string, string>>): Promise<boolean> {
    const { call, sale, taken } = this.#way;
    if (taken.answeredAt !== undefined) return false;
    // Whoever was asked for an offer before learns that nothing came of it.
    this.giveUp();
    this.#offer = undefined;
    call.tagged(tags);
    const decision = await sale.decide(this.attempt);
    if (!decision) return false;
    this.#asked = true;
    if (!decision.ok) {
      this.#unsold = { reason: decision.reason, detail: decision.detail };
      return false;
    }
    const limited = await sale.reserve(decision.sourceLimits);
    if (limited === 'over') return false;
    this.#unsold = limited && cappedBy(limited.exhausted);
    if (!limited) this.#offer = { targets: decision.plan, terms: decision.terms };
    return this.#offer !== undefined;
  }

  async ring({ atOnce, meeting, sound, stays }: PlannedRing, stop: AbortSignal): Promise<RungOut> {
    const offer = this.#offer;
    if (!offer || this.#way.taken.answeredAt !== undefined) return 'nobody';
    this.#stays = stays;
    const rung = await this.#way.ringBuyers(offer, { targets: offer.targets, atOnce, meeting, sound }, stop);
    if (rung === 'nobody') this.#unsold = this.#way.ringing.untaken;
    if (rung === 'joined') void this.wanted.joined(this.#way.target(), meeting.record);
    return rung;
  }

  /** Rings a target for nobody's bid: whoever answers has the call, and nobody is billed for it. */
  async transfer(targetId: string, stays: boolean, stop: AbortSignal): Promise<RungOut> {
    const { taken, ringing } = this.#way;
    const spoken = taken.answeredAt !== undefined;
    const target = spoken ? undefined : this.plans.target(this.attempt, targetId);
    if (!target) return 'nobody';
    const at = this.clock.now();
    const attempts: RingAttempt[] = [];
    this.#stays = stays;
    const rung = await ringing.ring(
      { targets: [target], atOnce: 1, meeting: undefined, sound: undefined },
      {
        attempts,
        // Nothing is held for it, in whichever currency.
        currency: 'USD',
        taken: () => undefined,
        joined: (answered, party, hold) => {
          taken.keep(hold);
          this.#way.attended();
          this.#way.converse(answered.target, party);
        },
      },
      stop,
    );
    const transfer: CallTransfer = {
      at,
      how: 'plan',
      toTargetId: target.targetId,
      outcome: attempts.at(-1)?.outcome ?? 'failed',
      ...(rung === 'joined' ? { takenAt: this.clock.now() } : {}),
    };
    this.#way.transferred(transfer);
    if (rung === 'joined') {
      this.tell({ type: 'call.transferred', transfer });
      void this.wanted.joined(target, false);
    }
    return rung;
  }

  spoken(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#way.isSpoken() && !this.isOver()) this.#onSpoken = resolve;
      else resolve();
    });
  }

  end(sipStatus: number, detail: string): void {
    const why = this.#unsold ?? { reason: 'plan_ended', detail };
    const unanswered = why.reason === 'buyers_exhausted' ? 'failed' : 'rejected';
    this.#way.call.finish({ state: this.#way.endState(unanswered), ...why, sipStatus });
  }
}

/** How a call ends that its seller's limit keeps from being sold. */
export function cappedBy(limit: string): { readonly reason: 'source_capped'; readonly detail: string } {
  return { reason: 'source_capped', detail: `the seller's limit is reached: ${limit}` };
}
