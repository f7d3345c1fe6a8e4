import type { ControlConnection } from '../control';
import type { SipRequest } from '../message';
import { headerValues } from '../message';
import { cancelRequest, cancelText } from './cancel-request';
import type { Context } from './context';
import { echoPeer } from './application-answers';
import { newId } from './identifiers';
import type { SentRequest, SentRequests } from './sent-request';

/** CANCEL of the requests that applications sent (RFC 3261 §9.1). */
export class Cancellations {
  readonly #context: Context;
  readonly #sent: SentRequests;

  constructor(context: Context, sent: SentRequests) {
    this.#context = context;
    this.#sent = sent;
  }

  /** An application's CANCEL, which names the transaction that is to end. */
  fromApplication(
    messageId: string,
    transactionId: string,
    request: SipRequest,
    connection: ControlConnection,
  ): void {
    const sent = this.#sent.get(transactionId);
    if (!sent?.transaction || sent.over || request.method !== 'CANCEL') {
      connection.respond(messageId, `NOK|unable to cancel unknown transaction id: ${transactionId}`);
      return;
    }
    const reason = headerValues(request, 'reason')
      .map((value) => `Reason: ${value}\r\n`)
      .join('');
    const text = this.cancel(sent, reason);
    connection.echo(messageId, echoPeer(sent.transaction.flow), newId(), undefined, text);
  }

  /** Cancels every INVITE that waits for its answer; those of one application, or of all. */
  cancelInvites(reason: string, of?: ControlConnection): void {
    for (const sent of [...this.#sent.values()]) {
      if (of !== undefined && sent.connection !== of) continue;
      if (sent.request.method === 'INVITE' && !sent.over) this.cancel(sent, reason);
    }
  }

  /**
   * Cancels now, or as soon as a provisional shows that the INVITE arrived (RFC 3261 §9.1).
   * @param reason - a Reason line with its CRLF, or ''
   * @returns the CANCEL
   */
  cancel(sent: SentRequest, reason: string): string {
    const text = sent.transaction ? cancelText(sent.transaction, sent.request, reason) : '';
    if (sent.cancelled !== undefined) return text;
    sent.cancelled = text;
    if (sent.transaction?.state === 'proceeding') this.sendWaiting(sent);
    return text;
  }

  /** A provisional came: a CANCEL that waited for it goes out. */
  sendWaiting(sent: SentRequest): void {
    const text = sent.cancelled;
    const { transaction } = sent;
    if (!text || !transaction) return;
    sent.cancelled = '';
    cancelRequest(this.#context.stack, transaction, '', text);
  }
}
