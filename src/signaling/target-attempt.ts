import type { AgentGroup, CapLimit, Clock, Currency, RingTarget } from '../domain';
import { agentGroupOf, NEVER_CONNECTED } from '../domain';
import type { MediaLeg } from '../media';
import type { RingSound } from './caller-sound';
import type { CallerSide } from './caller-side';
import type { AgentRelease, CapReservations, FundsDesk, HeldFunds, RingAttempt } from './ports';
import type { Presentation, RingContext, Ringing, RingResult, RingServices } from './ringing';
import { RingingAgents } from './ringing-agents';
import { RingingTarget } from './ringing-target';
import type { SipDialog } from './sip/sip-stack';

/** With what the targets of a sold call are rung. */
export interface AttemptServices extends RingServices {
  readonly caps: CapReservations;
  readonly funds: FundsDesk;
  readonly clock: Clock;
}

/** What ringing needs of the call that it is done for. */
export interface RungCall extends RingContext {
  /** What buyers pay in. */
  readonly currency: Currency;
  readonly caller: CallerSide;
  /** Where each attempt is written down. */
  readonly attempts: RingAttempt[];
  /** A number for the next attempt: from 1, never twice in one call. */
  nextAttempt(): number;
  /** False: the buyer of a live bid took its offer back. */
  confirm(target: RingTarget): Promise<boolean>;
  presentationTo(target: RingTarget): Presentation;
  ringing(target: RingTarget, attempt: number): void;
  /** The caller waits for agents of the target, at this place from 1. */
  queued(target: RingTarget, position: number): void;
  failed(target: RingTarget, outcome: RingAttempt['outcome'], sipStatus: number): void;
}

/** A target that answered: its media is settled, and it is not joined with the caller yet. */
export interface AnsweredTarget {
  readonly kind: 'answered';
  readonly target: RingTarget;
  readonly dialog: SipDialog;
  readonly leg: MediaLeg;
  readonly agentId: string | undefined;
  /** Milliseconds for which it rang. */
  readonly ringMs: number;
}

export type AttemptResult = AnsweredTarget | { readonly kind: 'failed' | 'stopped' };

/** How an attempt ended. */
type Outcome = Pick<RingAttempt, 'outcome' | 'sipStatus' | 'agentId' | 'rung'>;

/** A target that costs nothing waits for nobody. */
const NOTHING_TO_HOLD = { ok: true, held: undefined } as const;

/**
 * One target of a sold call, as it is rung: its limits are reserved, what it may cost is set aside, its media is
 * prepared, it rings. On any failure everything is given back.
 */
export class TargetAttempt {
  readonly target: RingTarget;
  readonly #services: AttemptServices;
  readonly #call: RungCall;
  /** What the caller hears meanwhile. */
  readonly #sound: RingSound;
  readonly #number: number;
  /** Its early audio may reach the caller: nobody else rings, and nobody is asked before they are joined. */
  readonly #mayBeHeard: boolean;
  /** Limits that others of the call hold as well, who are rung at the same time. */
  readonly #heldByOthers: (limit: CapLimit) => boolean;
  readonly #startedAt: number;
  readonly #startedMono: number;
  #ringing: Ringing | undefined;
  #reserved: readonly CapLimit[] = [];
  #held: HeldFunds | undefined;
  #gaveBack = false;
  /** Why it is given up. */
  #stopped: string | undefined;
  #earlyMedia: Promise<void> | undefined;
  /** What was written down of it. */
  #noted: RingAttempt | undefined;

  constructor(
    services: AttemptServices,
    call: RungCall,
    sound: RingSound,
    target: RingTarget,
    mayBeHeard: boolean,
    heldByOthers: (limit: CapLimit) => boolean,
  ) {
    this.#services = services;
    this.#call = call;
    this.#sound = sound;
    this.target = target;
    this.#number = call.nextAttempt();
    this.#mayBeHeard = mayBeHeard;
    this.#heldByOthers = heldByOthers;
    this.#startedAt = services.clock.now();
    this.#startedMono = services.clock.monotonic();
  }

