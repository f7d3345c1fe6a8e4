import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline, Transform } from 'node:stream';
import type { Currency, Micros } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { CdrProfile } from './cdr-profile';
import { cdrProfileSchema } from './cdr-profile';
import type { CarrierRecord } from './read-cdr-file';
import { invalid, readCdrFile } from './read-cdr-file';

/** A file of a carrier that was imported. */
export interface CarrierFile {
  readonly id: number;
  readonly trunkId: string;
  readonly name: string;
  readonly sha256: string;
  readonly records: number;
  /** UTC epoch milliseconds of its first and last call. */
  readonly firstAt: number;
  readonly lastAt: number;
  readonly currency: Currency;
  /** What it bills; null when it does not say. */
  readonly costMicros: Micros | null;
  readonly importedBy: string | null;
  readonly importedAt: Date;
}

export interface CarrierImport {
  readonly trunkId: string;
  readonly name: string;
  readonly source: Readable;
  /** Who imports it. */
  readonly by: string;
}

const BATCH = 2_000;
const MAX_BYTES = 2 * 1024 ** 3;
const FILE = `id, trunk_id as "trunkId", name, encode(sha256, 'hex') as sha256, records, first_at as "firstAt",
  last_at as "lastAt", currency, cost as "costMicros", imported_by as "importedBy", imported_at as "importedAt"`;

/** Stores how a carrier writes its records. @throws AppError `not_found` when there is no such trunk */
export async function putCdrProfile(db: Queryable, trunkId: string, profile: CdrProfile): Promise<void> {
  const { rowCount } = await db.query(
    `insert into carrier_cdr_profiles as p (trunk_id, profile) select id, $2 from trunks where id = $1
     on conflict (trunk_id) do update set profile = excluded.profile, version = p.version + 1, updated_at = now()`,
    [trunkId, JSON.stringify(profile)],
  );
  if (rowCount === 0) throw notFound('trunk', trunkId);
}

export async function getCdrProfile(db: Queryable, trunkId: string): Promise<CdrProfile | undefined> {
  const { rows } = await db.query<{ profile: unknown }>(
    'select profile from carrier_cdr_profiles where trunk_id = $1',
    [trunkId],
  );
  return rows[0] && cdrProfileSchema.parse(rows[0].profile);
}

/** @throws AppError `not_found` */
export async function requireCdrProfile(db: Queryable, trunkId: string): Promise<CdrProfile> {
  const profile = await getCdrProfile(db, trunkId);
  if (profile) return profile;
  throw new AppError(
    'not_found',
    'cdr_profile_not_found',
    `nothing says how the carrier of trunk ${trunkId} writes its records`,
  );
}

/**
 * Imports a carrier's file, all of it or nothing, some records at a time.
 * @throws AppError `unprocessable` naming line and field of what is wrong; `conflict` when the same file was
 * imported before; `not_found` without a profile of the trunk
 */
export async function importCarrierFile(db: Queryable, request: CarrierImport): Promise<CarrierFile> {
  const hashing = new HashedSource();
  // At once: a source may fail before anything is read. What is wrong with one of them ends the other.
  pipeline(request.source, hashing, () => undefined);
  try {
    const profile = await requireCdrProfile(db, request.trunkId);
    return await inTransaction(db, (tx) => storeFile(tx, request, profile, hashing));
  } finally {
    hashing.destroy();
  }
}

async function storeFile(
  tx: Queryable,
  { trunkId, name, by }: CarrierImport,
  profile: CdrProfile,
  hashing: HashedSource,
): Promise<CarrierFile> {
  const id = await nextFileId(tx);
  const sums = await storeRecords(tx, id, readCdrFile(hashing, profile));
  const { rows } = await tx.query<CarrierFile>(
    `insert into carrier_cdr_files (id, trunk_id, name, sha256, records, first_at, last_at, currency, cost, imported_by)
       overriding system value values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       on conflict (trunk_id, sha256) do nothing returning ${FILE}`,
    [
      id,
      trunkId,
      name.slice(-255),
      hashing.digest(),
      sums.records,
      sums.firstAt,
      sums.lastAt,
      profile.currency,
      sums.cost,
      by,
    ],
  );
  const [file] = rows;
  if (file) return file;
  throw new AppError('conflict', 'cdr_file_known', `${name} was imported before; nothing was imported`);
}

interface Sums {
  readonly records: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly cost: number | null;
}

async function storeRecords(
  tx: Queryable,
  fileId: number,
  records: AsyncIterable<CarrierRecord>,
): Promise<Sums> {
  let sums: Sums = { records: 0, firstAt: Infinity, lastAt: -Infinity, cost: null };
  let batch: CarrierRecord[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await tx.query({ ...STORE, values: [fileId, JSON.stringify(batch)] });
    batch = [];
  };
  for await (const record of records) {
    const { startedAt, cost } = record;
    sums = {
      records: sums.records + 1,
      firstAt: Math.min(sums.firstAt, startedAt),
      lastAt: Math.max(sums.lastAt, startedAt),
      cost: cost === null ? sums.cost : (sums.cost ?? 0) + cost,
    };
    batch.push(record);
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  if (sums.records === 0) throw invalid(1, undefined, 'there is no record in it');
  return sums;
}

const STORE = {
  name: 'carrier-cdrs-store',
  text: `insert into carrier_cdrs (file_id, line, call_ref, calling, called, started_at, duration_ms, cost)
    select $1, line, "callRef", calling, called, "startedAt", "durationMs", cost from json_to_recordset($2::json) as r(
      line integer, "callRef" text, calling text, called text, "startedAt" bigint, "durationMs" bigint, cost bigint)`,
};

async function nextFileId(tx: Queryable): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('carrier_cdr_files', 'id')) as id`,
  );
  return rows[0]?.id as number;
}

export interface CarrierFileFilter {
  readonly trunkId?: string | undefined;
  /** Of a carrier: files of its trunks. */
  readonly accountId?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Files of a trunk, newest first. */
export async function listCarrierFiles(
  db: Queryable,
  { trunkId, accountId, before, limit }: CarrierFileFilter,
): Promise<CarrierFile[]> {
  const { rows } = await db.query<CarrierFile>(
    `select ${FILE} from carrier_cdr_files
     where ($1::text is null or trunk_id = $1) and ($2::bigint is null or id < $2)
       and ($4::text is null or trunk_id in (select t.id from trunks t where t.account_id = $4))
     order by id desc limit $3`,
    [trunkId ?? null, before ?? null, limit, accountId ?? null],
  );
  return rows;
}

/** Takes a file back, so that a corrected one can be imported. @returns false when there is none */
export async function deleteCarrierFile(db: Queryable, id: number): Promise<boolean> {
  const { rowCount } = await db.query('delete from carrier_cdr_files where id = $1', [id]);
  return rowCount === 1;
}

/** Hands a file through, counts and hashes it. */
class HashedSource extends Transform {
  readonly #hash = createHash('sha256');
  #bytes = 0;

  override _transform(
    chunk: Buffer,
    _encoding: string,
    done: (error: Error | null, chunk?: Buffer) => void,
  ): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BYTES) {
      done(new AppError('unprocessable', 'cdr_file_too_large', `the file is larger than ${MAX_BYTES} bytes`));
      return;
    }
    this.#hash.update(chunk);
    done(null, chunk);
  }

  /** Of all that went through. */
  digest(): Buffer {
    return this.#hash.digest();
  }
}
