import { hashStep, headerNameAt } from './header-names';
import type { HeaderField, SipMessage } from './sip-message';
import { decimal, isBlank, isToken, TOKEN, trimBlanks } from './token';

/** What became of the bytes. A refused request that can be answered comes with its status. */
export type ParseResult =
  | { readonly ok: true; readonly message: SipMessage; readonly excess: number }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Status to answer a request with that can still be read; absent: nothing to answer. */
      readonly status?: number;
      readonly message?: SipMessage;
    };

const CR = 13;
const LF = 10;
const SP = 32;
const COLON = 58;

const MAX_HEADERS = 256;
const MAX_LINE = 16_384;

/**
 * Reads one SIP message from a datagram, or from bytes that a stream framer cut out
 * (RFC 3261 §7, §18.3). Never throws, whatever the bytes.
 * @param framed - true when something else than Content-Length says where the message ends (a control
 * frame, whose sender counts characters): everything after the headers is body then
 */
export function parseMessage(data: Buffer | string, framed = false): ParseResult {
  const text = typeof data === 'string' ? data : data.toString('latin1');
  let at = 0;
  // Empty lines before the start line are ignored (RFC 3261 §7.5).
  while (at < text.length && (text.charCodeAt(at) === CR || text.charCodeAt(at) === LF)) at++;
  if (at === text.length) return { ok: false, reason: 'empty' };
  const lineEnd = endOfLine(text, at);
  if (lineEnd < 0) return { ok: false, reason: 'no end of the start line' };
  if (lineEnd - at > MAX_LINE) return { ok: false, reason: 'start line too long' };
  const start = parseStartLine(text, at, lineEnd);
  if (start === undefined) return { ok: false, reason: 'no SIP start line' };
  const headers: HeaderField[] = [];
  const headerEnd = parseHeaders(text, afterLine(text, lineEnd), headers);
  const message = start.message;
  message.headers = headers;
  if (typeof headerEnd !== 'number') return refuse(message, 400, headerEnd.problem);
  if (start.problem !== undefined) return refuse(message, start.status, start.problem);
  if (framed) {
    message.body = text.slice(headerEnd);
    return { ok: true, message, excess: 0 };
  }
  return takeBody(text, headerEnd, message);
}

function refuse(message: SipMessage, status: number, reason: string): ParseResult {
  return message.kind === 'request' ? { ok: false, reason, status, message } : { ok: false, reason };
}

/** Index of the CR or LF that ends the line, or -1. */
function endOfLine(text: string, from: number): number {
  const lf = text.indexOf('\n', from);
  if (lf < 0) return -1;
  return lf > from && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
}

function afterLine(text: string, end: number): number {
  return text.charCodeAt(end) === CR ? end + 2 : end + 1;
}

interface StartLine {
  readonly message: SipMessage;
  /** What is wrong with a request line that can still be answered. */
  readonly problem: string | undefined;
  readonly status: number;
}

function parseStartLine(text: string, from: number, to: number): StartLine | undefined {
  if (text.startsWith('SIP/2.0 ', from)) {
    const status = statusCode(text, from + 8);
    if (status < 0) return undefined;
    const separator = from + 11;
    if (separator < to && text.charCodeAt(separator) !== SP) return undefined;
    const reason = separator < to ? text.slice(separator + 1, to) : '';
    return {
      message: { kind: 'response', status, reason, headers: [], body: '' },
      problem: undefined,
      status: 0,
    };
  }
  const firstSpace = text.indexOf(' ', from);
  if (firstSpace <= from || firstSpace > to || !isToken(text, from, firstSpace)) return undefined;
  const lastSpace = text.lastIndexOf(' ', to - 1);
  if (lastSpace <= firstSpace) return undefined;
  const usual = to - lastSpace === 8 && text.startsWith('SIP/2.0', lastSpace + 1);
  const version = usual ? 'SIP/2.0' : text.slice(lastSpace + 1, to);
  if (!usual && !/^SIP\/\d+\.\d+$/i.test(version)) return requestLineProblem(text, from, firstSpace, to);
  const method = text.slice(from, firstSpace);
  const uri = text.slice(firstSpace + 1, lastSpace);
  const message: SipMessage = { kind: 'request', method, uri, headers: [], body: '' };
  if (!usual && version.toUpperCase() !== 'SIP/2.0') {
    return { message, problem: 'version not supported', status: 505 };
  }
  if (uri === '' || hasWhiteSpaceOrBrackets(uri))
    return { message, problem: 'malformed Request-URI', status: 400 };
  return { message, problem: undefined, status: 0 };
}

