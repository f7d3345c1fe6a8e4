import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Bid, BreakerSettings, Clock, E164, LiveBid } from '../domain';
import { AddressPolicy, DEFAULT_BREAKER, isNanp, matchesHost } from '../domain';
import { CallerHasher } from './caller-hash';
import type { Confirmation, SoldCall, WonOffer } from './confirmer';
import { Confirmer } from './confirmer';
import { Deadlines } from './deadlines';
import { Endpoints } from './endpoint';
import type { HttpFigures } from './http/http-client';
import { HttpClient } from './http/http-client';
import type { NoticeFigures, Outcome } from './notices';
import { DEFAULT_NOTICES, Notices } from './notices';
import type { PingFigures, PingReport } from './pinger';
import { Pinger } from './pinger';
import type { PingCall, PingPlan } from './ping-plan';

/** The settings of live bidding; of the configuration's `rtb`. */
export interface LiveBiddingSettings {
  /** Addresses, CIDR blocks and names that may be reached although they are not of the public internet. */
  readonly allowPrivate: readonly string[];
  /** Hosts that may be reached without TLS: names, `*.name`, addresses. */
  readonly allowHttp: readonly string[];
  /** Hosts that buyers may have their calls sent to, besides those of their targets. */
  readonly sipHosts: readonly string[];
  readonly connectTimeoutMs: number;
  readonly confirmTimeoutMs: number;
  readonly minTimeoutMs: number;
  readonly lateMs: number;
  readonly maxInFlight: number;
  readonly maxInFlightPerOrigin: number;
  readonly maxConnectionsPerOrigin: number;
  readonly idleMs: number;
  /** Seconds that an offer stands which does not say how long, and the most that is believed. */
  readonly offerSeconds: number;
  readonly maxOfferSeconds: number;
  readonly maxMinDurationSeconds: number;
}

export interface LiveBiddingParts {
  readonly clock: Clock;
  /** Hides callers; the same on every node. */
  readonly secret: Buffer;
  readonly onPing?: (report: PingReport) => void;
  /** Numbers that buyers may have rung; North American ones but 900 and 976 by default. */
  readonly numberAllowed?: (number: E164) => boolean;
  /** PEM of authorities trusted instead of the system's own. */
  readonly ca?: string;
  readonly breaker?: BreakerSettings;
}

export interface LiveBiddingFigures extends PingFigures {
  readonly endpoints: number;
  readonly openCircuits: number;
  readonly http: HttpFigures;
  readonly notices: NoticeFigures;
}

/** Replies longer than this are not read. */
const MAX_REPLY_BYTES = 65_536;

/** Live bidding with buyers: asking, confirming, telling. One of them serves a node. */
export class LiveBidding {
  readonly #deadlines: Deadlines;
  readonly #http: HttpClient;
  readonly #endpoints: Endpoints;
  readonly #pinger: Pinger;
  readonly #confirmer: Confirmer;
  readonly #notices: Notices;

  constructor(settings: LiveBiddingSettings, parts: LiveBiddingParts) {
    const { clock } = parts;
    const monotonic = (): number => clock.monotonic();
    const addresses = new AddressPolicy(settings.allowPrivate);
    const deadlines = new Deadlines(monotonic);
    this.#deadlines = deadlines;
    this.#http = new HttpClient({
      addresses,
      insecureAllowed: (host) => settings.allowHttp.some((rule) => matchesHost(bare(host), rule)),
      connectTimeoutMs: settings.connectTimeoutMs,
      maxInFlightPerOrigin: settings.maxInFlightPerOrigin,
      maxConnectionsPerOrigin: settings.maxConnectionsPerOrigin,
      idleMs: settings.idleMs,
      maxReplyBytes: MAX_REPLY_BYTES,
      ...(parts.ca === undefined ? {} : { ca: parts.ca }),
      monotonic,
      onActivity: () => deadlines.poll(),
    });
    const http = this.#http;
    const { minTimeoutMs } = settings;
    const endpoints = new Endpoints({ breaker: parts.breaker ?? DEFAULT_BREAKER, minTimeoutMs, monotonic });
    this.#endpoints = endpoints;
    this.#pinger = new Pinger(
      {
        replies: {
          destinations: {
            addresses,
            sipHosts: settings.sipHosts,
            numberAllowed: parts.numberAllowed ?? numberAllowed,
          },
          defaultExpirySeconds: settings.offerSeconds,
          maxExpirySeconds: settings.maxOfferSeconds,
          maxMinDurationSeconds: settings.maxMinDurationSeconds,
        },
        maxInFlight: settings.maxInFlight,
        lateMs: settings.lateMs,
        offerMarginMs: OFFER_MARGIN_MS,
      },
      {
        http,
        endpoints,
        deadlines,
        hasher: new CallerHasher(parts.secret),
        clock,
        newId: requestNames(),
        ...(parts.onPing ? { onPing: parts.onPing } : {}),
      },
    );
    this.#confirmer = new Confirmer({
      http,
      endpoints,
      deadlines,
      clock,
      timeoutMs: settings.confirmTimeoutMs,
    });
    this.#notices = new Notices({ http, deadlines, clock }, DEFAULT_NOTICES);
  }

  get figures(): LiveBiddingFigures {
    return {
      ...this.#pinger.figures,
      endpoints: this.#endpoints.size,
      openCircuits: this.#endpoints.open,
      http: this.#http.figures,
      notices: this.#notices.figures,
    };
  }

  /** See {@link Pinger.ask}. */
  ask(call: PingCall, plan: PingPlan): Promise<readonly LiveBid[]> {
    return this.#pinger.ask(call, plan);
  }

  /** See {@link Confirmer.confirm}. */
  confirm(call: SoldCall, bid: Bid, offer: WonOffer): Promise<Confirmation> {
    return this.#confirmer.confirm(call, bid, offer);
  }

  /** Tells a buyer what became of its offer; what was won is offered to no other call. */
  tell(call: PingCall, currency: string, bid: Bid, offer: WonOffer, outcome: Outcome): void {
    const { callId, from: caller } = call.attempt;
    if (outcome.won) this.#pinger.forgetOffer(call, { bid });
    this.#notices.tell({ callId, caller, currency }, bid, offer, outcome);
  }

  /** Ends every connection; notices that wait are dropped. */
  close(): void {
    this.#notices.close();
    this.#http.close();
    this.#deadlines.close();
  }
}

/** A remembered offer must still stand for as long as it takes to ring. */
const OFFER_MARGIN_MS = 2_000;

function requestNames(): () => string {
  const start = randomBytes(9).toString('base64url');
  let count = 0;
  return () => `${start}${(++count).toString(36)}`;
}

function bare(host: string): string {
  const inner = host.startsWith('[') ? host.slice(1, -1) : host;
  return isIP(inner) === 0 ? host : inner;
}

function numberAllowed(number: E164): boolean {
  return isNanp(number) && number.slice(2, 5) !== '900' && number.slice(5, 8) !== '976';
}