  /** Gives up, because the call is over or somebody else has it. Whatever is held goes back when that is known. */
  stop(reason: string): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = reason;
    this.#ringing?.stop(reason);
  }

  /** Whether a limit is its own, or about to be: also when it was handed over to the end of the call. */
  holds({ key }: CapLimit): boolean {
    return !this.#gaveBack && this.target.reservations.some((limit) => limit.key === key);
  }

  /** The limits held for it, handed over to be released at the end. */
  takeReserved(): readonly CapLimit[] {
    const reserved = this.#reserved;
    this.#reserved = [];
    return reserved;
  }

  /** The money held for it, handed over: to be given back, or to stay for the settlement. */
  takeHeld(): HeldFunds | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** It had answered and turned out useless: it failed after all. Its dialog has been ended already. */
  lost(leg: MediaLeg, agentId: string | undefined, outcome: RingAttempt['outcome']): void {
    const answered = this.#noted;
    if (answered) this.#call.attempts.splice(this.#call.attempts.indexOf(answered), 1);
    leg.close();
    this.#agentFree(agentId, outcome === 'declined' ? 'declined' : 'failed');
    const { sipStatus = 0, rung } = answered ?? {};
    this.#fail({ outcome, sipStatus, agentId, rung });
  }

  /** Rings it. Ends once; on `stopped` and `failed` it holds nothing any more. */
  async run(): Promise<AttemptResult> {
    const { target } = this;
    const group = agentGroupOf(target.uri);
    // Agents' phones get a leg each when they ring.
    const [refused, leg] = await Promise.all([
      this.#take(),
      group ? undefined : this.#call.media.createLeg('buyer').catch(() => undefined),
    ]);
    let refusal: Outcome['outcome'] | undefined = refused ?? (group || leg ? undefined : 'failed');
    if (refusal === undefined && target.reference !== undefined && this.#stopped === undefined) {
      refusal = (await this.#call.confirm(target)) ? undefined : 'declined';
    }
    if (refusal !== undefined) {
      leg?.close();
      this.#fail({ outcome: refusal, sipStatus: 0 });
      return { kind: 'failed' };
    }
    if (this.#stopped !== undefined) {
      // The end of the call has passed by while all this was taken: it goes back here.
      leg?.close();
      this.#giveBack();
      return { kind: 'stopped' };
    }
    const ringing = group ? this.#ringAgents(group) : this.#ringAddress(leg);
    if (!ringing) {
      leg?.close();
      this.#fail({ outcome: 'failed', sipStatus: 488 });
      return { kind: 'failed' };
    }
    this.#ringing = ringing;
    const result = await ringing.result;
    this.#ringing = undefined;
    if (result.kind === 'answered') return this.#onAnswer(result);
    if (result.kind === 'stopped') {
      this.#giveBack();
      this.#note({ outcome: 'canceled', sipStatus: 487, rung: result.rung });
      return { kind: 'stopped' };
    }
    this.#fail(result);
    return { kind: 'failed' };
  }

  /** Undefined when its leg has nothing to offer. */
  #ringAddress(leg: MediaLeg | undefined): Ringing | undefined {
    const { target } = this;
    const offer = leg?.createOffer();
    if (!leg || !offer?.ok) return undefined;
    this.#call.ringing(target, this.#number);
    return new RingingTarget(this.#services, leg, {
      uri: target.uri,
      invite: { sdp: offer.sdp, trunkId: target.trunkId, ...this.#call.presentationTo(target) },
      ringTimeoutMs: target.ringTimeoutMs,
      onProgress: (status, sdp) => this.#onProgress(leg, status, sdp),
    });
  }

  #ringAgents(group: AgentGroup): Ringing {
    const { target } = this;
    const sound = this.#sound;
    this.#call.ringing(target, this.#number);
    const order = {
      buyerId: target.buyerId,
      group,
      skills: target.skills ?? [],
      ringTimeoutMs: target.ringTimeoutMs,
      presentation: this.#call.presentationTo(target),
      onRinging: () => this.#callerHearsRinging(),
      onQueued: (position: number) => {
        sound.hold();
        this.#call.queued(target, position);
      },
      onQueueLeft: () => sound.ringback(),
    };
    return new RingingAgents(this.#services, this.#call, order, this.#services.clock);
  }

  /** Reserves its limits and sets aside its buyer's money, at the same time. Tells why not. */
  async #take(): Promise<'cap_reached' | 'no_funds' | undefined> {
    const { caps, funds } = this.#services;
    const { callId, currency } = this.#call;
    const { target } = this;
    const [reservation, hold] = await Promise.all([
      caps.reserve(callId, target.reservations),
      target.hold === undefined
        ? NOTHING_TO_HOLD
        : funds.hold({ callId, attempt: this.#number, target, currency }),
    ]);
    if (reservation.ok) this.#reserved = target.reservations;
    if (hold.ok) this.#held = hold.held;
    if (!reservation.ok) return 'cap_reached';
    return hold.ok ? undefined : 'no_funds';
  }

  #onProgress(leg: MediaLeg, status: number, sdp: string | undefined): void {
    if (sdp === undefined || this.target.ringback === 'local' || !this.#mayBeHeard) {
      if (!this.#earlyMedia) this.#callerHearsRinging();
      return;
    }
    this.#earlyMedia ??= this.#passEarlyMedia(leg, status, sdp);
  }

  #callerHearsRinging(): void {
    if (this.#isStopped) return;
    this.#sound.ringback();
    this.#call.caller.progress(180);
  }

  async #passEarlyMedia(leg: MediaLeg, status: number, sdp: string): Promise<void> {
    const { caller, media } = this.#call;
    const accepted = await leg.applyAnswer(sdp);
    const answer = accepted.ok && !caller.dialog ? await caller.leg.createAnswer() : accepted;
    if (this.#isStopped) return;
    if (!answer.ok) {
      this.#callerHearsRinging();
      return;
    }
    this.#sound.stop();
    const joined = await media.bridge(caller.leg, leg, { early: true }).then(
      () => true,
      () => false,
    );
    if (this.#isStopped) return;
    if (!joined) {
      // Its media is gone: the caller does not hear that.
      this.#callerHearsRinging();
      return;
    }
    this.#sound.handOver();
    caller.progress(status === 180 ? 180 : 183, answer.sdp);
  }

  async #onAnswer({
    dialog,
    leg,
    agentId,
    rung,
    ringMs,
  }: Extract<RingResult, { kind: 'answered' }>): Promise<AttemptResult> {
    await this.#earlyMedia?.catch(() => undefined);
    const sdp = dialog.remoteSdp;
    const accepted = sdp === '' && this.#earlyMedia ? { ok: true } : await leg.applyAnswer(sdp);
    const stopped = this.#stopped;
    if (stopped !== undefined) {
      dialog.bye(stopped);
      leg.close();
      this.#agentFree(agentId);
      this.#giveBack();
      this.#note({ outcome: 'canceled', sipStatus: 200, agentId, rung });
      return { kind: 'stopped' };
    }
    if (!accepted.ok) {
      dialog.bye();
      leg.close();
      this.#agentFree(agentId);
      this.#fail({ outcome: 'failed', sipStatus: 200, agentId, rung });
      return { kind: 'failed' };
    }
    this.#noted = this.#note({ outcome: 'answered', sipStatus: 200, agentId, rung });
    const { target } = this;
    return { kind: 'answered', target, dialog, leg, agentId, ringMs: ringMs ?? this.#elapsedMs() };
  }

  /** An agent answered, and the call did not come about. */
  #agentFree(agentId: string | undefined, why: AgentRelease = 'failed'): void {
    if (agentId !== undefined) this.#services.agents.release(this.#call.callId, agentId, why);
  }

  #fail(outcome: Outcome): void {
    this.#giveBack();
    this.#note(outcome);
    this.#call.failed(this.target, outcome.outcome, outcome.sipStatus);
  }

  /** Not awaited: the next target is rung now, and the release travels ahead of its reservation. */
  #giveBack(): void {
    this.#gaveBack = true;
    const held = this.takeHeld();
    if (held) this.#services.funds.release(held);
    const reserved = this.takeReserved().filter((limit) => !this.#heldByOthers(limit));
    if (reserved.length === 0) return;
    void this.#services.caps.release(this.#call.callId, reserved, NEVER_CONNECTED).catch(() => undefined);
  }

  #elapsedMs(): number {
    return Math.round(this.#services.clock.monotonic() - this.#startedMono);
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isStopped(): boolean {
    return this.#stopped !== undefined;
  }

  #note({ outcome, sipStatus, agentId, rung }: Outcome): RingAttempt {
    const { bidId, targetId, buyerId } = this.target;
    const attempt: RingAttempt = {
      bidId,
      targetId,
      buyerId,
      startedAt: this.#startedAt,
      durationMs: this.#elapsedMs(),
      outcome,
      sipStatus,
      ...(agentId === undefined ? {} : { agentId }),
      ...(rung === undefined ? {} : { rung }),
    };
    this.#call.attempts.push(attempt);
    return attempt;
  }
}
