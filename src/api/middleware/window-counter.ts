const WINDOW_MS = 60_000;
/** Whoever came first is forgotten first. */
const MAX_NAMES = 10_000;

export interface Count {
  /** In this window, with what was just added. */
  readonly count: number;
  /** Whole seconds until the window ends. */
  readonly resetSeconds: number;
}

/** Counts what each name does in windows of a minute, for a bounded number of names. */
export class WindowCounter {
  readonly #windows = new Map<string, { readonly startedAt: number; count: number }>();
  readonly #now: () => number;

  /** @param now - monotonic milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @param more - 0 to look without counting */
  add(name: string, more = 1): Count {
    const at = this.#now();
    let window = this.#windows.get(name);
    if (!window || at - window.startedAt >= WINDOW_MS) {
      window = { startedAt: at, count: 0 };
      if (more > 0) this.#open(name, window);
    }
    window.count += more;
    return { count: window.count, resetSeconds: Math.ceil((window.startedAt + WINDOW_MS - at) / 1000) };
  }

  #open(name: string, window: { readonly startedAt: number; count: number }): void {
    this.#windows.delete(name);
    if (this.#windows.size >= MAX_NAMES) {
      const [oldest] = this.#windows.keys();
      if (oldest !== undefined) this.#windows.delete(oldest);
    }
    this.#windows.set(name, window);
  }
}
