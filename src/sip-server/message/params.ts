import { trimBlanks } from './token';

/** Parameters by lower-case name, in wire order; a flag (`;lr`) has the value ''. */
export type Params = ReadonlyMap<string, string>;

const NO_PARAMS: Params = new Map();

const SEMICOLON = 59;
const QUOTE = 34;
const BACKSLASH = 92;

/**
 * Reads `;name=value;flag` from `text[from, to)` (RFC 3261 §25.1, *generic-param* and *uri-parameter*).
 * Quoted values keep their quotes. Empty parameters are passed over, and of two with one name the first
 * counts: what a peer put in front is what the hops before us acted on.
 */
export function parseParams(text: string, from: number, to = text.length): Params {
  if (from >= to) return NO_PARAMS;
  const params = new Map<string, string>();
  for (let at = from; at < to;) {
    const start = text.charCodeAt(at) === SEMICOLON ? at + 1 : at;
    const end = endOfParam(text, start, to);
    const { name, value } = splitParam(text.slice(start, end));
    if (name !== '' && !params.has(name)) params.set(name, value);
    at = Math.max(end, at + 1);
  }
  return params;
}

/** Lower-case name and value of one parameter; white space around both is dropped. */
export function splitParam(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  if (equals < 0) return { name: trimBlanks(text).toLowerCase(), value: '' };
  return { name: trimBlanks(text.slice(0, equals)).toLowerCase(), value: trimBlanks(text.slice(equals + 1)) };
}

/** Index of the ';' that ends a parameter, past quoted strings; `to` when it is the last. */
export function endOfParam(text: string, from: number, to = text.length): number {
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at);
    if (code === SEMICOLON) return at;
    if (code === QUOTE) at = endOfQuote(text, at);
  }
  return to;
}

/** Index of the quote that closes the one at `open`, or the length when none does. */
export function endOfQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at;
  }
  return text.length;
}
