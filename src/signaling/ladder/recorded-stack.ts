import type {
  IncomingInvite,
  IncomingRequest,
  InviteInProgress,
  OutgoingInvite,
  OutgoingInviteListener,
  SipStack,
} from '../sip/sip-stack';
import type { CarriedLegs } from '../carried-legs';
import type { Ladder } from './ladder';
import { RecordedDialog } from './recorded-dialog';

/** The SIP stack for one call: whom it rings is written down, and how long carriers' legs last. */
export class RecordedStack implements SipStack {
  readonly #stack: SipStack;
  readonly #ladder: Ladder;
  readonly #carried: Pick<CarriedLegs, 'answered'> | undefined;

  /** @param carried - meters them; undefined of calls for which no carrier is paid */
  constructor(stack: SipStack, ladder: Ladder, carried?: Pick<CarriedLegs, 'answered'>) {
    this.#stack = stack;
    this.#ladder = ladder;
    this.#carried = carried;
  }

  onInvite(handler: (invite: IncomingInvite) => void): void {
    this.#stack.onInvite(handler);
  }
  onRegister(handler: (request: IncomingRequest) => void): void {
    this.#stack.onRegister(handler);
  }
  onLost(handler: () => void): void {
    this.#stack.onLost(handler);
  }
  onReady(handler: (listening: string) => void): void {
    this.#stack.onReady(handler);
  }
  close(): void {
    this.#stack.close();
  }

  invite(uri: string, request: OutgoingInvite, listener: OutgoingInviteListener): InviteInProgress {
    const ladder = this.#ladder;
    const leg = ladder.open();
    let over = false;
    ladder.note(leg, 'out', 'INVITE', request.sdp, uri);
    const invite = this.#stack.invite(uri, request, {
      onTrying: () => listener.onTrying(),
      onProgress: (status, sdp) => {
        ladder.note(leg, 'in', String(status), sdp);
        listener.onProgress(status, sdp);
      },
      onAnswer: (dialog) => {
        over = true;
        ladder.note(leg, 'in', '200', dialog.remoteSdp);
        if (this.#carried) dialog.onOver(this.#carried.answered(request.trunkId, uri));
        listener.onAnswer(new RecordedDialog(dialog, ladder, leg));
      },
      onFailure: (status, reason) => {
        over = true;
        ladder.note(leg, 'in', status === 0 ? 'not sent' : String(status));
        listener.onFailure(status, reason);
      },
    });
    return {
      abandon: (reason) => {
        if (!over) ladder.note(leg, 'out', 'CANCEL');
        over = true;
        invite.abandon(reason);
      },
    };
  }
}
