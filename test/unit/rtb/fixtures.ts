import type { Bid, CallAttempt, Clock, E164, LiveBid, PingSettings } from '../../../src/domain';
import { AddressPolicy, DEFAULT_BREAKER, micros } from '../../../src/domain';
import type { PingCall, PingPlan, PlannedPing } from '../../../src/rtb';
import { CallerHasher } from '../../../src/rtb';
import { Deadlines } from '../../../src/rtb/deadlines';
import { Endpoints } from '../../../src/rtb/endpoint';
import type { HttpRequest, HttpResult } from '../../../src/rtb/http/exchange';
import type { HttpSender } from '../../../src/rtb/http/http-client';
import type { PingReport } from '../../../src/rtb/pinger';
import { Pinger } from '../../../src/rtb/pinger';
import type { ReplyRules } from '../../../src/rtb/read-reply';

/** 2026-11-21T12:00:00Z. */
export const NOON = Date.UTC(2026, 10, 21, 12);
export const CALLER = '+12125550123' as E164;
export const SECRET = Buffer.alloc(32, 7);

export function attempt(more: Partial<CallAttempt> = {}): CallAttempt {
  return {
    callId: 'call-1',
    receivedAt: NOON,
    from: CALLER,
    to: '+18005550100' as E164,
    trunkId: 'trunk-1',
    origin: 'inbound_consumer',
    claimedOrigin: undefined,
    attestation: 'A',
    verstat: 'passed',
    reservation: undefined,
    forwardedBy: [],
    tags: { zip: '10001', language: 'en' },
    ...more,
  };
}

export function call(more: Partial<CallAttempt> = {}): PingCall {
  return {
    attempt: attempt(more),
    origin: 'inbound_consumer',
    state: 'NY',
    timezone: 'America/New_York',
    fraudLevel: 'allow',
    recorded: false,
  };
}

export function bid(id: string, more: Partial<Bid> = {}, ping: Partial<PingSettings> = {}): Bid {
  return {
    id,
    campaignId: 'campaign-1',
    buyerId: `buyer-of-${id}`,
    targetId: `target-of-${id}`,
    status: 'active',
    plan: { kind: 'per_call', amount: micros(50_000_000), afterMs: 60_000 },
    price: micros(50_000_000),
    priority: 1,
    weight: 1,
    targeting: {},
    caps: {},
    expiresAt: undefined,
    modifiers: [],
    ping: {
      url: `https://${id}.example.com/ping`,
      method: 'POST',
      timeoutMs: 1_000,
      perSecond: 0,
      showCaller: false,
      secret: undefined,
      confirmUrl: undefined,
      noticeUrl: undefined,
      ...ping,
    },
    fallback: false,
    ...more,
  };
}

export function planned(one: Bid, more: Partial<PlannedPing> = {}): PlannedPing {
  if (!one.ping) throw new Error('this bid is not asked');
  return { bid: one, ping: one.ping, target: { kind: 'sip', uri: 'sip:sales@sip.buyer.example' }, ...more };
}

export function plan(bids: readonly Bid[], deadlineMs = 300, maxPings = 100): PingPlan {
  return {
    campaign: {
      id: 'campaign-1',
      currency: 'USD',
      auctionType: 'first_price',
      reservePrice: micros(5_000_000),
      rtb: { deadlineMs, maxPings },
    },
    pings: bids.map((one) => planned(one)),
  };
}

export const RULES: ReplyRules = {
  destinations: {
    addresses: new AddressPolicy(),
    sipHosts: ['*.calls.example'],
    numberAllowed: (number) => number.startsWith('+1'),
  },
  defaultExpirySeconds: 30,
  maxExpirySeconds: 300,
  maxMinDurationSeconds: 120,
};

/** A reply's result. */
export function ok(content: unknown, status = 200): HttpResult {
  return {
    ok: true,
    status,
    body: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  };
}

export function bytes(content: string): HttpResult {
  return { ok: true, status: 200, body: Buffer.from(content) };
}

export interface SentRequest {
  readonly request: HttpRequest;
  readonly json: Record<string, unknown>;
  aborted: boolean;
  answer(result: HttpResult): void;
}

/** Peers that answer when the test says so. */
export class FakeSender implements HttpSender {
  readonly sent: SentRequest[] = [];
  /** What is answered at once; undefined: nothing. */
  atOnce: ((request: HttpRequest) => HttpResult | undefined) | undefined;

  send(request: HttpRequest, onDone: (result: HttpResult) => void): { abort(): void } {
    let over = false;
    const answer = (result: HttpResult): void => {
      if (over) return;
      over = true;
      onDone(result);
    };
    const json = request.body === '' ? {} : (JSON.parse(request.body) as Record<string, unknown>);
    const sent: SentRequest = { request, json, aborted: false, answer };
    this.sent.push(sent);
    const result = this.atOnce?.(request);
    if (result) answer(result);
    return {
      abort: () => {
        sent.aborted = true;
        answer({ ok: false, why: 'aborted', detail: 'taken back' });
      },
    };
  }

  /** The latest request to a host. */
  to(host: string): SentRequest {
    const found = this.sent.findLast(({ request }) => request.url.hostname.startsWith(host));
    if (!found) throw new Error(`nothing was sent to ${host}`);
    return found;
  }

  countTo(host: string): number {
    return this.sent.filter(({ request }) => request.url.hostname.startsWith(host)).length;
  }
}

/** A pinger with virtual time: jest's fake timers, and work that takes time by `busy`. */
export class Bench {
  readonly http = new FakeSender();
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly endpoints: Endpoints;
  readonly pinger: Pinger;
  readonly reports: PingReport[] = [];
  #skew = 0;
  #ids = 0;

  constructor(settings: { maxInFlight?: number; minTimeoutMs?: number } = {}) {
    this.clock = { now: () => NOON + this.#time, monotonic: () => this.#time };
    this.deadlines = new Deadlines(this.clock.monotonic);
    this.endpoints = new Endpoints({
      breaker: DEFAULT_BREAKER,
      minTimeoutMs: settings.minTimeoutMs ?? 20,
      monotonic: this.clock.monotonic,
    });
    this.pinger = new Pinger(
      { replies: RULES, maxInFlight: settings.maxInFlight ?? 1_000, lateMs: 500, offerMarginMs: 2_000 },
      {
        http: this.http,
        endpoints: this.endpoints,
        deadlines: this.deadlines,
        hasher: new CallerHasher(SECRET),
        clock: this.clock,
        newId: () => `request-${++this.#ids}`,
        onPing: (report) => this.reports.push(report),
      },
    );
  }

  get #time(): number {
    return Date.now() - NOON + this.#skew;
  }

  /** The thread is busy for so long: no timer fires meanwhile. */
  busy(milliseconds: number): void {
    this.#skew += milliseconds;
  }

  /** Time passes and timers fire. */
  async wait(milliseconds: number): Promise<void> {
    await jest.advanceTimersByTimeAsync(milliseconds);
  }
}

/** Watches a round: what it came to and when. */
export function watch(
  bench: Bench,
  asked: Promise<readonly LiveBid[]>,
): { bids?: readonly LiveBid[]; at?: number } {
  const seen: { bids?: readonly LiveBid[]; at?: number } = {};
  void asked.then((bids) => {
    seen.bids = bids;
    seen.at = bench.clock.monotonic();
  });
  return seen;
}

export function useVirtualTime(): void {
  beforeEach(() => {
    jest.useFakeTimers({ now: NOON });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
}
