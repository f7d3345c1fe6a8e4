import { buildProduct } from './build.mjs';
import { installDebian } from './debian.mjs';
import { provideMediaWorker } from './media-worker.mjs';
import { installPackages } from './packages.mjs';
import { fail } from './say.mjs';

const RUN_PACKAGES = ['redis-server'];
const PEER_PACKAGES = ['sip-tester'];
const TEST_PACKAGES = ['redis-server', 'sip-tester', 'baresip-core', 'kamailio'];

/** Brings a bare machine to where the product runs. Does nothing where nothing is missing. */
export async function setUp(purpose) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Node.js 20.19 or newer is needed; this is ${process.versions.node}`);
  }
  if (process.platform !== 'linux') fail('the exchange runs on Linux');
  const redis = process.env.DCE_REDIS_URL ? [] : RUN_PACKAGES;
  if (purpose === 'test') await installDebian(TEST_PACKAGES, 'to test with real SIP peers');
  else if (purpose === 'demo') await installDebian([...redis, ...PEER_PACKAGES], 'for Redis and a SIP peer');
  else await installDebian(redis, 'for Redis');
  await installPackages();
  if (process.env.DCE_MEDIA_ENGINE !== 'passthrough') await provideMediaWorker();
  await buildProduct();
}
