const SEQUENCES = 65_536;
const HALF = SEQUENCES / 2;

/** What came of one RTP stream, by its sequence numbers. */
export class StreamCount {
  #first: number | undefined;
  /** Highest number so far, counted on over the wrap. */
  #highest = 0;
  #received = 0;

  count(sequence: number): void {
    this.#received++;
    if (this.#first === undefined) {
      this.#first = sequence;
      this.#highest = sequence;
      return;
    }
    const ahead = (sequence - (this.#highest % SEQUENCES) + SEQUENCES) % SEQUENCES;
    if (ahead < HALF) this.#highest += ahead;
  }

  /** What came since the last time this was asked, and what must have been sent. */
  take(): { readonly received: number; readonly expected: number } {
    const received = this.#received;
    const expected = this.#first === undefined ? 0 : this.#highest - this.#first + 1;
    this.#first = undefined;
    this.#received = 0;
    return { received, expected: Math.max(expected, received) };
  }
}
