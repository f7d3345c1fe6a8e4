import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_KINDS } from '../../../src/domain/errors';
import { PROBLEM_CODES } from '../../support/problem-codes';

const SRC = join(__dirname, '../../../src');
/** Codes as they are thrown: those that are made up of others are looked for where tests meet them. */
const THROWN = /new AppError\(\s*'(\w+)',\s*'([a-z0-9_]+)'/g;
const SENT = /sendProblem\(\s*\w+,\s*(\d+),\s*'([a-z0-9_]+)'/g;
const MISSED = /notFound\(\s*'([a-z ]+)'/g;
/** What speaks to nobody by HTTP. */
const ELSEWHERE = /^(?:web|commands)\//;

const thrown = new Map<string, Set<number>>();
for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts') || ELSEWHERE.test(file)) continue;
  const text = readFileSync(join(SRC, file), 'utf8');
  const note = (code = '', status: number): void => {
    thrown.set(code, (thrown.get(code) ?? new Set()).add(status));
  };
  for (const [, kind, code] of text.matchAll(THROWN))
    note(code, ERROR_KINDS[kind as keyof typeof ERROR_KINDS].http);
  for (const [, status, code] of text.matchAll(SENT)) note(code, Number(status));
  for (const [, what = ''] of text.matchAll(MISSED)) note(`${what.replaceAll(' ', '_')}_not_found`, 404);
}

test('whatever is thrown is documented, with its status', () => {
  expect(thrown.size).toBeGreaterThan(150);
  const unknown = [...thrown].filter(
    ([code, statuses]) => ![...statuses].every((status) => PROBLEM_CODES.get(code)?.includes(status)),
  );
  expect(unknown).toEqual([]);
});

test('no code is documented twice', () => {
  expect(PROBLEM_CODES.size).toBeGreaterThan(200);
  expect([...PROBLEM_CODES.keys()].every((code) => /^[a-z][a-z0-9_]*$/.test(code))).toBe(true);
});
