import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const ROOT = join(__dirname, '../../..');
/** Where it is said what the exchange does for tenants. */
const PAGE = readFileSync(join(ROOT, 'docs/tenancy.md'), 'utf8');

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

test('every place where the exchange acts for a tenant is on the page of tenancy', () => {
  const places = sourcesOf(join(ROOT, 'src'))
    .filter((file) => !file.includes(join('storage', 'tenancy')))
    .filter((file) => readFileSync(file, 'utf8').includes('asExchange('))
    .map((file) => relative(ROOT, file));
  expect(places.length).toBeGreaterThan(0);
  expect(places.filter((place) => !PAGE.includes(`\`${place}\``))).toEqual([]);
});
