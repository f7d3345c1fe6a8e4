import { asError } from '../domain';
import type { PromptFolder } from '../media';
import type { Logger } from '../telemetry';

const EVERY_MS = 10_000;

/** Reads the prompts' folder again and again, so that what changes there is heard without a new start. */
export class PromptWatch {
  readonly #prompts: Pick<PromptFolder, 'reload' | 'problems'>;
  readonly #log: Pick<Logger, 'warn'>;
  readonly #everyMs: number;
  /** Lines that were told, and still hold. */
  #told: ReadonlySet<string>;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    prompts: Pick<PromptFolder, 'reload' | 'problems'>,
    log: Pick<Logger, 'warn'>,
    everyMs = EVERY_MS,
  ) {
    this.#prompts = prompts;
    this.#log = log;
    this.#everyMs = everyMs;
    this.#told = new Set(prompts.problems);
  }

  start(): void {
    this.#timer ??= setTimeout(() => void this.#look(), this.#everyMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const problems = await this.#prompts.reload().catch((error: unknown) => [asError(error).message]);
    for (const problem of problems) {
      if (!this.#told.has(problem)) this.#log.warn({ problem }, 'prompts cannot be read as they are');
    }
    this.#told = new Set(problems);
    this.#timer = undefined;
    if (!this.#closed) this.start();
  }
}
