import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isRunning, processIdentity } from './process-identity';
import { codeOf, commonTrouble, inFolder } from './trouble';

const FILE = 'owner';
const ATTEMPTS = 3;

/**
 * Makes a folder this process's own until it is given back or the process is gone: two exchanges on one
 * folder would mix up their journals and end each other's services.
 * @returns gives it back
 * @throws Error in one line that says what to do, when another living process has it or it cannot be written
 */
export function claimFolder(folder: string): () => void {
  const home = resolve(folder);
  const file = join(home, FILE);
  const us = processIdentity(process.pid) ?? String(process.pid);
  makeFolder(home);
  for (let attempt = 1; ; attempt++) {
    try {
      inFolder(home, () => writeFileSync(file, us, { flag: 'wx' }));
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const owner = ownerOf(file);
    if (attempt === ATTEMPTS || (owner !== undefined && isRunning(owner))) throw inUse(home, owner);
    // Whoever had it was killed.
    rmSync(file, { force: true });
  }
  return () => {
    if (ownerOf(file) === us) rmSync(file, { force: true });
  };
}

/** Whether a living process has the folder for its own. */
export function isClaimed(folder: string): boolean {
  const owner = ownerOf(join(resolve(folder), FILE));
  return owner !== undefined && isRunning(owner);
}

/** Step by step: Node's own recursion does not end where a file system has no room for folders (/proc). */
function makeFolder(folder: string): void {
  try {
    const missing: string[] = [];
    for (let at = folder; statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) {
      missing.unshift(at);
    }
    for (const path of missing) mkdirSync(path);
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (error) {
    throw new Error(
      commonTrouble(error, folder) ??
        `${folder} cannot be made (${codeOf(error)}): set DCE_DATA_DIR to another folder`,
      { cause: error },
    );
  }
}

function ownerOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function inUse(folder: string, owner = 'another'): Error {
  const [pid] = owner.split(':', 1);
  return new Error(
    `an exchange runs on ${folder} already (process ${pid}): stop it, or set DCE_DATA_DIR to another folder`,
  );
}
