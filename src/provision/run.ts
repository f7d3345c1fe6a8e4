import type { SpawnOptions } from 'node:child_process';
import { spawn } from 'node:child_process';

const MAX_OUTPUT = 16_384;

/** Runs a program to its end. @returns its exit code and the end of what it printed */
export function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-MAX_OUTPUT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('error', reject);
    // 'exit', not 'close': a daemon that it started may keep the pipes.
    child.once('exit', (code) => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve({ code: code ?? -1, output });
    });
  });
}
