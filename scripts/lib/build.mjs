import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { fail, progress } from './say.mjs';

/** Errors of the compiler that are shown: the first say most. */
const MAX_SHOWN = 5;

/** Compiles src/ to dist/ when a source changed since the last time. */
export async function buildProduct() {
  const stamp = join(ROOT, 'dist', '.sources');
  const wanted = fingerprint(join(ROOT, 'src'));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const shown = progress('compiling');
  const result = await run(
    process.execPath,
    [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
    { cwd: ROOT },
  );
  if (result.code !== 0) {
    const errors = result.output.split('\n').filter((line) => line.includes('error TS'));
    fail(
      `the sources do not compile:\n${errors.slice(0, MAX_SHOWN).join('\n') || result.output.slice(-500)}`,
    );
  }
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(stamp, wanted);
  shown.done();
}

/** Changes whenever a file below the folder does. */
function fingerprint(folder) {
  const hash = createHash('sha256');
  const visit = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) visit(path);
      else {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${path}|${size}|${mtimeMs}\n`);
      }
    }
  };
  visit(folder);
  return hash.digest('hex');
}
