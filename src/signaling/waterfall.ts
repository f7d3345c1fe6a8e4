import type { AgentGroup, CapLimit, Clock, Currency, RingTarget } from '../domain';
import { agentGroupOf, NEVER_CONNECTED } from '../domain';
import type { MediaLeg } from '../media';
import { CallerSound } from './caller-sound';
import type { CapReservations, FundsDesk, HeldFunds, RingAttempt } from './ports';
import type { Presentation, RingContext, Ringing, RingResult, RingServices } from './ringing';
import { RingingAgents } from './ringing-agents';
import { RingingTarget } from './ringing-target';
import { CANCEL_REASONS } from './sip-status';
import type { SipDialog } from './sip/sip-stack';

/** What the waterfall needs of the call it rings for. */
export interface WaterfallCall extends RingContext {
  /** What buyers pay in. */
  readonly currency: Currency;
  /** False: the buyer of a live bid took its offer back. */
  confirm(target: RingTarget): Promise<boolean>;
  readonly callerLeg: MediaLeg;
  presentationTo(target: RingTarget): Presentation;
  /** Where each attempt is written down. */
  readonly attempts: RingAttempt[];
  progress(status: number, sdp: string | undefined): void;
  ringing(target: RingTarget, attempt: number): void;
  /** The caller waits for agents of the target, at this place from 1. */
  queued(target: RingTarget, position: number): void;
  failed(target: RingTarget, outcome: RingAttempt['outcome'], sipStatus: number): void;
}

export type WaterfallResult =
  | {
      readonly kind: 'answered';
      readonly index: number;
      readonly target: RingTarget;
      readonly dialog: SipDialog;
      readonly leg: MediaLeg;
      readonly agentId: string | undefined;
      /** Milliseconds for which it rang. */
      readonly ringMs: number;
    }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'stopped' };

/** How an attempt ended. */
type Outcome = Pick<RingAttempt, 'outcome' | 'sipStatus' | 'agentId' | 'rung'>;

interface Services extends RingServices {
  readonly caps: CapReservations;
  readonly funds: FundsDesk;
  readonly clock: Clock;
}

/** A target that costs nothing waits for nobody. */
const NOTHING_TO_HOLD = { ok: true, held: undefined } as const;

/**
 * Rings the targets of a plan one after the other until one answers. For each: reserve its limits, set
 * aside what it may cost, prepare its media, ring; on any failure give everything back and go on at once.
 */
export class Waterfall {
  readonly #services: Services;
  readonly #call: WaterfallCall;
  readonly #sound: CallerSound;
  #ringing: Ringing | undefined;
  #reserved: readonly CapLimit[] = [];
  /** Money that is set aside for the target in hand. */
  #held: HeldFunds | undefined;
  /** When the attempt in hand began: UTC, and monotonic for its duration. */
  #startedAt = 0;
  #startedMono = 0;
  #stopped = false;
  /** Set once the buyer's early audio reaches the caller; every later answer keeps its codec. */
  #earlyMedia: Promise<void> | undefined;

  constructor(services: Services, call: WaterfallCall) {
    this.#services = services;
    this.#call = call;
    this.#sound = new CallerSound(call.media, call.callerLeg, (status, sdp) => call.progress(status, sdp));
  }

  /** The call is over: whoever rings now is cancelled, and nobody else is rung. */
  stop(): void {
    this.#stopped = true;
    this.#sound.close();
    this.#ringing?.stop(CANCEL_REASONS.callerGone);
  }

  /** The limits held for the target in hand, handed over to be released at the end. */
  takeReserved(): readonly CapLimit[] {
    const reserved = this.#reserved;
    this.#reserved = [];
    return reserved;
  }

