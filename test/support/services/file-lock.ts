import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isRunning, processIdentity } from '../../../src/provision/process-identity';

const WAIT_MS = 90_000;
const POLL_MS = 50;

/** Does the work while no other process does; a lock whose holder has died is nobody's. */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (!take(file)) {
    if (Date.now() > deadline) throw new Error(`${file} is held for too long`);
    await new Promise((wait) => setTimeout(wait, POLL_MS));
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, processIdentity(process.pid) ?? '', { flag: 'wx' });
    return true;
  } catch {
    try {
      if (!isRunning(readFileSync(file, 'utf8'))) rmSync(file, { force: true });
    } catch {
      // Given back in between.
    }
    return false;
  }
}
