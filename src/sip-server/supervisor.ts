import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { FromChild, ToChild } from './child-protocol';
import type { FlowChange, SipServerLog, SipServerOptions, SipServerStats } from './options';

export type SupervisedOptions = Omit<SipServerOptions, 'log' | 'admits' | 'onFlows'>;

/** A connection by which a phone registered: its transport, and address and port of the phone. */
export type RegisteredFlow = Omit<FlowChange, 'open'>;

/** Where the SIP server of a supervisor can be reached. */
export interface SipServerReady {
  /** `proto/address:port` of every SIP listener. */
  readonly listening: readonly string[];
  readonly controlPort: number;
}

/** What the server's process said of itself. */
export interface SipServerReport {
  readonly stats: SipServerStats;
  /** Processor time that it has used, in microseconds. */
  readonly cpuMicros: number;
}

/** Times in milliseconds; for tests. */
export interface SupervisorTimes {
  /** Before the first restart; each further one waits twice as long. */
  readonly firstRetryMs: number;
  readonly maxRetryMs: number;
  /** A server that was up this long is taken for healthy: the next restart is quick again. */
  readonly healthyMs: number;
  readonly statsTimeoutMs: number;
  /** Between two questions whether it still answers. */
  readonly heartbeatMs: number;
  /** For saying goodbye; then it is killed. */
  readonly stopTimeoutMs: number;
}

const TIMES: SupervisorTimes = {
  firstRetryMs: 100,
  maxRetryMs: 5_000,
  healthyMs: 10_000,
  statsTimeoutMs: 2_000,
  heartbeatMs: 3_000,
  stopTimeoutMs: 5_000,
};
/** A server that leaves this many questions in a row unanswered hangs, and is killed. */
const MAX_SILENT = 5;
/** A predecessor that is still saying goodbye may hold the ports for a moment: some 3 s of tries. */
const START_TRIES = 6;

/**
 * Runs the embedded SIP server as a child process, and starts it again on the same ports when it dies
 * or hangs. Its calls die with it: applications see their control connection close, and their peers
 * are told 481.
 */
export class SipServerSupervisor {
  #options: SupervisedOptions;
  readonly #log: SipServerLog;
  readonly #main: string;
  readonly #times: SupervisorTimes;
  #child: ChildProcess | undefined;
  #sources: readonly string[] | undefined;
  /** Connections by which phones registered, and that stand. */
  readonly #flows = new Map<string, RegisteredFlow>();
  #onFlowsClosed: (flows: readonly RegisteredFlow[]) => void = () => undefined;
  #stopping = false;
  #restarts = 0;
  #retryMs: number;
  #retryTimer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, (answer: SipServerReport | undefined) => void>();

  /** @param main - path of the compiled main module of the server */
  constructor(
    options: SupervisedOptions,
    log: SipServerLog,
    main = join(__dirname, 'main.js'),
    times: Partial<SupervisorTimes> = {},
  ) {
    this.#options = options;
    this.#log = log;
    this.#main = main;
    this.#times = { ...TIMES, ...times };
    this.#retryMs = this.#times.firstRetryMs;
  }

