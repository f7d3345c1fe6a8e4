import type { Params } from './params';
import { parseParams } from './params';
import { isBlank } from './token';

/**
 * What the server acts on of a sip:, sips: or tel: URI (RFC 3261 §19.1, RFC 3966). Parts are as written:
 * escapes stay escaped.
 */
export interface SipUri {
  readonly scheme: 'sip' | 'sips' | 'tel';
  /** The user part with its own ';' parameters and without a password, or the number of a tel: URI. */
  readonly user: string | undefined;
  /** Host without the brackets of an IPv6 reference; '' for tel:. */
  readonly host: string;
  readonly port: number | undefined;
  /** URI parameters by lower-case name; a flag has the value ''. */
  readonly params: Params;
}

/** Reads a URI; undefined when it is none of ours or malformed. */
export function parseUri(text: string): SipUri | undefined {
  const colon = text.indexOf(':');
  if (colon < 3 || colon > 4) return undefined;
  const scheme = text.slice(0, colon).toLowerCase();
  if (scheme === 'tel') return parseTel(text, colon + 1);
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  // The user part may hold ';' and '?' of its own, but '@' stands unescaped in one place only.
  const at = text.indexOf('@', colon);
  const hostStart = at < 0 ? colon + 1 : at + 1;
  const question = text.indexOf('?', hostStart);
  const stop = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', hostStart);
  const hostEnd = semicolon < 0 || semicolon > stop ? stop : semicolon;
  const address = splitHostPort(text.slice(hostStart, hostEnd));
  if (address === undefined) return undefined;
  let user: string | undefined;
  if (at >= 0) {
    user = text.slice(colon + 1, at);
    const divider = user.indexOf(':');
    if (divider >= 0) user = user.slice(0, divider);
    if (user === '' || hasBlankOrBracket(user)) return undefined;
  }
  return {
    scheme,
    user,
    host: address.host,
    port: address.port,
    params: parseParams(text, hostEnd, stop),
  };
}

function parseTel(text: string, from: number): SipUri | undefined {
  const semicolon = text.indexOf(';', from);
  const end = semicolon < 0 ? text.length : semicolon;
  const user = text.slice(from, end);
  if (user === '' || hasBlankOrBracket(user)) return undefined;
  return {
    scheme: 'tel',
    user,
    host: '',
    port: undefined,
    params: parseParams(text, end),
  };
}

function hasBlankOrBracket(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 32 || code === 34 || code === 60 || code === 62) return true;
  }
  return false;
}

/** Splits `host:port`, `[v6]:port` or a bare host; undefined when malformed. */
export function splitHostPort(text: string): { host: string; port: number | undefined } | undefined {
  let from = 0;
  let to = text.length;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  const bracketed = text.charCodeAt(from) === 91;
  if (bracketed) from++;
  let at = from;
  while (at < to && isHostChar(text.charCodeAt(at), bracketed)) at++;
  if (at === from) return undefined;
  const host = text.slice(from, at);
  if (bracketed) {
    if (text.charCodeAt(at) !== 93) return undefined;
    at++;
  }
  // White space may stand around the colon of a Via's sent-by.
  while (at < to && isBlank(text.charCodeAt(at))) at++;
  if (at === to) return { host, port: undefined };
  if (text.charCodeAt(at) !== 58) return undefined;
  do at++;
  while (at < to && isBlank(text.charCodeAt(at)));
  let port = 0;
  if (at === to || to - at > 5) return undefined;
  for (; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return undefined;
    port = port * 10 + digit;
  }
  return port < 1 || port > 65_535 ? undefined : { host, port };
}

/** Letters, digits, '-', '.', and '_', which no host may have and many do; in brackets ':' and '%' too. */
function isHostChar(code: number, bracketed: boolean): boolean {
  if (code >= 97 && code <= 122) return true;
  if (code >= 45 && code <= 57) return code !== 47;
  if (code >= 65 && code <= 90) return true;
  return code === 95 || (bracketed && (code === 58 || code === 37));
}

/** A host as it stands in a URI: an IPv6 address in brackets. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
