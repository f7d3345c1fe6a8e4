import type {
  ActivityEvent,
  ActivityFacts,
  CallAttempt,
  Campaign,
  CapLimit,
  CapOutcome,
  CapPeriod,
  CapReason,
  CapSet,
  CapSubject,
  Decision,
  E164,
} from '../domain';
import { CAP_METRICS, unusedUnits } from '../domain';
import { hashId } from './bits';
import { CapBlocks } from './cap-blocks';
import { parseCapKey } from './cap-keys';
import { CallerVelocity } from './caller-velocity';
import { ContactLog } from './contact-log';
import type { Encounter, Known } from './encounters';
import { Encounters, NOBODY_KNOWN } from './encounters';
import type { Market } from './market';

/** What a decision reads of the calls before this one. */
export interface ActivityView {
  factsFor(attempt: CallAttempt, campaign: Campaign, now: number): ActivityFacts;
  /** Calls that were made to a person in the 24 hours before; at most 16 are counted. */
  contactsInLast24h(number: E164, now: number): number;
  contactsInLast8h(number: E164, now: number): number;
  readonly blocks: CapBlocks;
}

/** Bounds of what is remembered. */
export interface ActivityLimits {
  /** Callers whose attempts are counted. */
  readonly callers: number;
  /** Callers whose connections are remembered. */
  readonly connectedCallers: number;
  /** Persons called whose contacts are counted. */
  readonly contacts: number;
  /** Counters whose use is remembered. */
  readonly counters: number;
}

const DEFAULT_LIMITS: ActivityLimits = {
  callers: 65_536,
  connectedCallers: 200_000,
  contacts: 1_048_576,
  counters: 200_000,
};
/** Another node has what is missing, and when it gives it back is not heard here: look again soon. */
const RETRY_MS = 1_000;

interface Use {
  count: number;
  /** UTC epoch milliseconds after which the count means nothing; Infinity = never. */
  readonly resetsAt: number;
}

/**
 * The live side of the market as this node sees it: velocity, duplicates and contacts of callers, the
 * use of caps, the turn of each round robin. Bounded; what is forgotten is the longest unused.
 */
export class Activity implements ActivityView {
  readonly blocks: CapBlocks;
  readonly #market: Market;
  readonly #limits: ActivityLimits;
  readonly #velocity: CallerVelocity;
  readonly #encounters: Encounters;
  readonly #contacts: ContactLog;
  readonly #uses = new Map<string, Use>();
  readonly #cursors = new Map<string, number>();

  constructor(market: Market, limits: Partial<ActivityLimits> = {}) {
    this.#market = market;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#velocity = new CallerVelocity(this.#limits.callers);
    this.#encounters = new Encounters(this.#limits.connectedCallers);
    this.#contacts = new ContactLog(this.#limits.contacts);
    this.blocks = new CapBlocks(market.ordinals);
  }

  /** Takes in what happened to a call, here or on another node. */
  hear(event: ActivityEvent): void {
    const { caller, campaignId, at } = event;
    if (caller === undefined) return;
    if (event.kind === 'attempt') {
      this.recordAttempt(caller, at);
      // Whoever calls by himself was not called.
      if (event.origin !== 'inbound_consumer') this.recordContact(caller, at);
      return;
    }
    const { buyerId, targetId } = event;
    if (buyerId === undefined || targetId === undefined) return;
    if (event.kind === 'connected') this.recordConnected({ caller, campaignId, buyerId, targetId, at });
    else if (event.converted) this.recordConverted({ caller, campaignId, buyerId, targetId, at });
  }

  /** A caller called: counted against its velocity from the next call on. */
  recordAttempt(caller: E164, at: number): void {
    this.#velocity.record(caller, at);
  }

  /** A decision was made: moves the round robin on. */
  recordDecision(decision: Decision): void {
    const { campaignId } = decision.trace;
    const first = decision.ok ? decision.plan[0] : undefined;
    if (first && campaignId !== undefined) this.#cursors.set(campaignId, hashId(first.bidId));
  }

  /** A caller was connected to a buyer. */
  recordConnected(encounter: Encounter): void {
    this.#encounters.connected(encounter);
  }

  /** A buyer owes for a conversation with a caller. */
  recordConverted(encounter: Encounter): void {
    this.#encounters.converted(encounter);
  }

  /** A person was called. */
  recordContact(number: E164, at: number): void {
    this.#contacts.record(number, at);
  }

