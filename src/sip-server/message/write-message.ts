import type { SipMessage } from './sip-message';

/** The message as it goes on the wire, a binary string. Content-Length is always written, once, and right. */
export function writeMessage(message: SipMessage): string {
  let text =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0\r\n`
      : `SIP/2.0 ${message.status} ${message.reason}\r\n`;
  for (const field of message.headers) {
    if (field.key !== 'content-length') text += `${field.name}: ${field.value}\r\n`;
  }
  return `${text}Content-Length: ${message.body.length}\r\n\r\n${message.body}`;
}
