import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { buildProduct } from './lib/build.mjs';
import { ROOT } from './lib/paths.mjs';
import { fail, say } from './lib/say.mjs';

/** Writes the tables of docs/configuration.md anew from the schema; what stands above them is kept. */
const MARK = '<!-- From here on written by `npm run docs:config`. -->\n';
const page = join(ROOT, 'docs/configuration.md');

await buildProduct();
const { configReference } = createRequire(import.meta.url)(join(ROOT, 'dist/config/index.js'));
const before = readFileSync(page, 'utf8');
const [head, ...rest] = before.split(MARK);
if (rest.length !== 1) fail(`${page} must hold this line once: ${MARK.trim()}`);
const after = `${head}${MARK}\n${configReference()}`;
if (after !== before) writeFileSync(page, after);
say(after === before ? 'docs/configuration.md is up to date' : 'docs/configuration.md is written');