  factsFor(attempt: CallAttempt, campaign: Campaign, now: number): ActivityFacts {
    const { from } = attempt;
    const sellerId = this.#market.numberByE164(attempt.to)?.sellerId;
    const known: Known =
      from === undefined
        ? NOBODY_KNOWN
        : this.#encounters.duplicates(from, campaign.duplicates, campaign.id, now);
    const { stickyWindowMs } = campaign;
    return {
      attemptsInLastHour: from === undefined ? 0 : this.#velocity.countAt(from, now),
      recentBuyers: known.buyers,
      recentTargets: known.targets,
      lastBuyer:
        from === undefined || stickyWindowMs <= 0
          ? undefined
          : this.#encounters.lastBuyer(from, now - stickyWindowMs),
      cursor: campaign.routing === 'round_robin' ? (this.#cursors.get(campaign.id) ?? 0) : 0,
      capped: NO_HINTS,
      sourceCap: sellerId === undefined ? undefined : this.blocks.sourceCap(sellerId, now),
    };
  }

  contactsInLast24h(number: E164, now: number): number {
    return this.#contacts.countAt(number, now, 24);
  }

  contactsInLast8h(number: E164, now: number): number {
    return this.#contacts.countAt(number, now, 8);
  }

  /** Units of a counter in use, as far as this node knows. */
  inUse(key: string): number {
    return this.#uses.get(key)?.count ?? 0;
  }

  /** Units were reserved for a call. */
  noteReserved(limits: readonly CapLimit[], now: number): void {
    for (const limit of limits) {
      if (limit.counter === 'spacing') {
        this.#block(limit, now + limit.amount);
        continue;
      }
      const count = this.inUse(limit.key) + limit.amount;
      this.#setUse(limit, count);
      // As good as full: another call like this one has no room.
      if (count + limit.amount > limit.limit) this.#block(limit, periodEnd(limit));
    }
  }

  /** Units were given back: see CapOutcome for which of them go back when. */
  noteReleased(limits: readonly CapLimit[], outcome: CapOutcome): void {
    for (const limit of limits) {
      const unused = unusedUnits(limit, outcome);
      const use = this.#uses.get(limit.key);
      if (unused === 0 || !use) continue;
      const count = Math.max(0, use.count - unused);
      this.#setUse(limit, count);
      const key = parseCapKey(limit.key);
      if (key && count + limit.amount <= limit.limit) this.blocks.lift(key.subject, key.id, key.reason);
    }
  }

  /**
   * A reservation was refused: this counter is full over all nodes.
   * @param lasting - nothing of it will be given back
   */
  noteExhausted(limit: CapLimit, now: number, lasting = false): void {
    const soon = now + (limit.counter === 'spacing' ? Math.min(limit.amount, RETRY_MS) : RETRY_MS);
    this.#block(limit, lasting ? periodEnd(limit) : soon);
  }

  /** Forgets counters and caps that have lapsed, or whose limits are others now. Call it now and then, e.g. each minute. */
  sweep(now: number): void {
    for (const [key, use] of this.#uses) if (use.resetsAt <= now || use.count === 0) this.#uses.delete(key);
    this.blocks.sweep(now, (kind, id, cause) => limitOf(this.#capsOf(kind, id), cause));
  }

  #capsOf(kind: CapSubject, id: string): CapSet | undefined {
    switch (kind) {
      case 'bid':
        return this.#market.bid(id)?.caps;
      case 'target':
        return this.#market.target(id)?.caps;
      case 'buyer':
        return this.#market.buyer(id)?.caps;
      case 'seller':
        return this.#market.seller(id)?.caps;
    }
  }

  #setUse(limit: CapLimit, count: number): void {
    this.#uses.delete(limit.key);
    this.#uses.set(limit.key, { count, resetsAt: periodEnd(limit) });
    if (this.#uses.size <= this.#limits.counters) return;
    // Maps keep the order of insertion, and entries are put in anew when used.
    const oldest = this.#uses.keys().next();
    if (!oldest.done) this.#uses.delete(oldest.value);
  }

  #block(limit: CapLimit, until: number): void {
    const key = parseCapKey(limit.key);
    if (key) this.blocks.block(key.subject, key.id, key.reason, until, limit.limit);
  }
}

const NO_HINTS: ActivityFacts['capped'] = [];

function periodEnd(limit: CapLimit): number {
  return limit.resetsAt > 0 ? limit.resetsAt : Infinity;
}

/** The limit that a cap of this reason stands for. */
function limitOf(caps: CapSet | undefined, cause: CapReason): number | undefined {
  if (!caps) return undefined;
  if (cause === 'cap_concurrent') return caps.concurrent;
  if (cause === 'cap_spacing') return caps.spacingMs;
  const metric = CAP_METRICS.find((each) => cause.startsWith(`cap_${each}_`));
  return metric && caps[metric]?.[cause.slice(`cap_${metric}_`.length) as CapPeriod];
}
