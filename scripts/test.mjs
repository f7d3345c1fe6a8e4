import { join } from 'node:path';
import { ROOT } from './lib/paths.mjs';
import { hand } from './lib/run.mjs';
import { say } from './lib/say.mjs';
import { setUp } from './lib/setup.mjs';

const tool = (path) => join(ROOT, 'node_modules', path);
const run = (path, args, env = {}) =>
  hand(process.execPath, [tool(path), ...args], { cwd: ROOT, env: { ...process.env, ...env } });

/** Beside each other: one after the other within a row. */
const CHECKS = [
  [
    ['types', 'typescript/bin/tsc', '--noEmit'],
    ['types of the pages', 'typescript/bin/tsc', '--noEmit', '-p', 'src/web'],
    ['format', 'prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ],
  [['lint', 'eslint/bin/eslint.js', '.']],
];

/** Kinds of proof that bear each other's company; those of the second run wait for calls most of their time. */
const RUNS = [
  { projects: ['unit', 'integration'], workers: 3 },
  { projects: ['e2e', 'chaos'], workers: 4 },
];

/** Resolves to the exit code of the first that fails, or 0. */
async function check(row) {
  for (const [name, path, ...args] of row) {
    say(`checking ${name}`);
    const code = await run(path, args);
    if (code !== 0) return code;
  }
  return 0;
}

function jest(workers, projects, paths) {
  const selected = projects.length > 0 ? ['--selectProjects', ...projects, '--'] : [];
  return run('jest/bin/jest.js', ['--ci', `--maxWorkers=${workers}`, ...selected, ...paths], {
    NODE_ENV: 'test',
  });
}

/** `npm test` proves everything; `npm test -- unit` or a path proves a part. */
const parts = process.argv.slice(2);
await setUp('test');
const codes = [];
if (parts.length === 0) {
  codes.push(...(await Promise.all(CHECKS.map(check))));
  if (codes.every((code) => code === 0))
    for (const { projects, workers } of RUNS) codes.push(await jest(workers, projects, []));
} else {
  const all = new Set(RUNS.flatMap(({ projects }) => projects));
  const projects = parts.filter((part) => all.has(part));
  codes.push(
    await jest(
      2,
      projects,
      parts.filter((part) => !all.has(part)),
    ),
  );
}
process.exit(codes.find((code) => code !== 0) ?? 0);
