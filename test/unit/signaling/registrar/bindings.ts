import type { Binding } from '../../../../src/signaling';
import type { RegisterContact } from '../../../../src/signaling/registrar/contacts';
import type { Registration, RegistrationLimits } from '../../../../src/signaling/registrar/plan-registration';

export const LIMITS: RegistrationLimits = {
  minSeconds: 60,
  maxSeconds: 3_600,
  defaultSeconds: 600,
  maxContacts: 3,
  shorten: (seconds) => seconds,
};

export function contactOf(name: string, expires?: number): RegisterContact {
  const uri = `sip:${name}@192.0.2.1`;
  return { uri, key: uri, instanceId: undefined, regId: undefined, expires };
}

export function registration(more: Partial<Registration> = {}): Registration {
  return {
    agentId: 'anna',
    nodeId: 'node-1',
    flow: { transport: 'wss', address: '192.0.2.1', port: 40_000 },
    userAgent: 'phone/1',
    callId: 'call-1',
    cseq: 1,
    contacts: [contactOf('desk')],
    expires: undefined,
    ...more,
  };
}

export function bindingOf(more: Partial<Binding> = {}): Binding {
  return {
    agentId: 'anna',
    key: 'sip:desk@192.0.2.1',
    contact: 'sip:desk@192.0.2.1',
    instanceId: undefined,
    regId: undefined,
    nodeId: 'node-1',
    flow: { transport: 'wss', address: '192.0.2.1', port: 40_000 },
    userAgent: 'phone/1',
    callId: 'call-1',
    cseq: 1,
    registeredAt: 1_000,
    expiresAt: 601_000,
    ...more,
  };
}
