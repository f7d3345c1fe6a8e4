#!/usr/bin/env node
import { join } from 'node:path';
import { Command } from 'commander';
import type { Config, LoadedConfig } from './config';
import { ConfigError, configReference, explainConfig, loadConfig, takeFlags } from './config';
import type { WhatifArguments } from './commands/replay-commands';
import { Database } from './storage';
import type { Logger } from './telemetry';
import { createLogger, startTracing } from './telemetry';
import { untilTold } from './parts/until-told';

/** Longest a worker that was told to end may take. */
const WORKER_STOP_MS = 15_000;
const MIGRATIONS = join(__dirname, '../migrations');

const say = (line: string): void => void process.stdout.write(`${line}\n`);
// A terminal that was closed takes no more words: that is no reason to leave anything behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

const program = new Command('dce')
  .description('Dependable Call Exchange: a telephony-first switch for pay-per-call')
  .option('--config <file>', 'configuration file; config.yaml by default, where there is one')
  .option('--set <name=value...>', 'a setting, e.g. --set sip.unknownSource=forbid')
  .addHelpText('after', '\nEvery setting is an option too, e.g. --sip.unknownSource=forbid: see dce config.');
const { flags: directFlags, rest: words } = takeFlags(process.argv.slice(2));

program
  .command('start')
  .description('run everything on this machine: database, Redis, SIP server, switch, worker')
  .action(async () => {
    const { config } = configured();
    const stopTracing = await trace('dce');
    const { runStart } = await import('./run-here.js');
    await runStart(config, logger(config, 'switch'), say);
    await stopTracing();
    process.exit(0);
  });
program
  .command('switch')
  .description('run the switch (signalling, media, API)')
  .action(async () => {
    const { config } = configured();
    const stopTracing = await trace('dce-switch');
    const { startSwitch } = await import('./switch.js');
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
    const { startWorker } = await import('./worker.js');
    const running = await startWorker(config, logger(config, 'worker'));
    await untilTold({ parentPipe: attached === true });
    // Without its Redis it would wait for ever; what it has in hand is run again by another.
    setTimeout(() => process.exit(1), WORKER_STOP_MS).unref();
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
    const { parseListenAddress, SipServer } = await import('./sip-server/index.js');
    const { sipServerOptions } = await import('./parts/embedded-sip.js');
    const { address: host, port } = parseListenAddress(`tcp:${control}`);
    const server = new SipServer({
      ...sipServerOptions(config),
      control: { host, port, secret: config.sip.drachtio.secret },
      log: (level, message, fields) => log[level](fields, message),
    });
    await server.start();
    log.info({ sip: server.listening, control: `${host}:${server.controlPort}` }, 'the SIP server listens');
    await untilTold();
    await server.shutdown();
  });

program
  .command('demo')
  .description('place one real call through a running exchange, or through one started for it')
  .action(async () => {
    const { runDemoHere } = await import('./run-here.js');
    await runDemoHere(configured().config, say);
    process.exit(0);
  });
program
  .command('replay <call-id>')
  .description(
    'decide a call once more over the market of its time; ends with 1 when that comes out otherwise',
  )
  .option('--json', 'print JSON')
  .action((callId: string, options: { json?: true }) =>
    withDatabase(async (database) => {
      const { runReplay } = await import('./commands/replay-commands.js');
      process.exitCode = await runReplay(database, callId, options, say);
    }),
  );
program
  .command('whatif')
  .description('decide the calls of a period as if the market had been another one')
  .option(
    '--from <time>',
    'first instant, e.g. 2026-11-21 or 2026-11-21T09:00:00-05:00; yesterday by default',
  )
  .option('--to <time>', 'first instant that is not in it; a day later by default')
  .option('--campaign <id>', 'calls of this campaign only')
  .option(
    '--change <entity.id.field=value>',
    'e.g. campaign.solar.reservePrice=5000000; again for more',
    collect,
    [],
  )
  .option('--file <file>', 'changes as a JSON list of {entity, id, set | add | remove}')
  .option('--json', 'print JSON')
  .action((options: WhatifArguments) =>
    withDatabase(async (database) => {
      const { runWhatif } = await import('./commands/replay-commands.js');
      const { stderr } = process;
      const progress = (line: string): void => void (stderr.isTTY && stderr.write(`\r${line} `));
      process.exitCode = await runWhatif(database, options, { say, progress, now: Date.now() });
    }),
  );
program
  .command('config')
  .description('print the effective configuration, secrets masked')
  .option('--reference', 'print what can be set, in Markdown')
  .action(({ reference }: { reference?: true }) =>
    say(reference ? configReference() : explainConfig(configured())),
  );

/** What runs a program needs no other commands: they are large, and it is to start soon. */
const PROGRAMS = new Set(['start', 'switch', 'worker', 'sip-server', 'demo', 'config']);

async function run(): Promise<void> {
  if (!PROGRAMS.has(words[0] ?? '')) {
    const { addCommandGroups } = await import('./commands/groups.js');
    addCommandGroups(program, { withDatabase, configured, say, migrations: MIGRATIONS });
  }
  await program.parseAsync([...words], { from: 'user' });
}

run().catch((error: unknown) => {
  const text = error instanceof ConfigError || error instanceof Error ? error.message : String(error);
  process.stderr.write(`dce: ${text}\n`);
  process.exit(1);
});

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

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
