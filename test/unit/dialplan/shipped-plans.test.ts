import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explorePlan, problemLine, readPlan } from '../../../src/dialplan';

const FOLDER = join(__dirname, '../../../dialplans');
const PLANS = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

/** Calls that differ in all that plans branch on. */
const CALLS = [
  '2026-11-23T15:00:00Z',
  '2026-11-21T15:00:00Z',
  '2026-11-22T15:00:00Z',
  '2026-12-25T15:00:00Z',
].flatMap((when) =>
  [undefined, 0.1, 0.62, 0.7, 0.9].map((score) => ({
    facts: { tags: {}, score, attestation: undefined },
    at: Date.parse(when),
  })),
);

test('there are the plans that the documentation tells of', () => {
  expect(PLANS.map((file) => file.replace('.yaml', '')).sort()).toEqual([
    'after-hours-voicemail',
    'callback',
    'consent-announcement',
    'direct',
    'fraud-challenge',
    'qualified-insurance',
  ]);
});

describe.each(PLANS)('%s', (file) => {
  const read = readPlan(readFileSync(join(FOLDER, file), 'utf8'));

  test('is a plan, without a warning', () => {
    const problems = read.ok ? read.warnings : read.problems;
    expect(problems.map((problem) => problemLine(file, problem))).toEqual([]);
  });

  test('has the name of its file', () => {
    expect(read.ok && read.plan.name).toBe(file.replace('.yaml', ''));
  });

  test('every step is entered by some call, and every call ends', () => {
    if (!read.ok) throw new Error('no plan');
    const explored = explorePlan(read.plan, CALLS);
    expect(explored.whole).toBe(true);
    expect([...explored.entered].sort()).toEqual(Object.keys(read.plan.steps).sort());
    expect(explored.ends.size).toBeGreaterThan(0);
  });
});
