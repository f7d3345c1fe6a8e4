import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startPrivatePostgres, startPrivateRedis } from '../../../src/provision';
import { childrenOf, until } from '../../e2e/support/processes';
import { postgresFolder, postmasterOf, redisPid } from '../../support/server-pids';

/** A server of a test that may be killed, and starts again on the same data, at the same address. */
export interface OwnService {
  readonly url: string;
  /** kill -9 of all its processes: what it had not written is lost. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  drop(): Promise<void>;
}

/** A killed process is no power cut: what it has written the system still has. */
const POSTGRES = { settings: { fsync: 'off', full_page_writes: 'off' } };

export async function ownPostgres(): Promise<OwnService> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-chaos-postgres-'));
  let service = await startPrivatePostgres(folder, POSTGRES);
  const client = new Client({ connectionString: service.url });
  await client.connect();
  const data = await postgresFolder(client).finally(() => client.end());
  return {
    url: service.url,
    kill: async () => {
      const postmaster = postmasterOf(data);
      await killed([postmaster, ...childrenOf(postmaster)]);
    },
    start: async () => void (service = await startPrivatePostgres(folder, POSTGRES)),
    drop: async () => {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function ownRedis(): Promise<OwnService> {
  const folder = mkdtempSync(join(tmpdir(), 'dce-chaos-redis-'));
  let service = await startPrivateRedis(folder);
  return {
    url: service.url,
    kill: async () => killed([await redisPid(service.url)]),
    start: async () => void (service = await startPrivateRedis(folder)),
    drop: async () => {
      await service.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function killed(pids: readonly number[]): Promise<void> {
  for (const pid of pids) signal(pid, 'SIGKILL');
  await until('all its processes to be gone', () => !pids.some((pid) => signal(pid, 0)));
}

/** False when there is no such process any more. */
function signal(pid: number, which: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, which);
  } catch {
    return false;
  }
}
