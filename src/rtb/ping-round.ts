import type { BreakerPass, LiveBid } from '../domain';
import type { Endpoint } from './endpoint';
import type { HttpResult } from './http/exchange';
import { offerKey, tagsKey } from './offer-cache';
import type { Pinger } from './pinger';
import type { PingCall, PingPlan, PlannedPing } from './ping-plan';
import { readReply } from './read-reply';
import type { RequestFacts } from './write-request';
import { bidRequest, callerHashFor, pingHttpRequest } from './write-request';

type Refusal = Extract<LiveBid, { ok: false }>['why'];

/** One request to one buyer. Outlives its round when it is late, by `lateMs` at most. */
interface Asked {
  readonly index: number;
  readonly id: string;
  readonly key: string | undefined;
  readonly planned: PlannedPing;
  readonly endpoint: Endpoint;
  readonly pass: BreakerPass;
  /** Monotonic milliseconds. */
  readonly sentAt: number;
  /** Milliseconds that were agreed upon: a reply that takes longer is a failure. */
  readonly ceilingMs: number;
  /** Takes back what would happen at its time limit, and at the end of all patience. */
  forgetTimeout: () => void;
  forgetPatience: () => void;
}

/** The asking for one call: ends exactly once, when everybody has answered or at the deadline. */
export class PingRound {
  readonly #pinger: Pinger;
  readonly #facts: RequestFacts;
  readonly #pings: readonly PlannedPing[];
  readonly #answers: (LiveBid | undefined)[];
  readonly #tags: string;
  readonly #deadlineAt: number;
  #resolve: ((bids: readonly LiveBid[]) => void) | undefined;
  #forgetDeadline: () => void = () => undefined;
  /** Answers that are awaited, and one while requests are being sent. */
  #open = 1;

  constructor(pinger: Pinger, call: PingCall, plan: PingPlan, resolve: (bids: readonly LiveBid[]) => void) {
    this.#pinger = pinger;
    this.#facts = { call, plan, expirySeconds: pinger.settings.replies.defaultExpirySeconds };
    this.#pings = plan.pings;
    this.#answers = new Array<LiveBid | undefined>(plan.pings.length).fill(undefined);
    this.#tags = tagsKey(call);
    this.#deadlineAt = pinger.parts.clock.monotonic() + plan.campaign.rtb.deadlineMs;
    this.#resolve = resolve;
  }

