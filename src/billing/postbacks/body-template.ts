import type { Listener } from './events';
import type { MacroValue } from './fields';
import { jsonProblem } from './json-problem';
import type { Macro } from './macros';
import { macroAt } from './macros';
import type { ToldEvent } from './told-event';
import type { Compiled, Piece } from './url-template';
import { indexOfBrace, percentEncoded } from './url-template';

/** What is sent in a body of one's own. */
export interface BodyTemplate {
  write(told: ToldEvent): string;
}

/** In JSON it matters whether a macro stands between quotation marks. */
interface Quoted extends Macro {
  readonly quoted: boolean;
}

/** Stands for a value in a string when a template is tried: nobody has a use for it in a name. */
const SAMPLE = '\u0007';

/**
 * Reads a template of JSON. Between quotation marks a macro is its value, escaped; elsewhere it is a JSON
 * value: numbers and truth bare, text in quotation marks, what is missing null.
 */
export function compileJsonBody(text: string, listener: Listener): Compiled<BodyTemplate> {
  const pieces: (string | Quoted)[] = [];
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length;) {
    const letter = text[at] as string;
    if (quoted && letter === '\\') at++;
    else if (letter === '"') quoted = !quoted;
    else if ((letter === '{' || letter === '}') && (quoted || /^\{[a-z]/.test(text.slice(at, at + 2)))) {
      const found = macroAt(text, at, listener);
      if (!found.ok) {
        const hint = quoted ? `${found.problem}; a brace that is one is written \\u007b` : found.problem;
        return { ok: false, problem: { at, message: hint } };
      }
      pieces.push(text.slice(from, at), { ...found.macro, quoted });
      at += found.length;
      from = at;
      continue;
    }
    at++;
  }
  pieces.push(text.slice(from));
  const problem = tried(pieces);
  if (problem !== undefined) return { ok: false, problem: { at: problem.at, message: problem.message } };
  return {
    ok: true,
    template: {
      write: (told) =>
        pieces.map((piece) => (typeof piece === 'string' ? piece : jsonOf(piece, told))).join(''),
    },
  };
}

/** Reads a template of a form (application/x-www-form-urlencoded): values are percent-encoded. */
export function compileFormBody(text: string, listener: Listener): Compiled<BodyTemplate> {
  const pieces: Piece[] = [];
  for (let at = 0; at < text.length;) {
    const end = indexOfBrace(text, at);
    const plain = text.slice(at, end);
    const odd = plain.search(/[^!-z|~]/);
    if (odd >= 0) {
      return {
        ok: false,
        problem: { at: at + odd, message: 'a character that forms do not hold: percent-encode it' },
      };
    }
    pieces.push(plain);
    if (end === text.length) break;
    const found = macroAt(text, end, listener);
    if (!found.ok) return { ok: false, problem: { at: end, message: found.problem } };
    pieces.push(found.macro);
    at = end + found.length;
  }
  return {
    ok: true,
    template: {
      write: (told) =>
        pieces
          .map((piece) => (typeof piece === 'string' ? piece : percentEncoded(piece.read(told)?.text ?? '')))
          .join(''),
    },
  };
}

function jsonOf(macro: Quoted, told: ToldEvent): string {
  const value = macro.read(told);
  if (macro.quoted) return escaped(value?.text ?? '').slice(1, -1);
  return value === undefined ? 'null' : bare(value);
}

function bare({ text, literal }: MacroValue): string {
  return literal ? text : escaped(text);
}

/** Well-formed: half a surrogate pair is no text (RFC 8259 §8.2). */
function escaped(text: string): string {
  return JSON.stringify(Buffer.from(text, 'utf8').toString('utf8'));
}

/** What is wrong with the JSON that a template makes. */
function tried(pieces: readonly (string | Quoted)[]): { at: number; message: string } | undefined {
  const text = pieces
    .map((piece) => (typeof piece === 'string' ? piece : piece.quoted ? '\\u0007' : 'null'))
    .join('');
  const at = jsonProblem(text);
  if (at !== undefined) return { at: inTemplate(pieces, at), message: 'is no JSON here' };
  // A name made of a value could be that of another field.
  return hasNameOfValue(JSON.parse(text))
    ? { at: 0, message: 'a macro cannot be the name of a field' }
    : undefined;
}

/** Where in the template what stands at an index of the text that was tried comes from. */
function inTemplate(pieces: readonly (string | Quoted)[], index: number): number {
  let tried = 0;
  let at = 0;
  for (const piece of pieces) {
    const length = typeof piece === 'string' ? piece.length : piece.quoted ? 6 : 4;
    if (typeof piece === 'string' && index < tried + length) return at + index - tried;
    if (index < tried + length) return at;
    tried += length;
    at += typeof piece === 'string' ? length : piece.text.length;
  }
  return at;
}

function hasNameOfValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasNameOfValue);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, inner]) => name.includes(SAMPLE) || hasNameOfValue(inner));
}
