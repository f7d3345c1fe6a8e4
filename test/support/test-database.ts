import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { Database, migrateUp, readMigrations } from '../../src/storage';
import { testServices } from './services/test-services';

/** A database of one test file: nobody else sees it. */
export interface TestDatabase {
  readonly url: string;
  /** Rows of a statement. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Takes everything out of tables and of those that refer to them, also what may only be added to. */
  empty(tables: string): Promise<void>;
  /** Does what the database refuses to everybody: neither triggers nor references to other tables see it. */
  force(statement: string, values?: readonly unknown[]): Promise<void>;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** False for a database without any tables. */
  readonly migrated?: boolean;
}

const MIGRATIONS = join(__dirname, '../../migrations');
/** Taken while the template is made. */
const TEMPLATE_LOCK = 0x7e57;

/**
 * Makes a database with the current schema, by copying a template that is migrated once per schema.
 * Drop it in `afterAll`; those of killed runs are dropped at the next start of the services.
 */
export async function testDatabase({ migrated = true }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { databaseUrl } = await testServices();
  const template = migrated ? await migratedTemplate(databaseUrl) : 'template0';
  const name = `test_${process.pid}_${randomBytes(6).toString('hex')}`;
  await withClient(databaseUrl, (client) => client.query(`create database "${name}" template "${template}"`));
  const url = urlOf(databaseUrl, name);
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  return {
    url,
    query: async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, values as unknown[])).rows,
    empty: async (tables) => {
      await client.query(
        `begin; set local session_replication_role = replica; truncate ${tables} cascade; commit`,
      );
    },
    force: async (statement, values = []) => {
      await client.query('set session_replication_role = replica');
      try {
        await client.query(statement, values as unknown[]);
      } finally {
        await client.query('reset session_replication_role');
      }
    },
    drop: async () => {
      await client.end();
      await withClient(databaseUrl, (admin) => admin.query(`drop database if exists "${name}" with (force)`));
    },
  };
}

async function migratedTemplate(databaseUrl: string): Promise<string> {
  const migrations = readMigrations(MIGRATIONS);
  const hash = createHash('sha256')
    .update(migrations.map((step) => step.checksum).join())
    .digest('hex');
  const template = `template_${hash.slice(0, 12)}`;
  return withClient(databaseUrl, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [template]);
    if (rowCount !== 0) return template;
    // Under another name until it is whole.
    await client.query(`drop database if exists "${template}_half" with (force)`);
    await client.query(`create database "${template}_half" template template0`);
    const database = new Database({
      url: urlOf(databaseUrl, `${template}_half`),
      poolSize: 1,
      statementTimeoutMs: 60_000,
      connectTimeoutMs: 10_000,
    });
    try {
      await migrateUp(database, migrations);
    } finally {
      await database.close();
    }
    await client.query(`alter database "${template}_half" rename to "${template}"`);
    return template;
  });
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}