  /** Asks the first that can be asked, as many as the campaign allows. */
  start(): void {
    const { counts, parts } = this.#pinger;
    counts.rounds++;
    this.#forgetDeadline = parts.deadlines.add(this.#deadlineAt, () => this.#finish());
    let left = this.#facts.plan.campaign.rtb.maxPings;
    for (const [index, planned] of this.#pings.entries()) {
      // Sending takes its time: other rounds may be due meanwhile, and this one too.
      parts.deadlines.poll();
      if (!this.#resolve) return;
      const callerHash = callerHashFor(parts.hasher, this.#facts.call, planned, parts.clock.now());
      const key = offerKey(planned.bid.id, callerHash, this.#tags);
      if (this.#remembered(index, planned, key)) continue;
      if (left <= 0) this.#refuse(index, 'rtb_budget', 'the campaign asks no more buyers for one call', 0);
      else if (this.#ask(index, planned, callerHash, key)) left--;
    }
    this.#close();
  }

  #remembered(index: number, planned: PlannedPing, key: string | undefined): boolean {
    if (key === undefined) return false;
    const { cache, counts, parts, settings } = this.#pinger;
    const offer = cache.find(key, planned, parts.clock.now(), settings.offerMarginMs);
    if (!offer) return false;
    counts.cached++;
    this.#answers[index] = { ...offer, latencyMs: 0 };
    return true;
  }

  /** False when the buyer could not be asked, which then has been noted. */
  #ask(
    index: number,
    planned: PlannedPing,
    callerHash: string | undefined,
    key: string | undefined,
  ): boolean {
    const { counts, parts, settings } = this.#pinger;
    const now = parts.clock.monotonic();
    const leftMs = this.#deadlineAt - now;
    if (leftMs < 1) return this.#refuse(index, 'rtb_deadline', 'no time was left to ask', 0);
    if (counts.inFlight >= settings.maxInFlight) {
      return this.#refuse(index, 'rtb_budget', 'too many requests are under way', 0);
    }
    const endpoint = parts.endpoints.of(planned.ping.url);
    const pass = endpoint.take(planned.ping.perSecond);
    if (pass === 'rtb_circuit_open') {
      return this.#refuse(index, pass, 'it failed too often; it is asked again in a while', 0);
    }
    if (pass === 'rtb_budget') {
      return this.#refuse(index, pass, `more than ${planned.ping.perSecond} a second`, 0);
    }
    const ceilingMs = Math.min(planned.ping.timeoutMs, leftMs);
    const timeoutMs = endpoint.timeout(ceilingMs);
    const id = parts.newId();
    const content = bidRequest(this.#facts, planned, id, timeoutMs, callerHash);
    const asked: Asked = {
      index,
      id,
      key,
      planned,
      endpoint,
      pass,
      sentAt: now,
      ceilingMs,
      forgetTimeout: () => undefined,
      forgetPatience: () => undefined,
    };
    return this.#send(asked, timeoutMs, pingHttpRequest(content, planned, parts.clock.now()));
  }

  /** False when it ended at once: it never left. */
  #send(asked: Asked, timeoutMs: number, request: ReturnType<typeof pingHttpRequest>): boolean {
    const { counts, parts, settings } = this.#pinger;
    this.#open++;
    counts.inFlight++;
    let ended: HttpResult | undefined;
    const exchange = parts.http.send(request, (result) => {
      ended = result;
      counts.inFlight--;
      asked.forgetPatience();
      // What is due goes first: a reply that came too late must not become one in time by being read.
      parts.deadlines.poll();
      this.#replied(asked, result);
    });
    if (isFailure(ended)) return false;
    counts.sent++;
    if (ended !== undefined) return true;
    if (asked.sentAt + timeoutMs < this.#deadlineAt) {
      asked.forgetTimeout = parts.deadlines.add(asked.sentAt + timeoutMs, () => {
        if (this.#awaits(asked.index)) {
          this.#refuse(asked.index, 'rtb_timeout', `no answer in ${Math.round(timeoutMs)} ms`, timeoutMs);
          this.#close();
        }
      });
    }
    asked.forgetPatience = parts.deadlines.add(asked.sentAt + asked.ceilingMs + settings.lateMs, () =>
      exchange.abort(),
    );
    return true;
  }

  #replied(asked: Asked, result: HttpResult): void {
    const { counts, parts } = this.#pinger;
    const now = parts.clock.monotonic();
    const latencyMs = now - asked.sentAt;
    asked.forgetTimeout();
    if (!this.#awaits(asked.index)) {
      if (result.ok) {
        counts.late++;
        this.#report(asked.planned, 'late', latencyMs);
      }
      // In time by its contract, if too late for this round.
      const fine = result.ok && result.status < 500 && latencyMs <= asked.ceilingMs;
      asked.endpoint.record(asked.pass, fine, latencyMs);
      return;
    }
    const answer = result.ok ? this.#read(asked, result, latencyMs) : this.#failed(asked, result, latencyMs);
    if (!result.ok && result.why === 'busy') asked.endpoint.forget(asked.pass);
    else asked.endpoint.record(asked.pass, answer.ok || answer.why === 'rtb_no_bid', latencyMs);
    this.#answer(asked.index, answer);
    this.#close();
  }

  #read(asked: Asked, reply: Extract<HttpResult, { ok: true }>, latencyMs: number): LiveBid {
    const { cache, counts, parts, settings } = this.#pinger;
    const { planned, key } = asked;
    const { currency } = this.#facts.plan.campaign;
    const reading = readReply(reply, { id: asked.id, currency, ping: planned }, settings.replies);
    const latency = Math.round(latencyMs);
    const bidId = planned.bid.id;
    if (!reading.ok)
      return { bidId, ok: false, why: reading.why, detail: reading.detail, latencyMs: latency };
    counts.bids++;
    const { price, plan, reference, uri } = reading;
    const expiresAt = parts.clock.now() + reading.expiresInMs;
    const offer = { bidId, ok: true as const, price, plan, reference, uri, expiresAt, latencyMs: latency };
    if (key !== undefined) cache.keep(key, planned, offer);
    return offer;
  }

  #failed(
    { planned }: Asked,
    { why, detail }: Extract<HttpResult, { ok: false }>,
    latencyMs: number,
  ): LiveBid {
    return {
      bidId: planned.bid.id,
      ok: false,
      why: why === 'busy' ? 'rtb_budget' : why === 'too_large' ? 'rtb_invalid' : 'rtb_error',
      detail: `${why}: ${detail}`,
      latencyMs: Math.round(latencyMs),
    };
  }

  #awaits(index: number): boolean {
    return this.#resolve !== undefined && this.#answers[index] === undefined;
  }

  #refuse(index: number, why: Refusal, detail: string, latencyMs: number): false {
    const bidId = this.#pings[index]?.bid.id ?? '';
    this.#answer(index, { bidId, ok: false, why, detail, latencyMs: Math.round(latencyMs) });
    return false;
  }

  #answer(index: number, answer: LiveBid): void {
    this.#answers[index] = answer;
    const planned = this.#pings[index];
    if (planned) this.#report(planned, answer.ok ? 'bid' : answer.why, answer.latencyMs);
  }

  #report({ bid }: PlannedPing, outcome: 'bid' | 'late' | Refusal, latencyMs: number): void {
    this.#pinger.parts.onPing?.({ bidId: bid.id, buyerId: bid.buyerId, outcome, latencyMs });
  }

  /** One thing less is awaited. */
  #close(): void {
    if (--this.#open === 0) this.#finish();
  }

  #finish(): void {
    const resolve = this.#resolve;
    if (!resolve) return;
    const { counts, parts } = this.#pinger;
    const now = parts.clock.monotonic();
    this.#forgetDeadline();
    for (const [index, answer] of this.#answers.entries()) {
      if (answer) continue;
      const waited = this.#facts.plan.campaign.rtb.deadlineMs;
      this.#refuse(
        index,
        'rtb_deadline',
        `no answer when the ${waited} ms of the campaign were over`,
        waited,
      );
    }
    this.#resolve = undefined;
    counts.worstOverrunMs = Math.max(counts.worstOverrunMs, now - this.#deadlineAt);
    resolve(this.#answers as LiveBid[]);
  }
}

function isFailure(result: HttpResult | undefined): boolean {
  return result !== undefined && !result.ok;
}
