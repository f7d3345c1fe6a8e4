import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const SAMPLE_MS = 500;
const RESOLUTION_MS = 10;

/** What the load is read from: how late the event loop's turns were, in nanoseconds. */
export type DelayHistogram = Pick<IntervalHistogram, 'enable' | 'disable' | 'percentile' | 'reset'>;

/**
 * How late the event loop is, and how much memory is in use; sampled twice a second.
 *
 * One long turn is no overload: it is over when the next call comes, and refusing that call would lose a caller
 * for nothing. The delay that is told is therefore one that lasts, the smaller of the last two samples.
 */
export class LoadSampler {
  readonly #histogram: DelayHistogram;
  readonly #timer: NodeJS.Timeout;
  #latestMs = 0;
  #lastingMs = 0;
  #rss = process.memoryUsage.rss();

  constructor(histogram: DelayHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })) {
    this.#histogram = histogram;
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  /** How late the event loop has been for at least two samples, in milliseconds. */
  eventLoopDelayMs(): number {
    return this.#lastingMs;
  }

  rssBytes(): number {
    return this.#rss;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }

  #sample(): void {
    // The histogram counts the sampling interval itself.
    const delayMs = Math.max(0, this.#histogram.percentile(90) / 1e6 - RESOLUTION_MS);
    this.#lastingMs = Math.min(this.#latestMs, delayMs);
    this.#latestMs = delayMs;
    this.#histogram.reset();
    this.#rss = process.memoryUsage.rss();
  }
}
