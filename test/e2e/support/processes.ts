import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export { freePort } from '../../support/free-port';
export { until } from '../../support/until';

/** A started program with what it has printed so far. */
export interface Program {
  readonly child: ChildProcess;
  output(): string;
  /** Resolves to the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const MAX_OUTPUT = 1_000_000;

/** Starts a program and keeps the end of what it prints. */
export function startProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Program {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-MAX_OUTPUT);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const exited = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? -1));
  });
  exited.catch(() => undefined);
  return {
    child,
    output: () => output,
    exited,
    stop: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited.catch(() => undefined);
    },
  };
}

/** Fields of /proc/pid/stat from the third on (proc(5)); the second is the program's name, and may hold spaces. */
export function processStat(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** @param name - what the program's name begins with; '' for any */
export function childrenOf(parent: number, name = ''): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        if (Number(processStat(pid)[1]) !== parent) return false;
        return readFileSync(`/proc/${pid}/comm`, 'latin1').startsWith(name);
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
