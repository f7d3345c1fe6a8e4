import { endOfParam, endOfQuote } from './params';
import { isBlank, isToken, trimBlanks } from './token';

/**
 * Whether one address of From, To, Contact, Route, Refer-To … (RFC 3261 §20.10) is well formed. It is not
 * when quotes or brackets do not close, when there is no URI, when something stands between the URI and
 * its parameters, or when a URI with '?' or ',' has no brackets (§20). Display names may hold what the
 * grammar wants quoted, as carriers send them (RFC 4475 §3.1.2.15), and blanks inside the brackets are
 * passed over (§3.1.2.14).
 */
export function isAddress(value: string): boolean {
  const open = openBracket(value);
  if (open < 0) {
    // Without brackets every parameter is the header's, none the URI's (RFC 3261 §20).
    const semicolon = value.indexOf(';');
    const end = semicolon < 0 ? value.length : semicolon;
    return isPlausibleUri(value, 0, end, false) && quotesClose(value, end);
  }
  const close = value.indexOf('>', open);
  if (close < 0 || !isPlausibleUri(value, open + 1, close, true) || !isDisplayName(value, open)) return false;
  let rest = close + 1;
  while (isBlank(value.charCodeAt(rest))) rest++;
  if (rest < value.length && value.charCodeAt(rest) !== 59) return false;
  return quotesClose(value, rest);
}

/** A scheme, ':' and something without blanks inside, quotes or brackets, whatever the scheme. */
function isPlausibleUri(text: string, start: number, end: number, bracketed: boolean): boolean {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  const colon = text.indexOf(':', from);
  if (colon <= from || colon >= to - 1 || !isToken(text, from, colon)) return false;
  for (let i = colon; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code === 34 || code === 60 || code === 62) return false;
    if (!bracketed && (code === 44 || code === 63)) return false;
  }
  return true;
}

/** What stands before '<': nothing, one quoted string, or a text without quotes. */
function isDisplayName(value: string, open: number): boolean {
  const quote = value.indexOf('"');
  if (quote < 0 || quote > open) return true;
  if (trimBlanks(value.slice(0, quote)) !== '') return false;
  return trimBlanks(value.slice(endOfQuote(value, quote) + 1, open)) === '';
}

function quotesClose(text: string, from: number): boolean {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    at = endOfQuote(text, at);
    if (at === text.length) return false;
  }
  return true;
}

/**
 * Splits a header of addresses (Contact, Route, Record-Route …) at the commas that are neither
 * inside quotes nor inside angle brackets (RFC 3261 §7.3.1).
 */
export function splitAddresses(value: string): string[] {
  if (!value.includes(',')) return [value];
  const parts: string[] = [];
  let start = 0;
  let bracketed = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '"' && !bracketed) at = endOfQuote(value, at);
    else if (char === '<') bracketed = true;
    else if (char === '>') bracketed = false;
    else if (char === ',' && !bracketed) {
      parts.push(trimBlanks(value.slice(start, at)));
      start = at + 1;
    }
  }
  parts.push(trimBlanks(value.slice(start)));
  return parts.filter((part) => part !== '');
}

/** The URI of one address: what is in the angle brackets, or all up to the first ';'. */
export function uriOfAddress(value: string): string {
  const open = openBracket(value);
  if (open >= 0) {
    const close = value.indexOf('>', open);
    return close < 0 ? '' : trimBlanks(value.slice(open + 1, close));
  }
  const semicolon = value.indexOf(';');
  return trimBlanks(semicolon < 0 ? value : value.slice(0, semicolon));
}

/**
 * A header parameter of one address, e.g. `tag` of From; undefined when absent. White space around
 * ';' and '=' and quoted values are as RFC 3261 §25.1 allows them.
 * @param name - in lower case
 */
export function addressParam(value: string, name: string): string | undefined {
  const open = openBracket(value);
  const close = open < 0 ? 0 : value.indexOf('>', open);
  if (close < 0) return undefined;
  for (let at = value.indexOf(';', close); at >= 0 && at < value.length;) {
    const end = endOfParam(value, at + 1);
    const equals = value.indexOf('=', at);
    if (equals > 0 && equals < end && trimBlanks(value.slice(at + 1, equals)).toLowerCase() === name) {
      return trimBlanks(value.slice(equals + 1, end));
    }
    at = end;
  }
  return undefined;
}

/** The tag of a From or To header, or ''. */
export function tagOf(value: string): string {
  // Nearly every peer writes `…>;tag=x` and nothing more: no need to look at the rest.
  const at = value.lastIndexOf('>;tag=');
  if (at >= 0 && isToken(value, at + 6)) return value.slice(at + 6);
  return addressParam(value, 'tag') ?? '';
}

/** Index of the '<' that opens the URI, past a quoted display name; -1 when there is none. */
function openBracket(value: string): number {
  const quote = value.indexOf('"');
  const open = value.indexOf('<');
  if (quote < 0 || open < quote) return open;
  return value.indexOf('<', endOfQuote(value, quote));
}
