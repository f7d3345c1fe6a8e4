import { endOfParam, endOfQuote, splitParam } from './params';
import { decimal, isBlank, trimBlanks } from './token';
import { splitHostPort } from './uri';

/** One Via (RFC 3261 §20.42), as far as a server acts on it. */
export interface Via {
  /** `UDP`, `TCP`, `TLS`, `WS`, `WSS`, upper case. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string;
  readonly received: string | undefined;
  /** undefined: absent; 0: present without a value (RFC 3581 §3). */
  readonly rport: number | undefined;
  readonly maddr: string | undefined;
}

/** The first of several comma-joined Vias, and what follows it, beginning with the comma. */
export function splitTopVia(value: string): { top: string; rest: string } {
  const comma = commaAfterVia(value);
  if (comma < 0) return { top: value, rest: '' };
  let end = comma;
  while (end > 0 && isBlank(value.charCodeAt(end - 1))) end--;
  return { top: value.slice(0, end), rest: value.slice(comma) };
}

/** Each of comma-joined Vias, top first. */
export function splitVias(value: string): string[] {
  const vias: string[] = [];
  for (let left = value; ;) {
    const { top, rest } = splitTopVia(left);
    vias.push(top);
    if (rest === '') return vias;
    left = trimBlanks(rest.slice(1));
  }
}

function commaAfterVia(value: string): number {
  const comma = value.indexOf(',');
  const quote = value.indexOf('"');
  if (comma < 0 || quote < 0 || quote > comma) return comma;
  // An extension parameter may hold a comma in quotes.
  for (let at = quote; at < value.length; at++) {
    const char = value[at];
    if (char === '"') at = endOfQuote(value, at);
    else if (char === ',') return at;
  }
  return -1;
}

/**
 * Reads one Via; undefined when nobody could be answered by it. White space may stand around each '/'
 * (RFC 4475 §3.1.1.1), and empty parameters are passed over: whoever sent them is still told of it.
 */
export function parseVia(top: string): Via | undefined {
  const semicolon = top.indexOf(';');
  const headEnd = semicolon < 0 ? top.length : semicolon;
  const at = afterProtocol(top);
  if (at < 0) return undefined;
  let transportEnd = at;
  while (transportEnd < headEnd && isTransportChar(top.charCodeAt(transportEnd))) transportEnd++;
  if (transportEnd === at || !isBlank(top.charCodeAt(transportEnd))) return undefined;
  const sentBy = splitHostPort(top.slice(transportEnd, headEnd));
  if (sentBy === undefined) return undefined;
  const via = {
    transport: top.slice(at, transportEnd).toUpperCase(),
    host: sentBy.host,
    port: sentBy.port,
    branch: '',
    received: undefined as string | undefined,
    rport: undefined as number | undefined,
    maddr: undefined as string | undefined,
  };
  for (let from = headEnd + 1; from <= top.length;) {
    const end = endOfParam(top, from);
    const { name, value } = splitParam(top.slice(from, end));
    if (name === 'branch') via.branch ||= value;
    else if (name === 'received') via.received ??= value;
    else if (name === 'maddr') via.maddr ??= value;
    else if (name === 'rport') via.rport ??= Math.max(0, decimal(value, 5));
    from = end + 1;
  }
  return via;
}

/** True when a parameter is empty, as in `;;` (RFC 4475 §3.1.2.1). */
export function hasEmptyParam(via: string): boolean {
  let at = via.indexOf(';');
  while (at >= 0 && at < via.length) {
    const end = endOfParam(via, at + 1);
    if (trimBlanks(via.slice(at + 1, end)) === '') return true;
    at = end;
  }
  return false;
}

/** Index of the transport after `SIP/2.0/`, or -1. */
function afterProtocol(text: string): number {
  if (text.startsWith('SIP/2.0/') && !isBlank(text.charCodeAt(8))) return 8;
  const match = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*/i.exec(text);
  return match ? match[0].length : -1;
}

/** Token characters but for those that no transport has. */
function isTransportChar(code: number): boolean {
  return (
    (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 45
  );
}

/**
 * Writes where a request really came from into its top Via (RFC 3261 §18.2.1, RFC 3581 §4); the
 * rest of the value stays byte for byte. Returns the value unchanged when there is nothing to say.
 */
export function withReceived(value: string, via: Via, address: string, port: number): string {
  const addReceived = via.host !== address || via.rport !== undefined;
  if (!addReceived) return value;
  const { top, rest } = splitTopVia(value);
  let text = via.received === undefined ? top : top.replace(/;\s*received\s*(=[^;,]*)?(?=;|$)/i, '');
  if (via.rport !== undefined) text = text.replace(/;\s*rport\s*(=[^;,]*)?(?=;|$)/i, `;rport=${port}`);
  return `${text};received=${address}${rest}`;
}
