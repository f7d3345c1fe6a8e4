import type { Bid, Clock } from '../domain';
import type { SoldCall, WonOffer } from './confirmer';
import type { Deadlines } from './deadlines';
import type { HttpResult } from './http/exchange';
import type { HttpSender } from './http/http-client';
import { sendTimed } from './http/send-timed';
import type { LossReason } from './no-bid';
import { LOSS_REASONS } from './no-bid';
import { jsonPost } from './write-request';

/** What a buyer is told of an offer of its own. */
export type Outcome =
  | { readonly won: true }
  | {
      readonly won: false;
      readonly reason: Exclude<LossReason, 'won'>;
    };

export interface NoticesSettings {
  /** Notices that wait or are under way; more are dropped. */
  readonly maxWaiting: number;
  /** Requests under way at once. */
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  /** Milliseconds before each further try; when they are used up the notice is dropped. */
  readonly retryMs: readonly number[];
}

export const DEFAULT_NOTICES: NoticesSettings = {
  maxWaiting: 10_000,
  maxInFlight: 64,
  timeoutMs: 2_000,
  retryMs: [100, 500, 2_000, 5_000],
};

export interface NoticesParts {
  readonly http: HttpSender;
  readonly deadlines: Deadlines;
  readonly clock: Clock;
}

/** Counts since the start, and what waits now. */
export interface NoticeFigures {
  readonly delivered: number;
  readonly retried: number;
  readonly dropped: number;
  readonly waiting: number;
}

interface Notice {
  readonly url: string;
  readonly secret: string | undefined;
  readonly content: unknown;
  /** Tries so far. */
  tries: number;
}

const MICROS = 1_000_000;

/** Tells buyers what became of their offers. Nobody waits for it, and nothing is kept past its last try. */
export class Notices {
  readonly #settings: NoticesSettings;
  readonly #parts: NoticesParts;
  /** Ready to be sent, in order. */
  readonly #ready: Notice[] = [];
  readonly #pauses = new Set<() => void>();
  readonly #counts = { delivered: 0, retried: 0, dropped: 0 };
  #inFlight = 0;
  #closed = false;

  constructor(parts: NoticesParts, settings: NoticesSettings = DEFAULT_NOTICES) {
    this.#parts = parts;
    this.#settings = settings;
  }

  get figures(): NoticeFigures {
    return { ...this.#counts, waiting: this.#waiting };
  }

  /** Tells one buyer, if its bid wants to be told. The caller's number goes to the winner alone. */
  tell(call: SoldCall, bid: Bid, offer: WonOffer, outcome: Outcome): void {
    const url = bid.ping?.noticeUrl;
    if (url === undefined || this.#closed) return;
    if (this.#waiting >= this.#settings.maxWaiting) {
      this.#counts.dropped++;
      return;
    }
    const reason = outcome.won ? 'won' : outcome.reason;
    const content = {
      type: outcome.won ? 'win' : 'loss',
      bidid: offer.reference,
      impid: bid.id,
      ...(outcome.won ? { call_id: call.callId } : {}),
      price: offer.price / MICROS,
      cur: call.currency,
      reason: LOSS_REASONS[reason],
      reason_text: reason,
      at: new Date(this.#parts.clock.now()).toISOString(),
      ...(outcome.won && call.caller !== undefined ? { ani: call.caller } : {}),
    };
    this.#ready.push({ url, secret: bid.ping?.secret, content, tries: 0 });
    this.#sendReady();
  }

  /** Drops what waits. */
  close(): void {
    this.#closed = true;
    this.#counts.dropped += this.#ready.length + this.#pauses.size;
    this.#ready.length = 0;
    for (const forget of this.#pauses) forget();
    this.#pauses.clear();
  }

  get #waiting(): number {
    return this.#ready.length + this.#pauses.size + this.#inFlight;
  }

  #sendReady(): void {
    while (this.#inFlight < this.#settings.maxInFlight) {
      const notice = this.#ready.shift();
      if (!notice) return;
      this.#send(notice);
    }
  }

  #send(notice: Notice): void {
    const { clock, deadlines, http } = this.#parts;
    this.#inFlight++;
    const request = jsonPost(notice.url, notice.content, notice.secret, clock.now());
    sendTimed(http, deadlines, request, clock.monotonic() + this.#settings.timeoutMs, (result) => {
      this.#inFlight--;
      if (result.ok && result.status >= 200 && result.status < 300) this.#counts.delivered++;
      else if (isFinal(result)) this.#counts.dropped++;
      else this.#again(notice);
      // Not from within: a peer that fails at once must not be tried in a circle.
      if (this.#ready.length > 0) queueMicrotask(() => this.#sendReady());
    });
  }

  #again(notice: Notice): void {
    const pauseMs = this.#settings.retryMs[notice.tries++];
    if (pauseMs === undefined || this.#closed) {
      this.#counts.dropped++;
      return;
    }
    this.#counts.retried++;
    const forget = this.#parts.deadlines.add(this.#parts.clock.monotonic() + pauseMs, () => {
      this.#pauses.delete(forget);
      this.#ready.push(notice);
      this.#sendReady();
    });
    this.#pauses.add(forget);
  }
}

/** True when saying it again will not help: it was heard and is not wanted, or may not be sent there. */
function isFinal(result: HttpResult): boolean {
  if (!result.ok) return result.why === 'refused';
  return result.status < 500 && result.status !== 408 && result.status !== 429;
}
