import type { CapLimit, Clock, Currency, RingTarget } from '../domain';
import { NEVER_CONNECTED } from '../domain';
import type { MediaLeg, MediaSession } from '../media';
import type { CapReservations, FundsDesk, HeldFunds, RingAttempt } from './ports';
import { RingingTarget } from './ring-target';
import { CANCEL_REASONS } from './sip-status';
import type { SipDialog, SipStack } from './sip/sip-stack';

/** What the waterfall needs of the call it rings for. */
export interface WaterfallCall {
  readonly callId: string;
  readonly callingNumber: string;
  /** What buyers pay in. */
  readonly currency: Currency;
  /** False: the buyer of a live bid took its offer back. */
  confirm(target: RingTarget): Promise<boolean>;
  readonly media: MediaSession;
  readonly callerLeg: MediaLeg;
  /** Where each attempt is written down. */
  readonly attempts: RingAttempt[];
  progress(status: number, sdp: string | undefined): void;
  ringing(target: RingTarget, attempt: number): void;
  failed(target: RingTarget, outcome: RingAttempt['outcome'], sipStatus: number): void;
}

export type WaterfallResult =
  | {
      readonly kind: 'answered';
      readonly index: number;
      readonly target: RingTarget;
      readonly dialog: SipDialog;
      readonly leg: MediaLeg;
    }
  | { readonly kind: 'exhausted' }
  | { readonly kind: 'stopped' };

interface Services {
  readonly stack: SipStack;
  /** Milliseconds a buyer has for its first response of any kind; undefined: its whole ring time. */
  readonly responseTimeoutMs: number | undefined;
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
  #ringing: RingingTarget | undefined;
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
  }

  /** The call is over: whoever rings now is cancelled, and nobody else is rung. */
  stop(): void {
    this.#stopped = true;
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
  lost(target: RingTarget, leg: MediaLeg, _why: string): void {
    const answered = this.#call.attempts.pop();
    leg.close();
    this.#fail(target, 'failed', answered?.sipStatus ?? 0);
  }

  async #ringOne(target: RingTarget, index: number): Promise<WaterfallResult | 'next'> {
    this.#startedAt = this.#services.clock.now();
    this.#startedMono = this.#services.clock.monotonic();
    const leg = await this.#prepare(target, index);
    if (leg === 'next') return 'next';
    if (this.#stopped) {
      // The call ended while all this was being taken: its end has passed, so it goes back here.
      leg.close();
      this.#giveBack();
      return { kind: 'stopped' };
    }
    const offer = leg.createOffer();
    if (!offer.ok) {
      leg.close();
      this.#fail(target, 'failed', 488);
      return 'next';
    }
    this.#call.ringing(target, index + 1);
    this.#earlyMedia = undefined;
    const ringing = new RingingTarget(this.#services.stack, {
      target,
      sdp: offer.sdp,
      callingNumber: this.#call.callingNumber,
      headers: { 'X-DCE-Call-ID': this.#call.callId },
      responseTimeoutMs: this.#services.responseTimeoutMs,
      onProgress: (status, sdp) => this.#onProgress(target, leg, status, sdp),
    });
    this.#ringing = ringing;
    const result = await ringing.result;
    this.#ringing = undefined;
    if (result.kind === 'answered') return this.#onAnswer(target, index, leg, result.dialog);
    leg.close();
    if (result.kind === 'stopped') {
      this.#note(target, 'canceled', 487);
      return { kind: 'stopped' };
    }
    this.#fail(target, result.outcome, result.sipStatus);
    return 'next';
  }

  /** Reserves the target's limits, sets aside its buyer's money and takes a media port, at the same time. */
  async #prepare(target: RingTarget, index: number): Promise<MediaLeg | 'next'> {
    const { caps, funds } = this.#services;
    const { callId, currency } = this.#call;
    const [reservation, hold, leg] = await Promise.all([
      caps.reserve(callId, target.reservations),
      target.hold === undefined
        ? NOTHING_TO_HOLD
        : funds.hold({ callId, attempt: index + 1, target, currency }),
      this.#call.media.createLeg('buyer').catch(() => undefined),
    ]);
    if (reservation.ok) this.#reserved = target.reservations;
    if (hold.ok) this.#held = hold.held;
    if (!reservation.ok || !hold.ok) {
      leg?.close();
      this.#fail(target, reservation.ok ? 'no_funds' : 'cap_reached', 0);
      return 'next';
    }
    if (!leg) {
      this.#fail(target, 'failed', 0);
      return 'next';
    }
    if (target.reference !== undefined && !this.#stopped && !(await this.#call.confirm(target))) {
      leg.close();
      this.#fail(target, 'declined', 0);
      return 'next';
    }
    return leg;
  }

  #onProgress(target: RingTarget, leg: MediaLeg, status: number, sdp: string | undefined): void {
    if (sdp === undefined || target.ringback === 'local') {
      if (!this.#earlyMedia) this.#call.progress(180, undefined);
      return;
    }
    this.#earlyMedia ??= this.#passEarlyMedia(leg, status, sdp);
  }

  async #passEarlyMedia(leg: MediaLeg, status: number, sdp: string): Promise<void> {
    const { callerLeg, media } = this.#call;
    const accepted = await leg.applyAnswer(sdp);
    const answer = accepted.ok ? await callerLeg.createAnswer() : accepted;
    if (this.#stopped) return;
    if (!answer.ok) {
      this.#call.progress(180, undefined);
      return;
    }
    await media.bridge(callerLeg, leg, { early: true });
    this.#call.progress(status === 180 ? 180 : 183, answer.sdp);
  }

  async #onAnswer(
    target: RingTarget,
    index: number,
    leg: MediaLeg,
    dialog: SipDialog,
  ): Promise<WaterfallResult | 'next'> {
    await this.#earlyMedia?.catch(() => undefined);
    const sdp = dialog.remoteSdp;
    const accepted = sdp === '' && this.#earlyMedia ? { ok: true } : await leg.applyAnswer(sdp);
    if (this.#stopped) {
      dialog.bye(CANCEL_REASONS.callerGone);
      leg.close();
      this.#note(target, 'canceled', 200);
      return { kind: 'stopped' };
    }
    if (!accepted.ok) {
      dialog.bye();
      leg.close();
      this.#fail(target, 'failed', 200);
      return 'next';
    }
    this.#note(target, 'answered', 200);
    return { kind: 'answered', index, target, dialog, leg };
  }

  #fail(target: RingTarget, outcome: RingAttempt['outcome'], sipStatus: number): void {
    this.#giveBack();
    this.#note(target, outcome, sipStatus);
    this.#call.failed(target, outcome, sipStatus);
  }

  /** Not awaited: the next target is rung now, and the release travels ahead of its reservation. */
  #giveBack(): void {
    const held = this.takeHeld();
    if (held) this.#services.funds.release(held);
    const reserved = this.takeReserved();
    if (reserved.length === 0) return;
    void this.#services.caps.release(this.#call.callId, reserved, NEVER_CONNECTED).catch(() => undefined);
  }

  #note(target: RingTarget, outcome: RingAttempt['outcome'], sipStatus: number): void {
    this.#call.attempts.push({
      bidId: target.bidId,
      targetId: target.targetId,
      buyerId: target.buyerId,
      startedAt: this.#startedAt,
      durationMs: Math.round(this.#services.clock.monotonic() - this.#startedMono),
      outcome,
      sipStatus,
    });
  }
}
