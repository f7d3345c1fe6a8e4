import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Program } from './processes';
import { freePort, startProgram } from './processes';

export interface SippOptions {
  /** Scenario XML. */
  readonly scenario: string;
  /** Address of the peer, for a scenario that starts calls. */
  readonly remote?: string;
  /** User part of the Request-URI. */
  readonly service?: string;
  readonly calls?: number;
  /** Calls started per second. */
  readonly rate?: number;
  /** Most calls up at once. */
  readonly limit?: number;
  readonly transport?: 'u1' | 't1';
  readonly port?: number;
  readonly timeoutSeconds?: number;
  readonly keys?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

/** A real SIPp running one scenario. */
export class Sipp {
  readonly port: number;
  readonly #program: Program;
  readonly #folder: string;

  private constructor(port: number, program: Program, folder: string) {
    this.port = port;
    this.#program = program;
    this.#folder = folder;
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const port = options.port ?? (await freePort());
    const folder = mkdtempSync(join(tmpdir(), 'sipp-'));
    const file = join(folder, 'scenario.xml');
    writeFileSync(file, options.scenario);
    const args = [
      ...(options.remote === undefined ? [] : [options.remote]),
      ...[
        '-sf',
        file,
        '-i',
        '127.0.0.1',
        '-p',
        String(port),
        '-mi',
        '127.0.0.1',
        '-mp',
        String(await freePort()),
      ],
      ...[
        '-nostdin',
        '-t',
        options.transport ?? 'u1',
        '-timeout',
        `${options.timeoutSeconds ?? 60}s`,
        '-timeout_error',
      ],
      ...(options.service === undefined ? [] : ['-s', options.service]),
      ...(options.calls === undefined ? [] : ['-m', String(options.calls)]),
      ...(options.rate === undefined ? [] : ['-r', String(options.rate)]),
      ...(options.limit === undefined ? [] : ['-l', String(options.limit)]),
      ...Object.entries({ caller: '2671', ...options.keys }).flatMap(([key, value]) => ['-key', key, value]),
      ...['-trace_err', '-error_file', join(folder, 'errors.log')],
      ...(options.args ?? []),
    ];
    return new Sipp(port, startProgram('sipp', args, { cwd: folder }), folder);
  }

  /** Where it leaves its files until it is stopped. */
  get folder(): string {
    return this.#folder;
  }

  get exited(): Promise<number | string> {
    return this.#program.exited;
  }

  output(): string {
    return this.#program.output();
  }

  /** Waits for the end. @throws Error with the end of the screen when a call failed. */
  async succeeds(): Promise<void> {
    const code = await this.#program.exited;
    this.#clean();
    if (code !== 0) throw new Error(`sipp ended with ${code}:\n${this.output().slice(-3_000)}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#program.stop(signal);
    this.#clean();
  }

  #clean(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
