import { OPERATOR_ACCOUNT } from '../domain';
import type { DomainEvent, Viewer } from './domain-event';
import { eventType } from './event-types';

/** What the board shows, as of one instant. */
export interface Board {
  /** UTC epoch milliseconds. */
  readonly at: number;
  /** Calls in flight by state. */
  readonly calls: { readonly received: number; readonly ringing: number; readonly answered: number };
  readonly callsPerSecond: number;
  readonly auctionsPerSecond: number;
  /** Answered of those that ended in the last minutes, 0 … 1; null without any. */
  readonly answerRate: number | null;
  /** Booked since midnight UTC, in micro-units, by currency. A tenant sees what is its own: margin is the exchange's. */
  readonly today: Readonly<
    Record<
      string,
      { readonly revenueMicros?: number; readonly payoutMicros?: number; readonly marginMicros?: number }
    >
  >;
}

/** Where the figures of the board come from. */
export interface BoardSource {
  /** Never asked more than once a second for each account. */
  board(viewer: Viewer): Board | Promise<object>;
}

type State = keyof Board['calls'];

interface InFlight {
  state: State;
  readonly accounts: Set<string>;
}

interface Money {
  revenue: number;
  payout: number;
  margin: number;
}

/** Figures of one account, or of the exchange. */
class Figures {
  readonly calls = { received: 0, ringing: 0, answered: 0 };
  readonly came = new Seconds(10);
  readonly auctions = new Seconds(10);
  readonly ended = new Seconds(300);
  readonly answered = new Seconds(300);
  readonly money = new Map<string, Money>();
}

const MAX_CALLS = 100_000;
const MAX_ACCOUNTS = 10_000;
const DAY_MS = 86_400_000;

/** The board as this node makes it of the events that it hears, from its start on. */
export class EventBoard implements BoardSource {
  readonly #now: () => number;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #figures = new Map<string, Figures>();
  #day = 0;

  /** @param now - UTC epoch milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** To be told of every event. */
  hear(event: DomainEvent): void {
    const who = [OPERATOR_ACCOUNT, ...event.accounts];
    if (eventType(event.type).subject === 'call') this.#hearOfCall(event, who);
    if (event.type !== 'call.settled') return;
    this.#newDay();
    const { currency, revenueMicros, payoutMicros, feesMicros, carrierCostMicros, buyerAccountId, payouts } =
      event.data as Extract<DomainEvent<'call.settled'>, { type: 'call.settled' }>['data'];
    this.#book(OPERATOR_ACCOUNT, currency, {
      revenue: revenueMicros,
      payout: payoutMicros,
      margin: revenueMicros + feesMicros - payoutMicros - carrierCostMicros,
    });
    if (buyerAccountId !== null)
      this.#book(buyerAccountId, currency, { revenue: revenueMicros, payout: 0, margin: 0 });
    for (const { accountId, amountMicros } of payouts) {
      this.#book(accountId, currency, { revenue: 0, payout: amountMicros, margin: 0 });
    }
  }

  board({ accountId, role }: Viewer): Board {
    this.#newDay();
    const at = this.#now();
    const figures = this.#figures.get(accountId) ?? new Figures();
    const ended = figures.ended.sum(at);
    return {
      at,
      calls: { ...figures.calls },
      callsPerSecond: figures.came.sum(at) / 10,
      auctionsPerSecond: figures.auctions.sum(at) / 10,
      answerRate: ended === 0 ? null : figures.answered.sum(at) / ended,
      today: Object.fromEntries(
        [...figures.money].map(([currency, money]) => [currency, shownTo(role, money)]),
      ),
    };
  }

  #hearOfCall({ type, subject, data }: DomainEvent, who: readonly string[]): void {
    const now = this.#now();
    switch (type) {
      case 'call.received':
        this.#move(subject.id, 'received', who);
        for (const one of who) this.#of(one)?.came.add(now);
        break;
      case 'auction.cleared':
        for (const one of who) this.#of(one)?.auctions.add(now);
        break;
      case 'call.ringing':
        this.#move(subject.id, 'ringing', who);
        break;
      case 'call.answered':
        this.#move(subject.id, 'answered', who);
        break;
      case 'call.ended': {
        this.#forget(subject.id);
        const answered = (data as { answeredAt?: number | null }).answeredAt;
        for (const one of who) {
          this.#of(one)?.ended.add(now);
          if (typeof answered === 'number') this.#of(one)?.answered.add(now);
        }
        break;
      }
      default:
    }
  }

  #move(callId: string, state: State, who: readonly string[]): void {
    const call = this.#inFlight.get(callId);
    if (!call) {
      const [oldest] = this.#inFlight.keys();
      if (this.#inFlight.size >= MAX_CALLS && oldest !== undefined) this.#forget(oldest);
      this.#inFlight.set(callId, { state, accounts: new Set(who) });
      for (const one of who) this.#count(one, state, 1);
      return;
    }
    for (const one of call.accounts) this.#count(one, call.state, -1);
    for (const one of who) call.accounts.add(one);
    call.state = state;
    for (const one of call.accounts) this.#count(one, state, 1);
  }

  #forget(callId: string): void {
    const call = this.#inFlight.get(callId);
    if (!call) return;
    this.#inFlight.delete(callId);
    for (const one of call.accounts) this.#count(one, call.state, -1);
  }

  #count(account: string, state: State, by: number): void {
    const figures = this.#of(account);
    if (figures) figures.calls[state] += by;
  }

  #of(account: string): Figures | undefined {
    const known = this.#figures.get(account);
    if (known || this.#figures.size >= MAX_ACCOUNTS) return known;
    const figures = new Figures();
    this.#figures.set(account, figures);
    return figures;
  }

  #book(account: string, currency: string, { revenue, payout, margin }: Money): void {
    const money = this.#of(account)?.money;
    if (!money) return;
    const sum = money.get(currency) ?? { revenue: 0, payout: 0, margin: 0 };
    sum.revenue += revenue;
    sum.payout += payout;
    sum.margin += margin;
    money.set(currency, sum);
  }

  #newDay(): void {
    const day = Math.floor(this.#now() / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    for (const { money } of this.#figures.values()) money.clear();
  }
}

function shownTo(role: Viewer['role'], { revenue, payout, margin }: Money): Board['today'][string] {
  switch (role) {
    case 'admin':
    case 'auditor':
      return { revenueMicros: revenue, payoutMicros: payout, marginMicros: margin };
    case 'buyer':
      return { revenueMicros: revenue };
    case 'seller':
      return { payoutMicros: payout };
    case 'carrier':
      return {};
  }
}

/** How often something happened in the last seconds. */
class Seconds {
  readonly #counts: number[];
  readonly #at: number[];

  constructor(seconds: number) {
    this.#counts = new Array<number>(seconds).fill(0);
    this.#at = new Array<number>(seconds).fill(0);
  }

  /** @param now - UTC epoch milliseconds */
  add(now: number): void {
    const second = Math.floor(now / 1_000);
    const place = second % this.#counts.length;
    if (this.#at[place] !== second) this.#counts[place] = 0;
    this.#at[place] = second;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  sum(now: number): number {
    const since = Math.floor(now / 1_000) - this.#counts.length;
    return this.#counts.reduce(
      (sum, count, place) => ((this.#at[place] ?? 0) > since ? sum + count : sum),
      0,
    );
  }
}
