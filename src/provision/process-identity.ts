import { readFileSync } from 'node:fs';

/**
 * Names a process for as long as the machine is up: its pid, and when it started in clock ticks since
 * boot (proc(5), field 22 of /proc/pid/stat), since pids are used again.
 * @returns undefined when there is no such process
 */
export function processIdentity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets, and may hold spaces and brackets itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${pid}:${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the process of that name still runs. */
export function isRunning(identity: string): boolean {
  return processIdentity(Number(identity.split(':', 1)[0])) === identity;
}
