import { join } from 'node:path';
import { ROOT } from './lib/paths.mjs';
import { hand } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

/** `npm test` proves everything; `npm test -- unit` or a path proves a part. */
const parts = process.argv.slice(2);
const PROJECTS = new Set(['unit', 'integration', 'e2e', 'chaos']);
const bin = (...path) => join(ROOT, 'node_modules', ...path);

await setUp('test');
const steps = [];
if (parts.length === 0) {
  steps.push(['types', bin('typescript/bin/tsc'), '--noEmit']);
  steps.push(['lint', bin('eslint/bin/eslint.js'), '.']);
  steps.push(['format', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']);
}
for (const [name, ...command] of steps) {
  say(`checking ${name}`);
  const code = await hand(process.execPath, command, { cwd: ROOT });
  if (code !== 0) process.exit(code);
}
const projects = parts.filter((part) => PROJECTS.has(part));
const rest = parts.filter((part) => !PROJECTS.has(part));
const jest = [bin('jest/bin/jest.js'), '--ci', '--maxWorkers=2'];
if (projects.length > 0) jest.push('--selectProjects', ...projects, '--');
process.exit(
  await hand(process.execPath, [...jest, ...rest], { cwd: ROOT, env: { ...process.env, NODE_ENV: 'test' } }),
);
