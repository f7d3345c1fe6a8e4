import type { Clock } from '../../domain';
import type { Presentation, RingContext, Ringing, RingResult, RingServices } from '../ringing';
import type { AgentContact } from '../ports';
import { RingingAgents } from '../ringing-agents';
import { RingingPhones } from '../ringing-phones';
import { RingingTarget } from '../ringing-target';
import type { Place } from './place';

/** A phone that waits for a NOTIFY of its transfer gives up in the end: longer than this nobody waits in a queue. */
const MAX_WAIT_MS = 60_000;

/** How somebody is rung for a call that is up. */
export interface PlaceOrder {
  /** Whose people may be rung. */
  readonly buyerId: string;
  readonly ringTimeoutMs: number;
  readonly toAgents: Presentation;
  /** To whoever is no agent of the exchange. */
  readonly toOthers: Presentation;
  onRinging(): void;
}

/** Rings a place that a call is handed on to. */
export function ringPlace(
  services: RingServices,
  context: RingContext,
  place: Place,
  order: PlaceOrder,
  clock: Clock,
): Ringing {
  if (place.kind === 'target') return new RingingAddress(services, context, place.target, order);
  const agents = {
    buyerId: order.buyerId,
    group: place.group,
    skills: [],
    ringTimeoutMs: order.ringTimeoutMs,
    presentation: order.toAgents,
    onRinging: () => order.onRinging(),
    // The caller hears music already.
    onQueued: () => undefined,
    onQueueLeft: () => undefined,
    maxWaitMs: MAX_WAIT_MS,
  };
  return new RingingAgents(services, context, agents, clock);
}

/** Rings an agent back who has the call still, as far as the desk knows: nothing changes for it there. */
export class RingingBack implements Ringing {
  readonly result: Promise<RingResult>;
  #ringing: Ringing | undefined;
  #stopped = false;

  constructor(services: RingServices, context: RingContext, agentId: string, order: PlaceOrder) {
    this.result = this.#run(services, context, agentId, order);
  }

  stop(reason: string): void {
    this.#stopped = true;
    this.#ringing?.stop(reason);
  }

  async #run(
    { stack, responseTimeoutMs, agents }: RingServices,
    context: RingContext,
    agentId: string,
    { ringTimeoutMs, toAgents, onRinging }: PlaceOrder,
  ): Promise<RingResult> {
    const contacts = await agents.phonesOf(agentId);
    if (this.#stopped) return { kind: 'stopped' };
    const desk = {
      answered: () => undefined,
      release: () => undefined,
      lost: (contact: AgentContact, sipStatus: number) => agents.lost(contact, sipStatus),
    };
    this.#ringing = new RingingPhones(
      { stack, responseTimeoutMs, agents: desk },
      context,
      [{ agentId, contacts }],
      { ringMs: ringTimeoutMs, presentation: toAgents, onRinging },
    );
    return this.#ringing.result;
  }
}

/** Where somebody is rung that is no agent of the exchange, and over whose rates, if a carrier is paid for it. */
export interface RungAddress {
  readonly uri: string;
  readonly trunkId?: string | undefined;
}

/** One SIP address, whose leg is made first. */
export class RingingAddress implements Ringing {
  readonly result: Promise<RingResult>;
  #ringing: Ringing | undefined;
  #stopped = false;

  constructor(services: RingServices, context: RingContext, address: RungAddress, order: PlaceOrder) {
    this.result = this.#run(services, context, address, order);
  }

  stop(reason: string): void {
    this.#stopped = true;
    this.#ringing?.stop(reason);
  }

  async #run(
    services: RingServices,
    { media, role = 'buyer' }: RingContext,
    { uri, trunkId }: RungAddress,
    order: PlaceOrder,
  ): Promise<RingResult> {
    const leg = await media.createLeg(role).catch(() => undefined);
    if (this.#stopped) {
      leg?.close();
      return { kind: 'stopped' };
    }
    const offer = leg?.createOffer();
    if (!leg || !offer?.ok) {
      leg?.close();
      return { kind: 'failed', outcome: 'failed', sipStatus: leg ? 488 : 503 };
    }
    this.#ringing = new RingingTarget(services, leg, {
      uri,
      invite: { sdp: offer.sdp, trunkId, ...order.toOthers },
      ringTimeoutMs: order.ringTimeoutMs,
      onProgress: () => order.onRinging(),
    });
    return this.#ringing.result;
  }
}
