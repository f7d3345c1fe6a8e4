import type { Binding, BindingChange, Flow } from './bindings';
import type { RegisterContact } from './contacts';

/** How long phones may stay registered, in seconds. */
export interface ExpiryPolicy {
  readonly minSeconds: number;
  readonly maxSeconds: number;
  /** For a phone that does not say. */
  readonly defaultSeconds: number;
}

/** A REGISTER that was read and whose sender is known. */
export interface Registration {
  readonly agentId: string;
  readonly nodeId: string;
  readonly flow: Flow;
  readonly userAgent: string | undefined;
  readonly callId: string;
  readonly cseq: number;
  /** `all`: `Contact: *`, which takes everything away. */
  readonly contacts: readonly RegisterContact[] | 'all';
  /** Seconds, of the Expires header. */
  readonly expires: number | undefined;
}

export interface RegistrationLimits extends ExpiryPolicy {
  /** Bindings of one agent; the oldest registration gives way. */
  readonly maxContacts: number;
  /** Makes a granted time a little shorter, so that phones which came at once do not come at once again. */
  readonly shorten: (seconds: number) => number;
}

/** `bindings` is what the agent has afterwards, the oldest registration first. */
export type RegistrationPlan =
  | { readonly ok: true; readonly change: BindingChange; readonly bindings: readonly Binding[] }
  | { readonly ok: false; readonly status: 400 | 403 | 423 | 500; readonly reason: string };

/**
 * What a REGISTER does to an agent's bindings: all of it or nothing (RFC 3261 §10.3, RFC 5626 §6).
 * @param current - live bindings, the oldest registration first
 * @param now - UTC epoch milliseconds
 */
export function planRegistration(
  current: readonly Binding[],
  registration: Registration,
  limits: RegistrationLimits,
  now: number,
): RegistrationPlan {
  const byKey = new Map(current.map((binding) => [binding.key, binding]));
  const { contacts, expires } = registration;
  if (contacts === 'all') {
    if (expires !== 0) return refuse(400, 'Contact: * Needs Expires: 0');
    if (current.some((binding) => isOlder(registration, binding))) return refuse(500, 'CSeq Out Of Order');
    return { ok: true, change: { put: [], remove: [...byKey.keys()] }, bindings: [] };
  }
  const put: Binding[] = [];
  const remove: string[] = [];
  for (const contact of contacts) {
    const known = byKey.get(contact.key);
    if (known && isOlder(registration, known)) return refuse(500, 'CSeq Out Of Order');
    const wanted = contact.expires ?? expires ?? limits.defaultSeconds;
    if (wanted === 0) {
      if (known) remove.push(contact.key);
      continue;
    }
    if (wanted < limits.minSeconds) return refuse(423, 'Interval Too Brief');
    const granted = limits.shorten(Math.min(wanted, limits.maxSeconds));
    const seconds = Math.max(limits.minSeconds, Math.floor(granted));
    put.push(bindingOf(registration, contact, now, now + seconds * 1_000));
  }
  if (put.length > limits.maxContacts) return refuse(403, 'Too Many Contacts');
  const gone = new Set([...remove, ...put.map(({ key }) => key)]);
  const kept = current.filter(({ key }) => !gone.has(key));
  // Who registered longest ago gives way, and most likely is no more.
  const surplus = kept.splice(0, Math.max(0, kept.length + put.length - limits.maxContacts));
  remove.push(...surplus.map(({ key }) => key));
  return { ok: true, change: { put, remove }, bindings: [...kept, ...put] };
}

/** True when a REGISTER came late or twice: of one Call-ID only a higher CSeq changes anything. */
function isOlder({ callId, cseq }: Registration, binding: Binding): boolean {
  return callId === binding.callId && cseq <= binding.cseq;
}

function bindingOf(
  { agentId, nodeId, flow, userAgent, callId, cseq }: Registration,
  { uri, key, instanceId, regId }: RegisterContact,
  now: number,
  expiresAt: number,
): Binding {
  return {
    agentId,
    key,
    contact: uri,
    instanceId,
    regId,
    nodeId,
    flow,
    userAgent,
    callId,
    cseq,
    registeredAt: now,
    expiresAt,
  };
}

function refuse(status: 400 | 403 | 423 | 500, reason: string): RegistrationPlan {
  return { ok: false, status, reason };
}
