import type { Queryable } from '../database';
import type { AuditActor, AuditChanges, StoredAuditEntry } from './audit-entry';

/** Which entries. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  readonly account?: string | undefined;
  readonly status?: number | undefined;
  /** UTC epoch milliseconds; `to` is not included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Id of the last entry of the page before. */
  readonly before?: string | undefined;
}

interface Row {
  readonly id: string;
  readonly at: Date;
  readonly actorKind: AuditActor['kind'];
  readonly actorId: string;
  readonly accountId: string | null;
  readonly role: string | null;
  readonly sessionId: string | null;
  readonly action: string;
  readonly subjectKind: string | null;
  readonly subjectId: string | null;
  readonly status: number;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly changes: AuditChanges | null;
  readonly reason: string | null;
  readonly isSealed: boolean;
}

/** Entries, newest first. */
export async function listAudit(
  db: Queryable,
  limit: number,
  filter: AuditFilter = {},
): Promise<StoredAuditEntry[]> {
  const values: unknown[] = [limit];
  const conditions: string[] = [];
  const where = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replace('?', `$${values.length}`));
  };
  where('actor_id = ?', filter.actor);
  where('action = ?', filter.action);
  where('subject_id = ?', filter.subject);
  where('account_id = ?', filter.account);
  where('status = ?', filter.status);
  where('at >= to_timestamp(?::double precision / 1000)', filter.from);
  where('at < to_timestamp(?::double precision / 1000)', filter.to);
  where('id < ?', filter.before);
  const { rows } = await db.query<Row>(
    `select id::text, at, actor_kind as "actorKind", actor_id as "actorId", account_id as "accountId", role,
       session_id as "sessionId", action, subject_kind as "subjectKind", subject_id as "subjectId", status,
       request_id as "requestId", address, changes, reason,
       not exists (select from audit_unsealed u where u.id = e.id) as "isSealed"
     from audit_entries e ${conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''}
     order by e.id desc limit $1`,
    values,
  );
  return rows.map(entryOf);
}

function entryOf(row: Row): StoredAuditEntry {
  return {
    id: row.id,
    at: row.at,
    actor: {
      kind: row.actorKind,
      id: row.actorId,
      accountId: row.accountId ?? undefined,
      role: row.role ?? undefined,
      sessionId: row.sessionId ?? undefined,
    },
    action: row.action,
    subject: row.subjectKind === null ? undefined : { kind: row.subjectKind, id: row.subjectId ?? undefined },
    status: row.status,
    requestId: row.requestId ?? undefined,
    address: row.address ?? undefined,
    changes: row.changes ?? undefined,
    reason: row.reason ?? undefined,
    isSealed: row.isSealed,
  };
}
