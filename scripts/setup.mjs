import { buildProduct } from './lib/build.mjs';
import { provideMediaWorker } from './lib/media-worker.mjs';
import { installPackages } from './lib/packages.mjs';
import { fail } from './lib/say.mjs';

/** Parts of what `npm start` sets up, for who builds an image: `node scripts/setup.mjs packages dist`. */
const PARTS = { packages: installPackages, 'media-worker': provideMediaWorker, dist: buildProduct };

for (const name of process.argv.slice(2)) {
  const part = PARTS[name];
  if (!part) fail(`setup: there is no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
  await part();
}
