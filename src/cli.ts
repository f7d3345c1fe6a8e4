#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import type { Config, LoadedConfig } from './config';
import { ConfigError, configReference, explainConfig, loadConfig, takeFlags } from './config';
import { runDemo } from './demo/run-demo';
import { parseListenAddress, SipServer } from './sip-server';
import type { RunFile } from './start';
import { runFilePath, startExchange } from './start';
import {
  createApiKey,
  createMigration,
  Database,
  DEMO,
  migrateDown,
  migrateUp,
  migrationStatus,
  readMigrations,
  seedDemoMarket,
} from './storage';
import { startSwitch } from './switch';
import type { Logger } from './telemetry';
import { createLogger, startTracing } from './telemetry';
import { startWorker } from './worker';

const MIGRATIONS = join(__dirname, '../migrations');

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const program = new Command('dce')
  .description('Dependable Call Exchange: a telephony-first switch for pay-per-call')
  .option('--config <file>', 'configuration file; config.yaml by default, where there is one')
  .option('--set <name=value...>', 'a setting, e.g. --set sip.unknownSource=forbid')
  .addHelpText('after', '\nEvery setting is an option too, e.g. --sip.unknownSource=forbid: see dce config.');
const { flags: directFlags, rest: words } = takeFlags(process.argv.slice(2));

program
  .command('start')
  .description('run everything on this machine: database, Redis, SIP server, switch, worker')
  .action(() => runStart());
program
  .command('switch')
  .description('run the switch (signalling, media, API)')
  .action(async () => {
    const { config } = configured();
    const stopTracing = await trace('dce-switch');
    const running = await startSwitch(config, logger(config, 'switch'));
    await untilTold();
    await running.stop();
    await stopTracing();
  });
program
  .command('worker')
  .description('run a settlement worker')
  .option('--attached', 'end when standard input ends: the parent is gone')
  .action(async ({ attached }: { attached?: true }) => {
    const { config } = configured();
    const stopTracing = await trace('dce-worker');
    const running = await startWorker(config, logger(config, 'worker'));
    await untilTold(attached === true);
    await running.stop();
    await stopTracing();
  });
program
  .command('sip-server')
  .description('run the embedded SIP server alone, for applications of drachtio-srf')
  .option('--control <host:port>', 'control port', '127.0.0.1:9022')
  .action(async ({ control }: { control: string }) => {
    const { config } = configured();
    const log = logger(config, 'sip-server');
    const { address: host, port } = parseListenAddress(`tcp:${control}`);
    const { externalAddress, t1Ms } = config.sip;
    const server = new SipServer({
      listen: config.sip.listen.map(parseListenAddress),
      control: { host, port, secret: config.sip.drachtio.secret },
      timers: { t1: t1Ms, t2: t1Ms * 8, t4: t1Ms * 10 },
      ...(externalAddress === undefined ? {} : { externalAddress }),
      log: (level, message, fields) => log[level](fields, message),
    });
    await server.start();
    log.info({ sip: server.listening, control: `${host}:${server.controlPort}` }, 'the SIP server listens');
    await untilTold();
    await server.shutdown();
  });

const migrate = program.command('migrate').description('change the database schema');
migrate.command('up').action(() =>
  withDatabase(async (database) => {
    const done = await migrateUp(database, readMigrations(MIGRATIONS));
    say(done.length > 0 ? `applied ${done.join(', ')}` : 'nothing to apply');
  }),
);
migrate
  .command('down')
  .option('--steps <n>', 'how many', '1')
  .action(({ steps }: { steps: string }) =>
    withDatabase(async (database) => {
      const undone = await migrateDown(database, readMigrations(MIGRATIONS), Number(steps));
      say(undone.length > 0 ? `took back ${undone.join(', ')}` : 'nothing to take back');
    }),
  );
migrate.command('status').action(() =>
  withDatabase(async (database) => {
    for (const { name, appliedAt } of await migrationStatus(database, readMigrations(MIGRATIONS))) {
      say(`${name}  ${appliedAt?.toISOString() ?? 'not applied'}`);
    }
  }),
);
migrate.command('create <title>').action((title: string) => say(createMigration(MIGRATIONS, title)));

program
  .command('seed')
  .description('fill an empty database with the demo market')
  .action(() =>
    withDatabase(async (database, { config }) => {
      const ports = [config.demo.buyerPort1, config.demo.buyerPort2] as const;
      say((await seedDemoMarket(database, { buyerPorts: ports })) ? 'seeded' : 'there is a market already');
    }),
  );
