const HASH = 35;
const ZERO = 48;
const MAX_LENGTH_DIGITS = 8;

/**
 * Cuts the control stream into frames: `LENGTH#PAYLOAD`, length in bytes, nothing in between.
 * Payloads are binary strings. Bounded: a frame over the limit ends the stream.
 */
export class FrameReader {
  readonly #onFrame: (payload: string) => void;
  readonly #onError: (reason: string) => void;
  readonly #limit: number;
  #pending = '';
  /** Chunks of a frame that is not whole yet are joined once, when it is. */
  #chunks: string[] = [];
  #chunksLength = 0;
  #needed = 0;
  #failed = false;

  constructor(limit: number, onFrame: (payload: string) => void, onError: (reason: string) => void) {
    this.#limit = limit;
    this.#onFrame = onFrame;
    this.#onError = onError;
  }

  push(chunk: string): void {
    if (this.#failed) return;
    if (this.#chunksLength > 0) {
      this.#chunks.push(chunk);
      this.#chunksLength += chunk.length;
      if (this.#chunksLength < this.#needed) return;
      this.#pending = this.#chunks.join('');
      this.#chunks = [];
      this.#chunksLength = 0;
    } else this.#pending = chunk;
    this.#cut();
  }

  #cut(): void {
    const text = this.#pending;
    let at = 0;
    while (at < text.length) {
      const start = this.#readLength(text, at);
      if (this.#failed) return;
      if (start < 0 || start + this.#frameLength > text.length) {
        this.#keep(text.slice(at), start < 0 ? 0 : start - at + this.#frameLength);
        return;
      }
      at = start + this.#frameLength;
      this.#onFrame(text.slice(start, at));
      if (this.#failed) return;
    }
    this.#pending = '';
  }

  #frameLength = 0;

  /** Index of the payload; -1 when the length is not whole yet. */
  #readLength(text: string, from: number): number {
    let length = 0;
    for (let i = from; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === HASH && i > from) {
        this.#frameLength = length;
        if (length > this.#limit) this.#fail('frame too long');
        return i + 1;
      }
      const digit = code - ZERO;
      if (digit < 0 || digit > 9 || i - from >= MAX_LENGTH_DIGITS) {
        this.#fail('malformed frame length');
        return -1;
      }
      length = length * 10 + digit;
    }
    return -1;
  }

  #keep(rest: string, needed: number): void {
    this.#pending = '';
    this.#chunks = [rest];
    this.#chunksLength = rest.length;
    this.#needed = needed;
  }

  /** Stops for good; what follows is ignored. */
  #fail(reason: string): void {
    this.#failed = true;
    this.#chunks = [];
    this.#onError(reason);
  }
}
