import { micros } from '../../domain';
import type { Micros } from '../../domain';
import { parseDecimal } from './parse-decimal';

/** Columns of a deck. */
const RATE_FIELDS = [
  'prefix',
  'rate_per_minute',
  'first_increment_s',
  'next_increment_s',
  'connect_fee',
  'destination',
] as const;
export type RateField = (typeof RATE_FIELDS)[number];
const REQUIRED: readonly RateField[] = RATE_FIELDS.slice(0, 4);

/** Where each column stands. */
export interface RateColumns {
  readonly count: number;
  readonly places: ReadonlyMap<RateField, number>;
}

export interface FieldProblem {
  readonly field: RateField | undefined;
  readonly message: string;
}

/** One line of a deck. */
export interface RateLine {
  readonly prefix: string;
  readonly ratePerMinute: Micros;
  readonly connectFee: Micros;
  readonly firstIncrementMs: number;
  readonly nextIncrementMs: number;
  readonly destination: string | null;
}

const PREFIX = /^\+?([1-9]\d{0,14})$/;
/** A million units of the currency. */
const MAX_AMOUNT = 1_000_000_000_000;
const MAX_INCREMENT_MS = 3_600_000;
const MAX_DESTINATION = 100;
/** What PostgreSQL does not store, and what no list should show. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f]/;

/** The columns that a header names; a name that is none of ours is refused: it may be one misspelt. */
export function columnsOf(names: readonly string[]): RateColumns | { readonly problems: FieldProblem[] } {
  const places = new Map<RateField, number>();
  const problems: FieldProblem[] = [];
  for (const [place, name] of names.entries()) {
    const field = RATE_FIELDS.find((known) => known === name.toLowerCase());
    if (!field) {
      const message = `names a column "${name.slice(0, 50)}", which is none of ${RATE_FIELDS.join(', ')}`;
      problems.push({ field: undefined, message });
    } else if (places.has(field)) problems.push({ field, message: 'is named twice' });
    else places.set(field, place);
  }
  for (const field of REQUIRED) {
    if (!places.has(field)) problems.push({ field, message: 'is named by no column' });
  }
  return problems.length > 0 ? { problems } : { count: names.length, places };
}

/** Reads lines under a header. */
export class RateLineReader {
  readonly #columns: RateColumns;

  constructor(columns: RateColumns) {
    this.#columns = columns;
  }

  read(record: readonly string[]): RateLine | { readonly problems: FieldProblem[] } {
    const { count, places } = this.#columns;
    if (record.length !== count) {
      return { problems: [{ field: undefined, message: `has ${record.length} fields instead of ${count}` }] };
    }
    const problems: FieldProblem[] = [];
    const textOf = (field: RateField): string => {
      const place = places.get(field);
      return place === undefined ? '' : (record[place] ?? '');
    };
    const number = (field: RateField, decimals: number, least: number, most: number): number => {
      const text = textOf(field);
      if (text === '' && field === 'connect_fee') return 0;
      const read = parseDecimal(text, decimals);
      const message = read.ok ? outOf(read.value, least, most, decimals) : read.problem;
      if (message !== undefined) problems.push({ field, message: `"${text.slice(0, 50)}" ${message}` });
      return read.ok ? read.value : 0;
    };
    const prefix = PREFIX.exec(textOf('prefix'))?.[1];
    if (prefix === undefined) {
      const message = `"${textOf('prefix').slice(0, 50)}" is no prefix of telephone numbers: 1 to 15 digits, the country's first`;
      problems.push({ field: 'prefix', message });
    }
    const line = {
      prefix: prefix ?? '',
      ratePerMinute: number('rate_per_minute', 6, 0, MAX_AMOUNT),
      firstIncrementMs: number('first_increment_s', 3, 1, MAX_INCREMENT_MS),
      nextIncrementMs: number('next_increment_s', 3, 1, MAX_INCREMENT_MS),
      connectFee: number('connect_fee', 6, 0, MAX_AMOUNT),
    };
    const destination = textOf('destination');
    if (destination.length > MAX_DESTINATION || UNPRINTABLE.test(destination)) {
      const message = `is longer than ${MAX_DESTINATION} characters, or holds control characters`;
      problems.push({ field: 'destination', message });
    }
    if (problems.length > 0) return { problems };
    return {
      ...line,
      ratePerMinute: micros(line.ratePerMinute),
      connectFee: micros(line.connectFee),
      destination: destination === '' ? null : destination,
    };
  }
}

function outOf(value: number, least: number, most: number, decimals: number): string | undefined {
  if (value < 0) return 'is negative';
  if (value < least) return 'is nothing: at least a thousandth is needed';
  if (value > most) return `is more than ${most / 10 ** decimals}`;
  return undefined;
}
