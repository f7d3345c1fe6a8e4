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
  /** Milliseconds until the first response, 100 included; undefined: only the ring timeout counts. */
  readonly responseTimeoutMs: number | undefined;
  onProgress(status: number, sdp: string | undefined): void;
}

/** One target being rung: ends exactly once, by answer, failure, a timeout, or {@link stop}. */
export class RingingTarget {
  readonly result: Promise<RingResult>;
  readonly #invite: InviteInProgress;
  #resolve: ((result: RingResult) => void) | undefined;
  #ringTimer: NodeJS.Timeout | undefined;
  #responseTimer: NodeJS.Timeout | undefined;

  constructor(stack: SipStack, request: RingRequest) {
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#invite = stack.invite(
      request.target.uri,
      { sdp: request.sdp, callingNumber: request.callingNumber, headers: request.headers },
      {
        onTrying: () => clearTimeout(this.#responseTimer),
        onProgress: (status, sdp) => {
          clearTimeout(this.#responseTimer);
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
    const { target, responseTimeoutMs } = request;
    this.#ringTimer = setTimeout(() => this.#giveUp('no_answer'), target.ringTimeoutMs);
    if (responseTimeoutMs !== undefined && responseTimeoutMs < target.ringTimeoutMs) {
      // Who does not even say 100 will not ring: the caller's time belongs to the next buyer.
      this.#responseTimer = setTimeout(() => this.#giveUp('unreachable'), responseTimeoutMs);
    }
  }

  /** Gives up because the call itself is over. */
  stop(reason: string): void {
    if (this.#end({ kind: 'stopped' })) this.#invite.abandon(reason);
  }

  /** The next buyer is rung while this one's CANCEL is still on its way: no caller waits for it. */
  #giveUp(outcome: 'no_answer' | 'unreachable'): void {
    if (this.#end({ kind: 'failed', outcome, sipStatus: 408 })) {
      this.#invite.abandon(CANCEL_REASONS.ringTimeout);
    }
  }

  #end(result: RingResult): boolean {
    const resolve = this.#resolve;
    if (!resolve) return false;
    this.#resolve = undefined;
    clearTimeout(this.#ringTimer);
    clearTimeout(this.#responseTimer);
    resolve(result);
    return true;
  }
}
