import type { MediaLeg } from '../media';
import type { AgentContact, AgentDesk, AgentRelease, ClaimedAgent } from './ports';
import { RingingInvite } from './ringing-invite';
import type { Presentation, RingContext, RingResult, RingServices } from './ringing';
import { CANCEL_REASONS } from './sip-status';
import type { SipDialog } from './sip/sip-stack';

type Failure = Extract<RingResult, { kind: 'failed' }>;

interface Phone {
  readonly contact: AgentContact;
  readonly leg: MediaLeg;
  readonly ringing: RingingInvite;
}

/** An agent of the round, with the phones that ring still. */
interface RungAgent {
  readonly agentId: string;
  readonly phones: Set<Phone>;
  /** The phones whose legs are being made. */
  preparing: number;
  /** Whether any phone rang at all. */
  rang: boolean;
  over: boolean;
}

/** With what phones are rung whose agents were taken already. */
export type RoundServices = Pick<RingServices, 'stack' | 'responseTimeoutMs'> & {
  readonly agents: Pick<AgentDesk, 'answered' | 'release' | 'lost'>;
};

/** How long, and with what the phones are rung. */
export interface RoundOrder {
  readonly ringMs: number;
  readonly presentation: Presentation;
  /** The first phone of them rings. */
  onRinging(): void;
}

/**
 * Rings every phone of some agents at once. The first that answers has the call, and all others are told
 * that it was answered elsewhere. Who declines on one phone has declined on all. Each agent but the one
 * who answered is given back exactly once.
 */
export class RingingPhones {
  readonly result: Promise<RingResult>;
  readonly #services: RoundServices;
  readonly #context: RingContext;
  readonly #order: RoundOrder;
  readonly #agents: RungAgent[];
  #resolve: ((result: RingResult) => void) | undefined;
  #ringing = false;
  /** What is told of the round when all have failed: the best that was heard. */
  #failure: Failure = { kind: 'failed', outcome: 'unreachable', sipStatus: 0 };

  constructor(
    services: RoundServices,
    context: RingContext,
    agents: readonly ClaimedAgent[],
    order: RoundOrder,
  ) {
    this.#services = services;
    this.#context = context;
    this.#order = order;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#agents = agents.map(({ agentId, contacts }) => ({
      agentId,
      phones: new Set(),
      preparing: contacts.length,
      rang: false,
      over: false,
    }));
    agents.forEach(({ contacts }, index) => {
      const agent = this.#agents[index] as RungAgent;
      for (const contact of contacts) void this.#ring(agent, contact);
      if (contacts.length === 0) this.#agentFailed(agent, 'unreachable');
    });
    if (agents.length === 0) this.#end(this.#failure);
  }

  /** Gives up because the call itself is over, or somebody else has it. */
  stop(reason: string): void {
    if (!this.#resolve) return;
    for (const agent of this.#agents) this.#endAgent(agent, releaseFor(reason), reason);
    this.#end({ kind: 'stopped' });
  }

  async #ring(agent: RungAgent, contact: AgentContact): Promise<void> {
    const { stack, responseTimeoutMs, agents: desk } = this.#services;
    const leg = await this.#context.media
      .createLeg(this.#context.role ?? 'buyer', { transport: contact.webrtc ? 'webrtc' : 'rtp' })
      .catch(() => undefined);
    agent.preparing--;
    const offer = agent.over ? undefined : leg?.createOffer();
    if (!leg || !offer?.ok) {
      leg?.close();
      this.#phoneFailed(agent, 'failed', 488);
      return;
    }
    const ringing = new RingingInvite(stack, {
      uri: contact.uri,
      invite: { sdp: offer.sdp, ...this.#order.presentation, route: contact.route },
      ringTimeoutMs: this.#order.ringMs,
      responseTimeoutMs,
      onProgress: () => {
        agent.rang = true;
        this.#rings();
      },
    });
    const phone: Phone = { contact, leg, ringing };
    agent.phones.add(phone);
    const result = await ringing.result;
    agent.phones.delete(phone);
    if (result.kind === 'answered') {
      this.#answered(agent, leg, result.dialog);
      return;
    }
    leg.close();
    if (result.kind === 'stopped') return;
    if (result.outcome === 'unreachable') desk.lost(contact, result.sipStatus);
    this.#phoneFailed(agent, result.outcome, result.sipStatus);
  }

  /** Told once, however many phones there are. */
  #rings(): void {
    if (this.#ringing) return;
    this.#ringing = true;
    this.#order.onRinging();
  }

  #answered(agent: RungAgent, leg: MediaLeg, dialog: SipDialog): void {
    if (agent.over) {
      // Two answered in one instant: the call is with the other.
      dialog.bye(CANCEL_REASONS.answeredElsewhere);
      leg.close();
      return;
    }
    agent.over = true;
    for (const other of agent.phones) other.ringing.stop(CANCEL_REASONS.answeredElsewhere);
    for (const other of this.#agents) {
      this.#endAgent(other, 'answered_elsewhere', CANCEL_REASONS.answeredElsewhere);
    }
    this.#services.agents.answered(this.#context.callId, agent.agentId);
    this.#end({ kind: 'answered', dialog, leg, agentId: agent.agentId });
  }

  #phoneFailed(agent: RungAgent, outcome: Failure['outcome'], sipStatus: number): void {
    if (agent.over) return;
    this.#note(agent, outcome, sipStatus);
    if (outcome === 'declined' || outcome === 'busy') this.#agentFailed(agent, 'declined');
    else if (agent.phones.size === 0 && agent.preparing === 0) {
      const unrung = outcome === 'failed' ? 'failed' : 'unreachable';
      this.#agentFailed(agent, agent.rang ? 'no_answer' : unrung);
    }
  }

  /** What is told of the round: that somebody declined or did not answer says more than that a phone was away. */
  #note(agent: RungAgent, outcome: Failure['outcome'], sipStatus: number): void {
    const away = (told: Failure['outcome']): boolean => told === 'unreachable' || told === 'failed';
    if (away(outcome) && !away(this.#failure.outcome)) return;
    this.#failure = { kind: 'failed', outcome, sipStatus, agentId: agent.agentId };
  }

  #agentFailed(agent: RungAgent, why: AgentRelease): void {
    this.#endAgent(agent, why, CANCEL_REASONS.declinedElsewhere);
    if (this.#agents.every(({ over }) => over)) this.#end(this.#failure);
  }

  /** Cancels what rings of an agent, and gives the agent back. */
  #endAgent(agent: RungAgent, why: AgentRelease, reason: string): void {
    if (agent.over) return;
    agent.over = true;
    for (const { ringing } of agent.phones) ringing.stop(reason);
    this.#services.agents.release(this.#context.callId, agent.agentId, why);
  }

  #end(result: RingResult): void {
    const resolve = this.#resolve;
    this.#resolve = undefined;
    resolve?.(result);
  }
}

/** Why an agent is given back whose phones are cancelled for this reason. */
export function releaseFor(reason: string): AgentRelease {
  return reason === CANCEL_REASONS.answeredElsewhere ? 'answered_elsewhere' : 'caller_gone';
}
