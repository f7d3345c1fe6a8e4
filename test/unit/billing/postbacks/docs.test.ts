import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { POSTBACK_EVENTS } from '../../../../src/billing';
import { FIELD_NAMES } from '../../../../src/billing/postbacks/fields';
import { macroAt } from '../../../../src/billing/postbacks/macros';

const PAGE = readFileSync(join(__dirname, '../../../../docs/postbacks.md'), 'utf8');
// Neither `{id}` of paths nor `${…}` of code.
const told = [...new Set(PAGE.match(/(?<!\$)\{[a-z_]+(?::[a-z]+)?\}/g))].filter((text) => text !== '{id}');

test('every macro of the page is one', () => {
  expect(told.filter((text) => !macroAt(text, 0, 'operator').ok)).toEqual([]);
});

test('every macro and every event is on the page', () => {
  const named = FIELD_NAMES.map(
    (name) => `{${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}}`,
  );
  expect(named.filter((text) => !told.includes(text))).toEqual([]);
  expect(POSTBACK_EVENTS.filter((event) => !PAGE.includes(`\`${event}\``))).toEqual([]);
});
