import type { RawMessage, RawResponse } from './drachtio-raw';
import type { Headers, IncomingRefer, ReferProgress } from './sip-stack';

/** Seconds that the subscription of a REFER is announced to live: longer than anything rings. */
const SUBSCRIPTION_SECONDS = 300;

type SendNotify = (headers: Headers, body: string) => void;

/** A REFER in a dialog, and the subscription that it makes (RFC 3515). */
export class DrachtioRefer implements IncomingRefer {
  readonly referTo: string;
  readonly referredBy: string | undefined;
  readonly #response: RawResponse;
  readonly #event: string;
  /** The phone wants to hear nothing of it (RFC 4488). */
  readonly #silent: boolean;
  readonly #send: SendNotify;

  /**
   * Reads it. What names no place, or several, is answered 400 here (RFC 3515 §2.4.1).
   * @param id - CSeq number, for every REFER of a dialog but the first
   */
  static read(
    request: RawMessage,
    response: RawResponse,
    id: string | undefined,
    send: SendNotify,
  ): DrachtioRefer | undefined {
    const referTo: unknown = request.get('Refer-To');
    if (typeof referTo === 'string' && referTo.trim() !== '') {
      return new DrachtioRefer(request, response, referTo, id, send);
    }
    response.send(400, 'One Refer-To Needed', {});
    return undefined;
  }

  private constructor(
    request: RawMessage,
    response: RawResponse,
    referTo: string,
    id: string | undefined,
    send: SendNotify,
  ) {
    this.referTo = referTo;
    this.referredBy = request.has('Referred-By') ? request.get('Referred-By') : undefined;
    this.#silent = /^\s*false\b/i.test(request.has('Refer-Sub') ? (request.get('Refer-Sub') ?? '') : '');
    this.#response = response;
    this.#event = id === undefined ? 'refer' : `refer;id=${id}`;
    this.#send = send;
  }

  reject(status: number): void {
    if (!this.#response.finalResponseSent) this.#response.send(status);
  }

  accept(): ReferProgress {
    let over = this.#response.finalResponseSent;
    if (!over) {
      if (this.#silent) this.#response.send(200, { headers: { 'Refer-Sub': 'false' } });
      else this.#response.send(202);
    }
    over ||= this.#silent;
    return {
      notify: (status, reason) => {
        if (over) return;
        over = status >= 200;
        this.#send(
          {
            Event: this.#event,
            'Subscription-State': over
              ? 'terminated;reason=noresource'
              : `active;expires=${SUBSCRIPTION_SECONDS}`,
            'Content-Type': 'message/sipfrag;version=2.0',
          },
          `SIP/2.0 ${status} ${reason}\r\n`,
        );
      },
    };
  }
}
