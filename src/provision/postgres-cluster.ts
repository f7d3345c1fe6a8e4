import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { PostgresPlace } from './postgres-place';
import { giveTo } from './postgres-place';
import { run } from './run';
import { commonTrouble, inFolder, tellingLine } from './trouble';

/** The role that owns everything in a private PostgreSQL. */
export const POSTGRES_USER = 'dce';

/** Runs one of PostgreSQL's programs as the user the server runs as. */
export function postgresProgram(
  { bin, owner }: PostgresPlace,
  name: string,
  args: readonly string[],
  input?: string,
): Promise<{ code: number; output: string }> {
  return run(join(bin, name), args, { cwd: '/', ...owner }, input);
}

/** Whether there is a whole cluster: one that was being made when the power went does not count. */
export function clusterExists({ data }: PostgresPlace): boolean {
  return existsSync(join(data, 'PG_VERSION'));
}

/**
 * Makes an empty cluster, aside first, so that the folder holds a whole one or none.
 * @throws Error in one line
 */
export async function createCluster(place: PostgresPlace, password: string): Promise<void> {
  const aside = `${place.data}.new`;
  inFolder(dirname(place.data), () => {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { mode: 0o700 });
  });
  giveTo(place.owner, aside);
  const passwordFile = join(tmpdir(), `dce-${randomBytes(12).toString('hex')}`);
  try {
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flag: 'wx' });
    giveTo(place.owner, passwordFile);
    const made = await postgresProgram(place, 'initdb', [
      ...['-D', aside, '-U', POSTGRES_USER, '-E', 'UTF8', '--locale=C'],
      ...['--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    ]);
    if (made.code !== 0) {
      throw new Error(
        commonTrouble(made.output, place.data) ??
          `PostgreSQL could not be set up in ${place.data}: ${tellingLine(made.output)}`,
      );
    }
  } finally {
    if (existsSync(passwordFile)) unlinkSync(passwordFile);
  }
  rmSync(place.data, { recursive: true, force: true });
  renameSync(aside, place.data);
}

/**
 * Gives the owner a new password while the server is down, for a cluster whose password was lost:
 * the data is worth more than the file that remembered how to open it.
 * @throws Error in one line
 */
export async function resetPassword(place: PostgresPlace, password: string): Promise<void> {
  const args = ['--single', '-j', '-D', place.data, 'postgres'];
  const statement = `alter role ${POSTGRES_USER} password '${password}';\n\n`;
  const done = await postgresProgram(place, 'postgres', args, statement);
  if (done.code !== 0 || /ERROR|FATAL/.test(done.output)) {
    throw new Error(`the password of the private PostgreSQL is lost: ${tellingLine(done.output)}`);
  }
}

/** @throws Error when the data was written by another major version, which must be upgraded by hand */
export function requireSameMajor(place: PostgresPlace): void {
  const written = readFileSync(join(place.data, 'PG_VERSION'), 'utf8').trim();
  const [ours] = place.version.split('.');
  if (written !== ours) {
    throw new Error(
      `${place.data} was written by PostgreSQL ${written} and this is ${ours}: dump it with the release that wrote it, or set DCE_DATA_DIR to another folder`,
    );
  }
}
