import type { RingAttempt } from './ports';
import { CANCEL_REASONS, ringOutcome } from './sip-status';
import type { InviteInProgress, OutgoingInvite, SipDialog, SipStack } from './sip/sip-stack';

/** What ringing one phone came to. */
export type InviteResult =
  | { readonly kind: 'answered'; readonly dialog: SipDialog }
  | { readonly kind: 'failed'; readonly outcome: RingAttempt['outcome']; readonly sipStatus: number }
  /** It was given up from outside; it has been cancelled. */
  | { readonly kind: 'stopped' };

export interface InviteOrder {
  readonly uri: string;
  readonly invite: OutgoingInvite;
  /** Milliseconds until it is given up. */
  readonly ringTimeoutMs: number;
  /** Milliseconds until the first response, 100 included; undefined: only the ring timeout counts. */
  readonly responseTimeoutMs: number | undefined;
  onProgress(status: number, sdp: string | undefined): void;
}

/** One INVITE that rings: ends exactly once, by answer, failure, a timeout, or {@link stop}. */
export class RingingInvite {
  readonly result: Promise<InviteResult>;
  readonly #invite: InviteInProgress;
  #resolve: ((result: InviteResult) => void) | undefined;
  #ringTimer: NodeJS.Timeout | undefined;
  #responseTimer: NodeJS.Timeout | undefined;

  constructor(stack: SipStack, order: InviteOrder) {
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#invite = stack.invite(order.uri, order.invite, {
      onTrying: () => clearTimeout(this.#responseTimer),
      onProgress: (status, sdp) => {
        clearTimeout(this.#responseTimer);
        if (this.#resolve) order.onProgress(status, sdp);
      },
      onAnswer: (dialog) => {
        if (!this.#end({ kind: 'answered', dialog })) dialog.bye(CANCEL_REASONS.callEnded);
      },
      onFailure: (sipStatus) => {
        this.#end({ kind: 'failed', outcome: ringOutcome(sipStatus), sipStatus });
      },
    });
    const { ringTimeoutMs, responseTimeoutMs } = order;
    this.#ringTimer = setTimeout(() => this.#giveUp('no_answer'), ringTimeoutMs);
    if (responseTimeoutMs !== undefined && responseTimeoutMs < ringTimeoutMs) {
      // Who does not even say 100 will not ring: the caller's time belongs to the next buyer.
      this.#responseTimer = setTimeout(() => this.#giveUp('unreachable'), responseTimeoutMs);
    }
  }

  /** Gives up because it is needed no more. */
  stop(reason: string): void {
    if (this.#end({ kind: 'stopped' })) this.#invite.abandon(reason);
  }

  /** The next buyer is rung while this one's CANCEL is still on its way: no caller waits for it. */
  #giveUp(outcome: 'no_answer' | 'unreachable'): void {
    if (this.#end({ kind: 'failed', outcome, sipStatus: 408 })) {
      this.#invite.abandon(CANCEL_REASONS.ringTimeout);
    }
  }

  #end(result: InviteResult): boolean {
    const resolve = this.#resolve;
    if (!resolve) return false;
    this.#resolve = undefined;
    clearTimeout(this.#ringTimer);
    clearTimeout(this.#responseTimer);
    resolve(result);
    return true;
  }
}
