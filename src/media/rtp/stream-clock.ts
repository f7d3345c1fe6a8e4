import { CLOCK_RATE } from '../sdp/audio-description';

const SAMPLES_PER_MS = CLOCK_RATE / 1_000;

/** Delays are known of the last so many spans of this length. */
const SPAN = 2_000 * SAMPLES_PER_MS;
const SPANS = 4;
/** A stream that is out of its place by less than this is left alone: jitter moves the shortest delay by as much. */
const SLACK = 20 * SAMPLES_PER_MS;
/** No stream waits longer than this to make up for its jitter. */
const MAX_WAIT = 200 * SAMPLES_PER_MS;

interface Span {
  readonly since: number;
  least: number;
  most: number;
}

/**
 * Maps the timestamps of one stream to our clock, in samples. A packet is in its place when its end is where
 * our clock stood as it arrived, were it as fast as the fastest of the last seconds. Where jitter is larger than
 * what is read late, a stream is put later by as much as it takes. Clocks that drift apart, or a stream that
 * needs to wait no longer, are followed sample by sample.
 */
export class StreamClock {
  readonly #tolerance: number;
  /** Our clock less the stream's. */
  #offset: number;
  readonly #spans: Span[] = [];
  /** Of all the spans. */
  #least: number;
  #most: number;

  /**
   * @param transit - of the first packet: our clock at its arrival less the timestamp of its end
   * @param tolerance - samples by which a packet may come late and is read still; less than none where even one
   * that is as fast as any would come too late, `Infinity` for a stream that is never to wait
   */
  constructor(transit: number, at: number, tolerance: number) {
    this.#tolerance = tolerance;
    this.#offset = Math.max(transit, transit - tolerance);
    this.#least = transit;
    this.#most = transit;
    this.note(transit, at);
  }

  /** Where a timestamp is on our clock. */
  place(timestamp: number): number {
    return timestamp + this.#offset;
  }

  /** Samples by which a packet came later than its place; less than none where it came before. */
  lateness(transit: number): number {
    return transit - this.#offset;
  }

  /** A packet of this transit arrived. */
  note(transit: number, at: number): void {
    const span = this.#spans.at(-1);
    if (span && at - span.since < SPAN) {
      span.least = Math.min(span.least, transit);
      span.most = Math.max(span.most, transit);
      this.#least = Math.min(this.#least, transit);
      this.#most = Math.max(this.#most, transit);
      return;
    }
    this.#spans.push({ since: at, least: transit, most: transit });
    if (this.#spans.length > SPANS) this.#spans.shift();
    this.#least = Math.min(...this.#spans.map(({ least }) => least));
    this.#most = Math.max(...this.#spans.map(({ most }) => most));
  }

  /** Samples by which the stream is to be put later; less than none for earlier, none for as it is. */
  get due(): number {
    const waiting = Math.min(this.#most - this.#tolerance, this.#least + MAX_WAIT);
    const due = Math.max(this.#least, waiting) - this.#offset;
    return Math.abs(due) > SLACK ? due : 0;
  }

  /** Puts the stream later by so many samples. */
  shift(samples: number): void {
    this.#offset += samples;
  }

  /** Whether the stream may wait so much longer. */
  mayWait(samples: number): boolean {
    return this.#tolerance < Infinity && this.#offset + samples <= this.#least + MAX_WAIT;
  }
}
