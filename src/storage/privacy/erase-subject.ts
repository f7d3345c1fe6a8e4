import type { E164 } from '../../domain';
import { AppError, asError } from '../../domain';
import { appendRevocations } from '../consents/revoke-consents';
import type { Database, Queryable } from '../database';
import { eraseRecordingsOf } from '../recordings';
import { anonymiseCalls } from './anonymise-calls';
import { getIn, setIn } from './json-path';
import { NumberPattern } from './number-pattern';
import { ELSEWHERE, PLACES } from './places';
import type { Replacement } from './scrub';
import { scrub } from './scrub';
import type { FoundRow, SearchedTable } from './search-tables';
import { quoted, searchTable, tablesToSearch } from './search-tables';
import { forgetListHistory, suppress } from './suppress';
import type { Vault } from './vault';

export interface ErasureRules {
  /** Keep proof of consent, sealed, until its time is over (GDPR Art. 17(3)(e)). */
  readonly keepProof: boolean;
  /** Years that proof of a consent, and the suppression, are kept. */
  readonly consentYears: number;
  /** UTC epoch milliseconds. */
  readonly now: number;
  /** What the number is called in other rooms: keyed hashes. */
  readonly aliases?: (number: E164) => readonly string[];
}

/** Something that is still held. */
export interface Remaining {
  readonly place: string;
  /** Rows; undefined where nobody can count. */
  readonly rows?: number;
  readonly why: string;
}

export interface ErasureReport {
  /** Rows that were changed or removed, by place. */
  readonly counts: Readonly<Record<string, number>>;
  readonly remaining: readonly Remaining[];
}

const CALLS = 200;
/** What belongs to a call is done with it. */
const OF_CALLS: ReadonlySet<string> = new Set(['calls', 'call_decisions', 'call_late_ends', 'fraud_cases']);
const POLICIES = new Map(PLACES.map((place) => [place.table, place]));

/**
 * Erases a person from the exchange: calls become anonymous, consents are revoked and their proof goes or
 * is kept sealed, list entries become a keyed hash. Money stays: it names nobody. Done in many short
 * transactions; running it again does what is left, and nothing twice.
 * @param onProgress - told what is being done
 * @throws AppError `unprocessable` for a number of the exchange itself
 */
export async function eraseSubject(
  database: Database,
  vault: Vault,
  number: E164,
  rules: ErasureRules,
  onProgress: (place: string) => void = () => undefined,
): Promise<ErasureReport> {
  await requirePerson(database, number);
  const counts: Record<string, number> = {};
  const remaining: Remaining[] = [];
  const count = (place: string, rows: number): void => {
    if (rows > 0) counts[place] = (counts[place] ?? 0) + rows;
  };

  onProgress('consents');
  const kept = await database.transaction(async (tx) => {
    const consents = await eraseConsents(tx, vault, number, rules);
    count('consents revoked', consents.revoked);
    count('consent_details', consents.removed);
    count('dnc_entries', await suppress(tx, vault, number, rules.now, rules.consentYears));
    return consents.kept;
  });
  if (kept > 0) {
    const why = 'proof of consent, sealed, for legal claims (GDPR Art. 17(3)(e)), until its time is over';
    remaining.push({ place: 'consent_details', rows: kept, why });
  }

  onProgress('calls');
  for (;;) {
    const done = await anonymiseBatch(database, vault, number);
    count('calls', done);
    if (done < CALLS) break;
  }

  const subject: Replacement = {
    pattern: new NumberPattern(number, rules.aliases?.(number)),
    by: vault.pseudonym(number),
  };
  for (const searched of await tablesToSearch(database)) {
    if (POLICIES.get(searched.table)?.erase === 'own') continue;
    onProgress(searched.table);
    await eraseTable(database, vault, subject, searched, count, remaining);
  }
  onProgress('recordings');
  const names = [number, vault.pseudonym(number)];
  const recordings = await database.transaction((tx) => eraseRecordingsOf(tx, names));
  count('recordings', recordings.erased);
  if (recordings.held > 0) {
    const why =
      'recordings that are held for legal claims (GDPR Art. 17(3)(e)); lift that, and run the erasure again';
    remaining.push({ place: 'recordings', rows: recordings.held, why });
  }
  onProgress('market_history');
  count('market_history', await database.transaction((tx) => forgetListHistory(tx, number)));
  remaining.push(...ELSEWHERE.map((why) => ({ place: 'elsewhere', why })));
  return { counts, remaining };
}

/** A number that callers dial is no person: without it calls would find nobody. */
async function requirePerson(db: Queryable, number: E164): Promise<void> {
  const { rowCount } = await db.query('select 1 from did_numbers where number = $1', [number]);
  if ((rowCount ?? 0) > 0) {
    throw new AppError(
      'unprocessable',
      'number_is_ours',
      'this is a number of the exchange, not of a person',
    );
  }
}

