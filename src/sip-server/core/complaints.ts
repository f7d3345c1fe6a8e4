import type { SipServerLog } from '../options';

const COMPLAINT_EVERY_MS = 60_000;
const MAX_REMEMBERED = 1_000;

/** What comes and is of no use: counted always, told now and then. */
export class Complaints {
  /** Requests from addresses that may not send any. */
  dropped = 0;
  /** Messages that are no SIP, or break its rules. */
  malformed = 0;
  readonly #log: SipServerLog;
  readonly #told = new Map<string, number>();

  constructor(log: SipServerLog) {
    this.#log = log;
  }

  /** A request from an address that may not send any: it gets no answer. */
  stranger(address: string): void {
    this.dropped++;
    this.tell('request from an address that no trunk has: dropped', { source: address });
  }

  /** A message that cannot be used. */
  garbage(address: string, reason: string): void {
    this.malformed++;
    this.tell('unusable message', { source: address, reason });
  }

  /** A connection that was not taken. */
  refused(source: string, reason: string): void {
    this.tell(`connection refused: ${reason}`, { source });
  }

  /** Each kind of trouble is told once a minute. */
  tell(message: string, fields: Readonly<Record<string, unknown>>): void {
    const now = performance.now();
    const last = this.#told.get(message);
    if (last !== undefined && now - last < COMPLAINT_EVERY_MS) return;
    if (this.#told.size >= MAX_REMEMBERED) this.#told.clear();
    this.#told.set(message, now);
    this.#log('warn', message, { ...fields, malformed: this.malformed, dropped: this.dropped });
  }
}
