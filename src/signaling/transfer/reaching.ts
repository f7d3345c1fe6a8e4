import { CANCEL_REASONS } from '../sip-status';
import type { Ringing } from '../ringing';
import type { Reached } from './buyer-side-call';
import { Party } from './party';

/** What {@link Reaching} tells of those who answer. */
export interface Receiver {
  /** Somebody answered; listen to it from this instant. */
  take(party: Party): void;
  /** It is of no use. */
  leave(party: Party, reason?: string): void;
}

/** Somebody who is being rung for a call that is up. */
export class Reaching {
  /** Never rejects. */
  readonly result: Promise<Reached>;
  readonly #ringing: Ringing;
  readonly #receiver: Receiver;
  #stopped = false;

  constructor(ringing: Ringing, targetId: string | undefined, receiver: Receiver) {
    this.#ringing = ringing;
    this.#receiver = receiver;
    this.result = this.#run(targetId);
  }

  stop(reason: string = CANCEL_REASONS.callEnded): void {
    this.#stopped = true;
    this.#ringing.stop(reason);
  }

  async #run(targetId: string | undefined): Promise<Reached> {
    const result = await this.#ringing.result;
    if (result.kind === 'stopped') return undefined;
    if (result.kind === 'failed') {
      if (this.#stopped) return undefined;
      return { ok: false, outcome: result.outcome, sipStatus: result.sipStatus };
    }
    const party = new Party(result.dialog, result.leg, { agentId: result.agentId, targetId });
    this.#receiver.take(party);
    if (this.#stopped) {
      this.#receiver.leave(party, CANCEL_REASONS.callEnded);
      return undefined;
    }
    const accepted = await party.leg.applyAnswer(party.dialog.remoteSdp).catch(() => undefined);
    const usable = accepted?.ok === true && !party.gone;
    if (usable && !this.#stopped) return { ok: true, party };
    this.#receiver.leave(party);
    return this.#stopped ? undefined : { ok: false, outcome: 'failed', sipStatus: usable ? 480 : 488 };
  }
}
