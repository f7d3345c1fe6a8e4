import { pipeline } from 'node:stream/promises';
import type { Options } from 'csv-parse';
import { CsvError, parse } from 'csv-parse';
import { tooLarge } from '../upload';

/** What is read of a file at most. */
export interface TableLimits {
  readonly bytes: number;
  readonly rows: number;
  /** Characters of one row: a quote that is never closed must not swallow the rest of the file. */
  readonly row: number;
}

/** Takes a table row by row. False: nothing more is to be read. */
export interface TableReader {
  header(names: readonly string[]): boolean;
  /** @param line - of the file, from 1, the header among them; the first of a row that goes over several */
  row(cells: readonly string[], line: number): boolean;
  /** The file is no CSV from this line on, or has too many rows. */
  broken(line: number, message: string): void;
}

const PARSING: Options = { bom: true, relax_column_count: true, skip_empty_lines: true };

/**
 * Reads CSV (RFC 4180, UTF-8) as it comes: no more of it is in memory than a row and what the reader keeps.
 * @throws Error with status 413 for too many bytes, and of the source
 */
export async function readTable(
  source: AsyncIterable<Buffer>,
  limits: TableLimits,
  reader: TableReader,
): Promise<void> {
  let rows = -1;
  let line = 0;
  const lines = parse({
    ...PARSING,
    max_record_size: limits.row,
    on_record: (record: string[], { lines: endsOn }) => {
      const first = endsOn - record.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
      line = endsOn;
      rows++;
      if (rows > limits.rows) {
        reader.broken(first, `is one too many: ${limits.rows} rows are taken at most`);
        throw new GivenUp();
      }
      if (!(rows === 0 ? reader.header(record) : reader.row(record, first))) throw new GivenUp();
      return undefined;
    },
  });
  try {
    await pipeline(counted(source, limits.bytes), lines.resume());
  } catch (error) {
    if (error instanceof CsvError) reader.broken(line + 1, PROBLEMS[error.code] ?? 'is no CSV');
    else if (!(error instanceof GivenUp)) throw error;
  }
}

class GivenUp extends Error {}

async function* counted(source: AsyncIterable<Buffer>, most: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > most) throw tooLarge();
    yield chunk;
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'has something behind a closed quote',
  INVALID_OPENING_QUOTE: 'has a quote within a field',
  CSV_MAX_RECORD_SIZE: 'is too long',
};
