import type { Agent, Team } from '../../../src/domain';
import type { Binding } from '../../../src/signaling';

export function agentOf(id: string, more: Partial<Agent> = {}): Agent {
  return {
    id,
    buyerId: 'buyer',
    name: id,
    username: id,
    status: 'active',
    skills: undefined,
    maxContacts: 5,
    wrapUpMs: 0,
    ...more,
  };
}

export function teamOf(id: string, agentIds: readonly string[], more: Partial<Team> = {}): Team {
  return {
    id,
    buyerId: 'buyer',
    name: id,
    status: 'active',
    agentIds,
    distribution: 'longest_idle',
    ringMs: 15_000,
    queue: { maxWaitMs: 60_000, maxLength: 100 },
    ...more,
  };
}

export function bindingOf(agentId: string, nodeId: string, more: Partial<Binding> = {}): Binding {
  const now = Date.now();
  return {
    agentId,
    key: `${agentId}@${nodeId}`,
    contact: `sip:${agentId}@phone.invalid;transport=ws`,
    instanceId: undefined,
    regId: undefined,
    nodeId,
    flow: { transport: 'wss', address: '192.0.2.7', port: 50_123 },
    userAgent: undefined,
    callId: `${agentId}-register`,
    cseq: 1,
    registeredAt: now,
    expiresAt: now + 600_000,
    ...more,
  };
}
