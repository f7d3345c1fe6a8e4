import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Database, Queryable } from './database';

/** One numbered step of the schema. */
export interface Migration {
  readonly name: string;
  readonly up: string;
  readonly down: string;
  readonly checksum: string;
}

export interface MigrationStatus {
  readonly name: string;
  readonly appliedAt: Date | undefined;
}

/** Taken while the schema changes, so that two nodes starting at once do not both change it. */
const LOCK = 0x0dce;
/** Milliseconds from one try to take it to the next. */
const LOCK_RETRY_MS = 100;
/**
 * First line of a step that is run statement by statement, each by itself, so that it may build indexes
 * `concurrently`. One that was broken off is run again from its beginning: its statements bear that.
 */
const OUTSIDE = '-- Outside a transaction.\n';
const FILE = /^(\d{4}_[a-z0-9_]+)\.(up|down)\.sql$/;

/** Reads the numbered files of a folder. @throws Error naming a file without its partner, or a number given twice. */
export function readMigrations(folder: string): Migration[] {
  const names = new Set<string>();
  for (const file of readdirSync(folder)) {
    const match = FILE.exec(file);
    if (match?.[1]) names.add(match[1]);
  }
  const numbers = new Set<string>();
  return [...names].sort().map((name) => {
    const number = name.slice(0, 4);
    if (numbers.has(number)) throw new Error(`two migrations have the number ${number}`);
    numbers.add(number);
    const up = readFileSync(join(folder, `${name}.up.sql`), 'utf8');
    const down = readFileSync(join(folder, `${name}.down.sql`), 'utf8');
    return { name, up, down, checksum: createHash('sha256').update(up).digest('hex') };
  });
}

/**
 * Applies what is missing, each step in a transaction of its own, unless it says that it is to be outside of one.
 * @returns names of the steps applied
 */
export async function migrateUp(database: Database, migrations: readonly Migration[]): Promise<string[]> {
  return locked(database, async (tx) => {
    const applied = await appliedSteps(tx);
    const done: string[] = [];
    for (const migration of migrations) {
      const before = applied.get(migration.name);
      if (before) {
        if (before.checksum !== migration.checksum) {
          throw new Error(`migration ${migration.name} was changed after it had been applied`);
        }
        continue;
      }
      await step(tx, migration.up, 'insert into schema_migrations (name, checksum) values ($1, $2)', [
        migration.name,
        migration.checksum,
      ]);
      done.push(migration.name);
    }
    return done;
  });
}

/** Takes back the newest steps. @returns names of the steps taken back */
export async function migrateDown(
  database: Database,
  migrations: readonly Migration[],
  steps: number,
): Promise<string[]> {
  return locked(database, async (tx) => {
    const applied = await appliedSteps(tx);
    const undone: string[] = [];
    for (const migration of [...migrations].reverse()) {
      if (undone.length >= steps) break;
      if (!applied.has(migration.name)) continue;
      await step(tx, migration.down, 'delete from schema_migrations where name = $1', [migration.name]);
      undone.push(migration.name);
    }
    return undone;
  });
}

/** Which steps are applied. */
export async function migrationStatus(
  database: Database,
  migrations: readonly Migration[],
): Promise<MigrationStatus[]> {
  return locked(database, async (tx) => {
    const applied = await appliedSteps(tx);
    return migrations.map(({ name }) => ({ name, appliedAt: applied.get(name)?.appliedAt }));
  });
}

/** Writes an empty pair of files for a new step. @returns its name */
export function createMigration(folder: string, title: string): string {
  const last = readMigrations(folder).at(-1)?.name.slice(0, 4) ?? '0000';
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  const name = `${String(Number(last) + 1).padStart(4, '0')}_${slug}`;
  writeFileSync(join(folder, `${name}.up.sql`), '-- What this step is for.\n', { flag: 'wx' });
  writeFileSync(join(folder, `${name}.down.sql`), '', { flag: 'wx' });
  return name;
}

/** Steps may take long: a session of its own, without a time limit, that holds the lock as long as it lives. */
async function locked<T>(database: Database, work: (tx: Queryable) => Promise<T>): Promise<T> {
  const session = await database.session(0);
  try {
    await takeLock(session);
    await session.query(
      `create table if not exists schema_migrations (
         name text primary key, checksum text not null, applied_at timestamptz not null default now())`,
    );
    return await work(session);
  } finally {
    session.release();
  }
}

/** Who waited within a statement would have a snapshot, for whose end whoever builds an index waits in turn. */
async function takeLock(session: Queryable): Promise<void> {
  for (;;) {
    const { rows } = await session.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
      LOCK,
    ]);
    if (rows[0]?.mine === true) return;
    await setTimeout(LOCK_RETRY_MS);
  }
}

async function step(tx: Queryable, sql: string, note: string, values: readonly unknown[]): Promise<void> {
  if (sql.startsWith(OUTSIDE)) {
    for (const statement of statementsOf(sql)) await tx.query(statement);
    await tx.query(note, values);
    return;
  }
  await tx.query('begin');
  try {
    await tx.query(sql);
    await tx.query(note, values);
    await tx.query('commit');
  } catch (error) {
    await tx.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** Statements end where a line ends with a semicolon. */
function statementsOf(sql: string): string[] {
  return sql.split(/;[ \t]*(?:\n|$)/).filter((statement) => statement.replace(/--.*/g, '').trim() !== '');
}

async function appliedSteps(tx: Queryable): Promise<Map<string, { checksum: string; appliedAt: Date }>> {
  const { rows } = await tx.query<{ name: string; checksum: string; applied_at: Date }>(
    'select name, checksum, applied_at from schema_migrations',
  );
  return new Map(rows.map((row) => [row.name, { checksum: row.checksum, appliedAt: row.applied_at }]));
}
