import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config';
import { configEnvironment } from './config';
import type { PrivateService } from './provision';
import { startPrivatePostgres, startPrivateRedis } from './provision';
import {
  createApiKey,
  Database,
  DEMO,
  identifyApiKey,
  insertApiKey,
  migrateUp,
  readMigrations,
  seedDemoMarket,
} from './storage';
import type { RunningSwitch } from './switch';
import { startSwitch } from './switch';
import type { Logger } from './telemetry';

/** What a started exchange leaves for others to find it by (`dce demo`, tests). */
export interface RunFile {
  readonly pid: number;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly sip: readonly string[];
  readonly number: string;
  readonly buyerPorts: readonly [number, number];
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly sipServerPid: number | undefined;
  readonly workerPid: number | undefined;
}

/** An exchange that runs: switch, worker, and the services it started for itself. */
export interface RunningExchange {
  readonly file: RunFile;
  readonly switchboard: RunningSwitch;
  stop(drainMs?: number): Promise<void>;
}

const WORKER_RESTART_MS = 1_000;
const WORKER_STOP_MS = 15_000;

/** Where a data folder says what runs on it. */
export function runFilePath(dataDir: string): string {
  return join(dataDir, 'run.json');
}

/**
 * Starts everything on one machine: PostgreSQL and Redis where none is configured, the schema, a demo
 * market in an empty database, the switch and a worker.
 * @param say - one line about each step, for people
 */
export async function startExchange(
  config: Config,
  log: Logger,
  say: (line: string) => void,
): Promise<RunningExchange> {
  mkdirSync(config.dataDir, { recursive: true });
  const services: PrivateService[] = [];
  let worker: SupervisedWorker | undefined;
  let running: RunningSwitch | undefined;
  const stop = async (drainMs?: number): Promise<void> => {
    await running?.stop(drainMs);
    await worker?.stop();
    for (const service of services.reverse()) await service.stop();
    writeFileSync(runFilePath(config.dataDir), '{}');
  };
  try {
    const databaseUrl =
      config.database.url ??
      (await provide(services, say, 'PostgreSQL', () => startPrivatePostgres(config.dataDir)));
    const redisUrl =
      config.redis.url ?? (await provide(services, say, 'Redis', () => startPrivateRedis(config.dataDir)));
    const complete: Config = {
      ...config,
      database: { ...config.database, url: databaseUrl },
      redis: { ...config.redis, url: redisUrl },
    };
    const apiKey = await prepareDatabase(complete, say);
    running = await startSwitch(complete, log);
    worker = new SupervisedWorker(complete, log);
    const file: RunFile = {
      pid: process.pid,
      apiUrl: running.apiUrl,
      apiKey,
      sip: running.sipListening,
      number: DEMO.number,
      buyerPorts: [config.demo.buyerPort1, config.demo.buyerPort2],
      databaseUrl,
      redisUrl,
      sipServerPid: running.sipServerPid,
      workerPid: worker.pid,
    };
    writeFileSync(runFilePath(config.dataDir), JSON.stringify(file, null, 2), { mode: 0o600 });
    return { file, switchboard: running, stop };
  } catch (error) {
    await stop(0).catch(() => undefined);
    throw error;
  }
}

async function provide(
  services: PrivateService[],
  say: (line: string) => void,
  what: string,
  start: () => Promise<PrivateService>,
): Promise<string> {
  say(`starting a private ${what}`);
  const service = await start();
  services.push(service);
  return service.url;
}

/** Brings the schema up to date, seeds an empty market, and makes sure that there is an admin key. */
async function prepareDatabase(config: Config, say: (line: string) => void): Promise<string> {
  const database = new Database({ ...config.database, url: config.database.url ?? '', poolSize: 2 });
  try {
    const applied = await migrateUp(database, readMigrations(join(__dirname, '../migrations')));
    if (applied.length > 0) say(`schema: ${applied.join(', ')}`);
    if (config.demo.seed) {
      const ports = [config.demo.buyerPort1, config.demo.buyerPort2] as const;
      if (await seedDemoMarket(database, { buyerPorts: ports }))
        say('the database was empty: it has a demo market now');
    }
    return await adminKey(database, join(config.dataDir, 'admin-key'));
  } finally {
    await database.close();
  }
}

/** The key in the file, if the database knows it; else it is made known, or made. */
async function adminKey(database: Database, file: string): Promise<string> {
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  if (kept !== '') {
    if (!(await identifyApiKey(database, kept)))
      await insertApiKey(database, kept, DEMO.operatorId, 'admin', ['*']);
    return kept;
  }
  const key = await createApiKey(database, DEMO.operatorId, 'admin', ['*']);
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}

/** The worker as a process of its own, so that settling never delays a call; started again when it dies. */
class SupervisedWorker {
  readonly #config: Config;
  readonly #log: Logger;
  #child: ChildProcess;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.#log = log;
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), WORKER_STOP_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, [join(__dirname, 'cli.js'), 'worker', '--attached'], {
      // Its own group: Ctrl-C is for the parent to pass on in due order.
      detached: true,
      stdio: ['pipe', 'inherit', 'inherit'],
      env: { ...process.env, ...configEnvironment(this.#config) },
    });
    yieldToCalls(child.pid);
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      this.#log.warn({ why: signal ?? code }, 'the worker died and is started again');
      this.#timer = setTimeout(() => {
        this.#child = this.#spawn();
      }, WORKER_RESTART_MS);
    });
    return child;
  }
}

/** On a machine that switch and worker share, settling waits while calls want the processor. */
function yieldToCalls(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It is gone already, or the system does not allow it: then all are equal.
  }
}
