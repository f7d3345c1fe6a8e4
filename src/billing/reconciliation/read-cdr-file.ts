import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { parse } from 'csv-parse';
import type { Micros } from '../../domain';
import { AppError, asError } from '../../domain';
import type { CdrProfile } from './cdr-profile';
import type { Field } from './read-cdr-fields';
import { costReader, durationReader, readNumber, timeReader } from './read-cdr-fields';

/** One record of a carrier. */
export interface CarrierRecord {
  /** In the file, from 1. */
  readonly line: number;
  readonly callRef: string | null;
  readonly calling: string | null;
  readonly called: string;
  /** UTC epoch milliseconds. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly cost: Micros | null;
}

const MAX_RECORDS = 5_000_000;
const MAX_RECORD_BYTES = 65_536;
const MAX_TEXT = 256;

type ColumnName = keyof CdrProfile['columns'];
interface ParsedRow {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads a carrier's file, a record at a time.
 * @throws AppError `unprocessable` naming the line and the field of the first thing that is wrong
 */
export async function* readCdrFile(source: Readable, profile: CdrProfile): AsyncGenerator<CarrierRecord> {
  const parser = parse({
    delimiter: profile.delimiter,
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  // What is wrong with the source ends the parser, and who stops reading ends the source.
  pipeline(source, parser, () => undefined);
  const toRecord = recordReader(profile);
  let places: Map<ColumnName, number> | undefined = profile.header ? undefined : placesOf(profile, undefined);
  let records = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRow>) {
      if (!places) {
        places = placesOf(profile, record);
        continue;
      }
      if (++records > MAX_RECORDS) throw invalid(info.lines, undefined, `more than ${MAX_RECORDS} records`);
      yield toRecord(record, places, info.lines);
    }
  } catch (error) {
    throw error instanceof AppError ? error : explained(source.errored ?? error, parser.info.lines);
  } finally {
    parser.destroy();
    source.destroy();
  }
}

/** Where the columns are. @throws AppError `unprocessable` when one of them is not there */
function placesOf(profile: CdrProfile, header: readonly string[] | undefined): Map<ColumnName, number> {
  const names = header?.map((name) => name.trim().toLowerCase());
  const places = new Map<ColumnName, number>();
  for (const [name, column] of Object.entries(profile.columns)) {
    if (column === undefined) continue;
    const place =
      typeof column === 'number' ? column - 1 : (names?.indexOf(column.trim().toLowerCase()) ?? -1);
    if (place < 0 || (names && place >= names.length)) {
      throw invalid(1, name, `there is no column ${JSON.stringify(column)}`);
    }
    places.set(name as ColumnName, place);
  }
  return places;
}

function recordReader(
  profile: CdrProfile,
): (record: readonly string[], places: ReadonlyMap<ColumnName, number>, line: number) => CarrierRecord {
  const [readTime, readDuration, readCost] = [
    timeReader(profile),
    durationReader(profile),
    costReader(profile),
  ];
  return (record, places, line) => {
    const text = (name: ColumnName): string | undefined => {
      const place = places.get(name);
      if (place === undefined) return undefined;
      const value = record[place]?.trim();
      if (value === undefined) throw invalid(line, name, 'is not there: the line has too few fields');
      if (value.length > MAX_TEXT || value.includes('\0')) throw invalid(line, name, 'is no text to keep');
      return value;
    };
    const must = <T>(name: ColumnName, read: (value: string) => Field<T>): T => {
      const field = read(text(name) ?? '');
      if (!field.ok) throw invalid(line, name, field.why);
      return field.value;
    };
    const called = readNumber(text('called') ?? '');
    if (called === null) throw invalid(line, 'called', 'is no number');
    const [startedAt, durationMs] = [must('time', readTime), must('duration', readDuration)];
    const [calling, cost] = [text('calling'), text('cost')];
    return {
      line,
      callRef: text('callId') || null,
      calling: calling === undefined ? null : readNumber(calling),
      called,
      startedAt,
      durationMs,
      cost: cost === undefined ? null : must('cost', readCost),
    };
  };
}

/** A line that cannot be taken, with its place. */
export function invalid(line: number, field: string | undefined, why: string): AppError {
  const where = field === undefined ? `line ${line}` : `line ${line}, ${field}`;
  return new AppError('unprocessable', 'cdr_file_invalid', `${where}: ${why}; nothing was imported`, {
    errors: [{ pointer: `/lines/${line}${field === undefined ? '' : `/${field}`}`, message: why }],
  });
}

function explained(error: unknown, line: number): Error {
  const { code } = error as { code?: unknown };
  if (typeof code !== 'string' || !code.startsWith('CSV_')) return asError(error);
  const why =
    code === 'CSV_MAX_RECORD_SIZE'
      ? `is longer than ${MAX_RECORD_BYTES} bytes`
      : 'is no CSV: a quote is not where it may be';
  return invalid(line, undefined, why);
}
