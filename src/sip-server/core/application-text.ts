import type { SipMessage } from '../message';
import { headerValue } from '../message';
import type { Flow } from '../transport';
import { withLocalhost } from './own-address';

/** Headers that belong to the server, not to the application, of a response. */
const OURS_IN_RESPONSES: ReadonlySet<string> = new Set([
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

/** Headers that belong to the server, not to the application, of a request. */
const OURS_IN_REQUESTS: ReadonlySet<string> = new Set([...OURS_IN_RESPONSES, 'max-forwards']);

/** The end of a message without a body. */
export const NO_BODY = 'Content-Length: 0\r\n\r\n';

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
