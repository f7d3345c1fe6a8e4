import { existsSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const NAME = 'mediasoup-worker';

/** Folder that outlives checkouts: what is built once per machine lies here. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'dce');
}

/**
 * Path of the media worker's binary: the one named by `DCE_MEDIASOUP_WORKER_BIN`, else the newest
 * in the cache, else the one that came with the package; undefined when there is none.
 */
export function findMediasoupWorker(): string | undefined {
  const named = process.env['DCE_MEDIASOUP_WORKER_BIN'];
  if (named) return existsSync(named) ? named : undefined;
  const folder = join(cacheFolder(), NAME);
  const cached = existsSync(folder)
    ? readdirSync(folder)
        .map((key) => join(folder, key, NAME))
        .filter((path) => existsSync(path))
        .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    : [];
  const shipped = join(__dirname, '../../node_modules/mediasoup/worker/out/Release', NAME);
  return cached[0] ?? (existsSync(shipped) ? shipped : undefined);
}
