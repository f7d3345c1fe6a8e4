import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const NAME = 'mediasoup-worker';

/** Folder that outlives checkouts: what is built once per machine lies here. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'dce');
}

/**
 * Path of the media worker's program: the one named by `DCE_MEDIASOUP_WORKER_BIN`, or else by
 * `MEDIASOUP_WORKER_BIN`; else the newest in the cache for the installed version, this platform and
 * this release of the system; else the one that came with the package. Undefined when there is none.
 */
export function findMediasoupWorker(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = env['DCE_MEDIASOUP_WORKER_BIN'] || env['MEDIASOUP_WORKER_BIN'];
  if (named) return existsSync(named) ? named : undefined;
  const mediasoup = packageFolder();
  if (mediasoup === undefined) return undefined;
  const folder = join(cacheFolder(env), NAME);
  const prefix = `${versionOf(mediasoup)}-${process.platform}-${process.arch}`;
  const cached = existsSync(folder)
    ? readdirSync(folder)
        .filter((key) => key === prefix || key.startsWith(`${prefix}-`))
        .map((key) => join(folder, key, NAME))
        .filter((path) => existsSync(path))
        .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
    : [];
  const shipped = join(mediasoup, 'worker/out/Release', NAME);
  return cached[0] ?? (existsSync(shipped) ? shipped : undefined);
}

function packageFolder(): string | undefined {
  for (let at = __dirname; ; at = dirname(at)) {
    const folder = join(at, 'node_modules/mediasoup');
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (at === dirname(at)) return undefined;
  }
}

function versionOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
