import { buildProduct } from './build.mjs';
import { installDebian } from './debian.mjs';
import { requireMachine } from './machine.mjs';
import { provideMediaWorker } from './media-worker.mjs';
import { installPackages } from './packages.mjs';
import { explainErrors } from './trouble.mjs';

/** Debian packages by the program that each is wanted for. */
const RUN_PACKAGES = { 'redis-server': 'redis-server' };
const PEER_PACKAGES = { sipp: 'sip-tester' };
const TEST_PACKAGES = {
  'redis-server': 'redis-server',
  sipp: 'sip-tester',
  baresip: 'baresip-core',
  kamailio: 'kamailio',
  // Reads invoices back.
  pdftotext: 'poppler-utils',
  // Browsers answer calls, directly and through a TURN server, over TLS.
  chromium: 'chromium',
  'firefox-esr': 'firefox-esr',
  turnserver: 'coturn',
  openssl: 'openssl',
};

/** Brings a bare machine to where the product runs. Does nothing where nothing is missing. */
export async function setUp(purpose) {
  explainErrors();
  requireMachine();
  const redis = process.env.DCE_REDIS_URL ? {} : RUN_PACKAGES;
  if (purpose === 'test')
    await installDebian(TEST_PACKAGES, 'to test with real SIP peers and browsers, and to read documents');
  else if (purpose === 'demo')
    await installDebian({ ...redis, ...PEER_PACKAGES }, 'for Redis and a SIP peer');
  else await installDebian(redis, 'for Redis');
  await installPackages();
  if (process.env.DCE_MEDIA_ENGINE !== 'passthrough') await provideMediaWorker();
  await buildProduct();
}
