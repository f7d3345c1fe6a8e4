import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startPrivatePostgres } from '../../../src/provision';
import { readState, writeState } from '../../../src/provision/private-state';
import { Database, migrateUp, readMigrations } from '../../../src/storage';
import { roomyMemory } from '../../support/memory';
import { withFileLock } from '../../support/services/file-lock';

/** Of the product: what is compiled for a benchmark lies elsewhere. */
const HOME = resolve('.dce/test');
const MIGRATIONS = resolve('migrations');
const PREFIX = 'dce-e2e-';

/** An empty folder for the data of an exchange; who asks removes it. */
export function emptyFolder(): string {
  const place = roomyMemory();
  if (place !== undefined) dropLeftovers(place);
  return mkdtempSync(join(place ?? tmpdir(), `${PREFIX}${process.pid}-`));
}

/**
 * A folder as an exchange leaves it that has made its PostgreSQL and migrated it, and nothing else:
 * that takes longer than all the rest of a start. Starts from nothing are what start.test.ts is for.
 */
export async function preparedFolder(): Promise<string> {
  const folder = emptyFolder();
  await prepare(folder);
  return folder;
}

/** Makes an empty folder such a one. */
export async function prepare(folder: string): Promise<void> {
  execFileSync('cp', ['-a', join(await prepared(), '.'), folder]);
}

/** The folder that others are copies of: made once per schema. */
async function prepared(): Promise<string> {
  const migrations = readMigrations(MIGRATIONS);
  const hash = createHash('sha256').update(migrations.map((step) => step.checksum).join());
  const name = `prepared-${hash.digest('hex').slice(0, 12)}`;
  const ready = join(HOME, name);
  if (existsSync(ready)) return ready;
  mkdirSync(HOME, { recursive: true });
  return withFileLock(join(HOME, 'prepared.lock'), async () => {
    if (existsSync(ready)) return ready;
    const folder = emptyFolder();
    try {
      const postgres = await startPrivatePostgres(folder, { settings: { fsync: 'off' } });
      try {
        const limits = { poolSize: 1, statementTimeoutMs: 60_000, connectTimeoutMs: 10_000 };
        const database = new Database({ url: postgres.url, ...limits });
        await migrateUp(database, migrations).finally(() => database.close());
      } finally {
        await postgres.stop();
      }
      // Its copies run beside each other.
      const state = readState(join(folder, 'postgres.json'));
      if (state) writeState(join(folder, 'postgres.json'), { port: 0, password: state.password });
      for (const old of readdirSync(HOME)) {
        if (old.startsWith('prepared-')) rmSync(join(HOME, old), { recursive: true, force: true });
      }
      // Under another name until it is whole.
      execFileSync('cp', ['-a', folder, `${ready}.half`]);
      renameSync(`${ready}.half`, ready);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    return ready;
  });
}

/** Folders of tests that were killed. */
function dropLeftovers(place: string): void {
  for (const name of readdirSync(place)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) {
      rmSync(join(place, name), { recursive: true, force: true });
    }
  }
}