async function eraseConsents(
  tx: Queryable,
  vault: Vault,
  number: E164,
  { keepProof, now }: ErasureRules,
): Promise<{ revoked: number; removed: number; kept: number }> {
  const { rows } = await tx.query<{ id: number; erased: boolean }>(
    `select id, erased_at is not null as erased from consent_subjects where number_hash = $1 order by id for update`,
    [vault.hashNumber(number)],
  );
  const all = rows.map(({ id }) => id);
  let revoked = 0;
  for (const { id, erased } of rows) {
    if (erased) continue;
    const ids = await appendRevocations(tx, vault, {
      subjectId: id,
      consentIds: undefined,
      revokedAt: now,
      honouredAt: now,
      recordedAt: now,
      method: 'erasure_request',
      covers: 'consent',
      words: undefined,
    });
    revoked += ids.length;
  }
  if (keepProof) {
    await tx.query('update consent_subjects set erased_at = now() where id = any($1) and erased_at is null', [
      all,
    ]);
    const { rows: left } = await tx.query<{ kept: number }>(
      'select count(*)::integer as kept from consent_details where subject_id = any($1)',
      [all],
    );
    return { revoked, removed: 0, kept: left[0]?.kept ?? 0 };
  }
  const { rowCount } = await tx.query('delete from consent_details where subject_id = any($1)', [all]);
  await tx.query('delete from consent_subjects where id = any($1)', [all]);
  return { revoked, removed: rowCount ?? 0, kept: 0 };
}

function anonymiseBatch(database: Database, vault: Vault, number: E164): Promise<number> {
  return database.transaction(async (tx) => {
    const { rows } = await tx.query<{ id: string }>(
      `select id from calls where caller = $1 order by id limit ${CALLS}`,
      [number],
    );
    return anonymiseCalls(
      tx,
      vault,
      rows.map(({ id }) => id),
      { persons: true, numbers: [number] },
    );
  });
}

/** Everything of one table in which the number stands, wherever. */
async function eraseTable(
  database: Database,
  vault: Vault,
  subject: Replacement,
  searched: SearchedTable,
  count: (place: string, rows: number) => void,
  remaining: Remaining[],
): Promise<void> {
  const { table } = searched;
  const place = POLICIES.get(table);
  let left = 0;
  let why = place?.why ?? 'a table that nothing is known of: nothing was changed';
  for await (const rows of searchTable(database, searched, subject.pattern)) {
    if (place === undefined || place.erase === 'keep') {
      left += rows.length;
      continue;
    }
    try {
      count(table, await eraseRows(database, vault, subject, searched, rows));
    } catch (error) {
      left += rows.length;
      why = `it cannot be changed: ${asError(error).message}`;
    }
  }
  if (left > 0) remaining.push({ place: table, rows: left, why });
}

async function eraseRows(
  database: Database,
  vault: Vault,
  subject: Replacement,
  searched: SearchedTable,
  rows: readonly FoundRow[],
): Promise<number> {
  const { table } = searched;
  return database.transaction(async (tx) => {
    if (OF_CALLS.has(table)) {
      const ids = rows.map(({ row }) => String(row[table === 'calls' ? 'id' : 'call_id']));
      // Somebody else's calls, in which the number stands as well.
      return anonymiseCalls(tx, vault, ids, { persons: false, numbers: [subject.pattern.number] });
    }
    const ctids = rows.map(({ ctid }) => ctid);
    if (POLICIES.get(table)?.erase === 'delete') {
      const { rowCount } = await tx.query(`delete from ${quoted(table)} where ctid = any($1::tid[])`, [
        ctids,
      ]);
      return rowCount ?? 0;
    }
    return scrubRows(tx, searched, ctids, subject);
  });
}

/** Rows as they are now, locked, so that nothing that was written meanwhile is lost. */
async function scrubRows(
  tx: Queryable,
  { table, columns }: SearchedTable,
  ctids: readonly string[],
  subject: Replacement,
): Promise<number> {
  const name = quoted(table);
  const { rows } = await tx.query<FoundRow>(
    `select t.ctid::text as ctid, to_jsonb(t) as row from ${name} t where t.ctid = any($1::tid[]) for update`,
    [ctids],
  );
  let changed = 0;
  for (const { ctid, row } of rows) {
    const clean = withoutDropped(scrub(row, [subject]), POLICIES.get(table)?.dropped ?? []);
    const touched = columns.filter((column) => clean[column] !== row[column]);
    if (touched.length === 0) continue;
    const list = touched.map(quoted).join(', ');
    await tx.query(
      `update ${name} t set (${list}) = (select ${list} from jsonb_populate_record(t, $2::jsonb)) where t.ctid = $1::tid`,
      [ctid, JSON.stringify(clean)],
    );
    changed++;
  }
  return changed;
}

function withoutDropped<T>(row: T, paths: readonly (readonly string[])[]): T {
  return paths.reduce<unknown>(
    (rest, path) => (isEmpty(getIn(rest, path)) ? rest : setIn(rest, path, {})),
    row,
  ) as T;
}

function isEmpty(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
}
