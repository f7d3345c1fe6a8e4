import type { Capability, EngineName } from './capabilities';
import { needsOf } from './capabilities';
import { tagsReadBy } from './conditions';
import { exitsOf } from './exits';
import type { Plan, Prompt, Step } from './plan';

/** What there is beside the plan. What is not said is not checked. */
export interface PlanWorld {
  /** Names of prompts. */
  readonly prompts?: ReadonlySet<string>;
  readonly engines?: Readonly<Partial<Record<EngineName, readonly Capability[]>>>;
  /** Whether calls may be transferred to a target. */
  readonly mayTransferTo?: (targetId: string) => boolean;
  /** What the plan must be called: as its file, or as it is stored. */
  readonly name?: string;
}

export interface PlanFlaw {
  readonly path: readonly (string | number)[];
  readonly reason: string;
  readonly severity: 'error' | 'warning';
}

/** What a plan that its schema admits would do wrong: every flaw, in no order. */
export function checkPlan(plan: Plan, world: PlanWorld): PlanFlaw[] {
  const missing = missingSteps(plan);
  return [
    ...missing,
    // How a call goes through the plan can be told only once every way leads somewhere.
    ...(missing.length > 0
      ? []
      : [
          ...unreached(plan),
          ...busyLoops(plan),
          ...unsold(plan),
          ...unannounced(plan),
          ...soldAlready(plan),
        ]),
    ...unknownTags(plan),
    ...missingPrompts(plan, world),
    ...lackingEngines(plan, world),
    ...forbiddenTargets(plan, world),
    ...(world.name === undefined || world.name === plan.name
      ? []
      : [error(['name'], `it is kept as ${world.name}, and must be called that`)]),
  ];
}

const error = (path: PlanFlaw['path'], reason: string): PlanFlaw => ({ path, reason, severity: 'error' });

const steps = (plan: Plan): [string, Step][] => Object.entries(plan.steps);

function missingSteps(plan: Plan): PlanFlaw[] {
  const known = (name: string): boolean => Object.hasOwn(plan.steps, name);
  const flaws = known(plan.start) ? [] : [error(['start'], `there is no step ${plan.start}`)];
  for (const [name, step] of steps(plan)) {
    for (const { path, to } of exitsOf(step)) {
      if (!known(to)) flaws.push(error(['steps', name, ...path], `there is no step ${to}`));
    }
  }
  return flaws;
}

function unreached(plan: Plan): PlanFlaw[] {
  const reached = new Set<string>();
  const open = [plan.start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    open.push(...nextOf(plan, name));
  }
  return steps(plan)
    .filter(([name]) => !reached.has(name))
    .map(([name]) => error(['steps', name], 'no call ever comes here'));
}

/** Steps that wait for nobody and lead back to themselves: a call would turn in them until its limit. */
function busyLoops(plan: Plan): PlanFlaw[] {
  const idle = (name: string): boolean => ['set', 'branch', 'record'].includes(plan.steps[name]?.do ?? '');
  return steps(plan)
    .filter(([name]) => idle(name) && comesBack(plan, name, idle))
    .map(([name]) => error(['steps', name], 'leads back to itself without waiting for anything'));
}

function comesBack(plan: Plan, name: string, through: (name: string) => boolean): boolean {
  const seen = new Set<string>();
  const open = [...nextOf(plan, name)];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at === name) return true;
    if (seen.has(at) || !through(at)) continue;
    seen.add(at);
    open.push(...nextOf(plan, at));
  }
  return false;
}

/** Buyers are rung only after an auction that sold the call. */
function unsold(plan: Plan): PlanFlaw[] {
  const certain = certainAt(
    plan,
    (step, to) => step.do === 'auction' && step.sold === to && step.refused !== to,
  );
  return steps(plan)
    .filter(([name, { do: kind }]) => (kind === 'ring' || kind === 'queue') && certain.get(name) === false)
    .map(([name]) => error(['steps', name], 'may be reached by a call that no auction has sold'));
}

/** Who is recorded should have been told, on every way there. */
function unannounced(plan: Plan): PlanFlaw[] {
  const certain = certainAt(plan, (step) => step.do === 'announce' && step.tells === 'recording');
  const records = (step: Step): boolean =>
    step.do === 'record' ? step.set === 'on' : (step.do === 'ring' || step.do === 'queue') && step.record;
  return steps(plan)
    .filter(([name, step]) => records(step) && certain.get(name) === false)
    .map(([name]) => ({
      path: ['steps', name],
      reason: 'may record a caller to whom no step says so (`tells: recording`)',
      severity: 'warning',
    }));
}

/** A call is sold once: who stays when the buyer has hung up is rung for nobody any more. */
function soldAlready(plan: Plan): PlanFlaw[] {
  const open = steps(plan).flatMap(([, step]) =>
    (step.do === 'ring' || step.do === 'queue') && step.ended !== undefined ? [step.ended] : [],
  );
  const after = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (after.has(name)) continue;
    after.add(name);
    open.push(...nextOf(plan, name));
  }
  return steps(plan)
    .filter(
      ([name, { do: kind }]) => after.has(name) && ['auction', 'ring', 'queue', 'transfer'].includes(kind),
    )
    .map(([name]) => ({
      path: ['steps', name],
      reason:
        'may be reached when the buyer has hung up: a call that was spoken is neither sold nor rung again',
      severity: 'warning',
    }));
}

/**
 * Of each step that is reached, whether every way to it passes something.
 * @param passes - whether going from a step to another passes it
 */
