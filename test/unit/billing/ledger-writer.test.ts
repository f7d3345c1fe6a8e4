import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const SRC = join(__dirname, '../../../src');
const LEDGER = join('billing', 'ledger') + sep;
const WRITES =
  /\b(insert\s+into|update(\s+only)?|delete\s+from(\s+only)?|merge\s+into|truncate(\s+table)?|copy)\s+"?ledger_\w+/i;

function writersOf(text: string): boolean {
  return WRITES.test(text);
}

test('nothing but the ledger writes to its tables', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  const writers = files.filter((file) => writersOf(readFileSync(join(SRC, file), 'utf8')));
  expect(writers.filter((file) => !file.startsWith(LEDGER)).map((file) => relative('', file))).toEqual([]);
  // The search finds what it looks for.
  expect(writers).toContain(join('billing', 'ledger', 'ledger.ts'));
});

test.each([
  'insert into ledger_entries (x)',
  'INSERT\n   INTO ledger_accounts',
  'update ledger_accounts set',
  'delete from only ledger_blocks',
  'truncate table ledger_chains',
  'merge into ledger_periods',
])('%s is a write', (text) => {
  expect(writersOf(text)).toBe(true);
});

test.each([
  'select * from ledger_entries',
  'select … for no key update of ledger_accounts l',
  'join ledger_accounts',
])('%s is none', (text) => {
  expect(writersOf(text)).toBe(false);
});
