import type { E164 } from '../../domain';
import { consentsOf } from '../consents/consent-queries';
import type { StoredConsent } from '../consents/consent-queries';
import type { Database } from '../database';
import { checkNumber } from '../number-lists/read-numbers';
import type { StoredHit } from '../number-lists/read-numbers';
import { getIn, setIn } from './json-path';
import { NumberPattern } from './number-pattern';
import { PLACES } from './places';
import { PURPOSES } from './purposes';
import type { Purpose } from './purposes';
import { searchTable, tablesToSearch } from './search-tables';
import type { Vault } from './vault';

type Row = Readonly<Record<string, unknown>>;

/** Everything that is held of a person (GDPR Art. 15 and 20). */
export interface SubjectExport {
  readonly format: 'dce subject export 1';
  readonly generatedAt: string;
  readonly number: E164;
  /** Why data is processed at all. */
  readonly purposes: readonly Purpose[];
  readonly consents: readonly StoredConsent[];
  /** Lists that name the number, imported ones as well. */
  readonly lists: readonly StoredHit[];
  /** What is remembered of an earlier erasure. */
  readonly suppression: { readonly refusesCalls: boolean; readonly endsAt: number } | null;
  /** Calls of the number, each with what was decided about it. */
  readonly calls: readonly Row[];
  /** Rows of other tables in which the number stands. */
  readonly other: Readonly<Record<string, readonly Row[]>>;
  /** Places with more rows than are told. */
  readonly truncated: readonly string[];
}

/** Rows of one place that are told. */
const MAX_ROWS = 10_000;
const CALLS = 500;
const POLICIES = new Map(PLACES.map((place) => [place.table, place]));
/** Told by steps of their own. */
const OWN: ReadonlySet<string> = new Set(['calls', 'call_decisions']);
/** What a decision says of others: prices and buyers are no data of the person (GDPR Art. 15(4)). */
const OF_OTHERS = [['plan'], ['terms'], ['trace', 'bids'], ['trace', 'facts', 'liveBids']];

/**
 * Collects everything that is held of a person, in a form that programs read. What is on its way, and
 * copies that are kept for a day, are left out.
 * @param now - UTC epoch milliseconds
 * @param aliases - what the number is called in other rooms: keyed hashes
 * @param onProgress - told what is being read
 */
export async function exportSubject(
  database: Database,
  vault: Vault,
  number: E164,
  now: number,
  aliases: readonly string[] = [],
  onProgress: (place: string) => void = () => undefined,
): Promise<SubjectExport> {
  const truncated: string[] = [];
  onProgress('consents');
  const consents = await consentsOf(database, vault, number, true);
  const { rows: suppressions } = await database.query<{ refusesCalls: boolean; endsAt: number }>(
    'select refuses_calls as "refusesCalls", ends_at as "endsAt" from privacy_suppressions where number_hash = $1',
    [vault.hashNumber(number)],
  );
  onProgress('lists');
  const lists = await checkNumber(database, number, now);
  onProgress('calls');
  const calls = await callsOf(database, number);
  if (calls.length >= MAX_ROWS) truncated.push('calls');
  const own = new Set(calls.map((call) => call['id']));
  const other: Record<string, Row[]> = {};
  const pattern = new NumberPattern(number, aliases);
  for (const searched of await tablesToSearch(database)) {
    const { table } = searched;
    if (POLICIES.get(table)?.exported === false) continue;
    onProgress(table);
    const found: Row[] = [];
    for await (const rows of searchTable(database, searched, pattern)) {
      for (const { row } of rows) {
        // Calls of the number, and their decisions, are told already.
        if (OWN.has(table) && own.has(row[table === 'calls' ? 'id' : 'call_id'])) continue;
        if (found.length < MAX_ROWS) found.push(table === 'call_decisions' ? withoutOthers(row) : row);
        else if (!truncated.includes(table)) truncated.push(table);
      }
    }
    if (found.length > 0) other[table] = found;
  }
  return {
    format: 'dce subject export 1',
    generatedAt: new Date(now).toISOString(),
    number,
    purposes: PURPOSES,
    consents,
    lists,
    suppression: suppressions[0] ?? null,
    calls,
    other,
    truncated,
  };
}

/** Newest first. */
async function callsOf(database: Database, number: E164): Promise<Row[]> {
  const calls: Row[] = [];
  let before: readonly [number, string] | undefined;
  while (calls.length < MAX_ROWS) {
    const { rows } = await database.query<{
      id: string;
      received_at: number;
      row: Row;
      decision: unknown;
      recordings: readonly Row[] | null;
    }>(
      `select c.id, c.received_at, to_jsonb(c) - array['node_id', 'boot_id', 'checkpoint_at', 'sale', 'attempts'] as row,
         d.decision, r.recordings
       from calls c left join call_decisions d on d.call_id = c.id
         left join lateral (
           select jsonb_agg(jsonb_build_object('id', id, 'startedAt', started_at, 'durationMs', duration_ms,
             'state', state, 'consent', consent) order by started_at) as recordings
           from recordings where call_id = c.id) r on true
       where c.caller = $1 and ($2::bigint is null or (c.received_at, c.id) < ($2::bigint, $3::text))
       order by c.received_at desc, c.id desc limit ${CALLS}`,
      [number, before?.[0] ?? null, before?.[1] ?? null],
    );
    for (const { row, decision, recordings } of rows) {
      calls.push({ ...row, decision: trimmed(decision), ...(recordings && { recordings }) });
    }
    const last = rows.at(-1);
    if (!last || rows.length < CALLS) break;
    before = [last.received_at, last.id];
  }
  return calls.slice(0, MAX_ROWS);
}

function withoutOthers(row: Row): Row {
  return { ...row, decision: trimmed(row['decision']) };
}

function trimmed(decision: unknown): unknown {
  return OF_OTHERS.reduce(
    (rest, path) => (getIn(rest, path) === undefined ? rest : setIn(rest, path, undefined)),
    decision,
  );
}
