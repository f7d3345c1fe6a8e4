/** What a progress bar is drawn on. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One state of something long. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  /** Undefined when nobody knows. */
  readonly total: number | undefined;
  /** Shown behind it, e.g. how many numbers there are so far. */
  readonly note: string;
}

const REDRAW_MS = 100;
/** Where nobody draws bars (a file, a journal): a line now and then. */
const LINE_MS = 10_000;
const BAR = 24;
const DEFAULT_COLUMNS = 80;

/** A bar on a terminal, and plain lines anywhere else. */
export class ProgressBar {
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #startedAt: number;
  #shownAt: number;
  #shown = '';

  /** @param now - monotonic milliseconds */
  constructor(screen: Screen, now: () => number) {
    this.#screen = screen;
    this.#now = now;
    this.#startedAt = now();
    this.#shownAt = this.#startedAt;
  }

  /** Shows a state, unless the one before was shown a moment ago. */
  show(progress: Progress): void {
    const at = this.#now();
    if (at - this.#shownAt < (this.#screen.isTTY ? REDRAW_MS : LINE_MS)) return;
    this.#shownAt = at;
    const text = this.#textOf(progress, at);
    if (!this.#screen.isTTY) {
      this.#screen.write(`${text}\n`);
      return;
    }
    const fitting = text.slice(0, (this.#screen.columns ?? DEFAULT_COLUMNS) - 1);
    this.#screen.write(`\r${fitting.padEnd(this.#shown.length)}`);
    this.#shown = fitting;
  }

  /** Takes the bar away: what is written next begins a line of its own. */
  close(): void {
    if (this.#shown !== '') this.#screen.write(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }

  #textOf({ what, done, total, note }: Progress, at: number): string {
    if (total === undefined || total === 0) return `${what}  ${note}`;
    const share = Math.min(done / total, 1);
    const percent = `${Math.floor(share * 100)} %`.padStart(5);
    const left = share > 0 ? `, ${secondsOf(((at - this.#startedAt) * (1 - share)) / share)} left` : '';
    if (!this.#screen.isTTY) return `${what} ${percent}  ${note}${left}`;
    const full = Math.floor(share * BAR);
    return `${what} [${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${percent}  ${note}${left}`;
  }
}

/** `14 s`, `3 min 20 s`. */
export function secondsOf(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
