import type { CapLimit, RingTarget } from '../domain';
import type { MediaLeg, MediaSession } from '../media';
import { MediaUnavailable } from '../media';
import type { RingSound } from './caller-sound';
import { CallerSound } from './caller-sound';
import type { MidCall } from './mid-call';
import type { Keys } from './plan/keys';
import { keyOfInfo } from './plan/keys';
import type { Met, Reception } from './plan/meeting';
import { isMet, meet } from './plan/meeting';
import type { HeldFunds, RingAttempt } from './ports';
import { CANCEL_REASONS } from './sip-status';
import type { AnsweredTarget, AttemptServices, RungCall } from './target-attempt';
import { Party } from './transfer/party';
import { Waterfall } from './waterfall';

/** Who is rung, and how. */
export interface RingOrder {
  readonly targets: readonly RingTarget[];
  readonly atOnce: number;
  /** What is done with whoever answers, before they are joined; undefined: nothing. */
  readonly meeting: Reception | undefined;
  /** What the caller hears meanwhile; undefined: ringback, and early audio of whoever rings alone. */
  readonly sound: RingSound | undefined;
}

/** What it needs of the call that it is done for. */
export interface RingOutCall extends RungCall {
  readonly media: MediaSession;
  readonly midCall: MidCall;
  readonly keys: Keys;
  isOver(): boolean;
  /** The caller's answer is on its way: whoever is killed from here on finds that a buyer has the call. */
  taken(answered: AnsweredTarget): void;
  /** Caller and buyer hear each other; what is held for it is the call's from here on. */
  joined(answered: AnsweredTarget, party: Party, hold: JoinedHold): void;
  /** The buyer hung up while the caller was being answered. */
  buyerHungUp(detail: string): void;
  /** The caller could not be answered. */
  callerLost(detail: string): void;
}

/** What was reserved for whoever took the call. */
export interface JoinedHold {
  readonly held: HeldFunds | undefined;
  readonly reserved: readonly CapLimit[];
}

export type RungOut = 'joined' | 'nobody' | 'stopped';

/** Ringing goes on for minutes only with a provisional each minute (RFC 3261 §13.3.1.1). */
const KEEP_RINGING_MS = 60_000;
const NOT_TAKEN = 'SIP;cause=480;text="not taken"';
const MACHINE_ANSWERED = 'SIP;cause=480;text="a machine answered"';
/** What an attempt came to whose buyer was not joined. A machine is nobody, as if it had rung on. */
const LOST_BY: Readonly<Record<Exclude<Met, 'joined'>, RingAttempt['outcome']>> = {
  machine: 'no_answer',
  declined: 'declined',
  failed: 'failed',
  stopped: 'declined',
};

/** Rings whom a call was sold to, until somebody who answered is joined with the caller. */
export class RingOut {
  readonly #services: AttemptServices;
  readonly #call: RingOutCall;
  readonly #order: RingOrder;
  readonly #sound: RingSound;
  readonly #waterfall: Waterfall;
  #keepRinging: NodeJS.Timeout | undefined;
  /** Somebody who answered is being met. */
  #meeting: AbortController | undefined;
  #stopped = false;

