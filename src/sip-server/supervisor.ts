import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromChild, ToChild } from './child-protocol';
import type { SipServerLog, SipServerOptions, SipServerStats } from './options';

export type SupervisedOptions = Omit<SipServerOptions, 'log' | 'admits'>;

/** Where the SIP server of a supervisor can be reached. */
export interface SipServerReady {
  readonly listening: readonly string[];
  readonly controlPort: number;
}

const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** A server that was up this long is taken for healthy: the next restart is quick again. */
const HEALTHY_MS = 10_000;
const STATS_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 5_000;
/** A predecessor that is still saying goodbye may hold the ports for a moment. */
const START_TRIES = 8;

/** Runs the embedded SIP server as a child process, and starts it again when it dies. */
export class SipServerSupervisor {
  #options: SupervisedOptions;
  readonly #log: SipServerLog;
  readonly #main: string;
  #child: ChildProcess | undefined;
  #sources: readonly string[] | undefined;
  #stopping = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: NodeJS.Timeout | undefined;
  #nextId = 0;
  readonly #waiting = new Map<
    number,
    (answer: { stats: SipServerStats; cpuMicros: number } | undefined) => void
  >();

  /** @param main - path of the compiled main module of the server */
  constructor(options: SupervisedOptions, log: SipServerLog, main = join(__dirname, 'main.js')) {
    this.#options = options;
    this.#log = log;
    this.#main = main;
  }

  /** @throws Error in one line when the server cannot open its ports */
  async start(): Promise<SipServerReady> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#spawn();
      } catch (error) {
        if (attempt >= START_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS * 2 ** attempt));
      }
    }
  }

  /** From now on the control port is this one, so that applications find a server that was started again. */
  keepControlPort(port: number): void {
    this.#options = { ...this.#options, control: { ...this.#options.control, port } };
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Who may send requests outside a dialog; undefined: everyone. */
  admit(sources: readonly string[] | undefined): void {
    this.#sources = sources;
    this.#tell({ type: 'admit', sources });
  }

  /** What is alive in the server; undefined when it does not say. */
  async stats(): Promise<{ stats: SipServerStats; cpuMicros: number } | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), STATS_TIMEOUT_MS);
      const done = (answer: { stats: SipServerStats; cpuMicros: number } | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(answer);
      };
      this.#waiting.set(id, done);
      if (!this.#tell({ type: 'stats', id })) done(undefined);
    });
  }

  /** Lets it hang up what is up, and waits until it is gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retryTimer);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #spawn(): Promise<SipServerReady> {
    return new Promise((resolve, reject) => {
      const child = fork(this.#main, [], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        serialization: 'json',
      });
      this.#child = child;
      const startedAt = performance.now();
      let ready = false;
      let failure = 'the SIP server ended before it was ready';
      child.on('message', (message: FromChild) => {
        if (message.type === 'ready') {
          ready = true;
          if (this.#sources !== undefined) this.admit(this.#sources);
          resolve(message);
        } else if (message.type === 'failed') failure = message.message;
        else if (message.type === 'stats') this.#waiting.get(message.id)?.(message);
        else this.#log(message.level, message.message, message.fields);
      });
      child.once('error', (error) => reject(error));
      child.once('exit', (code, signal) => {
        if (!ready) reject(new Error(failure));
        else if (!this.#stopping) this.#restart(signal ?? `code ${code}`, performance.now() - startedAt);
      });
      child.send({ type: 'start', options: this.#options } satisfies ToChild);
    });
  }

  #restart(why: string, upMs: number): void {
    if (upMs > HEALTHY_MS) this.#retryMs = FIRST_RETRY_MS;
    this.#log('warn', 'the SIP server died and is started again', { why, inMs: this.#retryMs });
    this.#retryTimer = setTimeout(() => {
      this.#spawn().catch((error: unknown) => this.#restart(String(error), 0));
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
  }

  #tell(message: ToChild): boolean {
    return this.#child?.connected === true && this.#child.send(message);
  }
}
