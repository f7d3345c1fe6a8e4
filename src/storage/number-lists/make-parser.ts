import type { BadLines } from './bad-lines';
import { CsvParser } from './csv-parser';
import { LineParser } from './line-parser';
import type { NumberParser, NumberSink } from './number-sink';
import { UnusableFile } from './number-sink';
import { XmlParser } from './xml-parser';

/** `lines`: the registry's flat text, its changes, or one number a line. */
export const NUMBER_FILE_FORMATS = ['auto', 'lines', 'xml', 'csv'] as const;
export type NumberFileFormat = (typeof NUMBER_FILE_FORMATS)[number];

export interface NumberFileShape {
  readonly format: NumberFileFormat;
  /** Columns of CSV that hold numbers; empty for a usual name. */
  readonly columns: readonly string[];
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** Of the first piece: enough to see a first line in. */
const MAX_LOOK = 4_096;

/**
 * Hands the pieces of one file to the parser that its beginning asks for.
 * @throws UnusableFile from `push` and `end`
 */
export class FileParser implements NumberParser {
  readonly #make: (format: Exclude<NumberFileFormat, 'auto'>) => NumberParser;
  readonly #shape: NumberFileShape;
  #parser: NumberParser | undefined;
  #look: Buffer = Buffer.alloc(0);

  constructor(sink: NumberSink, bad: BadLines, shape: NumberFileShape) {
    this.#shape = shape;
    this.#make = (format) => {
      if (format === 'lines') return new LineParser(sink, bad);
      return format === 'xml' ? new XmlParser(sink, bad) : new CsvParser(sink, bad, shape.columns);
    };
  }

  get lines(): number {
    return this.#parser?.lines ?? 0;
  }

  push(chunk: Buffer): void {
    if (this.#parser) {
      this.#parser.push(chunk);
      return;
    }
    this.#look = this.#look.length === 0 ? chunk : Buffer.concat([this.#look, chunk]);
    if (this.#look.length >= MAX_LOOK || this.#look.includes(10, this.#firstByte())) this.#begin();
  }

  end(): void {
    if (!this.#parser) this.#begin();
    this.#parser?.end();
  }

  #begin(): void {
    const look = this.#look;
    if ((look[0] === 0xff && look[1] === 0xfe) || (look[0] === 0xfe && look[1] === 0xff)) {
      throw new UnusableFile('it is UTF-16: save it as plain text or UTF-8');
    }
    const start = look.subarray(0, 3).equals(BOM) ? 3 : 0;
    const { format, columns } = this.#shape;
    this.#parser = this.#make(format === 'auto' ? formatOf(look, this.#firstByte(), columns) : format);
    this.#parser.push(look.subarray(start));
    this.#look = Buffer.alloc(0);
  }

  /** Behind a byte order mark and blank lines. */
  #firstByte(): number {
    let at = this.#look.subarray(0, 3).equals(BOM) ? 3 : 0;
    while (at < this.#look.length && (this.#look[at] as number) <= 32 && this.#look[at] !== 0) at++;
    return at;
  }
}

function formatOf(look: Buffer, first: number, columns: readonly string[]): 'lines' | 'xml' | 'csv' {
  if (look[first] === 60) return 'xml';
  if (columns.length > 0) return 'csv';
  const newline = look.indexOf(10, first);
  const line = look.toString('latin1', first, newline < 0 ? look.length : newline);
  // A line of names has letters where a number would be.
  return /^["']?[A-Za-z_][\w .-]*["']?\s*([,;\t|]|$)/.test(line) ? 'csv' : 'lines';
}
