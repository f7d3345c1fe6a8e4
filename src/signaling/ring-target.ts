import type { RingTarget } from '../domain';
import type { RingAttempt } from './ports';
import { CANCEL_REASONS, ringOutcome } from './sip-status';
import type { Headers, InviteInProgress, SipDialog, SipStack } from './sip/sip-stack';

/** What ringing one target came to. */
export type RingResult =
  | { readonly kind: 'answered'; readonly dialog: SipDialog }
  | { readonly kind: 'failed'; readonly outcome: RingAttempt['outcome']; readonly sipStatus: number }
  /** The call ended while the target rang; it has been cancelled. */
  | { readonly kind: 'stopped' };

export interface RingRequest {
  readonly target: RingTarget;
  readonly sdp: string;
  readonly callingNumber: string;
  readonly headers: Headers;
  onProgress(status: number, sdp: string | undefined): void;
}

/** One target being rung: ends exactly once, by answer, failure, its ring timeout, or {@link stop}. */
export class RingingTarget {
  readonly result: Promise<RingResult>;
  readonly #invite: InviteInProgress;
  #resolve: ((result: RingResult) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(stack: SipStack, request: RingRequest) {
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#invite = stack.invite(
      request.target.uri,
      { sdp: request.sdp, callingNumber: request.callingNumber, headers: request.headers },
      {
        onProgress: (status, sdp) => {
          if (this.#resolve) request.onProgress(status, sdp);
        },
        onAnswer: (dialog) => {
          if (!this.#end({ kind: 'answered', dialog })) dialog.bye(CANCEL_REASONS.callEnded);
        },
        onFailure: (sipStatus) => {
          this.#end({ kind: 'failed', outcome: ringOutcome(sipStatus), sipStatus });
        },
      },
    );
    // The next buyer is rung while this one's CANCEL is still on its way: no caller waits for it.
    this.#timer = setTimeout(() => {
      if (this.#end({ kind: 'failed', outcome: 'no_answer', sipStatus: 408 })) {
        this.#invite.abandon(CANCEL_REASONS.ringTimeout);
      }
    }, request.target.ringTimeoutMs);
  }

  /** Gives up because the call itself is over. */
  stop(reason: string): void {
    if (this.#end({ kind: 'stopped' })) this.#invite.abandon(reason);
  }

  #end(result: RingResult): boolean {
    const resolve = this.#resolve;
    if (!resolve) return false;
    this.#resolve = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    resolve(result);
    return true;
  }
}