function certainAt(plan: Plan, passes: (step: Step, to: string) => boolean): ReadonlyMap<string, boolean> {
  const certain = new Map<string, boolean>([[plan.start, false]]);
  const open = [plan.start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const step = plan.steps[name];
    if (!step) continue;
    const here = certain.get(name) ?? false;
    for (const { to } of exitsOf(step)) {
      const there = here || passes(step, to);
      const known = certain.get(to);
      if (known === undefined || (known && !there)) {
        certain.set(to, there);
        open.push(to);
      }
    }
  }
  return certain;
}

function unknownTags(plan: Plan): PlanFlaw[] {
  const known = (tag: string): boolean => Object.hasOwn(plan.tags, tag);
  return steps(plan).flatMap(([name, step]) =>
    tagsOf(step).flatMap(({ path, tag, value }) => {
      const at = ['steps', name, ...path];
      if (!known(tag)) return [error(at, `the tag ${tag} is not declared under tags`)];
      return fits(plan.tags[tag], value) ? [] : [error(at, `${tag} is never ${value ?? ''}`)];
    }),
  );
}

interface TagUse {
  readonly path: readonly (string | number)[];
  readonly tag: string;
  /** What it is set to, or compared with. */
  readonly value?: string;
}

function tagsOf(step: Step): TagUse[] {
  switch (step.do) {
    case 'set':
      return Object.entries(step.tags).map(([tag, value]) => ({ path: ['tags', tag], tag, value }));
    case 'gather':
      return [{ path: ['as'], tag: step.as }];
    case 'callback':
      return step.number === 'caller' ? [] : [{ path: ['number', 'tag'], tag: step.number.tag }];
    case 'branch':
      return step.on.flatMap(({ when }, index) =>
        tagsReadBy(when).flatMap(({ tag, values }) =>
          (values.length === 0 ? [undefined] : values).map((value) => ({
            path: ['on', index, 'when'],
            tag,
            ...(value === undefined ? {} : { value }),
          })),
        ),
      );
    default:
      return [];
  }
}

function fits(kind: Plan['tags'][string] | undefined, value: string | undefined): boolean {
  if (value === undefined || kind === 'text') return true;
  return Array.isArray(kind) ? kind.includes(value) : /^\d+$/.test(value);
}

function missingPrompts(plan: Plan, { prompts }: PlanWorld): PlanFlaw[] {
  if (!prompts) return [];
  return steps(plan).flatMap(([name, step]) =>
    promptsOf(step).flatMap(({ path, prompt }) =>
      typeof prompt !== 'string' || prompts.has(prompt)
        ? []
        : [error(['steps', name, ...path], `there is no prompt ${prompt}`)],
    ),
  );
}

interface PromptUse {
  readonly path: readonly (string | number)[];
  readonly prompt: Prompt;
}

/** Every prompt a step may play. */
function promptsOf(step: Step): PromptUse[] {
  const at = (path: readonly string[], prompts: readonly Prompt[] | undefined): PromptUse[] =>
    (prompts ?? []).map((prompt, index) => ({ path: [...path, index], prompt }));
  switch (step.do) {
    case 'announce':
    case 'voicemail':
    case 'callback':
      return at(['play'], step.play);
    case 'menu':
    case 'gather':
      return [...at(['play'], step.play), ...at(['again'], step.again)];
    case 'ring':
      return [...at(['whisper'], step.whisper), ...at(['accept', 'play'], step.accept?.play)];
    case 'queue':
      return [
        ...at(['play'], step.play),
        ...at(['announce', 'play'], step.announce?.play),
        ...at(['whisper'], step.whisper),
        ...at(['accept', 'play'], step.accept?.play),
      ];
    default:
      return [];
  }
}

/** The engines that a plan names must have what its steps ask for; of any, one must. */
function lackingEngines(plan: Plan, { engines }: PlanWorld): PlanFlaw[] {
  if (!engines) return [];
  if (plan.engine !== 'any') {
    const { engine } = plan;
    const has = engines[engine];
    if (!has) return [error(['engine'], `the engine ${engine} is not configured`)];
    return lacking(plan, (need) => has.includes(need), `the engine ${engine} has no`);
  }
  const able = Object.values(engines).some(
    (has) => lacking(plan, (need) => has.includes(need), '').length === 0,
  );
  if (able) return [];
  const has = new Set(Object.values(engines).flat());
  const nobody = lacking(plan, (need) => has.has(need), 'no engine that is configured has');
  return nobody.length > 0
    ? nobody
    : [error(['engine'], 'no engine that is configured has all that its steps need')];
}

function lacking(plan: Plan, has: (need: Capability) => boolean, sentence: string): PlanFlaw[] {
  return steps(plan).flatMap(([name, step]) =>
    [...new Set(needsOf(step))]
      .filter((need) => !has(need))
      .map((need) => error(['steps', name], `${sentence} ${need.replaceAll('_', ' ')}`)),
  );
}

/** Targets of the market that a plan transfers calls to. */
export function targetsOf(plan: Plan): ReadonlySet<string> {
  return new Set(steps(plan).flatMap(([, step]) => (step.do === 'transfer' ? [step.target] : [])));
}

function forbiddenTargets(plan: Plan, { mayTransferTo }: PlanWorld): PlanFlaw[] {
  if (!mayTransferTo) return [];
  return steps(plan).flatMap(([name, step]) =>
    step.do !== 'transfer' || mayTransferTo(step.target)
      ? []
      : [error(['steps', name, 'target'], `calls cannot be transferred to ${step.target} by it`)],
  );
}

function nextOf(plan: Plan, name: string): string[] {
  const step = plan.steps[name];
  return step ? exitsOf(step).map(({ to }) => to) : [];
}
