import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './free-port';
import type { PrivateService } from './private-service';
import type { ServiceState } from './private-state';
import { forgetStarter, readState, requireOurs, startedHere, writeState } from './private-state';
import { processAt } from './process-at';
import { commonTrouble, inFolder, requireRoom, tellingLine } from './trouble';

export interface PrivateRedisOptions {
  /** Directives of redis.conf over ours, e.g. `{ databases: 1024 }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The server's program; `redis-server` of the PATH by default. */
  readonly program?: string;
}

/** Longest a start may take, reading its journal included, in milliseconds. */
const START_MS = 60_000;
const STOP_MS = 15_000;
const POLL_MS = 25;
const START_ATTEMPTS = 3;

/** Queues and reservations are in it: nothing may be evicted, and a crash may cost a second at most. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'everysec',
  save: '""',
  'maxmemory-policy': 'noeviction',
  daemonize: 'no',
};

/**
 * Starts a Redis of our own from the PATH, on a free port that is kept from start to start. One that
 * still runs because its starter was killed is taken over.
 * @throws Error in one line that says what to do
 */
export async function startPrivateRedis(
  dataDir: string,
  options: PrivateRedisOptions = {},
): Promise<PrivateService> {
  const place = placeIn(dataDir);
  const known = readState(place.stateFile);
  requireOurs(known, resolve(dataDir));
  inFolder(place.folder, () => mkdirSync(place.folder, { recursive: true, mode: 0o700 }));
  chmodSync(place.folder, 0o700);
  const { bavail, bsize } = statfsSync(place.folder);
  requireRoom(place.folder, bavail * bsize);
  const pid = processAt(place.pidFile, place.folder);
  if (known && pid !== undefined) {
    await untilReady(place, known, () => undefined);
    writeState(place.stateFile, startedHere(known.port, known.password));
    return service(place, known);
  }
  // One whose password is lost is of no use, and two must not write the same journal.
  if (pid !== undefined) await endProcess(place, pid);
  const password = known?.password ?? randomBytes(18).toString('base64url');
  for (let attempt = 1; ; attempt++) {
    const state = startedHere(await freePort(known?.port), password);
    writeState(place.stateFile, state);
    try {
      await launch(options.program ?? 'redis-server', place, state, { ...SETTINGS, ...options.settings });
      return service(place, state);
    } catch (error) {
      // Somebody took the port in between.
      if (!(error instanceof PortTaken) || attempt >= START_ATTEMPTS) throw error;
    }
  }
}

interface Place {
  readonly folder: string;
  readonly stateFile: string;
  readonly pidFile: string;
  readonly log: string;
}

class PortTaken extends Error {}

function placeIn(dataDir: string): Place {
  const home = resolve(dataDir);
  const folder = join(home, 'redis');
  return {
    folder,
    stateFile: join(home, 'redis.json'),
    pidFile: join(folder, 'redis.pid'),
    log: join(folder, 'server.log'),
  };
}

async function launch(
  program: string,
  place: Place,
  state: ServiceState,
  settings: Readonly<Record<string, string | number>>,
): Promise<void> {
  // A file, not arguments: those everybody can read in the list of processes.
  const file = join(place.folder, 'redis.conf');
  const lines = Object.entries({
    ...settings,
    port: state.port,
    dir: JSON.stringify(place.folder),
    pidfile: JSON.stringify(place.pidFile),
    requirepass: state.password,
  }).map(([name, value]) => `${name} ${value}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  // Only what this start says matters, so the log begins anew.
  const log = openSync(place.log, 'w', 0o600);
  let over: string | undefined;
  const child = spawn(program, [file], { cwd: '/', stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  child.once('error', (error: NodeJS.ErrnoException) => {
    over =
      error.code === 'ENOENT'
        ? 'redis-server is not installed: run  apt-get install redis-server  or set DCE_REDIS_URL'
        : error.message;
  });
  child.once('exit', (code, signal) => {
    over ??= `redis-server ended at once (${signal ?? code})`;
  });
  child.unref();
  await untilReady(place, state, () => over);
}

async function untilReady(place: Place, state: ServiceState, over: () => string | undefined): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (!(await answers(urlOf(state)))) {
    const why = over();
    if (why !== undefined) {
      const said = readFileSync(place.log, 'utf8');
      if (/Address already in use/.test(said)) throw new PortTaken(`port ${state.port} is taken`);
      const line = tellingLine(said);
      throw new Error(commonTrouble(said, place.folder) ?? (line === '' ? why : `${why}: ${line}`));
    }
    if (Date.now() > deadline) throw new Error(`redis-server does not answer: see ${place.log}`);
    await new Promise((wait) => setTimeout(wait, POLL_MS));
  }
}

function urlOf({ port, password }: ServiceState): string {
  return `redis://:${password}@127.0.0.1:${port}/0`;
}

function client(url: string): Redis {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: 1_000 });
  redis.on('error', () => undefined);
  return redis;
}

/** False as long as it is not up, or still reads its journal. */
async function answers(url: string): Promise<boolean> {
  const redis = client(url);
  try {
    await redis.connect();
    return (await redis.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    hangUp(redis);
  }
}

/** Of a connection that is closed already there is nothing to close, and trying keeps a timer for seconds. */
function hangUp(redis: Redis): void {
  if (redis.status !== 'end' && redis.status !== 'close') redis.disconnect();
}

function service(place: Place, state: ServiceState): PrivateService {
  return {
    url: urlOf(state),
    isUp: () => isUp(place),
    leave: () => {
      const pid = processAt(place.pidFile, place.folder);
      if (pid !== undefined) process.kill(pid, 'SIGTERM');
    },
    stop: async () => {
      if (!isUp(place)) return;
      const redis = client(urlOf(state));
      try {
        await redis.connect();
        // The journal has everything: nothing to save apart from it.
        await redis.shutdown('NOSAVE');
      } catch {
        // It closes the connection instead of answering.
      } finally {
        hangUp(redis);
      }
      await untilDown(place);
      forgetStarter(place.stateFile);
    },
  };
}

function isUp(place: Place): boolean {
  return processAt(place.pidFile, place.folder) !== undefined;
}

async function endProcess(place: Place, pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  await untilDown(place);
}

/** @throws Error when it does not end */
async function untilDown(place: Place): Promise<void> {
  const deadline = Date.now() + STOP_MS;
  while (isUp(place)) {
    if (Date.now() > deadline) throw new Error(`redis-server in ${place.folder} does not end`);
    await new Promise((wait) => setTimeout(wait, POLL_MS));
  }
}