  /** The money held for the target in hand, handed over: to be given back, or to stay for the settlement. */
  takeHeld(): HeldFunds | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** Rings from `plan[from]` on. */
  async ring(plan: readonly RingTarget[], from: number): Promise<WaterfallResult> {
    for (let index = from; index < plan.length; index++) {
      if (this.#stopped) return { kind: 'stopped' };
      const target = plan[index] as RingTarget;
      const result = await this.#ringOne(target, index);
      if (result !== 'next') return result;
    }
    return this.#stopped ? { kind: 'stopped' } : { kind: 'exhausted' };
  }

  /** A target that had answered turned out useless: its attempt failed after all. */
  lost(target: RingTarget, leg: MediaLeg, agentId: string | undefined): void {
    const answered = this.#call.attempts.pop();
    leg.close();
    this.#agentFree(agentId);
    const { sipStatus = 0, rung } = answered ?? {};
    this.#fail(target, { outcome: 'failed', sipStatus, agentId, rung });
  }

  async #ringOne(target: RingTarget, index: number): Promise<WaterfallResult | 'next'> {
    this.#startedAt = this.#services.clock.now();
    this.#startedMono = this.#services.clock.monotonic();
    const group = agentGroupOf(target.uri);
    // Agents' phones get a leg each when they ring.
    const [refused, leg] = await Promise.all([
      this.#take(target, index),
      group ? undefined : this.#call.media.createLeg('buyer').catch(() => undefined),
    ]);
    let refusal: Outcome['outcome'] | undefined = refused ?? (group || leg ? undefined : 'failed');
    if (refusal === undefined && target.reference !== undefined && !this.#stopped) {
      refusal = (await this.#call.confirm(target)) ? undefined : 'declined';
    }
    if (refusal !== undefined) {
      leg?.close();
      this.#fail(target, { outcome: refusal, sipStatus: 0 });
      return 'next';
    }
    if (this.#stopped) {
      // The call ended while all this was being taken: its end has passed, so it goes back here.
      leg?.close();
      this.#giveBack();
      return { kind: 'stopped' };
    }
    this.#earlyMedia = undefined;
    const ringing = group ? this.#ringAgents(target, index, group) : this.#ringAddress(target, index, leg);
    if (!ringing) {
      leg?.close();
      this.#fail(target, { outcome: 'failed', sipStatus: 488 });
      return 'next';
    }
    this.#ringing = ringing;
    const result = await ringing.result;
    this.#ringing = undefined;
    if (result.kind === 'answered') return this.#onAnswer(target, index, result);
    if (result.kind === 'stopped') {
      this.#note(target, { outcome: 'canceled', sipStatus: 487, rung: result.rung });
      return { kind: 'stopped' };
    }
    this.#fail(target, result);
    return 'next';
  }

  /** Undefined when its leg has nothing to offer. */
  #ringAddress(target: RingTarget, index: number, leg: MediaLeg | undefined): Ringing | undefined {
    const offer = leg?.createOffer();
    if (!leg || !offer?.ok) return undefined;
    this.#call.ringing(target, index + 1);
    return new RingingTarget(this.#services, leg, {
      uri: target.uri,
      invite: { sdp: offer.sdp, ...this.#call.presentationTo(target) },
      ringTimeoutMs: target.ringTimeoutMs,
      onProgress: (status, sdp) => this.#onProgress(target, leg, status, sdp),
    });
  }

  #ringAgents(target: RingTarget, index: number, group: AgentGroup): Ringing {
    this.#call.ringing(target, index + 1);
    const order = {
      buyerId: target.buyerId,
      group,
      skills: target.skills ?? [],
      ringTimeoutMs: target.ringTimeoutMs,
      presentation: this.#call.presentationTo(target),
      onRinging: () => this.#callerHearsRinging(),
      onQueued: (position: number) => {
        this.#sound.hold();
        this.#call.queued(target, position);
      },
      onQueueLeft: () => this.#sound.ringback(),
    };
    return new RingingAgents(this.#services, this.#call, order, this.#services.clock);
  }

