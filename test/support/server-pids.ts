import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/** A PostgreSQL server that can be asked where its data lies. */
interface AskedServer {
  query(text: string): Promise<{ readonly rows: readonly { readonly folder: string }[] }>;
}

/** The data folder of a server. It stays the same when the server is killed and started again. */
export async function postgresFolder(server: AskedServer): Promise<string> {
  const { rows } = await server.query(`select current_setting('data_directory') as folder`);
  return rows[0]?.folder ?? '';
}

/** The first process of the server that runs on a data folder. @throws Error when none does */
export function postmasterOf(folder: string): number {
  return Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** The process of a Redis. */
export async function redisPid(url: string): Promise<number> {
  const redis = new Redis(url, { retryStrategy: () => null });
  redis.on('error', () => undefined);
  const info = await redis.info('server').finally(() => redis.disconnect());
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}
