import type { SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';

const MAX_OUTPUT = 16_384;

/**
 * Runs a program to its end.
 * @param input - what it reads on standard input
 * @returns its exit code (-1 when a signal ended it) and the end of what it printed
 */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  input = '',
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: 'pipe' });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    // It may end without reading.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    child.once('error', reject);
    // 'exit', not 'close': a daemon that it started may keep the pipes.
    child.once('exit', (code) => {
      // What is in the pipes already is still read.
      setImmediate(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve({ code: code ?? -1, output });
      });
    });
  });
}
