import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { fail, progress } from './say.mjs';

/** Errors of the compiler that are shown: the first say most. */
const MAX_SHOWN = 5;

const WEB_SOURCES = ['src/web/shared', 'vite.config.mjs', 'package-lock.json'];

/** What is built, from which sources, and by what. What stands later may lie in the folder of the first. */
const PRODUCTS = [
  {
    stamp: 'dist/.sources',
    doing: 'compiling',
    sources: ['src', 'tsconfig.json', 'tsconfig.build.json'],
    except: ['src/web'],
    command: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    failed: 'the sources do not compile',
  },
  {
    stamp: 'dist/web/.phone',
    doing: 'building the phone page',
    sources: [...WEB_SOURCES, 'src/web/phone'],
    except: [],
    command: ['node_modules/vite/bin/vite.js', 'build', '--config', 'vite.config.mjs'],
    failed: 'the phone page cannot be built',
  },
  {
    stamp: 'dist/web/.console',
    doing: 'building the console',
    sources: [...WEB_SOURCES, 'src/web/console'],
    except: [],
    command: ['node_modules/vite/bin/vite.js', 'build', '--config', 'vite.config.mjs', '--mode', 'console'],
    failed: 'the console cannot be built',
  },
];

/** Builds into dist/ what has changed since the last time. */
export async function buildProduct() {
  for (const product of PRODUCTS) await build(product);
}

async function build({ stamp, doing, sources, except, command: [script, ...args], failed }) {
  const stampFile = join(ROOT, stamp);
  const wanted = fingerprint(sources, new Set(except.map((path) => join(ROOT, path))));
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  const shown = progress(doing);
  const result = await run(process.execPath, [join(ROOT, script), ...args], { cwd: ROOT });
  if (result.code !== 0) {
    const errors = result.output.split('\n').filter((line) => /\berror\b/i.test(line));
    fail(`${failed}:\n${errors.slice(0, MAX_SHOWN).join('\n') || result.output.slice(-500)}`);
  }
  mkdirSync(join(stampFile, '..'), { recursive: true });
  writeFileSync(stampFile, wanted);
  shown.done();
}

/** Changes whenever one of the files, or a file below one of the folders, does. */
function fingerprint(paths, except) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (except.has(path)) return;
    const { size, mtimeMs, isFolder } = look(path);
    if (isFolder) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else hash.update(`${path}|${size}|${mtimeMs}\n`);
  };
  for (const path of paths) visit(join(ROOT, path));
  return hash.digest('hex');
}

function look(path) {
  const found = statSync(path);
  return { size: found.size, mtimeMs: found.mtimeMs, isFolder: found.isDirectory() };
}
