import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONSENT_COLUMNS, PURPOSES, purposeTable } from '../../../src/storage';

const page = readFileSync(join(__dirname, '../../../docs/privacy.md'), 'utf8');

test('the page about privacy holds the record of purposes as the product has it', () => {
  expect(page).toContain(purposeTable());
});

test('every purpose says what, why, how long, to whom, and on what it rests', () => {
  expect(new Set(PURPOSES.map(({ id }) => id)).size).toBe(PURPOSES.length);
  for (const one of PURPOSES) {
    for (const text of Object.values(one)) expect(text).toMatch(/\S/);
    // Art. 6(1) is the ground of it; of the record of requests it is accountability.
    expect(one.citations).toMatch(/GDPR Art\. (6\(1\)\([a-f]\)|5\(2\))/);
    expect(Object.values(one).join()).not.toContain('|');
  }
});

test('the page tells every column of a file of consents', () => {
  for (const column of Object.keys(CONSENT_COLUMNS)) expect(page).toContain(`\`${column}\``);
});
