import type { E164 } from '../../domain';
import { AppError, asError } from '../../domain';
import type { Database, Queryable } from '../database';
import type { ErasureRules, Remaining } from './erase-subject';
import { eraseSubject } from './erase-subject';
import type { SubjectExport } from './export-subject';
import { exportSubject } from './export-subject';
import { NumberPattern } from './number-pattern';
import type { Vault } from './vault';

export type PrivacyRequestKind = 'export' | 'erase';

/** A request of a person, as it is kept: without the number. */
export interface PrivacyRequest {
  readonly id: string;
  readonly kind: PrivacyRequestKind;
  readonly requestedBy: string;
  readonly basis: string;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
  readonly receivedAt: Date;
  readonly completedAt: Date | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly remaining: readonly Remaining[];
  readonly failure: string | null;
}

export interface NewPrivacyRequest {
  readonly kind: PrivacyRequestKind;
  readonly number: E164;
  /** Who had it done: a key of the API, or a person at a terminal. */
  readonly requestedBy: string;
  /** Who asked for it, and on which ground. */
  readonly basis: string;
}

/** One that fails so often is for people. */
const MAX_TRIES = 5;
/** A request that nobody has finished after so many milliseconds was left by a process that is gone. */
const LEFT_MS = 3_600_000;
const COLUMNS = `id::text as id, kind, requested_by as "requestedBy", basis, status, received_at as "receivedAt",
  completed_at as "completedAt", counts, remaining, failure`;

/**
 * Takes a request in. What it says of the number itself is not kept.
 * @param status - `waiting` for {@link runNextRequest}; `running` when it is carried out at once
 */
export async function requestPrivacy(
  db: Queryable,
  vault: Vault,
  request: NewPrivacyRequest,
  status: 'waiting' | 'running' = 'waiting',
): Promise<PrivacyRequest> {
  const pattern = new NumberPattern(request.number);
  const clean = (text: string): string => pattern.replace(text, vault.pseudonym(request.number));
  const { rows } = await db.query<PrivacyRequest>(
    `insert into privacy_requests (kind, subject_hash, number_sealed, requested_by, basis, status, started_at)
     values ($1, $2, $3, $4, $5, $6, now()) returning ${COLUMNS}`,
    [
      request.kind,
      vault.hashNumber(request.number),
      vault.sealNumber(request.number),
      clean(request.requestedBy).slice(0, 200),
      clean(request.basis).slice(0, 500),
      status,
    ],
  );
  return rows[0] as PrivacyRequest;
}

export async function getPrivacyRequest(db: Queryable, id: number): Promise<PrivacyRequest | undefined> {
  const { rows } = await db.query<PrivacyRequest>(`select ${COLUMNS} from privacy_requests where id = $1`, [
    id,
  ]);
  return rows[0];
}

/** Newest first. @param before - id of the last of the page before */
export async function listPrivacyRequests(
  db: Queryable,
  limit: number,
  before?: number,
): Promise<PrivacyRequest[]> {
  const { rows } = await db.query<PrivacyRequest>(
    `select ${COLUMNS} from privacy_requests where $2::bigint is null or id < $2 order by id desc limit $1`,
    [limit, before ?? null],
  );
  return rows;
}

/** What an export came to; undefined when there is none, or it was kept long enough. @throws VaultError */
export async function readExport(
  db: Queryable,
  vault: Vault,
  id: number,
): Promise<SubjectExport | undefined> {
  const { rows } = await db.query<{ result_sealed: Buffer | null }>(
    `select result_sealed from privacy_requests where id = $1 and kind = 'export'`,
    [id],
  );
  const sealed = rows[0]?.result_sealed;
  return sealed ? (JSON.parse(vault.open(sealed, exportPlace(id))) as SubjectExport) : undefined;
}

/**
 * Carries out the oldest request that waits, or that somebody has left.
 * @returns its id; undefined when none waits
 */
export async function runNextRequest(
  database: Database,
  vault: Vault,
  rules: ErasureRules,
): Promise<string | undefined> {
  const { rows } = await database.query<{ id: number }>(
    `update privacy_requests set status = 'running', started_at = now(), tries = tries + 1 where id = (
       select id from privacy_requests
       where status = 'waiting' or (status = 'running' and started_at < now() - $1 * interval '1 millisecond')
       order by tries, id limit 1 for update skip locked)
     returning id`,
    [LEFT_MS],
  );
  const [taken] = rows;
  if (!taken) return undefined;
  await runRequest(database, vault, taken.id, rules);
  return String(taken.id);
}

/**
 * Carries out one request now. What fails is tried again later, up to a limit.
 * @throws AppError `not_found` when it is done or there is none; what it failed with
 */
export async function runRequest(
  database: Database,
  vault: Vault,
  id: number,
  rules: ErasureRules,
  onProgress: (place: string) => void = () => undefined,
): Promise<PrivacyRequest> {
  const { rows } = await database.query<{
    kind: PrivacyRequestKind;
    number_sealed: Buffer | null;
    tries: number;
  }>('select kind, number_sealed, tries from privacy_requests where id = $1', [id]);
  const [request] = rows;
  if (!request?.number_sealed) {
    throw new AppError('not_found', 'privacy_request_not_found', `no request ${id} is to be carried out`);
  }
  const number = vault.openNumber(request.number_sealed);
  try {
    if (request.kind === 'erase') {
      const { counts, remaining } = await eraseSubject(database, vault, number, rules, onProgress);
      await finish(database, id, counts, remaining, null);
    } else {
      const found = await exportSubject(
        database,
        vault,
        number,
        rules.now,
        rules.aliases?.(number),
        onProgress,
      );
      const sealed = vault.seal(JSON.stringify(found), exportPlace(id));
      await finish(database, id, countsOf(found), [], sealed);
    }
  } catch (error) {
    await fail(database, id, request.tries, number, asError(error));
    throw error;
  }
  const done = await getPrivacyRequest(database, id);
  if (!done) throw new AppError('not_found', 'privacy_request_not_found', `the request ${id} is gone`);
  return done;
}

function exportPlace(id: number): string {
  return `export ${id}`;
}

function countsOf(found: SubjectExport): Record<string, number> {
  return {
    consents: found.consents.length,
    lists: found.lists.length,
    calls: found.calls.length,
    ...Object.fromEntries(Object.entries(found.other).map(([table, rows]) => [table, rows.length])),
  };
}

async function finish(
  db: Queryable,
  id: number,
  counts: Readonly<Record<string, number>>,
  remaining: readonly Remaining[],
  result: Buffer | null,
): Promise<void> {
  await db.query(
    `update privacy_requests set status = 'done', completed_at = now(), number_sealed = null, failure = null,
       counts = $2, remaining = $3, result_sealed = $4 where id = $1`,
    [id, JSON.stringify(counts), JSON.stringify(remaining), result],
  );
}

/** What can never work is over at once; the rest waits for the next turn. */
async function fail(db: Queryable, id: number, tries: number, number: E164, error: Error): Promise<void> {
  const over = error instanceof AppError || tries >= MAX_TRIES;
  const failure = new NumberPattern(number).replace(error.message, 'the number').slice(0, 500);
  await db
    .query(
      `update privacy_requests set status = $2, failure = $3,
         completed_at = case when $4 then now() end, number_sealed = case when $4 then null else number_sealed end
       where id = $1`,
      [id, over ? 'failed' : 'waiting', failure, over],
    )
    // The database is away: whoever finds it left goes on.
    .catch(() => undefined);
}
