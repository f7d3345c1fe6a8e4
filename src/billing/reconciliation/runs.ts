import type { Currency, Micros } from '../../domain';
import { AppError, asError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import type { DocumentPeriod } from '../invoices/document';
import type { DifferenceKind, FoundDifference } from './difference';

export const RUN_KINDS = ['calls', 'carrier'] as const;
export type RunKind = (typeof RUN_KINDS)[number];
export const RUN_STATES = ['waiting', 'running', 'done', 'failed'] as const;
export type RunState = (typeof RUN_STATES)[number];

/** One reconciliation. */
export interface ReconciliationRun {
  readonly id: number;
  readonly kind: RunKind;
  readonly trunkId: string | null;
  readonly fromAt: Date;
  readonly toAt: Date;
  readonly state: RunState;
  /** Null: the daily job. */
  readonly requestedBy: string | null;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly failure: string | null;
  readonly totals: Readonly<Record<string, unknown>>;
  readonly differences: number;
}

/** A difference that was found, and what people say of it. */
export interface StoredDifference extends FoundDifference {
  readonly id: number;
  readonly reconciliationId: number;
  readonly fileId: number | null;
  readonly line: number | null;
  readonly state: 'open' | 'explained';
  readonly note: string | null;
  readonly explainedBy: string | null;
  readonly explainedAt: Date | null;
}

export interface NewRun {
  readonly kind: RunKind;
  readonly trunkId?: string | undefined;
  readonly period: DocumentPeriod;
  /** Who asked for it; undefined of the daily job, which runs once for each period. */
  readonly requestedBy: string | undefined;
}

/** After so long a run that is not done is taken for dead: it is begun again. */
const DEAD_AFTER = '1 hour';
/** Differences that are kept of one run; the rest is counted. */
export const MAX_KEPT = 100_000;

const RUN = `id, kind, trunk_id as "trunkId", from_at as "fromAt", to_at as "toAt", state, requested_by as "requestedBy",
  requested_at as "requestedAt", started_at as "startedAt", finished_at as "finishedAt", failure, totals, differences`;
const DIFFERENCE = `id, reconciliation_id as "reconciliationId", kind, call_id as "callId", file_id as "fileId", line, detail,
  expected, found, amount, currency, state, note, explained_by as "explainedBy", explained_at as "explainedAt"`;

/** A run that somebody has in hand. */
export interface BegunRun {
  readonly id: number;
  readonly kind: RunKind;
  readonly trunkId: string | null;
  readonly period: DocumentPeriod;
}

/** What came of a run. */
export interface FinishedRun {
  readonly id: number;
  readonly differences: number;
}

/** Begins a run at once. @returns undefined when somebody has that daily run, or had it */
export async function beginRun(db: Queryable, run: NewRun): Promise<BegunRun | undefined> {
  const { rows } = await db.query<{ id: number }>(
    `insert into reconciliations as r (kind, trunk_id, from_at, to_at, requested_by, state, started_at)
     values ($1, $2, to_timestamp($3::bigint / 1000.0), to_timestamp($4::bigint / 1000.0), $5, 'running', now())
     on conflict (kind, from_at, to_at) where requested_by is null do update
       set state = 'running', started_at = now(), finished_at = null, failure = null
     where r.state = 'failed' and r.finished_at < now() - interval '${DEAD_AFTER}'
       or r.state = 'running' and r.started_at < now() - interval '${DEAD_AFTER}'
     returning id`,
    [run.kind, run.trunkId ?? null, run.period.from, run.period.to, run.requestedBy ?? null],
  );
  const id = rows[0]?.id;
  if (id === undefined) return undefined;
  await forgetFound(db, id);
  return { id, kind: run.kind, trunkId: run.trunkId ?? null, period: run.period };
}

/** Asks for a run: a worker begins it. @throws AppError `not_found` when there is no such trunk */
export async function requestRun(
  db: Queryable,
  run: NewRun & { readonly requestedBy: string },
): Promise<ReconciliationRun> {
  const { rows } = await db.query<ReconciliationRun>(
    `insert into reconciliations (kind, trunk_id, from_at, to_at, requested_by, state)
     select $1, $2, to_timestamp($3::bigint / 1000.0), to_timestamp($4::bigint / 1000.0), $5, 'waiting'
     where $2::text is null or exists (select 1 from trunks where id = $2)
     returning ${RUN}`,
    [run.kind, run.trunkId ?? null, run.period.from, run.period.to, run.requestedBy],
  );
  const [waiting] = rows;
  if (!waiting) throw new AppError('not_found', 'trunk_not_found', `there is no trunk ${run.trunkId}`);
  return waiting;
}

/** Takes the run that waits longest, or one whose worker died. */
export async function claimRun(db: Queryable): Promise<BegunRun | undefined> {
  const { rows } = await db.query<Omit<BegunRun, 'period'> & { from: number; to: number }>({
    name: 'reconciliation-claim',
    text: `update reconciliations r set state = 'running', started_at = now()
      where id = (
        select id from reconciliations
        where state = 'waiting' or (state = 'running' and requested_by is not null and started_at < now() - interval '${DEAD_AFTER}')
        order by id limit 1 for update skip locked)
      returning id, kind, trunk_id as "trunkId", (extract(epoch from from_at) * 1000)::bigint as from,
        (extract(epoch from to_at) * 1000)::bigint as to`,
  });
  const [claimed] = rows;
  if (!claimed) return undefined;
  const { from, to, ...run } = claimed;
  await forgetFound(db, run.id);
  return { ...run, period: { from, to } };
}

/** What a run that died had found is found again. */
async function forgetFound(db: Queryable, id: number): Promise<void> {
  await db.query('delete from reconciliation_differences where reconciliation_id = $1', [id]);
}

/** Does the work of a run and notes what came of it. @throws Error when it failed, which is noted */
export async function carryOut(
  db: Queryable,
  id: number,
  work: () => Promise<{ readonly totals: object; readonly differences: number }>,
): Promise<FinishedRun> {
  try {
    const { totals, differences } = await work();
    await db.query(
      `update reconciliations set state = 'done', finished_at = now(), totals = $2, differences = $3 where id = $1`,
      [id, JSON.stringify(totals), differences],
    );
    return { id, differences };
  } catch (error) {
    // While the database is away nobody can be told: the run is taken for dead later.
    await failRun(db, id, asError(error).message).catch(() => undefined);
    throw error;
  }
}

async function failRun(db: Queryable, id: number, failure: string): Promise<void> {
  await db.query(
    `update reconciliations set state = 'failed', finished_at = now(), failure = $2 where id = $1`,
    [id, failure.slice(0, 1_000)],
  );
}

/** Keeps what was found. */
export async function keepDifferences(
  db: Queryable,
  runId: number,
  found: readonly FoundDifference[],
): Promise<void> {
  await db.query({
    name: 'reconciliation-keep',
    text: `insert into reconciliation_differences (reconciliation_id, kind, call_id, detail, expected, found, amount, currency)
      select $1, kind, "callId", detail, coalesce(expected, 'null'), coalesce(found, 'null'), amount, currency
      from json_to_recordset($2::json) as r(
        kind text, "callId" text, detail text, expected jsonb, found jsonb, amount bigint, currency text)`,
    values: [runId, JSON.stringify(found)],
  });
}

export interface RunFilter {
  readonly kind?: RunKind | undefined;
  readonly trunkId?: string | undefined;
  /** Of a carrier: runs over its trunks. */
  readonly accountId?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Runs, newest first. */
export async function listRuns(db: Queryable, filter: RunFilter): Promise<ReconciliationRun[]> {
  const { rows } = await db.query<ReconciliationRun>(
    `select ${RUN} from reconciliations
     where ($1::text is null or kind = $1) and ($2::text is null or trunk_id = $2) and ($3::bigint is null or id < $3)
       and ($5::text is null or trunk_id in (select t.id from trunks t where t.account_id = $5))
     order by id desc limit $4`,
    [
      filter.kind ?? null,
      filter.trunkId ?? null,
      filter.before ?? null,
      filter.limit,
      filter.accountId ?? null,
    ],
  );
  return rows;
}

export async function getRun(db: Queryable, id: number): Promise<ReconciliationRun | undefined> {
  const { rows } = await db.query<ReconciliationRun>(`select ${RUN} from reconciliations where id = $1`, [
    id,
  ]);
  return rows[0];
}

export interface DifferencesFilter {
  readonly runId?: number | undefined;
  readonly kind?: DifferenceKind | undefined;
  readonly state?: 'open' | 'explained' | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
}

/** Differences, in the order in which they were found. */
export async function listReconciliationDifferences(
  db: Queryable,
  filter: DifferencesFilter,
): Promise<StoredDifference[]> {
  const { rows } = await db.query<StoredDifference>(
    `select ${DIFFERENCE} from reconciliation_differences
     where ($1::bigint is null or reconciliation_id = $1) and ($2::text is null or kind = $2)
       and ($3::text is null or state = $3) and id > $4
     order by id limit $5`,
    [filter.runId ?? null, filter.kind ?? null, filter.state ?? null, filter.after ?? 0, filter.limit],
  );
  return rows;
}

/** How many of each kind, and what is at stake. */
export interface DifferenceSum {
  readonly kind: DifferenceKind;
  readonly currency: Currency | null;
  readonly count: number;
  readonly amount: Micros;
}

export async function sumDifferences(db: Queryable, runId: number): Promise<DifferenceSum[]> {
  const { rows } = await db.query<DifferenceSum>(
    `select kind, currency, count(*)::integer as count, sum(amount)::bigint as amount
     from reconciliation_differences where reconciliation_id = $1 group by kind, currency order by kind, currency`,
    [runId],
  );
  return rows;
}

/**
 * Notes why a difference is there, which settles it for people; the money is not touched.
 * @throws AppError `not_found`; `conflict` when it is explained already
 */
export async function explainDifference(
  db: Queryable,
  { id, note, by }: { readonly id: number; readonly note: string; readonly by: string },
): Promise<StoredDifference> {
  const { rows } = await db.query<StoredDifference>(
    `update reconciliation_differences set state = 'explained', note = $2, explained_by = $3, explained_at = now()
     where id = $1 and state = 'open' returning ${DIFFERENCE}`,
    [id, note, by],
  );
  const [explained] = rows;
  if (explained) return explained;
  const { rowCount } = await db.query('select 1 from reconciliation_differences where id = $1', [id]);
  if (rowCount === 0) throw notFound('difference', id);
  throw new AppError('conflict', 'difference_explained', `difference ${id} is explained already`);
}
