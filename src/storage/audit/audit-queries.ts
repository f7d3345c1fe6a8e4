import type { Queryable } from '../database';
import type { AuditActor, AuditChanges, StoredAuditEntry } from './audit-entry';

/** Where an entry stands in the order that it was listed in: its instant or its block, then its id. */
export type AuditPlace = readonly [string, string];

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
  /** Place of the last entry of the page before, in the same order. */
  readonly after?: AuditPlace | undefined;
}

/** An entry, and where it stands. */
export interface PlacedAuditEntry extends StoredAuditEntry {
  readonly place: AuditPlace;
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
  readonly place: string;
}

const COLUMNS = `e.id::text, e.at, e.actor_kind as "actorKind", e.actor_id as "actorId", e.account_id as "accountId",
  e.role, e.session_id as "sessionId", e.action, e.subject_kind as "subjectKind", e.subject_id as "subjectId", e.status,
  e.request_id as "requestId", e.address, e.changes, e.reason`;

/** Entries, newest first. One that is committed late stands where its time puts it. */
export async function listAudit(
  db: Queryable,
  limit: number,
  filter: AuditFilter = {},
): Promise<PlacedAuditEntry[]> {
  const { values, conditions, place } = conditionsOf(limit, filter);
  if (filter.after) {
    const [at, id] = filter.after.map(place);
    conditions.push(
      `(e.at, e.id) < (to_timestamp(0) + ${at}::bigint * interval '1 microsecond', ${id}::bigint)`,
    );
  }
  const { rows } = await db.query<Row>(
    `select ${COLUMNS}, not exists (select from audit_unsealed u where u.id = e.id) as "isSealed",
       (extract(epoch from e.at) * 1000000)::bigint::text as place
     from audit_entries e ${whereOf(conditions)} order by e.at desc, e.id desc limit $1`,
    values,
  );
  return rows.map(entryOf);
}

/**
 * Entries in the order of the chain, the oldest first: nothing is ever put before what was listed, so that whoever
 * goes on where they ended misses none, however late it was committed. What is in no block yet comes later.
 */
export async function followAudit(
  db: Queryable,
  limit: number,
  filter: AuditFilter = {},
): Promise<PlacedAuditEntry[]> {
  const { values, conditions, place } = conditionsOf(limit, filter);
  if (filter.after) {
    const [seq, id] = filter.after.map(place);
    conditions.push(`b.seq >= ${seq}::bigint`, `(b.seq, e.id) > (${seq}::bigint, ${id}::bigint)`);
  }
  const { rows } = await db.query<Row>(
    `select ${COLUMNS}, true as "isSealed", b.seq::text as place
     from audit_blocks b cross join lateral unnest(b.entry_ids) as sealed (id) join audit_entries e on e.id = sealed.id
     ${whereOf(conditions)} order by b.seq, e.id limit $1`,
    values,
  );
  return rows.map(entryOf);
}

function conditionsOf(
  limit: number,
  filter: AuditFilter,
): { values: unknown[]; conditions: string[]; place: (value: unknown) => string } {
  const values: unknown[] = [limit];
  const conditions: string[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const where = (condition: string, value: unknown): void => {
    if (value !== undefined) conditions.push(condition.replace('?', place(value)));
  };
  where('e.actor_id = ?', filter.actor);
  where('e.action = ?', filter.action);
  where('e.subject_id = ?', filter.subject);
  where('e.account_id = ?', filter.account);
  where('e.status = ?', filter.status);
  where('e.at >= to_timestamp(?::double precision / 1000)', filter.from);
  where('e.at < to_timestamp(?::double precision / 1000)', filter.to);
  return { values, conditions, place };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
}

function entryOf(row: Row): PlacedAuditEntry {
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
    place: [row.place, row.id],
  };
}
