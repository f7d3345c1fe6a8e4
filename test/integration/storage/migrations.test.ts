import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../../src/storage';
import {
  createMigration,
  migrateDown,
  migrateUp,
  migrationStatus,
  readMigrations,
} from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';

const MIGRATIONS = readMigrations(join(__dirname, '../../../migrations'));
const NAMES = MIGRATIONS.map((migration) => migration.name);

let own: TestDatabase;
let db: Database;
let folder: string;

beforeEach(async () => {
  own = await testDatabase({ migrated: false });
  db = openDatabase(own.url);
  folder = mkdtempSync(join(tmpdir(), 'dce-migrations-'));
});
afterEach(async () => {
  await db.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that a schema is made of, but for the order of columns. */
async function schema(): Promise<unknown> {
  const [columns, constraints, indexes, triggers, functions] = await Promise.all(
    [
      `select table_name, column_name, data_type, is_nullable, column_default, is_identity
       from information_schema.columns where table_schema = 'public' order by 1, 2`,
      `select conrelid::regclass::text as of, conname, pg_get_constraintdef(oid) as def
       from pg_constraint where connamespace = 'public'::regnamespace order by 1, 2`,
      `select indexdef from pg_indexes where schemaname = 'public' order by 1`,
      `select pg_get_triggerdef(oid) as def from pg_trigger where not tgisinternal order by 1`,
      `select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace order by 1`,
    ].map((text) => db.query(text).then((result) => result.rows)),
  );
  return { columns, constraints, indexes, triggers, functions };
}

function write(name: string, up: string, down = ''): void {
  writeFileSync(join(folder, `${name}.up.sql`), up);
  writeFileSync(join(folder, `${name}.down.sql`), down);
}

test('up, down and up again leave the same schema, step by step', async () => {
  expect(await migrateUp(db, MIGRATIONS)).toEqual(NAMES);
  expect(await migrateUp(db, MIGRATIONS)).toEqual([]);
  const full = await schema();
  const schemas: unknown[] = [full];
  for (const name of [...NAMES].reverse()) {
    expect(await migrateDown(db, MIGRATIONS, 1)).toEqual([name]);
    schemas.unshift(await schema());
  }
  expect(await migrateDown(db, MIGRATIONS, 1)).toEqual([]);
  expect((schemas[0] as { functions: unknown[] }).functions).toEqual([]);
  for (const [n, migration] of MIGRATIONS.entries()) {
    expect(await migrateUp(db, [migration])).toEqual([migration.name]);
    expect(await schema()).toEqual(schemas[n + 1]);
  }
  expect(await schema()).toEqual(full);
});

test('what is applied is told, with when', async () => {
  await migrateUp(db, MIGRATIONS.slice(0, 2));
  const status = await migrationStatus(db, MIGRATIONS);
  expect(status.map(({ name, appliedAt }) => [name, appliedAt instanceof Date])).toEqual(
    NAMES.map((name, n) => [name, n < 2]),
  );
  expect(await migrateDown(db, MIGRATIONS, 99)).toEqual(NAMES.slice(0, 2).reverse());
});

test('nodes that start together migrate once', async () => {
  const applied = await Promise.all(Array.from({ length: 4 }, () => migrateUp(db, MIGRATIONS)));
  expect(applied.flat()).toEqual(NAMES);
});

test('a step that was changed after it had been applied is refused, and nothing after it is applied', async () => {
  write('0001_first', 'create table first (n int);', 'drop table first;');
  await migrateUp(db, readMigrations(folder));
  write('0001_first', 'create table first (n bigint);', 'drop table first;');
  write('0002_second', 'create table second (n int);', 'drop table second;');
  await expect(migrateUp(db, readMigrations(folder))).rejects.toThrow(
    'migration 0001_first was changed after it had been applied',
  );
  expect(await own.query(`select to_regclass('second') as name`)).toEqual([{ name: null }]);
});

test('a step that fails leaves nothing of itself, and those before it', async () => {
  write('0001_first', 'create table first (n int);', 'drop table first;');
  write('0002_second', 'create table second (n int); select 1 / 0;', '');
  await expect(migrateUp(db, readMigrations(folder))).rejects.toThrow('division by zero');
  expect(await own.query(`select to_regclass('first')::text as f, to_regclass('second') as s`)).toEqual([
    { f: 'first', s: null },
  ]);
  expect(
    (await migrationStatus(db, readMigrations(folder))).map((step) => step.appliedAt !== undefined),
  ).toEqual([true, false]);
  write('0002_second', 'create table second (n int);', 'drop table second;');
  expect(await migrateUp(db, readMigrations(folder))).toEqual(['0002_second']);
});

test('a step outside a transaction builds its index while rows are written; broken off, it is run again', async () => {
  write('0001_first', 'create table first (n int);', 'drop table first;');
  const index = `-- Outside a transaction.
drop index concurrently if exists first_by_n;
create unique index concurrently first_by_n on first (n)
  where n > 0;
`;
  write('0002_index', index, '-- Outside a transaction.\ndrop index concurrently first_by_n;\n');
  const steps = readMigrations(folder);
  await migrateUp(db, steps.slice(0, 1));
  await db.query('insert into first values (1), (1)');
  await expect(migrateUp(db, steps)).rejects.toThrow('could not create unique index');
  await db.query('delete from first');
  await db.query('insert into first values (1)');
  // Several at once: one builds it, and waits for nobody who waits for it.
  const applied = await Promise.all([1, 2, 3].map(() => migrateUp(db, steps)));
  expect(applied.flat()).toEqual(['0002_index']);
  const valid = `select indisvalid as valid from pg_index where indexrelid = to_regclass('first_by_n')`;
  expect(await own.query(valid)).toEqual([{ valid: true }]);
  expect(await migrateDown(db, steps, 1)).toEqual(['0002_index']);
  expect(await own.query(valid)).toEqual([]);
});

test('steps may take longer than statements may', async () => {
  const hasty = openDatabase(own.url, { statementTimeoutMs: 100 });
  write('0001_slow', 'select pg_sleep(0.4);');
  expect(await migrateUp(hasty, readMigrations(folder))).toEqual(['0001_slow']);
  await hasty.close();
});

test('a new step comes after the last', () => {
  write('0001_first', 'select 1;');
  expect(createMigration(folder, 'Calls, by Day!')).toBe('0002_calls_by_day');
  expect(readMigrations(folder).map((step) => step.name)).toEqual(['0001_first', '0002_calls_by_day']);
  expect(readFileSync(join(folder, '0002_calls_by_day.up.sql'), 'utf8')).toMatch(/^-- /);
});

test('a folder with a number given twice, or half a step, is refused', () => {
  write('0001_first', '');
  write('0001_other', '');
  expect(() => readMigrations(folder)).toThrow('two migrations have the number 0001');
  rmSync(join(folder, '0001_other.up.sql'));
  rmSync(join(folder, '0001_other.down.sql'));
  rmSync(join(folder, '0001_first.down.sql'));
  expect(() => readMigrations(folder)).toThrow('0001_first.down.sql');
});
