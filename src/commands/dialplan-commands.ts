import type { Dirent } from 'node:fs';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { z } from 'zod';
import type { Plan, PlanEvent, PlanFacts, PlanWorld, SimulatedTurn } from '../dialplan';
import {
  answerOfWord,
  deedText,
  planSchema,
  problemLine,
  readPlan,
  simulatePlan,
  wishText,
} from '../dialplan';
import type { Clock } from '../domain';
import type { KeptPlanParts } from './dialplan-kept-commands';
import { addKeptPlanCommands } from './dialplan-kept-commands';
import { oneOf } from './option-values';

/** What is configured of plans, without anything that runs. */
export interface ConfiguredPlans extends Required<Pick<PlanWorld, 'engines'>> {
  /** Of the plans that are files. */
  readonly folder: string;
  readonly prompts: string;
}

export interface DialplanCommandParts extends Omit<KeptPlanParts, 'world'> {
  /** @throws Error for a configuration that cannot be read */
  readonly configured: () => ConfiguredPlans;
  readonly clock: Clock;
}

/**
 * `dce dialplan …`: whether plans can be carried out, what they would do with a call, and which of those that the
 * database keeps calls take.
 */
export function addDialplanCommands(program: Command, parts: DialplanCommandParts): void {
  const dialplan = program
    .command('dialplan')
    .description('dialplans: check them, take a call through one, publish them');
  dialplan
    .command('check')
    .description(
      'read plans and say what is wrong with them, by line, and by the engine and the prompts that are configured; ends with 1 when one is refused',
    )
    .argument('[path...]', 'files, or folders of .yaml files; those that are configured by default')
    .option('--prompts <folder>', 'refuse prompts that this folder does not hold')
    .action((paths: string[], { prompts }: { prompts?: string }) => check(paths, prompts, parts));
  dialplan
    .command('simulate')
    .description('take a call through a plan: every step, what it does, and what it waits for')
    .argument('<file>', 'the plan')
    .argument(
      '[answer...]',
      'what comes of each wait: keys:1, keys: (none), done, failed, sold, refused, nobody, ended, time_up',
    )
    .option('--tag <name=value...>', 'a tag that the call brings along')
    .option('--score <score>', 'its fraud score, 0 to 1', scoreOf)
    .option('--attestation <level>', 'A, B or C', oneOf('A', 'B', 'C'))
    .option('--at <instant>', 'when it comes, ISO 8601; now by default', instantOf)
    .action((file: string, answers: string[], call: CallOptions) => simulate(file, answers, call, parts));
  dialplan
    .command('schema')
    .description('the JSON Schema of plans, for editors')
    .action(() =>
      parts.say(JSON.stringify(z.toJSONSchema(planSchema, { io: 'input', reused: 'ref' }), null, 2)),
    );
  addKeptPlanCommands(dialplan, {
    ...parts,
    world: () => {
      const { prompts, engines } = parts.configured();
      return { prompts: promptsIn(prompts), engines };
    },
  });
}

interface CallOptions {
  readonly tag?: readonly string[];
  readonly score?: number;
  readonly attestation?: PlanFacts['attestation'];
  readonly at?: number;
}

function check(paths: readonly string[], prompts: string | undefined, parts: DialplanCommandParts): void {
  const configured = parts.configured();
  const { engines } = configured;
  const world: PlanWorld = { prompts: promptsIn(prompts ?? configured.prompts), engines };
  let refused = 0;
  const files = (paths.length === 0 ? [configured.folder] : paths).flatMap(plansAt);
  for (const file of files) {
    const name = basename(file).replace(/\.ya?ml$/, '');
    const read = readPlan(readFileSync(file, 'utf8'), { ...world, name });
    for (const problem of read.ok ? read.warnings : read.problems) parts.say(problemLine(file, problem));
    if (!read.ok) refused++;
  }
  if (refused > 0 || files.length === 0) parts.setExitCode(1);
  parts.say(`${files.length} plans read, ${refused} refused`);
}

function simulate(
  file: string,
  words: readonly string[],
  call: CallOptions,
  parts: DialplanCommandParts,
): void {
  const read = readPlan(readFileSync(file, 'utf8'));
  if (!read.ok) {
    for (const problem of read.problems) parts.say(problemLine(file, problem));
    parts.setExitCode(1);
    return;
  }
  const simulated = simulatePlan(read.plan, {
    facts: { tags: tagsOf(call.tag ?? []), score: call.score, attestation: call.attestation },
    at: call.at ?? parts.clock.now(),
    answers: words.map(answerOf),
  });
  const width = widthOf(read.plan);
  for (const turn of simulated.turns) for (const line of turnLines(turn, width)) parts.say(line);
  if (simulated.ok) return;
  parts.say(`${words[simulated.answer] ?? ''} cannot come of that: ${simulated.instead.join(' or ')}`);
  parts.setExitCode(1);
}

function* turnLines({ event, entered, deeds, state }: SimulatedTurn, width: number): Generator<string> {
  if (event)
    yield `${' '.repeat(width)}← ${event.kind}${event.kind === 'keys' ? ` ${event.keys || 'none'}` : ''}`;
  // Steps that wait for nothing were passed on the way to the one that does.
  for (const step of entered.slice(0, -1)) yield step;
  const doing = [...deeds.map(deedText), wishText(state.wish)].join('; ');
  yield `${(entered.at(-1) ?? '').padEnd(width)}→ ${doing}`;
}

function widthOf({ steps }: Plan): number {
  return Math.max(...Object.keys(steps).map((name) => name.length)) + 2;
}

/** Files of plans at a path: itself, or those of a folder. */
function plansAt(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(path, name));
}

/** Names of prompts: files of a folder and those below it, without their endings. */
function promptsIn(folder: string): ReadonlySet<string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isFile(),
  );
  const nameOf = ({ parentPath, name }: Dirent): string =>
    join(parentPath, name)
      .slice(join(folder, '/').length)
      .replace(/\.[^./]+$/, '');
  return new Set(files.map(nameOf));
}

function answerOf(word: string): PlanEvent {
  const answer = answerOfWord(word);
  if (answer) return answer;
  throw new InvalidArgumentError(
    `${word}: must be keys:…, done, failed, sold, refused, nobody, ended or time_up`,
  );
}

function tagsOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new InvalidArgumentError(`${word}: must be name=value`);
      return [word.slice(0, at).toLowerCase(), word.slice(at + 1)];
    }),
  );
}

function scoreOf(text: string): number {
  const score = Number(text);
  if (text.trim() === '' || !(score >= 0 && score <= 1)) throw new InvalidArgumentError('must be 0 to 1');
  return score;
}

function instantOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new InvalidArgumentError('must be an instant, as in 2026-11-23T15:00:00Z');
  return at;
}
