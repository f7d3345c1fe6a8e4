import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { copyPostgresBinaries, findPostgresBinaries, linkLibraries } from './postgres-binaries';
import { run } from './run';
import { inFolder, requireRoom } from './trouble';

/** Where a private PostgreSQL lives, and as whom. */
export interface PostgresPlace {
  /** Folder of the cluster itself. */
  readonly data: string;
  readonly bin: string;
  /** Version of the programs, e.g. `18.4.0-beta.17`. */
  readonly version: string;
  /** Who the server runs as when we are root, which PostgreSQL refuses to be. */
  readonly owner: PostgresOwner | undefined;
}

export interface PostgresOwner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT_HOME = '/var/lib/dce';

/**
 * Finds the programs, a folder with room, and a user to run as. As root the data lies in `dataDir`
 * when the user may enter it, else below /var/lib/dce: a checkout in /root is closed to everybody.
 * @throws Error in one line that says what to do
 */
export async function findPostgresPlace(dataDir: string): Promise<PostgresPlace> {
  const home = resolve(dataDir);
  inFolder(home, () => mkdirSync(home, { recursive: true }));
  const binaries = findPostgresBinaries();
  linkLibraries(binaries);
  if (process.getuid?.() !== 0) {
    requireRoom(home, freeBytes(home));
    return {
      data: join(home, 'postgres'),
      bin: join(binaries.folder, 'bin'),
      version: binaries.version,
      owner: undefined,
    };
  }
  const owner = await postgresUser();
  // Entering our own folder shows nobody what is in it: its files are the owner's alone.
  if (!isOpen(home)) chmodSync(home, statSync(home).mode | 0o001);
  const place = isReachable(home) ? home : join(ROOT_HOME, shortName(home));
  inFolder(place, () => mkdirSync(place, { recursive: true, mode: 0o755 }));
  requireRoom(place, freeBytes(place));
  const reachable = isReachable(binaries.folder) ? binaries : copyPostgresBinaries(binaries, ROOT_HOME);
  return {
    data: join(place, 'postgres'),
    bin: join(reachable.folder, 'bin'),
    version: reachable.version,
    owner,
  };
}

/** Gives a file or folder to the server's user. */
export function giveTo(owner: PostgresOwner | undefined, path: string): void {
  if (owner) chownSync(path, owner.uid, owner.gid);
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

async function postgresUser(): Promise<PostgresOwner> {
  const known = passwdEntry();
  if (known) return known;
  const made = await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(
    () => undefined,
  );
  const user = passwdEntry();
  if (made?.code === 0 && user) return user;
  throw new Error('as root, PostgreSQL needs a user of its own: run  useradd --system postgres');
}

function passwdEntry(): PostgresOwner | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** True when every folder on the way may be entered by everybody. */
function isReachable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    if (!isOpen(at)) return false;
    if (at === dirname(at)) return true;
  }
}

function isOpen(folder: string): boolean {
  return (statSync(folder).mode & 0o001) !== 0;
}

/** A name for a folder that people recognise and no other folder has. */
function shortName(path: string): string {
  const parent = basename(dirname(path)).replace(/[^\w-]/g, '') || 'root';
  return `${parent}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}
