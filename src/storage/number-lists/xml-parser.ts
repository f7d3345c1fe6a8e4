import type { BadLines } from './bad-lines';
import { parseChangeDate, parseChangeType } from './change-fields';
import { fieldDigits, NumberReader } from './number-reader';
import type { ChangeType, LineProblem, NumberParser, NumberSink } from './number-sink';
import { UnusableFile } from './number-sink';

const LESS = 60;
const GREATER = 62;
const NEWLINE = 10;
const MAX_TAG = 1_024;
const MAX_TEXT = 64;
const MAX_DEPTH = 16;

/** Names of elements and attributes, without case, hyphens and underscores. */
const AREA_NAMES = new Set(['ac', 'areacode', 'npa']);
const NUMBER_NAMES = new Set(['ph', 'phone', 'phonenumber', 'number', 'telephonenumber', 'tn']);
const TYPE_NAMES = new Set(['chg', 'change', 'changetype', 'type', 'action', 'op']);
const DATE_NAMES = new Set(['date', 'dt', 'datetime', 'changedate', 'timestamp']);
const VALUE_NAMES = new Set(['val', 'value', 'code', 'number', 'num']);
/** Elements whose `type` says what the whole file is. */
const LIST_NAMES = new Set(['list', 'dnc', 'registry']);

/** An element that is open, with what was in force around it. */
interface Open {
  readonly name: string;
  readonly area: number;
  readonly type: ChangeType;
  readonly at: number;
}

/**
 * The registry's tagged form: numbers of seven digits within an element of their area code,
 * `<ac val="202"><ph val="5551234"/></ac>`, or of ten; values as attributes or as text; changes with
 * a type (`A`, `D`) and a date as attributes of the number or as elements beside it. Comments,
 * declarations and unknown elements are passed over; entities are not expanded.
 */
export class XmlParser implements NumberParser {
  readonly #sink: NumberSink;
  readonly #bad: BadLines;
  readonly #reader = new NumberReader();
  readonly #open: Open[] = [];
  #lines = 1;
  #inTag = false;
  #inComment = false;
  readonly #tag = Buffer.alloc(MAX_TAG);
  #tagBytes = 0;
  readonly #text = Buffer.alloc(MAX_TEXT);
  #textBytes = 0;
  /** Area code in force; 0 for none. */
  #area = 0;
  /** A number that was read from text, until its record ends. */
  #waiting = false;
  /** An element of a number is open, and there is none in it so far. */
  #numberless = false;
  #type: ChangeType;
  #at = 0;
  #elements = 0;

  constructor(sink: NumberSink, bad: BadLines) {
    this.#sink = sink;
    this.#bad = bad;
  }

  get lines(): number {
    return this.#lines;
  }

  push(chunk: Buffer): void {
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (byte === NEWLINE) this.#lines++;
      if (!this.#inTag) {
        if (byte === LESS) {
          this.#inTag = true;
          this.#tagBytes = 0;
        } else if (this.#textBytes < MAX_TEXT) this.#text[this.#textBytes++] = byte;
      } else if (this.#inComment) this.#comment(byte);
      else if (byte === GREATER) {
        this.#inTag = false;
        this.#endTag();
      } else this.#keepTag(byte);
    }
  }

  end(): void {
    if (this.#inTag) throw new UnusableFile('it ends within a tag: it is cut off');
    if (this.#open.length > 0) {
      throw new UnusableFile(`it ends within <${this.#open.at(-1)?.name}>: it is cut off`);
    }
    if (this.#elements === 0) throw new UnusableFile('there is no element in it');
  }

  #keepTag(byte: number): void {
    if (this.#tagBytes >= MAX_TAG) {
      throw new UnusableFile(`a tag in line ${this.#lines} is longer than ${MAX_TAG} bytes`);
    }
    this.#tag[this.#tagBytes++] = byte;
    if (this.#tagBytes === 3 && this.#tag.toString('latin1', 0, 3) === '!--') this.#inComment = true;
  }

  /** Keeps the last two bytes: a comment ends with `-->`. */
  #comment(byte: number): void {
    if (byte === GREATER && this.#tag[0] === 45 && this.#tag[1] === 45) {
      this.#inComment = false;
      this.#inTag = false;
      return;
    }
    this.#tag[0] = this.#tag[1] as number;
    this.#tag[1] = byte;
  }

  #endTag(): void {
    const first = this.#tag[0];
    // Declarations and instructions.
    if (first === 33 || first === 63) return;
    this.#elements++;
    if (first === 47) {
      this.#close(nameOf(this.#tag.toString('latin1', 1, this.#tagBytes)));
      this.#textBytes = 0;
      return;
    }
    const selfClosing = this.#tag[this.#tagBytes - 1] === 47;
    const end = selfClosing ? this.#tagBytes - 1 : this.#tagBytes;
    const around = { area: this.#area, type: this.#type, at: this.#at };
    const name = this.#plainNumber(end) ? 'ph' : this.#element(this.#tag.toString('latin1', 0, end));
    this.#textBytes = 0;
    if (selfClosing && NUMBER_NAMES.has(name)) this.#assertNumber();
    if (selfClosing || name === '') return;
    if (this.#open.length >= MAX_DEPTH) throw new UnusableFile(`elements lie deeper than ${MAX_DEPTH}`);
    this.#open.push({ name, ...around });
  }

  /** `ph val="5551234"` as it is in a full list: read where it lies. */
  #plainNumber(end: number): boolean {
    const tag = this.#tag;
    let length = end;
    while (tag[length - 1] === 32) length--;
    if (length !== 16 || tag[0] !== 112 || tag[1] !== 104 || tag[2] !== 32 || tag[7] !== 34) return false;
    const value = fieldDigits(tag, 8, 15, 7);
    if (tag.toString('latin1', 3, 7) !== 'val=' || tag[15] !== 34 || value < 0 || this.#area === 0)
      return false;
    this.#flush();
    const problem = this.#reader.place(this.#area * 1e7 + value);
    this.#take(problem, this.#type, this.#at);
    return true;
  }

  /** @returns its name; empty when it has none */
  #element(text: string): string {
    const name = nameOf(text);
    if (name === '') this.#bad.add(this.#lines, 'bad_tag', this.#tag, 0, this.#tagBytes);
    else if (AREA_NAMES.has(name)) this.#setArea(attributeOf(text, VALUE_NAMES));
    else if (NUMBER_NAMES.has(name)) this.#number(text);
    else if (!LIST_NAMES.has(name)) this.#wrapper(name, text);
    return name;
  }

  /** An element around numbers that says what becomes of them, as `<change type="A">` does. */
  #wrapper(name: string, text: string): void {
    if (TYPE_NAMES.has(name) || DATE_NAMES.has(name)) return;
    this.#flush();
    this.#type = parseChangeType(attributeOf(text, TYPE_NAMES) ?? name) ?? this.#type;
    this.#at = parseChangeDate(attributeOf(text, DATE_NAMES) ?? '') ?? this.#at;
  }

  #number(text: string): void {
    const value = attributeOf(text, VALUE_NAMES);
    const type = attributeOf(text, TYPE_NAMES);
    const date = attributeOf(text, DATE_NAMES);
    if (value === undefined) {
      this.#flush();
      this.#numberless = true;
      if (type !== undefined) this.#type = parseChangeType(type);
      if (date !== undefined) this.#at = parseChangeDate(date) ?? 0;
      return;
    }
    this.#flush();
    const at = date === undefined ? this.#at : parseChangeDate(date);
    const change = type === undefined ? this.#type : parseChangeType(type);
    const bytes = Buffer.from(value, 'latin1');
    let problem = this.#read(bytes, 0, bytes.length);
    if (type !== undefined && change === undefined) problem ??= 'unknown_change_type';
    if (at === undefined) problem ??= 'bad_date';
    this.#take(problem, change, at ?? 0);
  }

