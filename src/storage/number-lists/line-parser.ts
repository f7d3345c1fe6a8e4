import type { BadLines } from './bad-lines';
import { parseChangeDate, parseChangeType } from './change-fields';
import { fieldDigits, NumberReader } from './number-reader';
import type { ChangeType, LineProblem, NumberParser, NumberSink } from './number-sink';

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const ZERO = 48;
/** A line is a number and a few fields: what is longer is no line. */
const MAX_LINE = 1_024;
const EMPTY = Buffer.alloc(0);

/**
 * Lines of one number each: the registry's flat text (`202,5551234`), its changes (the same with the
 * date and `A` or `D` behind, in any order), or numbers as people write them (`+12025551234`,
 * `(202) 555-1234`). Empty lines and lines that begin with `#` are passed over.
 *
 * The registry's own line is read where it lies, without looking for its end first.
 */
export class LineParser implements NumberParser {
  readonly #sink: NumberSink;
  readonly #bad: BadLines;
  readonly #reader = new NumberReader();
  /** A line that went on in the next piece. */
  #rest = EMPTY;
  /** Within a line that is too long to be one. */
  #skipping = false;
  #lines = 0;

  constructor(sink: NumberSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
  }

  get lines(): number {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    let at = this.#finishRest(chunk);
    while (at < chunk.length) {
      const next = this.#registryLine(chunk, at);
      if (next > 0) {
        at = next;
        continue;
      }
      const newline = chunk.indexOf(NEWLINE, at);
      if (newline < 0) break;
      this.#line(chunk, at, newline);
      at = newline + 1;
    }
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = EMPTY;
    this.#skipping = false;
  }

  /** @returns where the next line begins */
  #finishRest(chunk: Buffer): number {
    if (this.#rest.length === 0 && !this.#skipping) return 0;
    const newline = chunk.indexOf(NEWLINE);
    if (newline < 0) {
      this.#keep(chunk);
      return chunk.length;
    }
    if (!this.#skipping) {
      const line = Buffer.concat([this.#rest, chunk.subarray(0, newline)]);
      this.#line(line, 0, line.length);
    }
    this.#rest = EMPTY;
    this.#skipping = false;
    return newline + 1;
  }

  #keep(part: Buffer): void {
    if (this.#skipping) return;
    if (this.#rest.length + part.length <= MAX_LINE) {
      this.#rest = Buffer.concat([this.#rest, part]);
      return;
    }
    this.#bad.add(++this.#lines, 'too_long', this.#rest.length > 0 ? this.#rest : part);
    this.#rest = EMPTY;
    this.#skipping = true;
  }

  /** `ddd,ddddddd` and the end of the line. @returns where the next line begins; 0 when it is no such line */
  #registryLine(b: Buffer, at: number): number {
    let end = at + 11;
    if (b[at + 3] !== COMMA || end >= b.length) return 0;
    if (b[end] === RETURN) end++;
    if (b[end] !== NEWLINE) return 0;
    const a0 = (b[at] as number) - ZERO;
    const a1 = (b[at + 1] as number) - ZERO;
    const a2 = (b[at + 2] as number) - ZERO;
    const x0 = (b[at + 4] as number) - ZERO;
    const x1 = (b[at + 5] as number) - ZERO;
    const x2 = (b[at + 6] as number) - ZERO;
    const l0 = (b[at + 7] as number) - ZERO;
    const l1 = (b[at + 8] as number) - ZERO;
    const l2 = (b[at + 9] as number) - ZERO;
    const l3 = (b[at + 10] as number) - ZERO;
    // No bit above the fourth unless one of them is no digit: below 0 or above 9.
    const high =
      a0 | (a0 + 6) | a1 | (a1 + 6) | a2 | (a2 + 6) | x0 | (x0 + 6) | x1 | (x1 + 6) | x2 | (x2 + 6) |
      l0 | (l0 + 6) | l1 | (l1 + 6) | l2 | (l2 + 6) | l3 | (l3 + 6); // prettier-ignore
    if ((high & ~15) !== 0 || a0 < 2 || x0 < 2) return 0;
    this.#lines++;
    const exchange = x0 * 100 + x1 * 10 + x2 - 200;
    const value = exchange * 10_000 + l0 * 1_000 + l1 * 100 + l2 * 10 + l3;
    const problem = this.#sink.take(a0 * 100 + a1 * 10 + a2, value, undefined, 0);
    if (problem !== undefined) this.#bad.add(this.#lines, problem, b, at, end);
    return end + 1;
  }

  #line(bytes: Buffer, from: number, to: number): void {
    this.#lines++;
    let start = from;
    let end = to;
    while (start < end && isBlank(bytes[start] as number)) start++;
    while (end > start && isBlank(bytes[end - 1] as number)) end--;
    if (start === end || bytes[start] === HASH) return;
    const problem = end - start > MAX_LINE ? 'too_long' : this.#parse(bytes, start, end);
    if (problem !== undefined) this.#bad.add(this.#lines, problem, bytes, start, end);
  }

  #parse(bytes: Buffer, start: number, end: number): LineProblem | undefined {
    const reader = this.#reader;
    const comma = fieldEnd(bytes, start, end);
    const [first, last] = unquoted(bytes, start, comma);
    let after = comma;
    let problem: LineProblem | undefined;
    const areaCode = comma < end ? fieldDigits(bytes, first, last, 3) : -1;
    if (areaCode >= 0) {
      after = fieldEnd(bytes, comma + 1, end);
      const [from, to] = unquoted(bytes, comma + 1, after);
      const local = fieldDigits(bytes, from, to, 7);
      problem = local < 0 ? 'not_digits' : reader.place(areaCode * 1e7 + local);
    } else problem = reader.read(bytes, first, last);
    if (problem !== undefined) return problem;
    return after >= end
      ? this.#sink.take(reader.area, reader.value, undefined, 0)
      : this.#takeChange(bytes, after + 1, end);
  }

  /** The fields behind the number: a date, a type, in any order. */
  #takeChange(bytes: Buffer, start: number, end: number): LineProblem | undefined {
    let type: ChangeType;
    let at: number | undefined;
    for (let from = start; from <= end;) {
      const to = fieldEnd(bytes, from, end);
      const text = bytes.toString('latin1', ...unquoted(bytes, from, to)).trim();
      from = to + 1;
      if (text === '') continue;
      const asType = parseChangeType(text);
      const asDate = asType === undefined ? parseChangeDate(text) : undefined;
      if (asType !== undefined && type === undefined) type = asType;
      else if (asDate !== undefined && at === undefined) at = asDate;
      else return /^\d.*[-/]/.test(text) ? 'bad_date' : 'unknown_field';
    }
    return this.#sink.take(this.#reader.area, this.#reader.value, type, at ?? 0);
  }
}

function fieldEnd(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === COMMA) return i;
  return end;
}

function unquoted(bytes: Buffer, start: number, end: number): [number, number] {
  return end - start >= 2 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE
    ? [start + 1, end - 1]
    : [start, end];
}

/** Spaces, tabs, and the CR of a line that ends in CRLF. */
function isBlank(byte: number): boolean {
  return byte === SPACE || byte === RETURN || byte === 9;
}
