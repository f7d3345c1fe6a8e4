import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';
import { fail, progress } from './say.mjs';
import { diskTrouble } from './trouble.mjs';

/** Another apt may be at work, as on a machine that was just started: it gets so many seconds. */
const LOCK_SECONDS = 120;
/** Where Debian keeps servers, which the PATH of a user who is not root does not name. */
const SERVER_FOLDERS = ['/usr/sbin', '/sbin'];

/** Whether a program can be run by its name alone, or is a server that we know where to look for. */
function isThere(program) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SERVER_FOLDERS];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Names of those packages that Debian's records do not show as installed; none where there are no records. */
async function missing(packages) {
  if (!isThere('dpkg-query')) return [];
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
 * @param packages - names; or by the program that each is wanted for, and then one that is there already,
 *   however it came, is not installed
 * @param why - completes the sentence "… is needed"
 * @param isRoot - for tests
 */
export async function installDebian(packages, why, isRoot = process.getuid() === 0) {
  const wanted = Array.isArray(packages)
    ? await missing(packages)
    : Object.entries(packages)
        .filter(([program]) => !isThere(program))
        .map(([, name]) => name);
  if (wanted.length === 0) return;
  const whatIsMissing = `${wanted.join(', ')} ${wanted.length === 1 ? 'is' : 'are'} missing`;
  const byHand = `apt-get update && ${isRoot ? '' : 'sudo '}apt-get install -y ${wanted.join(' ')}`;
  if (!isThere('apt-get')) {
    fail(`${whatIsMissing} ${why} and there is no apt-get here: install it by hand and start again`);
  }
  const prefix = isRoot ? [] : ['sudo', '-n'];
  if (!isRoot && (await run('sudo', ['-n', 'true'])).code !== 0) {
    fail(`${whatIsMissing} ${why}: run  sudo ${byHand}  and start again`);
  }
  const shown = progress(`installing ${wanted.length} Debian packages (${why})`);
  const timer = setInterval(() => shown.update(''), 1_000);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const apt = (args) => {
    const lock = ['-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`];
    const [command, ...rest] = [...prefix, 'apt-get', '-q', ...lock, ...args];
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
    const said = result.output.split('\n').filter((line) => /^(E|dpkg):|error/i.test(line));
    fail(
      diskTrouble(result.output) ??
        `${wanted.join(', ')} cannot be installed (${(said.at(-1) ?? `apt-get ended with ${result.code}`).trim()}): run  ${isRoot ? '' : 'sudo '}${byHand}  and start again`,
    );
  }
  shown.done();
}
