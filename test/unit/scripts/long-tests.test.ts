import { existsSync } from 'node:fs';
import { join } from 'node:path';
import LONG from '../../support/long-tests.json';

test('tests that are begun first are there', () => {
  const missing = Object.keys(LONG).filter((file) => !existsSync(join(__dirname, '../..', file)));
  expect(missing).toEqual([]);
});