program
  .command('key')
  .description('make keys of the API')
  .command('create <name>')
  .description('make a key of the operator and print it: it is shown this once')
  .option('--scopes <list>', 'what it may do, with commas, e.g. calls:read,bids:write', '*')
  .action((name: string, { scopes }: { scopes: string }) =>
    withDatabase(async (database) => {
      const list = scopes.split(',').map((scope) => scope.trim());
      const wrong = list.find((scope) => !/^(\*|[a-z]+:(\*|[a-z]+))$/.test(scope));
      if (wrong !== undefined)
        throw new ConfigError(`--scopes: "${wrong}" is none; calls:read, calls:* and * are`);
      say(await createApiKey(database, DEMO.operatorId, name, list));
    }),
  );
program
  .command('demo')
  .description('place one real call through a running exchange, or through one started for it')
  .action(() => demo());
program
  .command('config')
  .description('print the effective configuration, secrets masked')
  .option('--reference', 'print what can be set, in Markdown')
  .action(({ reference }: { reference?: true }) =>
    say(reference ? configReference() : explainConfig(configured())),
  );

program.parseAsync([...words], { from: 'user' }).catch((error: unknown) => {
  const text = error instanceof ConfigError || error instanceof Error ? error.message : String(error);
  process.stderr.write(`dce: ${text}\n`);
  process.exit(1);
});

function configured(): LoadedConfig {
  const { config, set = [] } = program.opts<{ config?: string; set?: string[] }>();
  const flags: Record<string, string> = { ...directFlags };
  for (const pair of set) {
    const equals = pair.indexOf('=');
    if (equals <= 0) throw new ConfigError(`--set ${pair}: must look like name=value`);
    flags[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  const named = config ?? process.env['DCE_CONFIG'];
  return loadConfig({ env: process.env, flags, file: named === '' ? undefined : named });
}

function logger({ telemetry }: Config, component: string): Logger {
  return createLogger({ level: telemetry.logLevel, pretty: telemetry.pretty, component });
}

async function trace(serviceName: string): Promise<() => Promise<void>> {
  const { telemetry } = configured().config;
  if (!telemetry.tracing) return () => Promise.resolve();
  return startTracing({
    serviceName,
    endpoint: telemetry.otlpEndpoint,
    samplingRatio: telemetry.samplingRatio,
  });
}

/**
 * Resolves at SIGINT or SIGTERM; a second one does not wait any longer.
 * @param parentPipe - also when standard input ends, because whoever started us is gone
 */
function untilTold(parentPipe = false): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const tell = (): void => {
      if (told) process.exit(130);
      told = true;
      resolve();
    };
    process.on('SIGINT', tell);
    process.on('SIGTERM', tell);
    if (parentPipe) {
      process.stdin.resume();
      process.stdin.once('end', tell);
    }
  });
}

async function runStart(): Promise<void> {
  const { config } = configured();
  const log = logger(config, 'switch');
  const stopTracing = await trace('dce');
  const running = await startExchange(config, log, say);
  const { file } = running;
  say('');
  say(`The exchange is open.`);
  say(`  send calls to   sip:${file.number}@${udpAddress(file)}`);
  say(`  API             ${file.apiUrl}/api/v1`);
  say(`  its docs        ${file.apiUrl}/docs`);
  say(`  admin key       ${file.apiKey}   (header X-API-Key)`);
  say(`  see it work     npm run demo`);
  say('');
  await untilTold();
  say('closing: calls that are up may end first; press Ctrl-C again to leave at once');
  await running.stop();
  await stopTracing();
  process.exit(0);
}

function udpAddress(file: RunFile): string {
  return (file.sip.find((address) => address.startsWith('udp/')) ?? file.sip[0] ?? '').replace(/^\w+\//, '');
}

async function demo(): Promise<void> {
  const { config } = configured();
  const found = findRunning(config.dataDir);
  const own = found
    ? undefined
    : await startExchange(config, createLogger({ level: 'warn', component: 'switch' }), say);
  const file = found ?? own?.file;
  if (!file) throw new Error('no exchange runs');
  try {
    await runDemo(
      {
        apiUrl: file.apiUrl,
        apiKey: file.apiKey,
        sipAddress: udpAddress(file),
        number: file.number,
        buyerPorts: file.buyerPorts,
      },
      say,
    );
  } finally {
    await own?.stop(0);
  }
  process.exit(0);
}

/** The exchange that runs on this data folder, if one does. */
function findRunning(dataDir: string): RunFile | undefined {
  const path = runFilePath(dataDir);
  if (!existsSync(path)) return undefined;
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as RunFile;
    process.kill(file.pid, 0);
    return file;
  } catch {
    return undefined;
  }
}

async function withDatabase(
  work: (database: Database, loaded: LoadedConfig) => Promise<void>,
): Promise<void> {
  const loaded = configured();
  const { url } = loaded.config.database;
  if (url === undefined) throw new ConfigError('database.url (DCE_DATABASE_URL) is not set');
  const database = new Database({ ...loaded.config.database, url });
  try {
    await work(database, loaded);
  } finally {
    await database.close();
  }
}
