import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Options } from 'csv-parse';
import { CsvError, parse } from 'csv-parse';
import type { RateField } from './rate-line';
import { columnsOf, RateLineReader } from './rate-line';

/** Rates of a deck, a column each: place by place they belong together. */
export interface DeckRates {
  readonly prefixes: string[];
  readonly ratesPerMinute: number[];
  readonly connectFees: number[];
  readonly firstIncrementsMs: number[];
  readonly nextIncrementsMs: number[];
  readonly destinations: (string | null)[];
}

/** What is wrong with a file, and where. */
export interface DeckError {
  /** From 1, the header among them. */
  readonly line: number;
  /** Undefined of what is about the whole line. */
  readonly field: RateField | undefined;
  readonly message: string;
}

export type ReadDeck =
  | { readonly ok: true; readonly rates: DeckRates; readonly bytes: number; readonly sha256: Buffer }
  | { readonly ok: false; readonly reason: 'too_large' }
  /** `more`: reading was given up with these. */
  | {
      readonly ok: false;
      readonly reason: 'broken';
      readonly errors: readonly DeckError[];
      readonly more: boolean;
    };

/** What is read of a file at most. */
export const DECK_LIMITS = { bytes: 33_554_432, rates: 500_000, errors: 50 } as const;
export type DeckLimits = { readonly [Limit in keyof typeof DECK_LIMITS]: number };

/** Of a line: a quote that is never closed must not swallow the rest of the file. */
const MAX_LINE = 4_096;
const PARSING: Options = {
  bom: true,
  max_record_size: MAX_LINE,
  relax_column_count: true,
  skip_empty_lines: true,
  trim: true,
};

/**
 * Reads a deck from CSV (RFC 4180, UTF-8) as it comes, and says of each broken line what is wrong with it. The
 * first line names the columns, in any order: `prefix`, `rate_per_minute` (units of the currency, e.g. 0.0125),
 * `first_increment_s`, `next_increment_s`; `connect_fee` and `destination` may be left out.
 *
 * @throws Error of the source
 */
export async function readRateDeck(
  source: AsyncIterable<Buffer | string>,
  limits: DeckLimits = DECK_LIMITS,
): Promise<ReadDeck> {
  const reading = new DeckReading(limits);
  const counted = new CountedBytes(limits.bytes);
  // Each line is taken as soon as it is parsed: what fails after it is known to be behind it.
  const lines = parse({
    ...PARSING,
    on_record: (record: string[], { lines: line }) => {
      if (!reading.take(record, line)) throw new GivenUp();
      return undefined;
    },
  });
  try {
    await pipeline(counted.of(source), lines.resume());
  } catch (error) {
    if (error instanceof TooLarge) return { ok: false, reason: 'too_large' };
    if (error instanceof CsvError) reading.malformed(error);
    else if (!(error instanceof GivenUp)) throw error;
  }
  return reading.end(counted);
}

class GivenUp extends Error {}
class TooLarge extends Error {}

/** Bytes of a file on their way. */
class CountedBytes {
  readonly #hash = createHash('sha256');
  readonly #most: number;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  async *of(source: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      this.#count += bytes.length;
      if (this.#count > this.#most) throw new TooLarge();
      this.#hash.update(bytes);
      yield bytes;
    }
  }

  digest(): Buffer {
    return this.#hash.digest();
  }
}

class DeckReading {
  readonly #limits: DeckLimits;
  readonly #errors: DeckError[] = [];
  readonly #rates: DeckRates = {
    prefixes: [],
    ratesPerMinute: [],
    connectFees: [],
    firstIncrementsMs: [],
    nextIncrementsMs: [],
    destinations: [],
  };
  /** Lines of prefixes. */
  readonly #known = new Map<string, number>();
  #reader: RateLineReader | undefined;
  #line = 0;
  #gaveUp = false;

  constructor(limits: DeckLimits) {
    this.#limits = limits;
  }

  /**
   * False when nothing more is to be read.
   *
   * @param endsOn - the line on which the record ends
   */
  take(record: readonly string[], endsOn: number): boolean {
    // A record that goes over several lines is told by its first.
    const line = endsOn - record.reduce((sum, field) => sum + field.split('\n').length - 1, 0);
    this.#line = endsOn;
    if (!this.#reader) return this.#takeHeader(record, line);
    if (this.#known.size >= this.#limits.rates) {
      this.#wrong(line, undefined, `is one too many: a deck has ${this.#limits.rates} rates at most`);
      this.#gaveUp = true;
      return false;
    }
    this.#takeRate(this.#reader, record, line);
    this.#gaveUp = this.#errors.length >= this.#limits.errors;
    return !this.#gaveUp;
  }

  /** The file is no CSV from here on. */
  malformed({ code, message }: CsvError): void {
    const what = CSV_PROBLEMS[code] ?? `is no CSV: ${message}`;
    this.#wrong(this.#line + 1, undefined, what);
    this.#gaveUp = true;
  }

  end(bytes: CountedBytes): ReadDeck {
    if (this.#errors.length === 0 && this.#known.size === 0) {
      this.#wrong(
        Math.max(this.#line, 1),
        undefined,
        this.#reader ? 'has no rates under it' : 'has no columns',
      );
    }
    if (this.#errors.length > 0) {
      return { ok: false, reason: 'broken', errors: this.#errors, more: this.#gaveUp };
    }
    return { ok: true, rates: this.#rates, bytes: bytes.count, sha256: bytes.digest() };
  }

  #takeHeader(names: readonly string[], line: number): boolean {
    const columns = columnsOf(names);
    if ('problems' in columns) {
      for (const { field, message } of columns.problems) this.#wrong(line, field, message);
      return false;
    }
    this.#reader = new RateLineReader(columns);
    return true;
  }

  #takeRate(reader: RateLineReader, record: readonly string[], line: number): void {
    const rate = reader.read(record);
    if ('problems' in rate) {
      for (const { field, message } of rate.problems) this.#wrong(line, field, message);
      return;
    }
    const before = this.#known.get(rate.prefix);
    if (before !== undefined) {
      this.#wrong(line, 'prefix', `${rate.prefix} is on line ${before} already`);
      return;
    }
    this.#known.set(rate.prefix, line);
    this.#rates.prefixes.push(rate.prefix);
    this.#rates.ratesPerMinute.push(rate.ratePerMinute);
    this.#rates.connectFees.push(rate.connectFee);
    this.#rates.firstIncrementsMs.push(rate.firstIncrementMs);
    this.#rates.nextIncrementsMs.push(rate.nextIncrementMs);
    this.#rates.destinations.push(rate.destination);
  }

  #wrong(line: number, field: RateField | undefined, message: string): void {
    if (this.#errors.length < this.#limits.errors) this.#errors.push({ line, field, message });
  }
}

const CSV_PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'has something behind a closed quote',
  INVALID_OPENING_QUOTE: 'has a quote within a field',
  CSV_MAX_RECORD_SIZE: `is longer than ${MAX_LINE} characters`,
};
