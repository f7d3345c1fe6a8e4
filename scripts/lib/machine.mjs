import { fail } from './say.mjs';

const OLDEST = [20, 19];

/** Ends with one line where the product cannot run. Arguments are for tests. */
export function requireMachine(version = process.versions.node, platform = process.platform) {
  const [major, minor] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    fail(
      `Node.js ${OLDEST.join('.')} or newer is needed and this is ${version}: install it (nodejs.org) and start again`,
    );
  }
  if (platform !== 'linux')
    fail(`the exchange runs on Linux and this is ${platform}: see docker-compose.yml`);
}
