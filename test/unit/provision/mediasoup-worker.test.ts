import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, findMediasoupWorker } from '../../../src/provision';

const home = mkdtempSync(join(tmpdir(), 'dce-cache-'));
const env = { XDG_CACHE_HOME: home };
afterAll(() => rmSync(home, { recursive: true, force: true }));

const { version } = JSON.parse(
  readFileSync(join(__dirname, '../../../node_modules/mediasoup/package.json'), 'utf8'),
) as { version: string };
const ours = `${version}-${process.platform}-${process.arch}`;

function keep(key: string, madeAt: number): string {
  const folder = join(cacheFolder(env), 'mediasoup-worker', key);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'mediasoup-worker');
  writeFileSync(path, '');
  utimesSync(path, madeAt, madeAt);
  return path;
}

test('a worker that is named wins, the product’s own name first, and must be there', () => {
  const mine = join(home, 'mine');
  const theirs = join(home, 'theirs');
  for (const path of [mine, theirs]) writeFileSync(path, '');
  expect(findMediasoupWorker({ ...env, MEDIASOUP_WORKER_BIN: theirs })).toBe(theirs);
  expect(findMediasoupWorker({ ...env, MEDIASOUP_WORKER_BIN: theirs, DCE_MEDIASOUP_WORKER_BIN: mine })).toBe(
    mine,
  );
  expect(findMediasoupWorker({ ...env, DCE_MEDIASOUP_WORKER_BIN: join(home, 'gone') })).toBeUndefined();
});

test('of those kept, the newest for this version and platform is taken, never another version’s', () => {
  keep('0.0.1-linux-x64', 9_000);
  keep(`${version}-plan9-mips`, 9_000);
  keep(`${ours}x`, 9_000);
  const old = keep(ours, 1_000);
  expect(findMediasoupWorker(env)).toBe(old);
  const newer = keep(`${ours}-debian12`, 2_000);
  expect(findMediasoupWorker(env)).toBe(newer);
});

test('the cache outlives checkouts: it is in the user’s cache folder', () => {
  expect(cacheFolder(env)).toBe(join(home, 'dce'));
  expect(cacheFolder({})).toMatch(/\/\.cache\/dce$/);
});
