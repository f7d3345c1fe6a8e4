import { createHash, randomBytes } from 'node:crypto';
import type {
  Attestation,
  BidRequestRecord,
  CallAttempt,
  CallOrigin,
  Campaign,
  Clock,
  Decision,
  E164,
  Reservation,
  RingTarget,
} from '../../domain';
import { npaOf } from '../../domain';
import type { Market } from '../../market';
import type { CallerHasher } from '../caller-hash';
import type { NoBidCode, NoBidReason } from '../no-bid';
import { NO_BID_REASONS } from '../no-bid';
import { TokenBucket } from '../token-bucket';
import { noBidCode } from './no-bid-code';
import type { Reservations } from './reservations';
import { sellerOffer } from './seller-offer';

/** What a seller asks. */
export interface SellerRequest {
  readonly sellerId: string;
  /** The number that the call would come to; one of the campaign's when undefined. */
  readonly number?: E164;
  readonly campaignId?: string;
  readonly caller?: E164;
  readonly npa?: string;
  readonly nxx?: string;
  readonly state?: string;
  readonly zip?: string;
  readonly attestation?: Attestation;
  /** What the seller says of who started the call. */
  readonly origin?: CallOrigin;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a seller is answered. */
export type SellerAnswer =
  | {
      readonly accepted: true;
      /** 230: the same offer as before to the same request. */
      readonly code: 200 | 230;
      readonly reason: 'accepted' | 'cached';
      readonly reservation: Reservation;
      /** SIP address that is this reservation's own; undefined where no host is configured. */
      readonly sip: string | undefined;
      /** UTC epoch milliseconds by which the call must be here. */
      readonly expiresAt: number;
      /** The same as milliseconds from now. */
      readonly expiresInMs: number;
      readonly duplicates: Campaign['duplicates'];
    }
  | { readonly accepted: false; readonly code: NoBidCode; readonly reason: NoBidReason };

export interface BidRequestDeskSettings {
  readonly nodeId: string;
  /** Host of the SIP addresses that sellers are given. */
  readonly sipHost: string | undefined;
  readonly reservationSeconds: number;
  readonly maxReservationsPerSeller: number;
}

export interface BidRequestDeskParts {
  readonly market: Pick<Market, 'account' | 'campaign' | 'numberByE164' | 'seller'>;
  readonly reservations: Reservations;
  /** Decides what would become of a call, and records nothing of it. */
  readonly quote: (attempt: CallAttempt) => Promise<Decision>;
  /** A number of the seller in the campaign; undefined when it has none. */
  readonly numberOf: (sellerId: string, campaignId: string) => Promise<E164 | undefined>;
  /** Reservations of the seller that wait, over all nodes. */
  readonly waiting: (sellerId: string, now: number) => Promise<number>;
  /** One more request of the seller in this second, over all nodes; how many there have been. */
  readonly count: (sellerId: string, now: number) => Promise<number>;
  readonly hasher: CallerHasher;
  readonly clock: Clock;
  /** Told of each request with its answer. */
  readonly onAnswered: (answered: BidRequestRecord) => void;
}

/** A call that is on its way, and clocks that do not quite agree, are given so much. */
const GRACE_MS = 2_000;
const MAX_SELLERS = 10_000;

/**
 * Where sellers ask what a call would bring before they send it. The same decision is made as for the
 * call itself; an offer holds capacity until the call comes, or its time is over.
 */
export class BidRequestDesk {
  readonly #settings: BidRequestDeskSettings;
  readonly #parts: BidRequestDeskParts;
  /** Where nobody counts over all nodes. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(settings: BidRequestDeskSettings, parts: BidRequestDeskParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Answers a request.
   * @throws Error when PostgreSQL is away: what cannot be stored is not promised
   */
  async answer(request: SellerRequest): Promise<SellerAnswer> {
    const { clock, hasher, onAnswered } = this.#parts;
    const at = clock.now();
    const startedAt = clock.monotonic();
    const callerHash = request.caller === undefined ? undefined : hasher.lasting(request.caller);
    const number = request.number ?? (await this.#numberOf(request));
    const answer = await this.#answer(request, number, callerHash, at);
    const offer = answer.accepted ? answer.reservation : undefined;
    onAnswered({
      at,
      sellerId: request.sellerId,
      campaignId: offer?.campaignId ?? request.campaignId,
      number,
      callerHash,
      npa: request.npa ?? (request.caller && npaOf(request.caller)),
      state: request.state,
      code: answer.code,
      reason: answer.reason,
      price: offer?.price,
      currency: offer?.currency,
      latencyMs: Math.round(clock.monotonic() - startedAt),
      reservationId: offer?.id,
    });
    return answer;
  }

  /** See {@link Reservations.cancel}. */
  cancel(id: string, sellerId: string | undefined): Promise<boolean> {
    return this.#parts.reservations.cancel(id, sellerId);
  }

  async #answer(
    request: SellerRequest,
    number: E164 | undefined,
    callerHash: string | undefined,
    at: number,
  ): Promise<SellerAnswer> {
    const { market, reservations } = this.#parts;
    const { sellerId } = request;
    const seller = market.seller(sellerId);
    if (seller?.status !== 'active' || seller.bidRequestsPerSecond <= 0) return noBid(1007);
    if (market.account(sellerId)?.status !== 'active') return noBid(1007);
    if (!(await this.#withinRate(sellerId, seller.bidRequestsPerSecond, at))) return noBid(1024);
    const did = number === undefined ? undefined : market.numberByE164(number);
    const campaign = did && market.campaign(did.campaignId);
    if (did?.sellerId !== sellerId || did.status !== 'active' || campaign?.status !== 'active')
      return noBid(1001);
    if (request.campaignId !== undefined && request.campaignId !== campaign.id) return noBid(1001);
    const tags = tagsOf(request);
    const tagsKey = shortName(tags);
    if (callerHash !== undefined) {
      const waiting = await reservations.waiting(did.number, callerHash, tagsKey);
      if (waiting) return this.#offer(waiting, campaign, 230);
    }
    if ((await this.#parts.waiting(sellerId, at)) >= this.#settings.maxReservationsPerSeller)
      return noBid(1026);
    const id = `r${randomBytes(15).toString('hex')}`;
    const decision = await this.#parts.quote(attemptOf(request, did.number, tags, id, at));
    if (!decision.ok) return noBid(noBidCode(decision, request.caller !== undefined));
    return this.#reserve(decision, campaign, { id, number: did.number, sellerId, callerHash, tags, tagsKey });
  }

  /** The first target of the plan that there is room for, and something to earn with. */
  async #reserve(
    decision: Extract<Decision, { ok: true }>,
    campaign: Campaign,
    base: Pick<Reservation, 'id' | 'number' | 'sellerId' | 'callerHash' | 'tags' | 'tagsKey'>,
  ): Promise<SellerAnswer> {
    const { clock, reservations } = this.#parts;
    const now = clock.now();
    let worthless = true;
    for (const target of decision.plan) {
      const offer = sellerOffer(target, decision.terms, campaign.margin);
      if (!offer) continue;
      worthless = false;
      const wanted: Reservation = {
        ...base,
        ...offer,
        campaignId: campaign.id,
        currency: decision.terms.currency,
        bidId: target.bidId,
        limits: concurrency(target, decision),
        liveBids: decision.trace.facts.liveBids,
        nodeId: this.#settings.nodeId,
        createdAt: now,
        expiresAt: this.#expiry(target, decision, now),
      };
      const reserved = await reservations.reserve(wanted);
      if (reserved) return this.#offer(reserved, campaign, reserved.id === base.id ? 200 : 230);
    }
    return noBid(worthless ? 1008 : 1006);
  }

  /** No later than the buyer's own offer stands. */
  #expiry(target: RingTarget, { trace }: Decision, now: number): number {
    const own = now + this.#settings.reservationSeconds * 1000 + GRACE_MS;
    const live = trace.facts.liveBids.find((bid) => bid.ok && bid.bidId === target.bidId);
    return live?.ok === true ? Math.min(own, live.expiresAt) : own;
  }

  #offer(reservation: Reservation, campaign: Campaign, code: 200 | 230): SellerAnswer {
    const { sipHost } = this.#settings;
    const host = sipHost?.includes(':') === true ? `[${sipHost}]` : sipHost;
    const expiresAt = reservation.expiresAt - GRACE_MS;
    return {
      accepted: true,
      code,
      reason: code === 200 ? 'accepted' : 'cached',
      reservation,
      sip: host === undefined ? undefined : `sip:${reservation.id}@${host}`,
      expiresAt,
      expiresInMs: Math.max(0, expiresAt - this.#parts.clock.now()),
      duplicates: campaign.duplicates,
    };
  }

  async #numberOf({ sellerId, campaignId }: SellerRequest): Promise<E164 | undefined> {
    return campaignId === undefined ? undefined : this.#parts.numberOf(sellerId, campaignId);
  }

  /** Over all nodes while they can count together; each by itself otherwise. */
  async #withinRate(sellerId: string, perSecond: number, now: number): Promise<boolean> {
    try {
      return (await this.#parts.count(sellerId, now)) <= perSecond;
    } catch {
      let bucket = this.#buckets.get(sellerId);
      if (!bucket) {
        if (this.#buckets.size >= MAX_SELLERS) this.#buckets.clear();
        bucket = new TokenBucket();
        this.#buckets.set(sellerId, bucket);
      }
      return bucket.take(perSecond, this.#parts.clock.monotonic());
    }
  }
}

function noBid(code: NoBidCode): SellerAnswer {
  return { accepted: false, code, reason: NO_BID_REASONS[code] };
}

/** Capacity that a call to this target would take: what was used stays used, so only what is in use is held. */
function concurrency(
  { reservations }: RingTarget,
  { sourceLimits }: Extract<Decision, { ok: true }>,
): Reservation['limits'] {
  return [...reservations, ...sourceLimits].filter(({ counter }) => counter === 'concurrent');
}

/** What is known of the call, in the form in which a call brings it along. */
function tagsOf({ tags, npa, nxx, state, zip }: SellerRequest): Readonly<Record<string, string>> {
  const said = { npa, nxx, state, zip };
  return {
    ...tags,
    ...Object.fromEntries(
      Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
  };
}

function attemptOf(
  request: SellerRequest,
  to: E164,
  tags: Readonly<Record<string, string>>,
  id: string,
  receivedAt: number,
): CallAttempt {
  return {
    callId: id,
    receivedAt,
    from: request.caller,
    to,
    // No trunk has brought it: only the seller's contract says who may have started it.
    trunkId: '',
    origin: 'unknown',
    claimedOrigin: request.origin,
    attestation: request.attestation,
    verstat: 'none',
    reservation: undefined,
    forwardedBy: [],
    tags,
  };
}

function shortName(tags: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(tags)
    .sort()
    .map((name) => [name, tags[name]]);
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 22);
}
