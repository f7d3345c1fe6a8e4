import { statfsSync } from 'node:fs';
import { freemem } from 'node:os';

const MEMORY = '/dev/shm';
const ROOMY_BYTES = 6 * 2 ** 30;

/** A folder whose files lie in memory, where there is plenty of it: there nothing waits for a disk. */
export function roomyMemory(): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    return Math.min(bavail * bsize, freemem()) < ROOMY_BYTES ? undefined : MEMORY;
  } catch {
    return undefined;
  }
}
