import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from './free-port';
import {
  clusterExists,
  createCluster,
  POSTGRES_USER,
  postgresProgram,
  requireSameMajor,
  resetPassword,
} from './postgres-cluster';
import type { PostgresPlace } from './postgres-place';
import { findPostgresPlace } from './postgres-place';
import type { PrivateService } from './private-service';
import type { ServiceState } from './private-state';
import { forgetStarter, readState, requireOurs, startedHere, writeState } from './private-state';
import { processAt } from './process-at';
import { commonTrouble, tellingLine } from './trouble';

export interface PrivatePostgresOptions {
  /** Settings of postgresql.conf over ours, e.g. `{ fsync: 'off' }` for a database nobody will miss. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

const DATABASE = 'dce';
const START_ATTEMPTS = 3;
const START_SECONDS = 120;
const STOP_SECONDS = 30;
const POLL_MS = 50;
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** Money is in it: what is committed is on the disk. The rest is modest, for one machine. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'on',
  synchronous_commit: 'on',
  max_connections: 200,
  shared_buffers: '128MB',
  log_min_messages: 'warning',
};

/**
 * Starts a PostgreSQL of our own, from the programs that came as a package, on a free port that is kept
 * from start to start. One that still runs because its starter was killed is taken over.
 * @param dataDir - folder of the cluster and of what is remembered about it
 * @throws Error in one line that says what to do
 */
export async function startPrivatePostgres(
  dataDir: string,
  options: PrivatePostgresOptions = {},
): Promise<PrivateService> {
  const stateFile = join(resolve(dataDir), 'postgres.json');
  requireOurs(readState(stateFile), resolve(dataDir));
  const place = await findPostgresPlace(dataDir);
  const state = await openCluster(place, stateFile);
  const port =
    (await runningPort(place)) ??
    (await startServer(place, state.port, { ...SETTINGS, ...options.settings }));
  writeState(stateFile, startedHere(port, state.password));
  const url = (database: string): string =>
    `postgres://${POSTGRES_USER}:${state.password}@127.0.0.1:${port}/${database}`;
  await ensureDatabase(url('postgres'));
  return {
    url: url(DATABASE),
    isUp: () => serverPid(place) !== undefined,
    stop: async () => {
      await stopServer(place);
      forgetStarter(stateFile);
    },
    leave: () => {
      const pid = serverPid(place);
      // "Fast shutdown": it disconnects everybody and writes a checkpoint.
      if (pid !== undefined) process.kill(pid, 'SIGINT');
    },
  };
}

/** Makes the cluster when there is none. @returns how to open it */
async function openCluster(place: PostgresPlace, stateFile: string): Promise<ServiceState> {
  const known = readState(stateFile);
  if (!clusterExists(place)) {
    const state = { port: known?.port ?? 0, password: newPassword() };
    // Remembered first: a cluster without its password is worse than a password without its cluster.
    writeState(stateFile, state);
    await createCluster(place, state.password);
    return state;
  }
  requireSameMajor(place);
  if (known) return known;
  await stopServer(place);
  const state = { port: 0, password: newPassword() };
  await resetPassword(place, state.password);
  writeState(stateFile, state);
  return state;
}

/** Port of the server that runs on this cluster already, once it is ready; a stale pid file is removed. */
async function runningPort(place: PostgresPlace): Promise<number | undefined> {
  const pidFile = join(place.data, 'postmaster.pid');
  const deadline = Date.now() + START_SECONDS * 1_000;
  while (processAt(pidFile, place.data) !== undefined) {
    // Line 4 is the port, line 8 the state.
    const [, , , port, , , , status] = readFileSync(pidFile, 'utf8').split('\n');
    if (status?.trim() === 'ready') return Number(port);
    if (Date.now() > deadline) throw new Error(`PostgreSQL in ${place.data} runs but does not get ready`);
    await new Promise((wait) => setTimeout(wait, POLL_MS));
  }
  rmSync(pidFile, { force: true });
  return undefined;
}

async function startServer(
  place: PostgresPlace,
  wantedPort: number,
  settings: Readonly<Record<string, string | number>>,
): Promise<number> {
  const log = join(place.data, 'server.log');
  if (existsSync(log) && statSync(log).size > MAX_LOG_BYTES) renameSync(log, `${log}.1`);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(wantedPort);
    const options = Object.entries({ ...settings, port }).map(([name, value]) => `-c ${name}='${value}'`);
    const from = existsSync(log) ? statSync(log).size : 0;
    const started = await postgresProgram(place, 'pg_ctl', [
      ...['start', '-w', '-t', String(START_SECONDS), '-D', place.data, '-l', log, '-o', options.join(' ')],
    ]);
    if (started.code === 0) return port;
    const said = existsSync(log) ? readFileSync(log).subarray(from).toString('utf8') : started.output;
    // Somebody took the port in between.
    if (/could not bind|Address already in use/.test(said) && attempt < START_ATTEMPTS) continue;
    throw new Error(
      commonTrouble(said, place.data) ?? `PostgreSQL could not be started: ${tellingLine(said)} (see ${log})`,
    );
  }
}

function serverPid(place: PostgresPlace): number | undefined {
  return processAt(join(place.data, 'postmaster.pid'), place.data);
}

async function stopServer(place: PostgresPlace): Promise<void> {
  if (serverPid(place) === undefined) return;
  const stop = (mode: string): Promise<{ code: number }> =>
    postgresProgram(place, 'pg_ctl', [
      'stop',
      '-m',
      mode,
      '-w',
      '-t',
      String(STOP_SECONDS),
      '-D',
      place.data,
    ]);
  if ((await stop('fast')).code !== 0) await stop('immediate');
}

async function ensureDatabase(adminUrl: string): Promise<void> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

function newPassword(): string {
  return randomBytes(18).toString('base64url');
}
