import type { BadLines } from './bad-lines';
import { NumberReader } from './number-reader';
import type { NumberParser, NumberSink } from './number-sink';
import { UnusableFile } from './number-sink';

const NEWLINE = 10;
const RETURN = 13;
const QUOTE = 34;
const MAX_HEADER = 65_536;
/** Of a field that holds a number. */
const MAX_FIELD = 64;
/** Of a record: a quote that is never closed must not swallow the rest of the file. */
const MAX_RECORD = 1_048_576;
const DELIMITERS = [',', ';', '\t', '|'];
/** Columns that are taken when none is named. */
const USUAL = ['phone', 'phonenumber', 'number', 'telephone', 'telephonenumber', 'phone1', 'tn', 'ani'];

/**
 * CSV with a line of names (RFC 4180, with `,`, `;`, tab or `|` between fields): the numbers of one or
 * more columns. A quoted field may hold delimiters and ends of lines. A record without any number
 * counts as bad; an empty column beside a filled one does not.
 */
export class CsvParser implements NumberParser {
  readonly #sink: NumberSink;
  readonly #bad: BadLines;
  readonly #columns: readonly string[];
  readonly #reader = new NumberReader();
  #header: string | undefined = '';
  #delimiter = 0;
  /** Which columns are wanted, by their place. */
  #wanted: boolean[] = [];

  #lines = 0;
  /** Line on which the record began. */
  #began = 1;
  #column = 0;
  #quoted = false;
  /** Within a quoted field a quote was seen: the end of it, or the first of two. */
  #quoteSeen = false;
  #recordBytes = 0;
  /** Nothing of the field was seen: only here a quote opens. */
  #fieldBegins = true;
  readonly #field = Buffer.alloc(MAX_FIELD);
  #fieldBytes = 0;
  #numbers = 0;
  #badRecord = false;

  /** @param columns - names as in the first line, whatever their case; empty for a usual one */
  constructor(sink: NumberSink, bad: BadLines, columns: readonly string[]) {
    this.#sink = sink;
    this.#bad = bad;
    this.#columns = columns.map(plain);
  }

  get lines(): number {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    let at = this.#header === undefined ? 0 : this.#readHeader(chunk);
    for (; at < chunk.length; at++) this.#byte(chunk[at] as number);
  }

  end(): void {
    if (this.#header !== undefined) {
      this.#takeHeader(this.#header);
      return;
    }
    if (this.#quoted && !this.#quoteSeen) {
      throw new UnusableFile(`the quote that opens in line ${this.#began} is never closed`);
    }
    if (this.#recordBytes > 0) this.#endRecord();
  }

  /** @returns where the header ends in this piece */
  #readHeader(chunk: Buffer): number {
    const newline = chunk.indexOf(NEWLINE);
    const end = newline < 0 ? chunk.length : newline;
    const header = (this.#header ?? '') + chunk.toString('latin1', 0, end);
    if (header.length > MAX_HEADER) throw new UnusableFile('the line of column names is too long');
    if (newline < 0) {
      this.#header = header;
      return end;
    }
    this.#takeHeader(header);
    return end + 1;
  }

  #takeHeader(text: string): void {
    const header = text.replace(/\r$/, '');
    const delimiter = DELIMITERS.reduce((best, each) =>
      header.split(each).length > header.split(best).length ? each : best,
    );
    const names = header.split(delimiter).map((name) => plain(name.trim().replace(/^"(.*)"$/, '$1')));
    const wanted =
      this.#columns.length > 0 ? this.#columns : USUAL.filter((name) => names.includes(name)).slice(0, 1);
    const missing = wanted.filter((name) => !names.includes(name));
    if (wanted.length === 0 || missing.length > 0) {
      const which =
        missing.length > 0 ? `no column "${missing.join('", "')}"` : 'no column of numbers that is known';
      throw new UnusableFile(`there is ${which}; the columns are ${names.slice(0, 50).join(', ')}`);
    }
    this.#header = undefined;
    this.#delimiter = delimiter.charCodeAt(0);
    this.#wanted = names.map((name) => wanted.includes(name));
    this.#lines = 1;
    this.#began = 2;
  }

  #byte(byte: number): void {
    if (byte === NEWLINE) this.#lines++;
    if (++this.#recordBytes > MAX_RECORD) {
      if (this.#quoted) throw new UnusableFile(`the quote that opens in line ${this.#began} is never closed`);
      throw new UnusableFile(`line ${this.#began} is too long`);
    }
    if (this.#quoteSeen) {
      this.#quoteSeen = false;
      if (byte !== QUOTE) this.#quoted = false;
      else {
        this.#keep(byte);
        return;
      }
    } else if (byte === QUOTE && this.#quoted) {
      this.#quoteSeen = true;
      return;
    } else if (byte === QUOTE && this.#fieldBegins) {
      this.#quoted = true;
      this.#fieldBegins = false;
      return;
    }
    if (this.#quoted) this.#keep(byte);
    else if (byte === this.#delimiter) this.#endField();
    else if (byte === NEWLINE) this.#endRecord();
    else {
      if (byte !== RETURN) this.#fieldBegins = false;
      this.#keep(byte);
    }
  }

  #keep(byte: number): void {
    if (!this.#wanted[this.#column] || byte === RETURN) return;
    // One that is longer is no number: that it is too long is seen when it is read.
    if (this.#fieldBytes < MAX_FIELD) this.#field[this.#fieldBytes++] = byte;
  }

  #endField(): void {
    if (this.#wanted[this.#column] && !isBlank(this.#field, this.#fieldBytes)) {
      const problem =
        this.#fieldBytes === MAX_FIELD
          ? 'too_long'
          : (this.#reader.read(this.#field, 0, this.#fieldBytes) ??
            this.#sink.take(this.#reader.area, this.#reader.value, undefined, 0));
      if (problem === undefined) this.#numbers++;
      else this.#reportOnce(problem);
    }
    this.#fieldBytes = 0;
    this.#fieldBegins = true;
    this.#column++;
  }

  #endRecord(): void {
    const blank = this.#column === 0 && this.#fieldBegins;
    this.#endField();
    if (this.#numbers === 0 && !blank) this.#reportOnce('no_number');
    this.#column = 0;
    this.#recordBytes = 0;
    this.#numbers = 0;
    this.#badRecord = false;
    this.#began = this.#lines + 1;
  }

  #reportOnce(problem: Parameters<BadLines['add']>[1]): void {
    if (this.#badRecord) return;
    this.#badRecord = true;
    this.#bad.add(this.#began, problem, this.#field, 0, this.#fieldBytes);
  }
}

/** `Phone Number`, `phone_number` and `PHONENUMBER` are the same name. */
function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function isBlank(field: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) if (field[i] !== 32 && field[i] !== 9) return false;
  return true;
}
