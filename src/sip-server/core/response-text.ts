import type { HeaderField, SipRequest } from '../message';
import { tagOf } from '../message';
import type { ServerTransaction } from '../transaction';
import { NO_BODY } from './application-text';

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

/** Answers in the server's own name. */
export function refuse(transaction: ServerTransaction, status: number, extra = ''): void {
  const { request, localTag } = transaction;
  transaction.respond(status, plainResponse(request, status, REASONS[status] ?? 'Error', localTag, extra));
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
  430: 'Flow Failed',
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