  /** @throws Error in one line when the server cannot open its ports */
  async start(): Promise<SipServerReady> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#spawn();
      } catch (error) {
        const taken = error instanceof StartFailure && error.code === 'EADDRINUSE';
        if (!taken || attempt >= START_TRIES || this.#stopping) throw error;
        await new Promise((resolve) => setTimeout(resolve, this.#times.firstRetryMs * 2 ** (attempt - 1)));
      }
    }
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often the server had to be started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Who may send requests outside a dialog; undefined: everyone. Stands for servers started again, too. */
  admit(sources: readonly string[] | undefined): void {
    this.#sources = sources;
    this.#tell({ type: 'admit', sources });
  }

  /**
   * Hears of connections by which phones registered once they are gone, gathered for some 50 ms: those that
   * closed, and all there were when the server dies. Not of those that {@link stop} ends.
   */
  onFlowsClosed(handler: (flows: readonly RegisteredFlow[]) => void): void {
    this.#onFlowsClosed = handler;
  }

  /** What is alive in the server; undefined when it does not say within 2 s. */
  async stats(): Promise<SipServerReport | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), this.#times.statsTimeoutMs);
      const done = (answer: SipServerReport | undefined): void => {
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
    clearInterval(this.#heartbeat);
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), this.#times.stopTimeoutMs);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #spawn(): Promise<SipServerReady> {
    return new Promise((resolve, reject) => {
      if (this.#stopping) throw new Error('the SIP server is stopped');
      const child = fork(this.#main, [], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        serialization: 'json',
      });
      this.#child = child;
      const startedAt = performance.now();
      let ready = false;
      let failure = new StartFailure('the SIP server ended before it was ready', undefined);
      child.on('message', (message: FromChild) => {
        if (message.type === 'ready') {
          ready = true;
          this.#keepPorts(message);
          this.#watch(child);
          resolve(message);
        } else if (message.type === 'failed') failure = new StartFailure(message.message, message.code);
        else if (message.type === 'flows') this.#flowsChanged(message.changes);
        else if (message.type === 'stats') this.#waiting.get(message.id)?.(message);
        else this.#log(message.level, message.message, message.fields);
      });
      child.on('error', (error) => reject(error));
      child.once('exit', (code, signal) => {
        clearInterval(this.#heartbeat);
        for (const answer of [...this.#waiting.values()]) answer(undefined);
        this.#flowsChanged([...this.#flows.values()].map((flow) => ({ ...flow, open: false })));
        if (!ready) reject(failure);
        else if (!this.#stopping) this.#restart(signal ?? `code ${code}`, performance.now() - startedAt);
      });
      this.#tell({ type: 'start', options: this.#options });
      // Before the first port is open: not one request may slip in.
      if (this.#sources !== undefined) this.#tell({ type: 'admit', sources: this.#sources });
    });
  }

  #restart(why: string, upMs: number): void {
    if (this.#stopping) return;
    if (upMs > this.#times.healthyMs) this.#retryMs = this.#times.firstRetryMs;
    this.#restarts++;
    this.#log('warn', 'the SIP server died and is started again', {
      why,
      inMs: this.#retryMs,
      times: this.#restarts,
    });
    this.#retryTimer = setTimeout(() => {
      this.#spawn().catch((error: unknown) =>
        this.#restart(error instanceof Error ? error.message : String(error), 0),
      );
    }, this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, this.#times.maxRetryMs);
  }

  #flowsChanged(changes: readonly FlowChange[]): void {
    const closed: RegisteredFlow[] = [];
    for (const { open, ...flow } of changes) {
      const name = `${flow.transport}/${flow.address}/${flow.port}`;
      if (open) this.#flows.set(name, flow);
      else if (this.#flows.delete(name)) closed.push(flow);
    }
    if (closed.length > 0 && !this.#stopping) this.#onFlowsClosed(closed);
  }

  /** Ports that were ours to choose are chosen: peers and applications find a successor where this one was. */
  #keepPorts({ listening, controlPort }: SipServerReady): void {
    const left = [...listening];
    const listen = this.#options.listen.map((at) => {
      const index = left.findIndex((name) => name.startsWith(`${at.protocol}/`));
      const [name = ''] = left.splice(index, 1);
      return { ...at, port: Number(name.slice(name.lastIndexOf(':') + 1)) };
    });
    this.#options = { ...this.#options, listen, control: { ...this.#options.control, port: controlPort } };
  }

  /** A process may live and do nothing: one that does not answer for long is killed, and started again. */
  #watch(child: ChildProcess): void {
    let silent = 0;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      if (++silent > MAX_SILENT) {
        this.#log('warn', 'the SIP server does not answer and is killed', { pid: child.pid });
        child.kill('SIGKILL');
        return;
      }
      void this.stats().then((answer) => {
        if (answer) silent = 0;
      });
    }, this.#times.heartbeatMs);
    this.#heartbeat.unref();
  }

  #tell(message: ToChild): boolean {
    const child = this.#child;
    if (child?.connected !== true) return false;
    // It may die while we speak: its end is told by 'exit'.
    child.send(message, () => undefined);
    return true;
  }
}

/** The server's process could not start. */
class StartFailure extends Error {
  constructor(
    message: string,
    readonly code: string | undefined,
  ) {
    super(message);
  }
}
