import type { CallEvent } from '../signaling';
import { RecentCounts } from './recent-counts';

/** Numbers of one node about the calls of one party, or of all; those of several nodes are added up. */
export interface LiveNumbers {
  readonly deciding: number;
  readonly attended: number;
  readonly ringing: number;
  readonly answered: number;
  /** Of the last ten seconds. */
  readonly attempts: number;
  readonly auctions: number;
  /** Calls that were answered, and calls of which it is known whether they were: of 5 and of 60 minutes. */
  readonly answers5: number;
  readonly known5: number;
  readonly answers60: number;
  readonly known60: number;
}

export const NO_NUMBERS: LiveNumbers = {
  deciding: 0,
  attended: 0,
  ringing: 0,
  answered: 0,
  attempts: 0,
  auctions: 0,
  answers5: 0,
  known5: 0,
  answers60: 0,
  known60: 0,
};
export const LIVE_NUMBERS = Object.keys(NO_NUMBERS) as (keyof LiveNumbers)[];

type InFlight = 'deciding' | 'attended' | 'ringing' | 'answered';

/** Name of the scope of the exchange itself: everything. */
export const EVERYTHING = '';
export const RATE_SECONDS = 10;
const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** Parties counted at once; those of which nothing is up, and nothing was in the last hour, make room. */
const MOST_SCOPES = 5_000;

/** What is counted of one party's calls. */
class ScopeCounts {
  readonly inFlight: Record<InFlight, number> = { deciding: 0, attended: 0, ringing: 0, answered: 0 };
  readonly attempts = new RecentCounts(SECOND_MS, RATE_SECONDS - 1);
  readonly auctions = new RecentCounts(SECOND_MS, RATE_SECONDS - 1);
  readonly answers = new RecentCounts(MINUTE_MS, 59);
  readonly known = new RecentCounts(MINUTE_MS, 59);

  numbers(now: number): LiveNumbers {
    return {
      ...this.inFlight,
      attempts: this.attempts.sum(now),
      auctions: this.auctions.sum(now),
      answers5: this.answers.sum(now, 4),
      known5: this.known.sum(now, 4),
      answers60: this.answers.sum(now),
      known60: this.known.sum(now),
    };
  }
}

/** A call that is up, and whose it is. */
interface LiveCall {
  state: InFlight;
  readonly scopes: Set<string>;
  /** Of the buyer that is being rung, or has it. */
  buyer: string | undefined;
  /** It counts among those of which it is known whether they were answered. */
  known: boolean;
}

/** Counts this node's calls as they go, for the exchange and for each account that has a part in them. */
export class LiveCounts {
  readonly #calls = new Map<string, LiveCall>();
  readonly #scopes = new Map<string, ScopeCounts>();
  readonly #now: () => number;
  readonly #carrierOf: (trunkId: string) => string | undefined;

  /**
   * @param now - UTC epoch milliseconds
   * @param carrierOf - account of the carrier whose trunk it is
   */
  constructor(now: () => number, carrierOf: (trunkId: string) => string | undefined) {
    this.#now = now;
    this.#carrierOf = carrierOf;
    this.#scopeOf(EVERYTHING);
  }

  onCall(event: CallEvent): void {
    if (event.type === 'call.received') {
      this.#received(event.callId, event.attempt.trunkId);
      return;
    }
    const call = this.#calls.get(event.callId);
    if (!call) return;
    switch (event.type) {
      case 'call.decided': {
        const { sellerId, bids } = event.decision.trace;
        if (sellerId !== undefined) this.#join(call, sellerId);
        if (bids.total > 0) for (const scope of this.#of(call)) scope.auctions.add(this.#now());
        break;
      }
      case 'call.attended':
        this.#become(call, 'attended');
        break;
      case 'call.returned':
        this.#leaveBuyer(call, event.from === 'answered');
        this.#become(call, 'attended');
        break;
      case 'call.ringing':
        this.#ring(call, event.target.buyerAccountId);
        break;
      case 'call.answered':
        this.#ring(call, event.target.buyerAccountId);
        this.#become(call, 'answered');
        this.#settle(call, true);
        break;
      case 'call.ended':
        this.#settle(call, event.record.answeredAt !== undefined);
        for (const scope of this.#of(call)) scope.inFlight[call.state]--;
        this.#calls.delete(event.callId);
        break;
      default:
    }
  }

  /** @returns undefined for an account that has no part in anything of the last hour */
  numbers(scope: string): LiveNumbers | undefined {
    return this.#scopes.get(scope)?.numbers(this.#now());
  }

  /** Of every scope that has anything to tell. */
  all(): Map<string, LiveNumbers> {
    const now = this.#now();
    const all = new Map<string, LiveNumbers>();
    for (const [name, scope] of this.#scopes) {
      const numbers = scope.numbers(now);
      if (LIVE_NUMBERS.some((field) => numbers[field] !== 0)) all.set(name, numbers);
      else if (name !== EVERYTHING) this.#scopes.delete(name);
    }
    return all;
  }

  #received(callId: string, trunkId: string): void {
    const call: LiveCall = { state: 'deciding', scopes: new Set(), buyer: undefined, known: false };
    this.#calls.set(callId, call);
    this.#join(call, EVERYTHING);
    const carrier = this.#carrierOf(trunkId);
    if (carrier !== undefined) this.#join(call, carrier);
  }

  #join(call: LiveCall, name: string): void {
    if (call.scopes.has(name)) return;
    const scope = this.#scopeOf(name);
    if (!scope) return;
    call.scopes.add(name);
    scope.inFlight[call.state]++;
    scope.attempts.add(this.#now());
  }

  /** A call that was offered to a buyer and went on is that buyer's no more: it did not answer. */
  #ring(call: LiveCall, buyer: string): void {
    if (call.buyer !== buyer) {
      this.#leaveBuyer(call, false);
      call.buyer = buyer;
      this.#join(call, buyer);
    }
    this.#become(call, 'ringing');
  }

  #leaveBuyer(call: LiveCall, answered: boolean): void {
    const { buyer } = call;
    call.buyer = undefined;
    if (buyer === undefined || !call.scopes.delete(buyer)) return;
    const scope = this.#scopes.get(buyer);
    if (!scope) return;
    scope.inFlight[call.state]--;
    // Of one that answered it was counted then.
    if (!answered) scope.known.add(this.#now());
  }

  #become(call: LiveCall, state: InFlight): void {
    for (const scope of this.#of(call)) {
      scope.inFlight[call.state]--;
      scope.inFlight[state]++;
    }
    call.state = state;
  }

  #settle(call: LiveCall, answered: boolean): void {
    if (call.known) return;
    call.known = true;
    const now = this.#now();
    for (const scope of this.#of(call)) {
      scope.known.add(now);
      if (answered) scope.answers.add(now);
    }
  }

  *#of(call: LiveCall): Iterable<ScopeCounts> {
    for (const name of call.scopes) {
      const scope = this.#scopes.get(name);
      if (scope) yield scope;
    }
  }

  /** Undefined when there are too many. */
  #scopeOf(name: string): ScopeCounts | undefined {
    let scope = this.#scopes.get(name);
    if (!scope && (name === EVERYTHING || this.#scopes.size < MOST_SCOPES)) {
      scope = new ScopeCounts();
      this.#scopes.set(name, scope);
    }
    return scope;
  }
}
