import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(__dirname, '../../docs/problems.md'), 'utf8');

/** The codes of problems that are documented, with the statuses that they come with. */
export const PROBLEM_CODES: ReadonlyMap<string, readonly number[]> = codes();

function codes(): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const add = (code: string, statuses: readonly number[]): void => {
    if (found.has(code)) throw new Error(`${code} is documented twice`);
    found.set(code, [...statuses]);
  };
  // What is named in a body and is not there is 422.
  for (const [, code = ''] of PAGE.matchAll(/(?<!\| )`(\w+_not_found)`/g)) add(code, [404, 422]);
  for (const [, statuses = '', code = ''] of PAGE.matchAll(/^\| ([\d, ]+) \| `(\w+)` \|/gm)) {
    add(code, statuses.split(', ').map(Number));
  }
  return found;
}
