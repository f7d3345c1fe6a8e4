import { readdirSync } from 'node:fs';
import { processStat } from '../../e2e/support/processes';

/** Milliseconds of a tick of /proc: Linux counts hundredths, whatever the kernel was built with. */
const TICK_MS = 10;

interface ProcessTimes {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that are gone. */
  readonly goneMs: number;
}

function timesOf(pid: number): ProcessTimes | undefined {
  try {
    const fields = processStat(pid);
    const ticks = (n: number): number => Number(fields[n]) * TICK_MS;
    return { parent: Number(fields[1]), ownMs: ticks(11) + ticks(12), goneMs: ticks(13) + ticks(14) };
  } catch {
    return undefined;
  }
}

/** Milliseconds of processor time of processes and all that they have started. */
export function cpuOf(roots: readonly number[]): number {
  const all = new Map<number, ProcessTimes>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const pid = Number(name);
    const times = timesOf(pid);
    if (times) all.set(pid, times);
  }
  const wanted = new Set(roots);
  for (let size = 0; size !== wanted.size;) {
    size = wanted.size;
    for (const [pid, { parent }] of all) if (wanted.has(parent)) wanted.add(pid);
  }
  let sum = 0;
  for (const pid of wanted) {
    const times = all.get(pid);
    if (times) sum += times.ownMs + times.goneMs;
  }
  return sum;
}
