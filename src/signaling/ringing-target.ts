import type { MediaLeg } from '../media';
import type { Ringing, RingResult, RingServices } from './ringing';
import type { InviteOrder } from './ringing-invite';
import { RingingInvite } from './ringing-invite';

/** A target that is one SIP address: one INVITE, with one leg for its media. */
export class RingingTarget implements Ringing {
  readonly result: Promise<RingResult>;
  readonly #invite: RingingInvite;

  /** @param leg - whose offer the INVITE carries; closed here unless it is answered */
  constructor(services: RingServices, leg: MediaLeg, order: Omit<InviteOrder, 'responseTimeoutMs'>) {
    const { stack, responseTimeoutMs } = services;
    this.#invite = new RingingInvite(stack, { ...order, responseTimeoutMs });
    this.result = this.#invite.result.then((result) => {
      if (result.kind === 'answered') return { ...result, leg, agentId: undefined };
      leg.close();
      return result;
    });
  }

  stop(reason: string): void {
    this.#invite.stop(reason);
  }
}
