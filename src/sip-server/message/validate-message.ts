import { parseCSeq } from './cseq';
import { isAddress, splitAddresses } from './name-addr';
import type { SipMessage, SipRequest } from './sip-message';
import { decimal } from './token';
import { parseUri } from './uri';
import { hasEmptyParam, parseVia, splitVias } from './via';

/** Why a message cannot be served. */
export interface MessageProblem {
  /** Status to answer a request with; a response with a problem is discarded (RFC 3261 §18.1.2). */
  readonly status: 400 | 416;
  readonly reason: string;
}

const MAX_FORWARDS_LIMIT = 255;
const MAX_CALL_ID = 1_024;

/** Headers that every message has once (RFC 3261 §8.1.1, table 2). */
interface Mandatory {
  via: boolean;
  from: string | undefined;
  to: string | undefined;
  callId: string | undefined;
  cseq: string | undefined;
  maxForwards: string | undefined;
}

/**
 * What makes a message that could be read unusable all the same (RFC 3261 §8.1.1, §8.2, RFC 4475 §3);
 * undefined when nothing does. Only what this server or its peers act on is looked at: a Date in the
 * wrong zone or a display name without quotes harms nobody.
 */
export function validateMessage(message: SipMessage): MessageProblem | undefined {
  const found: Mandatory = {
    via: false,
    from: undefined,
    to: undefined,
    callId: undefined,
    cseq: undefined,
    maxForwards: undefined,
  };
  for (const { key, value } of message.headers) {
    const reason = take(found, key, value, message);
    if (reason !== undefined) return bad(reason);
  }
  const missing = whatIsMissing(found);
  if (missing !== undefined) return bad(missing);
  const cseq = parseCSeq(found.cseq ?? '');
  if (cseq === undefined) return bad('CSeq is malformed');
  if (message.kind === 'response') return undefined;
  if (cseq.method !== message.method) return bad('CSeq names another method');
  return problemOfUri(message);
}

function bad(reason: string): MessageProblem {
  return { status: 400, reason };
}

/** Looks at one header; returns what is wrong with it. */
function take(found: Mandatory, key: string, value: string, message: SipMessage): string | undefined {
  switch (key) {
    case 'via':
      found.via = true;
      return splitVias(value).every(isVia) ? undefined : 'Via is malformed';
    case 'from':
      if (found.from !== undefined) return 'From is there twice';
      found.from = value;
      return isAddress(value) ? undefined : 'From is malformed';
    case 'to':
      if (found.to !== undefined) return 'To is there twice';
      found.to = value;
      return isAddress(value) ? undefined : 'To is malformed';
    case 'call-id':
      if (found.callId !== undefined) return 'Call-ID is there twice';
      found.callId = value;
      return isCallId(value) ? undefined : 'Call-ID is malformed';
    case 'cseq':
      if (found.cseq !== undefined) return 'CSeq is there twice';
      found.cseq = value;
      return undefined;
    default:
      return message.kind === 'request' ? takeOfRequest(found, key, value, message) : undefined;
  }
}

/**
 * Headers that are looked at in requests only: a final response is not thrown away for what one can do
 * without, since the call it belongs to would be lost with it.
 */
function takeOfRequest(
  found: Mandatory,
  key: string,
  value: string,
  request: SipRequest,
): string | undefined {
  switch (key) {
    case 'max-forwards':
      if (found.maxForwards !== undefined) return 'Max-Forwards is there twice';
      found.maxForwards = value;
      return isMaxForwards(value) ? undefined : 'Max-Forwards is malformed';
    case 'contact':
      return isContact(value, request) ? undefined : 'Contact is malformed';
    case 'route':
    case 'record-route':
      return splitAddresses(value).every(isRoute) ? undefined : `${key} is malformed`;
    default:
      return undefined;
  }
}

function whatIsMissing(found: Mandatory): string | undefined {
  if (!found.via) return 'Via is missing';
  if (found.from === undefined) return 'From is missing';
  if (found.to === undefined) return 'To is missing';
  if (found.callId === undefined) return 'Call-ID is missing';
  return found.cseq === undefined ? 'CSeq is missing' : undefined;
}

function isVia(value: string): boolean {
  return !hasEmptyParam(value) && parseVia(value) !== undefined;
}

/** Any text without white space: more than the grammar's *word*, which carriers overstep harmlessly. */
function isCallId(value: string): boolean {
  if (value === '' || value.length > MAX_CALL_ID) return false;
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) <= 32) return false;
  return true;
}

/** 0 … 255, with any leading zeros (RFC 3261 §20.22, RFC 4475 §3.1.1.1). */
function isMaxForwards(value: string): boolean {
  const hops = decimal(value);
  return hops >= 0 && hops <= MAX_FORWARDS_LIMIT;
}

/** Addresses, or the '*' of a REGISTER that removes all (RFC 3261 §10.2.2); an empty one is none. */
function isContact(value: string, request: SipRequest): boolean {
  if (value === '*') return request.method === 'REGISTER';
  return value === '' || splitAddresses(value).every(isAddress);
}

/** A route is always a name-addr (RFC 3261 §20.34). */
function isRoute(value: string): boolean {
  return value.includes('<') && isAddress(value);
}

/** A URI of a scheme that we serve must be well formed; another scheme is 416 (RFC 3261 §8.2.2.1). */
function problemOfUri(request: SipRequest): MessageProblem | undefined {
  if (parseUri(request.uri) !== undefined) return undefined;
  return /^(?:sips?|tel):/i.test(request.uri)
    ? bad('Request-URI is malformed')
    : { status: 416, reason: 'URI scheme is not supported' };
}
