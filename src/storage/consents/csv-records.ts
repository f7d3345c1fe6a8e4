import { StringDecoder } from 'node:string_decoder';

/** A record of CSV with the line on which it begins, from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly fields: readonly string[];
}

/** What is read is no CSV, or not within the limits. */
class CsvError extends Error {
  override readonly name = 'CsvError';
}

/** Of a record: a quote that is never closed must not swallow the rest of the file. */
const MAX_RECORD = 262_144;
const MAX_FIELDS = 256;

/**
 * Reads CSV in UTF-8 (RFC 4180: commas, quotes doubled within quotes, CR LF or LF), a chunk at a time.
 * A byte-order mark and empty lines are passed over.
 * @throws CsvError naming the line
 */
export async function* csvRecords(source: AsyncIterable<Buffer | string>): AsyncGenerator<CsvRecord> {
  const reader = new RecordReader();
  const decoder = new StringDecoder('utf8');
  for await (const chunk of source) {
    yield* reader.read(typeof chunk === 'string' ? chunk : decoder.write(chunk));
  }
  yield* reader.read(decoder.end());
  const last = reader.end();
  if (last) yield last;
}

class RecordReader {
  #fields: string[] = [];
  #field = '';
  #length = 0;
  #line = 1;
  /** Line on which the record began. */
  #began = 1;
  #state: 'start' | 'plain' | 'quoted' | 'quote_in_quoted' = 'start';
  #atBeginning = true;

  *read(text: string): Generator<CsvRecord> {
    let at = 0;
    if (this.#atBeginning && text !== '') {
      this.#atBeginning = false;
      if (text.charCodeAt(0) === 0xfeff) at = 1;
    }
    for (; at < text.length; at++) {
      const record = this.#take(text[at] as string);
      if (record) yield record;
    }
  }

  end(): CsvRecord | undefined {
    if (this.#state === 'quoted') {
      throw new CsvError(`line ${this.#began}: a quote is not closed`);
    }
    return this.#endRecord();
  }

  #take(character: string): CsvRecord | undefined {
    if (++this.#length > MAX_RECORD) {
      throw new CsvError(`line ${this.#began}: longer than ${MAX_RECORD} characters`);
    }
    if (this.#state === 'quoted') {
      if (character === '\n') this.#line++;
      if (character === '"') this.#state = 'quote_in_quoted';
      else this.#field += character;
      return undefined;
    }
    if (character === ',') return this.#endField();
    if (character === '\n') {
      const record = this.#endRecord();
      this.#line++;
      this.#began = this.#line;
      return record;
    }
    // Before a line feed it belongs to the end of the line.
    if (character === '\r') return undefined;
    if (character === '"' && this.#state !== 'plain') {
      if (this.#state === 'quote_in_quoted') this.#field += '"';
      this.#state = 'quoted';
    } else if (this.#state === 'quote_in_quoted') {
      throw new CsvError(`line ${this.#line}: something stands behind a closed quote`);
    } else {
      this.#field += character;
      this.#state = 'plain';
    }
    return undefined;
  }

  #endField(): undefined {
    if (this.#fields.push(this.#field) > MAX_FIELDS) {
      throw new CsvError(`line ${this.#began}: more than ${MAX_FIELDS} fields`);
    }
    this.#field = '';
    this.#state = 'start';
    return undefined;
  }

  #endRecord(): CsvRecord | undefined {
    const empty = this.#fields.length === 0 && this.#field === '' && this.#state === 'start';
    this.#endField();
    const record = { line: this.#began, fields: this.#fields };
    this.#fields = [];
    this.#length = 0;
    return empty ? undefined : record;
  }
}