  constructor(services: AttemptServices, call: RingOutCall, order: RingOrder) {
    const { caller, media } = call;
    this.#services = services;
    this.#call = call;
    this.#order = order;
    this.#sound =
      order.sound ??
      new CallerSound(media, caller.leg, (status, sdp) => caller.progress(status, sdp), caller.hearsUs);
    this.#waterfall = new Waterfall(services, call, this.#sound, {
      targets: order.targets,
      atOnce: order.atOnce,
      // Whoever has to take the call first is not heard before.
      earlyMedia: order.sound === undefined && !(order.meeting && isMet(order.meeting)),
    });
  }

  /** Nobody is rung any more: the call is over, or its plan goes on elsewhere. */
  stop(reason: string = CANCEL_REASONS.callerGone): void {
    this.#stopped = true;
    clearInterval(this.#keepRinging);
    this.#waterfall.stop(reason);
    this.#meeting?.abort();
  }

  takeReserved(): readonly CapLimit[] {
    return this.#waterfall.takeReserved();
  }

  takeHeld(): HeldFunds | undefined {
    return this.#waterfall.takeHeld();
  }

  /** Resolves when it rings no more. */
  async run(): Promise<RungOut> {
    const { caller } = this.#call;
    if (caller.hearsUs) this.#sound.ringback();
    if (!caller.dialog) this.#keepRinging = setInterval(() => caller.keepRinging(), KEEP_RINGING_MS);
    try {
      for (;;) {
        const result = await this.#waterfall.next();
        if (result.kind !== 'answered') return result.kind === 'exhausted' ? 'nobody' : 'stopped';
        const joined = await this.#takeUp(result);
        if (joined !== 'lost') return joined;
        if (caller.hearsUs) this.#sound.ringback();
      }
    } finally {
      clearInterval(this.#keepRinging);
      this.#sound.close();
    }
  }

  /** Joins whoever answered with the caller, once they have taken the call. `lost`: the next is to be rung. */
  async #takeUp(answered: AnsweredTarget): Promise<'joined' | 'lost' | 'stopped'> {
    const { dialog, leg } = answered;
    if (this.#call.isOver() || this.#stopped) return this.#dropped(answered);
    const buyer = { gone: false };
    const meeting = receptionOf(answered, this.#order.meeting);
    if (meeting && isMet(meeting)) {
      const met = await this.#meet(answered, meeting, buyer);
      if (this.#call.isOver() || this.#stopped) return this.#dropped(answered);
      if (met !== 'joined') {
        dialog.bye(met === 'machine' ? MACHINE_ANSWERED : NOT_TAKEN);
        return this.#lost(answered, LOST_BY[met]);
      }
    }
    this.#call.midCall.attach('buyer', dialog, leg, () => (buyer.gone = true));
    try {
      return await this.#join(answered, buyer);
    } catch (error) {
      // The call ends by it, and nobody is to stay behind.
      dialog.bye();
      throw error;
    }
  }

  async #meet({ dialog, leg }: AnsweredTarget, meeting: Reception, buyer: { gone: boolean }): Promise<Met> {
    const { media, keys, midCall } = this.#call;
    const stop = (this.#meeting = new AbortController());
    const onInfo = (contentType: string, body: string): number => {
      const key = keyOfInfo(contentType, body);
      if (key !== undefined) keys.pressed(leg, key);
      return key === undefined ? 415 : 200;
    };
    const onEnd = (): void => {
      buyer.gone = true;
      stop.abort();
    };
    midCall.attach('buyer', dialog, leg, onEnd, { onInfo });
    try {
      return await meet({ media, leg, keys }, meeting, stop.signal);
    } finally {
      this.#meeting = undefined;
    }
  }

  async #join(answered: AnsweredTarget, buyer: { gone: boolean }): Promise<'joined' | 'lost' | 'stopped'> {
    const { caller, media } = this.#call;
    const { dialog, leg } = answered;
    this.#sound.stop();
    const sdp = caller.dialog ? undefined : await caller.describe();
    const joined = sdp?.ok !== false && (await bridge(media, caller.leg, leg));
    if (this.#call.isOver() || this.#stopped) return this.#dropped(answered);
    if (buyer.gone || !joined) {
      dialog.bye();
      return this.#lost(answered, 'failed');
    }
    if (sdp?.ok && !(await this.#answerCaller(answered, sdp.sdp))) return 'stopped';
    if (!sdp) this.#call.taken(answered);
    const { target, agentId } = answered;
    const hold = { held: this.#waterfall.takeHeld(), reserved: this.#waterfall.takeReserved() };
    this.#call.joined(answered, new Party(dialog, leg, { agentId, targetId: target.targetId }), hold);
    if (buyer.gone) this.#call.buyerHungUp('the buyer hung up');
    return 'joined';
  }

  /** False when the call ended by it. */
  async #answerCaller(answered: AnsweredTarget, sdp: string): Promise<boolean> {
    const { caller } = this.#call;
    const answering = caller.answer(sdp);
    this.#call.taken(answered);
    const answer = await answering;
    if (this.#call.isOver()) {
      // The caller gave up in the same instant: whichever dialog stands is ended.
      if (answer.ok) answer.dialog.bye();
      this.#dropped(answered);
      return false;
    }
    if (!answer.ok) {
      this.#call.callerLost(answer.reason);
      this.#dropped(answered);
      return false;
    }
    caller.answered(answer.dialog);
    return true;
  }

  #lost(answered: AnsweredTarget, outcome: RingAttempt['outcome']): 'lost' {
    this.#call.midCall.detach('buyer');
    this.#waterfall.lost(answered, outcome);
    return 'lost';
  }

  /** The caller is gone, or nobody is wanted any more. */
  #dropped(answered: AnsweredTarget): 'stopped' {
    const { callId } = this.#call;
    const { dialog, leg, agentId } = answered;
    dialog.bye(CANCEL_REASONS.callerGone);
    this.#call.midCall.detach('buyer');
    if (this.#call.isOver()) {
      if (agentId !== undefined) this.#services.agents.release(callId, agentId, 'caller_gone');
      leg.close();
    } else this.#waterfall.lost(answered, 'canceled');
    return 'stopped';
  }
}

/** Agents are people: their phones are ours. */
function receptionOf({ agentId }: AnsweredTarget, meeting: Reception | undefined): Reception | undefined {
  return meeting && agentId !== undefined ? { ...meeting, detectMachine: false } : meeting;
}

/** False when the buyer's media is gone, which is no reason not to ring the next one. */
async function bridge(media: MediaSession, caller: MediaLeg, buyer: MediaLeg): Promise<boolean> {
  try {
    await media.bridge(caller, buyer);
    return true;
  } catch (error) {
    if (error instanceof MediaUnavailable) return false;
    throw error;
  }
}
