import type { SipRequest } from '../message';
import { headerValue } from '../message';
import type { ServerTransaction, Timer } from '../transaction';
import { Retransmission } from '../transaction';
import type { AppDialog, Context } from './context';

interface Outstanding {
  readonly rseq: number;
  readonly retransmission: Retransmission;
  readonly deadline: Timer;
}

/** Provisional responses that must arrive: RSeq, repetition until PRACK, and what happens without one (RFC 3262 §3). */
export class ReliableProvisionals {
  readonly #context: Context;
  readonly #next = new Map<ServerTransaction, number>();
  readonly #outstanding = new Map<ServerTransaction, Outstanding>();

  constructor(context: Context) {
    this.#context = context;
  }

  supportedBy(request: SipRequest): boolean {
    const offered = `${headerValue(request, 'supported') ?? ''},${headerValue(request, 'require') ?? ''}`;
    return /\b100rel\b/i.test(offered);
  }

  /** The RSeq line of the next reliable response in this transaction. */
  headers(transaction: ServerTransaction): string {
    const rseq = (this.#next.get(transaction) ?? 0) + 1;
    this.#next.set(transaction, rseq);
    return `RSeq: ${rseq}\r\n`;
  }

  /** Sends it, and again at doubling intervals until PRACK; `onSilence` when none comes in 64·T1. */
  send(transaction: ServerTransaction, status: number, text: string, onSilence: () => void): void {
    const { scheduler, timers, stack } = this.#context;
    this.#drop(transaction);
    transaction.respond(status, text);
    this.#outstanding.set(transaction, {
      rseq: this.#next.get(transaction) ?? 1,
      retransmission: new Retransmission(scheduler, timers.t1, 64 * timers.t1, () => {
        stack.retransmissions++;
        transaction.retransmitted();
      }),
      deadline: scheduler.after(64 * timers.t1, () => {
        this.stop(transaction);
        onSilence();
      }),
    });
  }

  /** A PRACK came: true when it names a response that waits for it (RFC 3262 §3, RAck). */
  acknowledge(dialog: AppDialog, prack: SipRequest): boolean {
    const [rseq, cseq] = (headerValue(prack, 'rack') ?? '').split(/\s+/);
    for (const [transaction, outstanding] of this.#outstanding) {
      const { request } = transaction;
      const sameCall = headerValue(request, 'call-id') === dialog.callId;
      const sequence = (headerValue(request, 'cseq') ?? '').split(/\s+/, 1)[0];
      if (!sameCall || Number(rseq) !== outstanding.rseq || sequence !== cseq) continue;
      this.#drop(transaction);
      return true;
    }
    return false;
  }

  /** The INVITE has its final response. */
  stop(transaction: ServerTransaction): void {
    this.#drop(transaction);
    this.#next.delete(transaction);
  }

  #drop(transaction: ServerTransaction): void {
    const outstanding = this.#outstanding.get(transaction);
    outstanding?.retransmission.stop();
    outstanding?.deadline.cancel();
    this.#outstanding.delete(transaction);
  }
}
