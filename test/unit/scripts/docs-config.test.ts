import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_KEYS, configReference } from '../../../src/config';

const page = readFileSync(join(__dirname, '../../../docs/configuration.md'), 'utf8');
const [head = '', tables = ''] = page.split('<!-- From here on written by `npm run docs:config`. -->\n\n');

test('the tables are the schema: run  npm run docs:config  when they are not', () => {
  expect(tables).toBe(configReference());
});

test('the words above the tables name no setting that there is not', () => {
  const known = new Set(CONFIG_KEYS.map(({ path }) => path));
  const options = [...head.matchAll(/--(?:set )?([a-z]+\.[A-Za-z0-9.]+)=/g)].map(([, path = '']) => path);
  expect(options.length).toBeGreaterThan(0);
  expect(options.filter((path) => !known.has(path))).toEqual([]);
});
