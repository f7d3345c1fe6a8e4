import { join } from 'node:path';
import { ROOT } from './lib/paths.mjs';
import { hand } from './lib/run.mjs';
import { setUp } from './lib/setup.mjs';

await setUp('demo');
process.exit(
  await hand(process.execPath, [join(ROOT, 'dist/cli.js'), 'demo', ...process.argv.slice(2)], {
    cwd: ROOT,
    detached: true,
  }),
);
