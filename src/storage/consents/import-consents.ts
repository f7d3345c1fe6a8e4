import type { Database, Queryable } from '../database';
import type { Vault } from '../privacy/vault';
import type { ConsentAct, RevocationAct } from './consent-act';
import { readConsentRow, readHeader } from './consent-columns';
import { csvRecords } from './csv-records';
import type { GivenConsent } from './give-consents';
import { giveConsents } from './give-consents';
import { revokeConsents } from './revoke-consents';

export interface ConsentImport {
  /** Lines read, the names of columns not counted. */
  readonly lines: number;
  readonly recorded: number;
  /** Recorded before, or twice in the file. */
  readonly known: number;
  readonly revoked: number;
  readonly bad: number;
  /** The first of them, without what they hold. */
  readonly badLines: readonly { readonly line: number; readonly why: string }[];
}

export interface ConsentImportOptions {
  /** UTC epoch milliseconds of each batch. */
  readonly now: () => number;
  /** Lines recorded in one transaction. */
  readonly batch?: number;
  readonly onProgress?: (lines: number) => void;
}

interface Line {
  readonly line: number;
  readonly act: ConsentAct;
  readonly revocation: RevocationAct | undefined;
}

const BATCH = 500;
const MAX_TOLD = 20;

/**
 * Records the consents of a CSV file, however long: a batch at a time, each whole or not at all. What is
 * wrong with a line is told, and the others are recorded; the same file taken again adds nothing.
 * @throws CsvError or RangeError when the file cannot be read as one of consents
 */
export async function importConsents(
  database: Database,
  vault: Vault,
  source: AsyncIterable<Buffer | string>,
  { now, batch = BATCH, onProgress = () => undefined }: ConsentImportOptions,
): Promise<ConsentImport> {
  const report = { lines: 0, recorded: 0, known: 0, revoked: 0, bad: 0 };
  const badLines: { line: number; why: string }[] = [];
  const bad = (line: number, why: string): void => {
    report.bad++;
    if (badLines.length < MAX_TOLD) badLines.push({ line, why });
  };
  let places: ReturnType<typeof readHeader> | undefined;
  let waiting: Line[] = [];
  const flush = async (): Promise<void> => {
    const lines = waiting;
    waiting = [];
    if (lines.length === 0) return;
    const { outcomes, revoked } = await record(database, vault, lines, now());
    outcomes.forEach((outcome, index) => {
      if (!outcome.ok) bad(lines[index]?.line ?? 0, outcome.reason);
      else if (outcome.known) report.known++;
      else report.recorded++;
    });
    report.revoked += revoked;
    onProgress(report.lines);
  };
  for await (const { line, fields } of csvRecords(source)) {
    if (!places) {
      places = readHeader(fields);
      continue;
    }
    report.lines++;
    const row = readConsentRow(fields, places);
    if (row.ok) waiting.push({ line, act: row.act, revocation: row.revocation });
    else bad(line, row.why);
    if (waiting.length >= batch) await flush();
  }
  await flush();
  if (!places) throw new RangeError('the file is empty: its first line names the columns');
  return { ...report, badLines };
}

function record(
  database: Database,
  vault: Vault,
  lines: readonly Line[],
  recordedAt: number,
): Promise<{ outcomes: GivenConsent[]; revoked: number }> {
  return database.transaction(async (tx) => {
    const outcomes = await giveConsents(
      tx,
      vault,
      lines.map(({ act }) => act),
      recordedAt,
    );
    let revoked = 0;
    const ids = outcomes.flatMap((outcome, index) =>
      outcome.ok && lines[index]?.revocation ? [outcome.id] : [],
    );
    const over = await alreadyRevoked(tx, ids);
    for (const [index, outcome] of outcomes.entries()) {
      const revocation = lines[index]?.revocation;
      if (!outcome.ok || !revocation || over.has(outcome.id)) continue;
      over.add(outcome.id);
      const done = await revokeConsents(tx, vault, outcome.id, revocation, recordedAt);
      if (done.ok) revoked++;
      else outcomes[index] = { ok: false, reason: 'revocation_refused' };
    }
    return { outcomes, revoked };
  });
}

async function alreadyRevoked(tx: Queryable, ids: readonly number[]): Promise<Set<number>> {
  if (ids.length === 0) return new Set();
  const { rows } = await tx.query<{ revokes: number }>(
    'select distinct revokes from consent_records where revokes = any($1)',
    [ids],
  );
  return new Set(rows.map(({ revokes }) => revokes));
}
