import type { E164 } from '../../domain';
import type { NumberListName, NumberSegment } from '../../market';
import { areaOf, compareListNames, NumberSet, OTHERS, parseListName } from '../../market';
import type { Queryable } from '../database';
import type { StoredNumberList } from './number-list-store';
import { NumberListStore } from './number-list-store';

/** A list that names a number: an imported one, or a row. */
export interface StoredHit {
  readonly list: string;
  /** Of the imported version; undefined for a row. */
  readonly version: string | undefined;
}

/** Which lists name a number, read from the database: one segment of each list. */
export async function checkNumber(db: Queryable, number: E164, now: number): Promise<StoredHit[]> {
  const store = new NumberListStore(db);
  const hits: StoredHit[] = [];
  const { rows } = await db.query<{ source: string }>(
    'select source from dnc_entries where number = $1 and (expires_at is null or expires_at > $2)',
    [number, now],
  );
  for (const { source } of rows) hits.push({ list: source, version: undefined });
  for (const { id, list, version } of await store.current()) {
    if ((await store.area(id, areaOf(number))).has(number)) hits.push({ list, version });
  }
  return hits.sort((a, b) => order(a.list, b.list));
}

function order(a: string, b: string): number {
  const [one, two] = [parseListName(a), parseListName(b)];
  return one && two ? compareListNames(one, two) : a.localeCompare(b);
}

export type ExportFormat = 'e164' | 'registry';

/** Lines of an area that are put together before they are handed on. */
const LINES_A_PIECE = 50_000;

/**
 * The current version of a list as text, one number a line: `+12025551234`, or as the registry writes
 * it, `202,5551234` (numbers outside the North American plan always as the former).
 * @returns undefined when there is no such list
 */
export async function exportNumbers(
  db: Queryable,
  list: NumberListName,
  format: ExportFormat,
): Promise<{ version: StoredNumberList; text: AsyncGenerator<string> } | undefined> {
  const store = new NumberListStore(db);
  const version = await store.currentOf(list);
  return version && { version, text: textOf(store, version, format) };
}

async function* textOf(
  store: NumberListStore,
  { id, list }: StoredNumberList,
  format: ExportFormat,
): AsyncGenerator<string> {
  for (const stored of await store.segmentsOf(id)) {
    const segment = await store.segment(id, stored);
    if (!segment) throw new Error(`${list} was replaced while it was read: export it again`);
    yield* piecesOf(segment, format);
  }
}

function* piecesOf(segment: NumberSegment, format: ExportFormat): Generator<string> {
  let lines: string[] = [];
  for (const number of new NumberSet([segment]).numbers()) {
    lines.push(
      format === 'e164' || segment.area === OTHERS ? number : `${number.slice(2, 5)},${number.slice(5)}`,
    );
    if (lines.length < LINES_A_PIECE) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
