import { randomUUID } from 'node:crypto';
import type { MediaSession } from '../../media';
import type { AgentDesk } from '../ports';
import type { Presentation, RingContext, Ringing, RingServices } from '../ringing';
import { RingingPhones } from '../ringing-phones';
import type { Place } from '../transfer/place';
import { RingingAddress, RingingBack } from '../transfer/ringing-place';

/** Who listens asked for it just now, and has the phone at hand. */
const RING_MS = 30_000;

/** Whom to ring, and what the phone is told. */
export interface SupervisorOrder {
  readonly place: Place;
  /** Whose people they are. */
  readonly buyerId: string;
  /** @param id - of what the phone takes for a call */
  presentation(id: string): Presentation;
}

/** A phone that rings for who is to listen in. */
export interface RungSupervisor {
  readonly ringing: Ringing;
  /** The agent is free again, as if nothing had been: no wrap-up, no call missed. Idempotent. */
  release(): void;
}

/**
 * Rings the phone of who is to listen in. An agent who wants calls gets none meanwhile; one who wants none, or
 * wraps up, is rung all the same.
 * @returns undefined when there is no phone to be rung, or the agent is on a call
 */
export async function ringSupervisor(
  services: RingServices,
  media: MediaSession,
  { place, buyerId, presentation }: SupervisorOrder,
): Promise<RungSupervisor | undefined> {
  const callId = `monitor-${randomUUID()}`;
  const context: RingContext = { callId, media, role: 'supervisor' };
  const toThem = presentation(callId);
  const order = {
    ...{ buyerId, ringTimeoutMs: RING_MS, toAgents: toThem, toOthers: toThem },
    onRinging: () => undefined,
  };
  if (place.kind === 'target') {
    const ringing = new RingingAddress(services, context, place.target, order);
    return { ringing, release: () => undefined };
  }
  const { group } = place;
  // A team is many: it is one who listens.
  if (group.kind !== 'agent') return undefined;
  const { agents } = services;
  const claim = await agents.claim({ callId, buyerId, group, skills: [], tried: new Set() });
  if (claim.kind === 'agents') {
    const held = new Set(claim.agents.map(({ agentId }) => agentId));
    // Whatever the reason: nobody missed a call.
    const release = (): void => {
      for (const agentId of held) agents.release(callId, agentId, 'caller_gone');
      held.clear();
    };
    const desk: Pick<AgentDesk, 'answered' | 'release' | 'lost'> = {
      answered: (id, agentId) => agents.answered(id, agentId),
      release,
      lost: (contact, sipStatus) => agents.lost(contact, sipStatus),
    };
    const round = { ringMs: RING_MS, presentation: toThem, onRinging: () => undefined };
    const ringing = new RingingPhones({ ...services, agents: desk }, context, claim.agents, round);
    return { ringing, release };
  }
  const [talks, phones] = await Promise.all([agents.callOf(group.id), agents.phonesOf(group.id)]);
  if (talks || phones.length === 0) return undefined;
  return { ringing: new RingingBack(services, context, group.id, order), release: () => undefined };
}
