import { readFileSync, readlinkSync, realpathSync } from 'node:fs';

/**
 * Pid of the living process that works in a folder, by the first line of its pid file; undefined when
 * there is none. A pid alone proves nothing: after a crash or a reboot it may be anybody's, and only
 * the working folder tells (proc(5), /proc/pid/cwd).
 */
export function processAt(pidFile: string, folder: string): number | undefined {
  const pid = pidIn(pidFile);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** NaN where there is no file: a process that ends takes it away, between any two looks at it. */
function pidIn(pidFile: string): number {
  try {
    return Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NaN;
    throw error;
  }
}
