import { setTimeout as wait } from 'node:timers/promises';
import type { MediasoupEngine } from '../../../src/media';
import { processStat } from '../../e2e/support/processes';

const TICKS_PER_SECOND = 100;

/** Processor milliseconds that a second costs: of the media workers, and of this process, which is the switch's part. */
export interface Cost {
  readonly workerMs: number;
  readonly switchMs: number;
}

/**
 * Measures for a while.
 * @param atEnd - done when the time is over, and counted still
 */
export async function measureCost(
  engine: MediasoupEngine,
  ms: number,
  atEnd: () => Promise<void> = () => Promise.resolve(),
): Promise<Cost> {
  const pids = engine.workerPids;
  const workerBefore = pids.map(cpuMs);
  const switchBefore = process.cpuUsage();
  const began = performance.now();
  await wait(ms);
  await atEnd();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(switchBefore);
  const workerMs = pids.reduce((sum, pid, index) => sum + cpuMs(pid) - (workerBefore[index] ?? 0), 0);
  return { workerMs: workerMs / seconds, switchMs: (user + system) / 1_000 / seconds };
}

/** Processor milliseconds that a process has used so far. */
function cpuMs(pid: number): number {
  const fields = processStat(pid);
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}
