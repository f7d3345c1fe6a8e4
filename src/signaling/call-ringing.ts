import type { RingAttempt, RingTarget, SaleTerms } from '../domain';
import type { CallMedia } from './call-media';
import type { CallOnItsWay } from './call-on-its-way';
import { presentationTo } from './presentation';
import type { RingOrder, RingOutCall, RungOut } from './ring-out';
import { RingOut } from './ring-out';
import type { SessionServices } from './session-services';

/** What becomes of whoever is rung. */
export interface RingingEnds {
  /** It rings there now. */
  rings(target: RingTarget): void;
  buyerHungUp(detail: string): void;
  callerLost(detail: string): void;
}

/** For whom it rings: where attempts are noted, and what it comes to that somebody takes the call. */
export type RingingFor = Pick<RingOutCall, 'attempts' | 'taken' | 'joined'> & {
  readonly currency: SaleTerms['currency'];
};

/** How those are rung who may have a call: one order after the other. */
export class CallRinging {
  /** Of buyers who were rung for their bids. */
  readonly attempts: RingAttempt[] = [];
  readonly #services: SessionServices;
  readonly #call: CallOnItsWay;
  readonly #media: CallMedia;
  readonly #ends: RingingEnds;
  #current: RingOut | undefined;
  #made = 0;

  constructor(services: SessionServices, call: CallOnItsWay, media: CallMedia, ends: RingingEnds) {
    this.#services = services;
    this.#call = call;
    this.#media = media;
    this.#ends = ends;
  }

  /** What holds something for whoever is rung now. */
  get current(): Pick<RingOut, 'takeHeld' | 'takeReserved'> | undefined {
    return this.#current;
  }

  /** Why a call has no buyer that was sold. */
  get untaken(): { readonly reason: 'buyers_exhausted'; readonly detail: string } {
    const detail = this.attempts.length === 0 ? 'no target could be rung' : 'every buyer was tried';
    return { reason: 'buyers_exhausted', detail };
  }

  /** The call is over: nobody is rung any more. */
  stop(): void {
    this.#current?.stop();
  }

  /** Resolves when it rings no more. @param stop - ends it before */
  async ring(order: RingOrder, ringsFor: RingingFor, stop?: AbortSignal): Promise<RungOut> {
    const call = this.#call;
    if (call.state() !== 'ringing') call.become('ringing');
    const ringOut = new RingOut(this.#services, this.#ringOutCall(ringsFor), order);
    this.#current = ringOut;
    const onStop = (): void => ringOut.stop();
    stop?.addEventListener('abort', onStop);
    try {
      const rung = await ringOut.run();
      if (rung !== 'joined' && call.caller.dialog && !call.isOver()) call.become('attended');
      // What it held is the call's now, or given back; a call that is over still takes it from there.
      if (!call.isOver()) this.#current = undefined;
      return rung;
    } finally {
      stop?.removeEventListener('abort', onStop);
    }
  }

  #ringOutCall(ringsFor: RingingFor): RingOutCall {
    const { desk } = this.#services;
    const { session: media, midCall } = this.#media.opened;
    const call = this.#call;
    const ends = this.#ends;
    return {
      ...ringsFor,
      callId: call.attempt().callId,
      caller: call.caller,
      media,
      midCall,
      keys: this.#media.keys,
      nextAttempt: () => ++this.#made,
      isOver: () => call.isOver(),
      confirm: (target) => desk.confirm(call.attempt(), target),
      presentationTo: (target) => presentationTo(desk, call.attempt(), target),
      ringing: (target, attempt) => {
        ends.rings(target);
        call.tell({ type: 'call.ringing', target, attempt });
      },
      queued: (target, position) => call.tell({ type: 'call.queued', target, position }),
      failed: (target, outcome, sipStatus) =>
        call.tell({ type: 'call.ring_failed', target, outcome, sipStatus }),
      buyerHungUp: (detail) => ends.buyerHungUp(detail),
      callerLost: (detail) => ends.callerLost(detail),
    };
  }
}
