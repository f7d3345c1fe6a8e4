import type { AuditEntry, Queryable } from '../storage';
import { recordAudit } from '../storage';

/** Writes down what an exchange does by itself while it starts, as `start.<deed>`. */
export function recordStart(db: Queryable, deed: string, subject?: AuditEntry['subject']): Promise<void> {
  return recordAudit(db, { actor: { kind: 'system', id: 'start' }, action: `start.${deed}`, subject });
}