/** A line like `INVITE sip:a@b SIP/2.0   ` (trailing white space): a request, but not one that we serve. */
function requestLineProblem(
  text: string,
  from: number,
  firstSpace: number,
  to: number,
): StartLine | undefined {
  const line = text.slice(from, to).trimEnd();
  if (!/ SIP\/\d+\.\d+$/i.test(line)) return undefined;
  const message: SipMessage = {
    kind: 'request',
    method: text.slice(from, firstSpace),
    uri: line.slice(firstSpace - from + 1, line.lastIndexOf(' ')),
    headers: [],
    body: '',
  };
  return { message, problem: 'malformed request line', status: 400 };
}

function hasWhiteSpaceOrBrackets(uri: string): boolean {
  for (let i = 0; i < uri.length; i++) {
    const code = uri.charCodeAt(i);
    if (code <= SP || code === 60 || code === 62 || code === 34) return true;
  }
  return false;
}

function statusCode(text: string, at: number): number {
  const a = text.charCodeAt(at) - 48;
  const b = text.charCodeAt(at + 1) - 48;
  const c = text.charCodeAt(at + 2) - 48;
  if (!(a >= 1 && a <= 6 && b >= 0 && b <= 9 && c >= 0 && c <= 9)) return -1;
  return a * 100 + b * 10 + c;
}

/** Reads header fields up to the empty line; returns the index of the body. */
function parseHeaders(text: string, from: number, headers: HeaderField[]): number | { problem: string } {
  let at = from;
  let carriageReturn = -1;
  for (;;) {
    if (at >= text.length) return { problem: 'no empty line after the headers' };
    const end = endOfLine(text, at);
    if (end < 0) return { problem: 'header line without end' };
    if (carriageReturn < at) carriageReturn = nextCarriageReturn(text, at);
    // A peer further on may take a lone CR for a line end, and a value for headers of its own.
    if (carriageReturn < end) return { problem: 'CR without LF' };
    if (end === at) return afterLine(text, end);
    if (end - at > MAX_LINE) return { problem: 'header line too long' };
    if (isBlank(text.charCodeAt(at))) {
      const problem = unfold(text.slice(at, end), headers[headers.length - 1]);
      if (problem !== undefined) return { problem };
    } else {
      if (headers.length >= MAX_HEADERS) return { problem: 'too many headers' };
      const field = parseField(text, at, end);
      if (field === undefined) return { problem: 'malformed header' };
      headers.push(field);
    }
    at = afterLine(text, end);
  }
}

/** Index of the next CR, or the length. */
function nextCarriageReturn(text: string, from: number): number {
  const at = text.indexOf('\r', from);
  return at < 0 ? text.length : at;
}

/** Adds a continuation line to the field before it: its white space counts as one (RFC 3261 §7.3.1). */
function unfold(line: string, previous: HeaderField | undefined): string | undefined {
  if (!previous) return 'continuation without a header';
  const more = trimBlanks(line);
  if (previous.value.length + more.length > MAX_LINE) return 'header too long';
  if (more !== '') previous.value = previous.value === '' ? more : `${previous.value} ${more}`;
  return undefined;
}

/** One header line (RFC 3261 §7.3.1); white space may stand before the colon. */
function parseField(text: string, from: number, to: number): HeaderField | undefined {
  let at = from;
  let hash = 0;
  for (; at < to; at++) {
    const code = text.charCodeAt(at);
    if (TOKEN[code] !== 1) break;
    hash = hashStep(hash, code);
  }
  const nameEnd = at;
  while (isBlank(text.charCodeAt(at))) at++;
  if (nameEnd === from || at >= to || text.charCodeAt(at) !== COLON) return undefined;
  do at++;
  while (at < to && isBlank(text.charCodeAt(at)));
  let end = to;
  while (end > at && isBlank(text.charCodeAt(end - 1))) end--;
  const { name, key } = headerNameAt(text, from, nameEnd, hash);
  return { name, key, value: text.slice(at, end) };
}

/** Content-Length decides how much of what follows is body (RFC 3261 §18.3). */
function takeBody(text: string, at: number, message: SipMessage): ParseResult {
  const available = text.length - at;
  let declared = available;
  let seen = false;
  for (const field of message.headers) {
    if (field.key !== 'content-length') continue;
    const length = decimal(field.value);
    if (length < 0) return refuse(message, 400, 'malformed Content-Length');
    if (seen && length !== declared) return refuse(message, 400, 'contradicting Content-Length');
    declared = length;
    seen = true;
  }
  if (declared > available) return refuse(message, 400, 'body shorter than Content-Length');
  message.body = text.slice(at, at + declared);
  return { ok: true, message, excess: available - declared };
}
