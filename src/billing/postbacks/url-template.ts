import type { Listener } from './events';
import type { Macro } from './macros';
import { macroAt } from './macros';
import type { ToldEvent } from './told-event';

/** A piece of a template: text that stays as it is, or a macro. */
export type Piece = string | Macro;

/** What is wrong with a template, and where. */
export interface TemplateProblem {
  /** Index of the character, from 0. */
  readonly at: number;
  readonly message: string;
}

export type Compiled<Template> =
  | { readonly ok: true; readonly template: Template }
  | { readonly ok: false; readonly problem: TemplateProblem };

/** A URL that macros are written into. */
export interface UrlTemplate {
  /** Host and port, which no macro is part of. */
  readonly host: string;
  readonly protocol: 'http:' | 'https:';
  /** @throws RangeError when it gets longer than is sent */
  write(told: ToldEvent): string;
}

/** The longest request line that receivers take for sure (RFC 9110 §4.1 asks for 8,000 octets). */
const MAX_URL = 8_000;
/** Scheme and authority: everything before the first slash, question mark or hash behind `//`. */
const ORIGIN = /^(https?):\/\/([^/?#]*)/;
const PLAIN = /^[!$-;=?-[\]_a-z~]*$/;

/**
 * Reads a URL template. Macros may stand in the path and in the query; values are percent-encoded, so
 * that whatever they hold they stay where they are.
 */
export function compileUrl(text: string, listener: Listener): Compiled<UrlTemplate> {
  const wrong = (at: number, message: string): Compiled<never> => ({ ok: false, problem: { at, message } });
  const [origin, scheme] = ORIGIN.exec(text) ?? [];
  if (origin === undefined) return wrong(0, 'begins with neither https:// nor http://');
  const brace = origin.search(/[{}]/);
  if (brace >= 0) return wrong(brace, 'a macro cannot be part of the host');
  if (origin.includes('@')) return wrong(origin.indexOf('@'), 'holds a user: use a header instead');
  if (!URL.canParse(origin)) return wrong(scheme === undefined ? 0 : scheme.length + 3, 'is no host');
  const pieces = piecesOf(text, origin.length, listener);
  if (!Array.isArray(pieces)) return { ok: false, problem: pieces };
  const { host, protocol } = new URL(origin);
  const question = pieces.findIndex((piece) => typeof piece === 'string' && piece.includes('?'));
  return {
    ok: true,
    template: {
      host,
      protocol: protocol as UrlTemplate['protocol'],
      write: (told) => {
        let path = '';
        let query = '';
        for (const [index, piece] of pieces.entries()) {
          const inQuery = question >= 0 && index > question;
          if (typeof piece !== 'string') {
            const value = percentEncoded(piece.read(told)?.text ?? '');
            if (inQuery) query += value;
            else path += value;
          } else if (index === question) {
            const mark = piece.indexOf('?');
            path += piece.slice(0, mark);
            query += piece.slice(mark);
          } else if (inQuery) query += piece;
          else path += piece;
        }
        const url = new URL(`${protocol}//${host}${withoutDots(path)}${query}`).href;
        if (url.length > MAX_URL) throw new RangeError(`the URL is longer than ${MAX_URL} characters`);
        return url;
      },
    },
  };
}

/** What follows the origin, in pieces. The path begins with a slash. */
function piecesOf(text: string, from: number, listener: Listener): Piece[] | TemplateProblem {
  const pieces: Piece[] = [text[from] === '/' ? '' : '/'];
  for (let at = from; at < text.length;) {
    const end = indexOfBrace(text, at);
    const plain = text.slice(at, end);
    const odd = [...plain].findIndex((letter) => !PLAIN.test(letter));
    if (odd >= 0) return { at: at + odd, message: 'a character that URLs do not hold: percent-encode it' };
    pieces.push(plain);
    if (end === text.length) break;
    const found = macroAt(text, end, listener);
    if (!found.ok) return { at: end, message: found.problem };
    pieces.push(found.macro);
    at = end + found.length;
  }
  return pieces;
}

export function indexOfBrace(text: string, from: number): number {
  const length = text.slice(from).search(/[{}]/);
  return length < 0 ? text.length : from + length;
}

/** Percent-encoded but for what is unreserved everywhere (RFC 3986 §2.3); broken text becomes U+FFFD. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8')).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A value that is `.` or `..` would take its path elsewhere, percent-encoded too (WHATWG URL §4.4): it is left out. */
function withoutDots(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^(?:\.|%2e){1,2}$/i.test(segment) ? '' : segment))
    .join('/');
}
