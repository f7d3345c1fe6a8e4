import type { Bid, Clock, E164, Micros } from '../domain';
import { confirmReplySchema } from './bid-reply';
import type { Deadlines } from './deadlines';
import type { Endpoints } from './endpoint';
import type { HttpResult } from './http/exchange';
import type { HttpSender } from './http/http-client';
import { sendTimed } from './http/send-timed';
import { describeNoBid } from './no-bid';
import { readJson } from './read-json';
import { jsonPost } from './write-request';

/** The call that a live bid is about to get. */
export interface SoldCall {
  readonly callId: string;
  /** Disclosed from here on: the call is the buyer's. */
  readonly caller: E164 | undefined;
  readonly currency: string;
}

/** What the buyer offered, as the decision has it. */
export interface WonOffer {
  /** The buyer's name for its offer. */
  readonly reference: string;
  /** What it pays: its own price, or the one the auction cleared at. */
  readonly price: Micros;
}

export type Confirmation =
  | { readonly ok: true }
  | { readonly ok: false; readonly why: 'refused' | 'unreachable'; readonly detail: string };

export interface ConfirmerParts {
  readonly http: HttpSender;
  readonly endpoints: Endpoints;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

const MAX_DEPTH = 8;
const MICROS = 1_000_000;

/** Asks a buyer once more before it is rung, where its bid wants that. */
export class Confirmer {
  readonly #parts: ConfirmerParts;

  constructor(parts: ConfirmerParts) {
    this.#parts = parts;
  }

  /**
   * True at once when the bid asks for no confirmation. Silence, trouble and anything but a clear yes
   * is no: the next buyer is rung. Never rejects, and never takes longer than its timeout.
   */
  confirm(call: SoldCall, bid: Bid, offer: WonOffer): Promise<Confirmation> {
    const url = bid.ping?.confirmUrl;
    if (url === undefined) return Promise.resolve({ ok: true });
    const { clock, deadlines, endpoints, http, timeoutMs } = this.#parts;
    const endpoint = endpoints.of(url);
    const startedAt = clock.monotonic();
    const pass = endpoint.take(0);
    if (typeof pass === 'string') {
      return Promise.resolve({ ok: false, why: 'unreachable', detail: 'it failed too often' });
    }
    const content = {
      bidid: offer.reference,
      impid: bid.id,
      call_id: call.callId,
      price: offer.price / MICROS,
      cur: call.currency,
      ...(call.caller === undefined ? {} : { ani: call.caller }),
      tmax: timeoutMs,
    };
    const request = jsonPost(url, content, bid.ping?.secret, clock.now());
    return new Promise((resolve) => {
      sendTimed(http, deadlines, request, startedAt + timeoutMs, (result) => {
        const now = clock.monotonic();
        const confirmation = read(result);
        if (!result.ok && result.why === 'busy') endpoint.forget(pass);
        else endpoint.record(pass, confirmation.ok || confirmation.why === 'refused', now - startedAt);
        resolve(confirmation);
      });
    });
  }
}

function read(result: HttpResult): Confirmation {
  if (!result.ok) return { ok: false, why: 'unreachable', detail: `${result.why}: ${result.detail}` };
  if (result.status === 204) return { ok: true };
  if (result.status >= 500) return { ok: false, why: 'unreachable', detail: `HTTP ${result.status}` };
  if (result.status !== 200) return { ok: false, why: 'refused', detail: `HTTP ${result.status}` };
  const json = readJson(result.body, MAX_DEPTH);
  const parsed = json.ok ? confirmReplySchema.safeParse(json.value) : undefined;
  if (!parsed?.success) return { ok: false, why: 'unreachable', detail: 'not a reply to a confirmation' };
  const { accept, nbr } = parsed.data;
  if (accept) return { ok: true };
  return { ok: false, why: 'refused', detail: nbr === undefined ? 'not accepted' : describeNoBid(nbr) };
}
