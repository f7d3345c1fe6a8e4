import { monitorEventLoopDelay } from 'node:perf_hooks';

const SAMPLE_MS = 500;

/** How late the event loop is, and how much memory is in use; sampled twice a second. */
export class LoadSampler {
  readonly #histogram = monitorEventLoopDelay({ resolution: 10 });
  readonly #timer: NodeJS.Timeout;
  #delayMs = 0;
  #rss = process.memoryUsage.rss();

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => {
      // The histogram counts the sampling interval itself.
      this.#delayMs = Math.max(0, this.#histogram.percentile(90) / 1e6 - 10);
      this.#histogram.reset();
      this.#rss = process.memoryUsage.rss();
    }, SAMPLE_MS);
    this.#timer.unref();
  }

  eventLoopDelayMs(): number {
    return this.#delayMs;
  }

  rssBytes(): number {
    return this.#rss;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#histogram.disable();
  }
}
