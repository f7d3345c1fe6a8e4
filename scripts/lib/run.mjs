import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const PIPES_MS = 1_000;

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
    child.on('exit', (code, signal) => {
      const done = () => resolve({ code: code ?? (signal ? 1 : 0), output });
      // What it printed last is still on its way; but a server that it started may keep the pipes for ever.
      child.on('close', done);
      setTimeout(done, PIPES_MS).unref();
    });
  });
}

/** Looks whether the shell that npm put above us is still there, every so many milliseconds. */
const ORPHAN_MS = 1_000;

/**
 * Runs a program on our own terminal until it ends; resolves to its exit code. A word to end is passed on,
 * whoever it was said to. npm runs us below a shell that passes nothing on; when that is gone, we were meant.
 * With `detached` Ctrl-C reaches the program through us alone, and not its children, which it ends itself
 * when their work is done.
 */
export function hand(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const pass = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    const parent = process.ppid;
    const watch = process.env.npm_lifecycle_event
      ? setInterval(() => {
          if (process.ppid === parent) return;
          clearInterval(watch);
          pass('SIGTERM');
        }, ORPHAN_MS)
      : undefined;
    const done = (code) => {
      clearInterval(watch);
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`dce: ${error.message}\n`);
      done(1);
    });
    child.on('exit', (code, signal) => done(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
