import type { SipRequest } from '../../../../src/sip-server/message';
import { headerValue, headerValues, tagOf } from '../../../../src/sip-server/message';

let counter = 0;

/** A branch that no other transaction has. */
export function newBranch(): string {
  return `z9hG4bKtest${process.pid}x${++counter}`;
}

/** A response as a plain peer makes it. */
export function responseTo(
  request: SipRequest,
  status: number,
  tag: string,
  headers: readonly string[] = [],
  body = '',
): string {
  const to = headerValue(request, 'to') ?? '';
  return [
    `SIP/2.0 ${status} Test`,
    ...headerValues(request, 'via').map((via) => `Via: ${via}`),
    ...headerValues(request, 'record-route').map((route) => `Record-Route: ${route}`),
    `From: ${headerValue(request, 'from') ?? ''}`,
    `To: ${to}${tagOf(to) === '' && status > 100 ? `;tag=${tag}` : ''}`,
    `Call-ID: ${headerValue(request, 'call-id') ?? ''}`,
    `CSeq: ${headerValue(request, 'cseq') ?? ''}`,
    ...headers,
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}
