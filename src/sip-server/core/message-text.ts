import type { HeaderField, SipMessage, SipRequest } from '../message';
import { formatHost, headerValue, tagOf } from '../message';
import type { Flow } from '../transport';

/** `address:port` of our side of a flow, as it stands in Via and Contact. */
export function sentBy(flow: Flow): string {
  return `${formatHost(flow.localAddress)}:${flow.localPort}`;
}

/** Our Contact on this flow: where in-dialog requests are to come. */
export function contactOf(flow: Flow, user = ''): string {
  const transport = flow.protocol === 'udp' ? '' : `;transport=${flow.protocol}`;
  return `<sip:${user === '' ? '' : `${user}@`}${sentBy(flow)}${transport}>`;
}

/** A Via of ours. `rport` asks for symmetric responses (RFC 3581). */
export function viaOf(flow: Flow, branch: string): string {
  return `SIP/2.0/${flow.protocol.toUpperCase()} ${sentBy(flow)};rport;branch=${branch}`;
}

/** The application writes `localhost` where it cannot know our address. */
export function withLocalhost(value: string, flow: Flow): string {
  return value.includes('@localhost') ? value.replaceAll('@localhost', `@${sentBy(flow)}`) : value;
}

/** Headers that belong to the server, not to the application, of a request. */
const OURS_IN_REQUESTS = new Set([
  'via',
  'route',
  'record-route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'max-forwards',
  'contact',
]);

/** Headers that belong to the server, not to the application, of a response. */
const OURS_IN_RESPONSES = new Set([
  'via',
  'route',
  'record-route',
  'rseq',
  'content-length',
  'from',
  'to',
  'call-id',
  'cseq',
  'contact',
]);

/** What the application wants in a request, apart from what the server writes. */
export function applicationHeaders(message: SipMessage, flow: Flow): string {
  const ours = message.kind === 'request' ? OURS_IN_REQUESTS : OURS_IN_RESPONSES;
  let text = '';
  for (const { key, name, value } of message.headers) {
    if (ours.has(key)) continue;
    text += `${wireName(name)}: ${key === 'p-asserted-identity' ? withLocalhost(value, flow) : value}\r\n`;
  }
  return text;
}

/** Content-Type where it was left out of an SDP, Content-Length in bytes, and the body. */
export function tail(message: SipMessage): string {
  const { body } = message;
  const type =
    body.startsWith('v=0') && headerValue(message, 'content-type') === undefined
      ? 'Content-Type: application/sdp\r\n'
      : '';
  return `${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** `content-type` as `Content-Type`; what has capitals already stays as it is. */
function wireName(name: string): string {
  if (name !== name.toLowerCase()) return name;
  return name.replace(/(^|-)([a-z])/g, (_match, dash: string, letter: string) => dash + letter.toUpperCase());
}

export interface ResponseParts {
  readonly status: number;
  readonly reason: string;
  readonly toTag: string;
  /** Value for Contact; undefined where none belongs. */
  readonly contact: string | undefined;
  /** Further header lines, each with its CRLF. */
  readonly extra: string;
  /** Content-Type where needed, Content-Length, empty line and body. */
  readonly tail: string;
}

export const NO_BODY = 'Content-Length: 0\r\n\r\n';

/** A response to a request, with what RFC 3261 §8.2.6.2 and §12.1.1 copy from it. */
export function responseText(request: SipRequest, parts: ResponseParts): string {
  let text = `SIP/2.0 ${parts.status} ${parts.reason}\r\n`;
  const withRoute = parts.status > 100 && parts.status < 300;
  for (const field of request.headers) {
    switch (field.key) {
      case 'via':
        text += `Via: ${field.value}\r\n`;
        break;
      case 'from':
        text += `From: ${field.value}\r\n`;
        break;
      case 'to':
        text += toLine(field, parts);
        break;
      case 'call-id':
        text += `Call-ID: ${field.value}\r\n`;
        break;
      case 'cseq':
        text += `CSeq: ${field.value}\r\n`;
        break;
      case 'record-route':
        if (withRoute) text += `Record-Route: ${field.value}\r\n`;
        break;
      default:
        break;
    }
  }
  if (parts.contact !== undefined) text += `Contact: ${parts.contact}\r\n`;
  return text + parts.extra + parts.tail;
}

function toLine(field: HeaderField, parts: ResponseParts): string {
  const tagged = parts.status === 100 || parts.toTag === '' || tagOf(field.value) !== '';
  return `To: ${field.value}${tagged ? '' : `;tag=${parts.toTag}`}\r\n`;
}

/** A short response of the server's own. */
export function plainResponse(
  request: SipRequest,
  status: number,
  reason: string,
  toTag: string,
  extra = '',
): string {
  return responseText(request, { status, reason, toTag, contact: undefined, extra, tail: NO_BODY });
}

/** Standard phrases of the responses that the server makes itself (RFC 3261 §21). */
export const REASONS: Readonly<Record<number, string>> = {
  100: 'Trying',
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  416: 'Unsupported URI Scheme',
  420: 'Bad Extension',
  422: 'Session Interval Too Small',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  482: 'Loop Detected',
  483: 'Too Many Hops',
  487: 'Request Terminated',
  491: 'Request Pending',
  500: 'Server Internal Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'Version Not Supported',
};
