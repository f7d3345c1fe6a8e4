import type { Command } from 'commander';
import type { LoadedConfig } from '../config';
import type { Database } from '../storage';
import {
  createMigration,
  migrateDown,
  migrateUp,
  migrationStatus,
  readMigrations,
  seedDemoMarket,
} from '../storage';
import { recordCommand, recorded } from './command-record';
import { makesCredential, NEW_KEY } from './new-credential';
import { terminalUser } from './terminal-user';

export interface DatabaseCommandParts {
  readonly withDatabase: (work: (database: Database, loaded: LoadedConfig) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** The folder of the migrations. */
  readonly migrations: string;
}

/** `dce migrate …`, `dce seed` and `dce key create`: a database from nothing on. */
export function addDatabaseCommands(program: Command, parts: DatabaseCommandParts): void {
  const { withDatabase, say } = parts;
  addMigrateCommands(program.command('migrate').description('change the database schema'), parts);
  program
    .command('seed')
    .description('fill an empty database with the demo market')
    .action(() =>
      recorded(withDatabase, 'seed', {}, async (database, { config }) => {
        const ports = [config.demo.buyerPort1, config.demo.buyerPort2] as const;
        say((await seedDemoMarket(database, { buyerPorts: ports })) ? 'seeded' : 'there is a market already');
      }),
    );
  const key = program.command('key').description('make keys of the API').command('create <name>');
  makesCredential(key, { withDatabase, say, user: terminalUser }, NEW_KEY, 'key create', ['*']);
}

function addMigrateCommands(
  migrate: Command,
  { withDatabase, say, migrations: folder }: DatabaseCommandParts,
): void {
  migrate.command('up').action(() =>
    withDatabase(async (database) => {
      const done = await migrateUp(database, readMigrations(folder));
      await recordMigrations(database, 'migrate up', done);
      say(done.length > 0 ? `applied ${done.join(', ')}` : 'nothing to apply');
    }),
  );
  migrate
    .command('down')
    .option('--steps <n>', 'how many', '1')
    .action(({ steps }: { steps: string }) =>
      withDatabase(async (database) => {
        const undone = await migrateDown(database, readMigrations(folder), Number(steps));
        await recordMigrations(database, 'migrate down', undone);
        say(undone.length > 0 ? `took back ${undone.join(', ')}` : 'nothing to take back');
      }),
    );
  migrate.command('status').action(() =>
    withDatabase(async (database) => {
      for (const { name, appliedAt } of await migrationStatus(database, readMigrations(folder))) {
        say(`${name}  ${appliedAt?.toISOString() ?? 'not applied'}`);
      }
    }),
  );
  migrate.command('create <title>').action((title: string) => say(createMigration(folder, title)));
}

/** Where the audit log is part of the schema, before or after: each change of the schema that was made. */
async function recordMigrations(
  database: Database,
  command: string,
  names: readonly string[],
): Promise<void> {
  const { rows } = await database.query<{ has: boolean }>(
    `select to_regclass('audit_entries') is not null as has`,
  );
  if (rows[0]?.has !== true) return;
  for (const id of names) {
    await recordCommand(database, terminalUser(), command, { subject: { kind: 'migrations', id } });
  }
}
