import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config';
import { configEnvironment } from '../config';
import type { Logger } from '../telemetry';

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** A worker that was up this long is taken for healthy: the next restart is quick again. */
const HEALTHY_MS = 60_000;
const STOP_MS = 15_000;

/** The worker as a process of its own, so that settling never delays a call; started again when it dies. */
export class SupervisedWorker {
  readonly #config: Config;
  readonly #log: Logger;
  #child: ChildProcess;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Lets it finish the settlements in hand, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  /** Ends it at once: settlements in hand are run again, and running one twice changes nothing. */
  leave(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#child.kill('SIGKILL');
  }

  #spawn(): ChildProcess {
    const startedAt = performance.now();
    const child = spawn(process.execPath, [join(__dirname, '../cli.js'), 'worker', '--attached'], {
      // Its own group: Ctrl-C is for the parent to pass on in due order.
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, ...configEnvironment(this.#config) },
    });
    yieldToCalls(child.pid);
    child.once('error', (error) => this.#restart(error.message, 0));
    child.once('exit', (code, signal) =>
      this.#restart(signal ?? `code ${code}`, performance.now() - startedAt),
    );
    return child;
  }

  #restart(why: string, upMs: number): void {
    if (this.#stopping) return;
    if (upMs > HEALTHY_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#log.warn({ why, inMs: this.#retryMs }, 'the worker died and is started again');
    this.#timer = setTimeout(() => {
      this.#child = this.#spawn();
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }
}

/** On a machine that switch and worker share, settling waits while calls want the processor. */
function yieldToCalls(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not allow it: then all are equal.
  }
}
