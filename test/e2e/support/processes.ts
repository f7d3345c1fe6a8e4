import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';

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

/** Each of jest's workers has ports of its own: what a test was given stays free while it is not in use. */
const WORKERS = 8;
const FIRST_PORT = 10_000;
const PORTS_PER_WORKER = 2_800;
const NEIGHBOURS = 4;

/**
 * A port free for UDP and TCP on loopback, with the next three free too: SIP peers take some
 * neighbours for TLS and RTCP. Never handed out twice within one test file, and below those that the
 * system gives to whoever connects (32,768 and up on Linux).
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS;
  for (let tries = 0; tries < PORTS_PER_WORKER / NEIGHBOURS; tries++) {
    const port = FIRST_PORT + worker * PORTS_PER_WORKER + nextOffset();
    const free = await Promise.all([0, 1, 2, 3].map((n) => isFree(port + n)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free port found');
}

let offset = (process.pid * NEIGHBOURS) % PORTS_PER_WORKER;
function nextOffset(): number {
  offset = (offset + NEIGHBOURS) % PORTS_PER_WORKER;
  return offset;
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  if (!tcp) return false;
  return new Promise<boolean>((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)));
  });
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
