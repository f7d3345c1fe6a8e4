import type { RecordingPolicy } from '../domain';
import { asError } from '../domain';
import type { PromptFolder } from '../media';
import type { Logger } from '../telemetry';

const EVERY_MS = 10_000;
/** Campaigns that are told of at once. */
const MOST_TOLD = 100;

export interface PromptWatchOptions {
  readonly prompts: Pick<PromptFolder, 'reload' | 'problems' | 'names'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Campaigns, of which some name a prompt by which their callers are told of recordings. */
  readonly campaigns: () => Iterable<{
    readonly id: string;
    readonly recording?: Pick<RecordingPolicy, 'announce'> | undefined;
  }>;
  readonly everyMs?: number;
}

/**
 * Reads the prompts' folder again and again, so that what changes there is heard without a new start, and tells what is
 * missing there.
 */
export class PromptWatch {
  readonly #options: PromptWatchOptions;
  /** Lines that were told, and still hold. */
  #told: ReadonlySet<string>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PromptWatchOptions) {
    this.#options = options;
    this.#told = new Set(options.prompts.problems);
  }

  /** When the campaigns are known. */
  start(): void {
    if (this.#timer) return;
    this.#tell(this.#options.prompts.problems);
    this.#later();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const { prompts } = this.#options;
    const problems = await prompts.reload().catch((error: unknown) => [asError(error).message]);
    if (this.#closed) return;
    this.#tell(problems);
    this.#later();
  }

  #later(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#options.everyMs ?? EVERY_MS);
  }

  #tell(problems: readonly string[]): void {
    const missing = this.#missing();
    for (const problem of [...problems, ...missing]) {
      if (this.#told.has(problem)) continue;
      const what = missing.includes(problem) ? 'a prompt is missing' : 'prompts cannot be read as they are';
      this.#options.log.warn({ problem }, what);
    }
    this.#told = new Set([...problems, ...missing]);
  }

  /** Of campaigns whose callers cannot be told of recordings. */
  #missing(): string[] {
    const { prompts, campaigns } = this.#options;
    const names = prompts.names();
    const lines: string[] = [];
    for (const { id, recording } of campaigns()) {
      const announce = recording?.announce;
      if (announce === undefined || names.has(announce)) continue;
      lines.push(`campaign ${id}: there is no prompt ${announce}, so its calls are not recorded`);
      if (lines.length >= MOST_TOLD) break;
    }
    return lines;
  }
}
