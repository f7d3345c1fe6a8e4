import { decimal } from './token';

export interface StreamFramerEvents {
  /** One whole message, as a binary string. */
  onMessage(text: string): void;
  /** A double CRLF between messages: answer with one CRLF (RFC 5626 §4.4.1). */
  onPing(): void;
  /** The stream cannot be followed any more; the connection is to be closed. */
  onError(reason: string): void;
}

const DEFAULT_LIMIT = 65_536;
const CONTENT_LENGTH = /(?:^|\n)(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)/gi;

/** Cuts a byte stream into SIP messages by Content-Length (RFC 3261 §18.3), within a bounded buffer. */
export class StreamFramer {
  readonly #events: StreamFramerEvents;
  readonly #limit: number;
  #pending = '';
  /** Where the search for the end of the headers goes on, so that no byte is looked at twice. */
  #searched = 0;
  /** Length of the whole message once its headers are known; 0 before. */
  #needed = 0;
  #failed = false;
  /** An empty line was seen that may be the first half of a ping. */
  #halfPing = false;

  /** @param limit - longest message in bytes */
  constructor(events: StreamFramerEvents, limit = DEFAULT_LIMIT) {
    this.#events = events;
    this.#limit = limit;
  }

  /** Takes what arrived. */
  push(chunk: Buffer): void {
    if (this.#failed) return;
    this.#pending += chunk.toString('latin1');
    while (!this.#failed && this.#next());
    if (!this.#failed && this.#pending.length > this.#limit) this.#fail('message too long');
  }

  #next(): boolean {
    if (this.#needed === 0 && !this.#readHead()) return false;
    if (this.#pending.length < this.#needed) return false;
    const message = this.#pending.slice(0, this.#needed);
    this.#pending = this.#pending.slice(this.#needed);
    this.#needed = 0;
    this.#searched = 0;
    this.#halfPing = false;
    this.#events.onMessage(message);
    return this.#pending.length > 0;
  }

  #readHead(): boolean {
    this.#skipKeepAlives();
    const end = this.#pending.indexOf('\r\n\r\n', Math.max(0, this.#searched - 3));
    if (end < 0) {
      this.#searched = this.#pending.length;
      return false;
    }
    const length = lengthIn(this.#pending.slice(0, end));
    if (length < 0) {
      this.#fail('no usable Content-Length on a stream');
      return false;
    }
    if (end + 4 + length > this.#limit) {
      this.#fail('message too long');
      return false;
    }
    this.#needed = end + 4 + length;
    return true;
  }

  #skipKeepAlives(): void {
    let at = 0;
    for (; this.#pending.startsWith('\r\n', at); at += 2) {
      if (this.#halfPing) this.#events.onPing();
      this.#halfPing = !this.#halfPing;
    }
    if (at === 0) return;
    this.#pending = this.#pending.slice(at);
    this.#searched = 0;
  }

  #fail(reason: string): void {
    this.#failed = true;
    this.#pending = '';
    this.#events.onError(reason);
  }
}

/** Content-Length of a head; -1 when there is none, or several that differ, or one that is no number. */
function lengthIn(head: string): number {
  let length = -1;
  for (const [, value = ''] of head.matchAll(CONTENT_LENGTH)) {
    const read = decimal(value.trim());
    if (read < 0 || (length >= 0 && read !== length)) return -1;
    length = read;
  }
  return length;
}
