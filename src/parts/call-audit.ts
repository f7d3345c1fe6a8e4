import type { AuditActor, AuditTrail } from '../storage';
import type { CallEvent } from '../signaling';

/** As `principalName` writes them. */
const NAMED = /^(user|client):(.+)$/s;

/** As HTTP has it (RFC 9110 §15.6.5): who was to be reached did not answer. */
const NOT_ANSWERED = 504;

/**
 * What comes of a deed only after it was answered and written down: that a phone that was rung for who wanted to
 * listen in was not taken.
 */
export function auditCall(trail: Pick<AuditTrail, 'record'>, told: unknown): void {
  const event = told as CallEvent;
  if (event.type !== 'call.monitored' || event.mode !== 'failed') return;
  const { callId, by, accountId, detail } = event;
  trail.record({
    actor: { ...actorNamed(by), accountId },
    action: 'monitorCall.failed',
    subject: { kind: 'call', id: callId },
    status: NOT_ANSWERED,
    reason: detail,
  });
}

function actorNamed(by: string): Pick<AuditActor, 'kind' | 'id'> {
  const [, kind, id] = NAMED.exec(by) ?? [];
  return kind === undefined || id === undefined
    ? { kind: 'key', id: by }
    : { kind: kind as 'user' | 'client', id };
}
