import { readFileSync } from 'node:fs';

/** What else a process opens: its libraries, Redis, pipes. */
const OTHER_FILES = 200;
/** What is left to everything else on the machine. */
const SPARE_BYTES = 1.5 * 2 ** 30;

/** Connections that one process may have (`ulimit -n`, setrlimit(2) RLIMIT_NOFILE). */
export function connectionsOfProcess(): number {
  const line = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
  const most = line?.[1] === undefined || line[1] === 'unlimited' ? 1_000_000 : Number(line[1]);
  return Math.max(1, most - OTHER_FILES);
}

/** Bytes that programs can still have without others being swapped out (proc_meminfo(5) MemAvailable). */
export function availableBytes(): number {
  return Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) * 1_024;
}

export function isMemoryShort(): boolean {
  return availableBytes() < SPARE_BYTES;
}