  #close(name: string): void {
    const open = this.#open.pop();
    if (!open || open.name !== name) {
      throw new UnusableFile(`line ${this.#lines}: </${name}> closes ${open ? `<${open.name}>` : 'nothing'}`);
    }
    const text = this.#text.toString('latin1', 0, this.#textBytes).trim();
    if (NUMBER_NAMES.has(name)) {
      if (text !== '') this.#numberText();
      else {
        this.#assertNumber();
        this.#leave(open);
      }
    } else if (AREA_NAMES.has(name)) {
      // As text it holds for what comes beside it; as an attribute for what was within.
      if (text !== '') this.#setArea(text);
      else this.#leave(open);
    } else if (TYPE_NAMES.has(name) && text !== '') this.#type = parseChangeType(text);
    else if (DATE_NAMES.has(name) && text !== '') this.#at = parseChangeDate(text) ?? 0;
    else this.#leave(open);
  }

  #leave({ area, type, at }: Open): void {
    this.#flush();
    this.#area = area;
    this.#type = type;
    this.#at = at;
  }

  #numberText(): void {
    this.#flush();
    this.#numberless = false;
    const problem = this.#read(this.#text, 0, this.#textBytes);
    if (problem === undefined) this.#waiting = true;
    else this.#take(problem, undefined, 0);
  }

  #setArea(text: string | undefined): void {
    if (text === undefined) return;
    this.#flush();
    const bytes = Buffer.from(text, 'latin1');
    const area = fieldDigits(bytes, 0, bytes.length, 3);
    if (area < 200) {
      this.#area = 0;
      this.#bad.add(this.#lines, 'bad_area_code', bytes);
    } else this.#area = area;
  }

  #read(bytes: Buffer, start: number, end: number): LineProblem | undefined {
    const local = fieldDigits(bytes, start, end, 7);
    if (local >= 0 && this.#area > 0) return this.#reader.place(this.#area * 1e7 + local);
    return this.#reader.read(bytes, start, end);
  }

  /** What says that it is a number must hold one. */
  #assertNumber(): void {
    if (this.#numberless) this.#take('no_number', undefined, 0);
  }

  /** Hands on the number that was waiting for its type and date. */
  #flush(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#take(undefined, this.#type, this.#at);
  }

  #take(found: LineProblem | undefined, change: ChangeType, at: number): void {
    this.#numberless = false;
    const problem = found ?? this.#sink.take(this.#reader.area, this.#reader.value, change, at);
    if (problem !== undefined) this.#bad.add(this.#lines, problem, this.#tag, 0, this.#tagBytes);
  }
}

/** The name of an element, without its prefix, case, hyphens and underscores. */
function nameOf(tag: string): string {
  const name = /^[^\s/>]*/.exec(tag)?.[0] ?? '';
  return plain(name.slice(name.indexOf(':') + 1));
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** The first attribute of one of these names. */
function attributeOf(tag: string, names: ReadonlySet<string>): string | undefined {
  for (const [, name = '', double, single] of tag.matchAll(/\s([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    if (names.has(nameOf(name))) return (double ?? single ?? '').trim();
  }
  return undefined;
}
