/** A body that comes in more pieces than this is sent to keep us busy. */
const MAX_CHUNKS = 1_024;

/** Collects a body up to a length. */
export class BodyCollector {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False when it is longer than is read: nothing more need come. */
  add(chunk: Buffer): boolean {
    this.#length += chunk.length;
    if (this.#length > this.#limit || this.#chunks.length >= MAX_CHUNKS) {
      this.#chunks = [];
      return false;
    }
    this.#chunks.push(chunk);
    return true;
  }

  take(): Buffer {
    const [only] = this.#chunks;
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks);
    this.#chunks = [];
    return body;
  }
}
