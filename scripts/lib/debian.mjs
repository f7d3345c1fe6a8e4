import { existsSync } from 'node:fs';
import { run } from './run.mjs';
import { fail, progress } from './say.mjs';

/** Names of those packages that Debian's records do not show as installed. */
async function missing(packages) {
  const { output } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...packages]);
  const installed = new Set(
    output
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/**
 * Installs Debian packages that are missing: as root, or by sudo where that asks no password.
 * `why` completes the sentence "… is needed".
 */
export async function installDebian(packages, why) {
  if (!existsSync('/usr/bin/dpkg-query')) return;
  const wanted = await missing(packages);
  if (wanted.length === 0) return;
  const root = process.getuid() === 0;
  const prefix = root ? [] : ['sudo', '-n'];
  if (!root && (await run('sudo', ['-n', 'true'])).code !== 0) {
    fail(`${why}: run  sudo apt-get update && sudo apt-get install -y ${wanted.join(' ')}  and start again`);
  }
  const shown = progress(`installing ${wanted.length} Debian packages (${why})`);
  const timer = setInterval(() => shown.update(''), 1_000);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (args) => {
    const [command, ...rest] = [...prefix, 'apt-get', '-q', ...args];
    return run(command, rest, { env });
  };
  let result = await apt(['install', '-y', '--no-install-recommends', ...wanted]);
  if (result.code !== 0) {
    // Lists that were never read, or are too old to find the files.
    await apt(['update']);
    result = await apt(['install', '-y', '--no-install-recommends', ...wanted]);
  }
  clearInterval(timer);
  if (result.code !== 0) {
    const full = result.output.includes('No space left');
    fail(
      full
        ? 'the disk is full: make room and start again'
        : `apt-get install ${wanted.join(' ')} failed:\n${result.output.slice(-1_500)}`,
    );
  }
  shown.done();
}
