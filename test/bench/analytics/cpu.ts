import { readdirSync, readFileSync } from 'node:fs';
import { postmasterOf } from '../../support/server-pids';

/** Of Linux: what `times` counts in. */
const TICK_MS = 10;

interface Times {
  readonly parent: number;
  /** Milliseconds of the process, and of its children that are gone. */
  readonly own: number;
  readonly gone: number;
}

function timesOf(pid: string): Times | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, which is in brackets, may be anything.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const at = (n: number): number => (fields[n] ?? 0) * TICK_MS;
    return { parent: fields[1] ?? 0, own: at(11) + at(12), gone: at(13) + at(14) };
  } catch {
    return undefined;
  }
}

/**
 * What a server of PostgreSQL and this process have worked so far: milliseconds of a core. On a machine that is
 * busy with other things it tells more than the clock does.
 * @param cluster - the server's data folder
 * @returns undefined where the system does not tell
 */
export function cpuMs(cluster: string): number | undefined {
  const postmaster = postmasterOf(cluster);
  const itself = timesOf(String(postmaster));
  if (!itself) return undefined;
  const { user, system } = process.cpuUsage();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(timesOf)
    .reduce(
      (sum, times) => (times?.parent === postmaster ? sum + times.own : sum),
      itself.own + itself.gone + (user + system) / 1_000,
    );
}
