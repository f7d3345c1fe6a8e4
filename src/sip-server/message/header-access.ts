import type { HeaderField, SipMessage } from './sip-message';

/** First value of a header, by canonical key (`call-id`), or undefined. */
export function headerValue(message: SipMessage, key: string): string | undefined {
  const headers = message.headers;
  for (let i = 0; i < headers.length; i++) {
    const field = headers[i] as HeaderField;
    if (field.key === key) return field.value;
  }
  return undefined;
}

/** Every value of a header in wire order, by canonical key; one entry per field line (commas not split). */
export function headerValues(message: SipMessage, key: string): string[] {
  const values: string[] = [];
  for (const field of message.headers) if (field.key === key) values.push(field.value);
  return values;
}

/** Replaces the first field with this key, or appends one; `name` is the spelling used when appending. */
export function setHeader(message: SipMessage, key: string, name: string, value: string): void {
  for (const field of message.headers) {
    if (field.key === key) {
      field.value = value;
      return;
    }
  }
  message.headers.push({ name, key, value });
}

/** Removes every field with this key. */
export function removeHeader(message: SipMessage, key: string): void {
  message.headers = message.headers.filter((field) => field.key !== key);
}

/** Any message's Max-Forwards; RFC 3261 §8.1.1.6 says 70 when absent. */
export function maxForwards(message: SipMessage): number {
  const value = headerValue(message, 'max-forwards');
  return value === undefined ? 70 : Number(value);
}
