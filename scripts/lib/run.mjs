import { spawn } from 'node:child_process';

/** Runs a program; resolves to its exit code and the end of its output. `onLine` hears each line. */
export function run(command, args, { onLine = () => {}, ...options } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let output = '';
    let pending = '';
    const take = (chunk) => {
      output = (output + chunk).slice(-20_000);
      pending += chunk;
      const lines = pending.split(/[\r\n]+/);
      pending = lines.pop();
      for (const line of lines) onLine(line);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.on('error', (error) => resolve({ code: -1, output: error.message }));
    child.on('exit', (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output }));
  });
}

/** Runs a program on our own terminal, passing signals on; resolves to its exit code. */
export function hand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const pass = (signal) => child.kill(signal);
    // Ctrl-C reaches the child by itself; we only wait for it.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => pass('SIGTERM'));
    child.on('error', (error) => {
      process.stderr.write(`dce: ${error.message}\n`);
      resolve(1);
    });
    child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