  /** Reserves the target's limits and sets aside its buyer's money, at the same time. Tells why not. */
  async #take(target: RingTarget, index: number): Promise<'cap_reached' | 'no_funds' | undefined> {
    const { caps, funds } = this.#services;
    const { callId, currency } = this.#call;
    const [reservation, hold] = await Promise.all([
      caps.reserve(callId, target.reservations),
      target.hold === undefined
        ? NOTHING_TO_HOLD
        : funds.hold({ callId, attempt: index + 1, target, currency }),
    ]);
    if (reservation.ok) this.#reserved = target.reservations;
    if (hold.ok) this.#held = hold.held;
    if (!reservation.ok) return 'cap_reached';
    return hold.ok ? undefined : 'no_funds';
  }

  #onProgress(target: RingTarget, leg: MediaLeg, status: number, sdp: string | undefined): void {
    if (sdp === undefined || target.ringback === 'local') {
      if (!this.#earlyMedia) this.#callerHearsRinging();
      return;
    }
    this.#earlyMedia ??= this.#passEarlyMedia(leg, status, sdp);
  }

  #callerHearsRinging(): void {
    this.#sound.ringback();
    this.#call.progress(180, undefined);
  }

  async #passEarlyMedia(leg: MediaLeg, status: number, sdp: string): Promise<void> {
    const { callerLeg, media } = this.#call;
    const accepted = await leg.applyAnswer(sdp);
    const answer = accepted.ok ? await callerLeg.createAnswer() : accepted;
    if (this.#stopped) return;
    if (!answer.ok) {
      this.#callerHearsRinging();
      return;
    }
    this.#sound.stop();
    const joined = await media.bridge(callerLeg, leg, { early: true }).then(
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
    this.#call.progress(status === 180 ? 180 : 183, answer.sdp);
  }

  async #onAnswer(
    target: RingTarget,
    index: number,
    { dialog, leg, agentId, rung, ringMs }: Extract<RingResult, { kind: 'answered' }>,
  ): Promise<WaterfallResult | 'next'> {
    await this.#earlyMedia?.catch(() => undefined);
    const sdp = dialog.remoteSdp;
    const accepted = sdp === '' && this.#earlyMedia ? { ok: true } : await leg.applyAnswer(sdp);
    if (this.#stopped) {
      dialog.bye(CANCEL_REASONS.callerGone);
      leg.close();
      this.#agentFree(agentId);
      this.#note(target, { outcome: 'canceled', sipStatus: 200, agentId, rung });
      return { kind: 'stopped' };
    }
    if (!accepted.ok) {
      dialog.bye();
      leg.close();
      this.#agentFree(agentId);
      this.#fail(target, { outcome: 'failed', sipStatus: 200, agentId, rung });
      return 'next';
    }
    this.#sound.stop();
    this.#note(target, { outcome: 'answered', sipStatus: 200, agentId, rung });
    return { kind: 'answered', index, target, dialog, leg, agentId, ringMs: ringMs ?? this.#elapsedMs() };
  }

  /** An agent answered, and the call did not come about. */
  #agentFree(agentId: string | undefined): void {
    if (agentId !== undefined) this.#services.agents.release(this.#call.callId, agentId, 'failed');
  }

  #fail(target: RingTarget, outcome: Outcome): void {
    this.#giveBack();
    this.#note(target, outcome);
    this.#call.failed(target, outcome.outcome, outcome.sipStatus);
  }

  /** Not awaited: the next target is rung now, and the release travels ahead of its reservation. */
  #giveBack(): void {
    const held = this.takeHeld();
    if (held) this.#services.funds.release(held);
    const reserved = this.takeReserved();
    if (reserved.length === 0) return;
    void this.#services.caps.release(this.#call.callId, reserved, NEVER_CONNECTED).catch(() => undefined);
  }

  /** Milliseconds of the attempt in hand. */
  #elapsedMs(): number {
    return Math.round(this.#services.clock.monotonic() - this.#startedMono);
  }

  /** TypeScript takes a field for what it was before an await. */
  get #isStopped(): boolean {
    return this.#stopped;
  }

  #note(target: RingTarget, { outcome, sipStatus, agentId, rung }: Outcome): void {
    this.#call.attempts.push({
      bidId: target.bidId,
      targetId: target.targetId,
      buyerId: target.buyerId,
      startedAt: this.#startedAt,
      durationMs: this.#elapsedMs(),
      outcome,
      sipStatus,
      ...(agentId === undefined ? {} : { agentId }),
      ...(rung === undefined ? {} : { rung }),
    });
  }
}
