import type { Node } from 'yaml';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { PlanWorld } from './check-plan';
import { checkPlan } from './check-plan';
import type { Plan } from './plan';
import { planSchema } from './plan';
import { misshapeOf, twiceIn } from './shape';

/** What is wrong with a plan, where, and why. */
export interface PlanProblem {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Where in the plan, e.g. `steps.greet.next`; empty for the plan as a whole. */
  readonly path: string;
  readonly reason: string;
  /** A plan with a warning is still taken. */
  readonly severity: 'error' | 'warning';
}

export type ReadPlan =
  | { readonly ok: true; readonly plan: Plan; readonly warnings: readonly PlanProblem[] }
  | { readonly ok: false; readonly problems: readonly PlanProblem[] };

/** Bytes of a plan's text at most, in UTF-8. */
export const LONGEST_PLAN = 65_536;
/** Problems that are told at most. */
const MOST_PROBLEMS = 50;

type Path = readonly PropertyKey[];

/**
 * Reads a plan from its YAML text (YAML 1.2), and checks that it can be carried out.
 * @param world - what there is of prompts and engines, where that is known
 */
export function readPlan(text: string, world: PlanWorld = {}): ReadPlan {
  const lines = new LineCounter();
  const at = (offset: number): Pick<PlanProblem, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (Buffer.byteLength(text) > LONGEST_PLAN) return refused([whole(`longer than ${LONGEST_PLAN} bytes`)]);
  const misshape = misshapeOf(text);
  if (misshape) return refused([{ ...placeIn(text, misshape.offset), ...error(misshape.reason) }]);
  // Whether keys are there twice it would look up key by key.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const twice = twiceIn(document);
  if (twice.length > 0)
    return refused(
      twice
        .slice(0, MOST_PROBLEMS)
        .map(({ offset, key }) => ({ ...at(offset), ...error(`not YAML: ${key} is there twice`) })),
    );
  if (document.errors.length > 0) {
    return refused(
      document.errors.slice(0, MOST_PROBLEMS).map(({ pos, message }) => ({
        ...at(pos[0]),
        ...error(`not YAML: ${message}`),
      })),
    );
  }
  let content: unknown;
  try {
    // An alias may make much of little: a plan needs none.
    content = document.toJS({ maxAliasCount: 100 });
  } catch (thrown) {
    return refused([whole(`not YAML: ${thrown instanceof Error ? thrown.message : String(thrown)}`)]);
  }
  const place = (path: Path): Pick<PlanProblem, 'line' | 'column' | 'path'> => ({
    ...at(offsetOf(document.contents, path)),
    path: path.map(String).join('.'),
  });
  const parsed = planSchema.safeParse(content);
  if (!parsed.success) {
    return refused(
      parsed.error.issues
        .flatMap((issue) => mistakesOf(issue, []))
        .slice(0, MOST_PROBLEMS)
        .map(({ path, reason }) => ({ ...place(path), reason, severity: 'error' })),
    );
  }
  const found = checkPlan(parsed.data, world).map(({ path, reason, severity }) => ({
    ...place(path),
    reason,
    severity,
  }));
  const sorted = found.sort((a, b) => a.line - b.line || a.column - b.column);
  return sorted.some(({ severity }) => severity === 'error')
    ? refused(sorted)
    : { ok: true, plan: parsed.data, warnings: sorted };
}

/** A problem as a line for people: `file:line:column: reason (where)`. */
export function problemLine(file: string, { line, column, path, reason, severity }: PlanProblem): string {
  const where = path === '' ? '' : ` (${path})`;
  return `${file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${reason}${where}`;
}

interface Mistake {
  readonly path: Path;
  readonly reason: string;
}

function refused(problems: PlanProblem[]): ReadPlan {
  return { ok: false, problems: problems.slice(0, MOST_PROBLEMS) };
}

function whole(reason: string): PlanProblem {
  return { line: 1, column: 1, ...error(reason) };
}

function error(reason: string): Pick<PlanProblem, 'path' | 'reason' | 'severity'> {
  return { path: '', reason, severity: 'error' };
}

function placeIn(text: string, offset: number): Pick<PlanProblem, 'line' | 'column'> {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** What a schema's issue means, where it was written; names that are not known each for itself. */
function mistakesOf(issue: z.core.$ZodIssue, base: Path): Mistake[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], reason: `there is no ${key} here` }));
  if (issue.code === 'invalid_key') return [{ path, reason: issue.issues[0]?.message ?? issue.message }];
  if (issue.code === 'invalid_union') {
    const nearest = nearestOf(issue.errors);
    if (nearest) return nearest.flatMap((inner) => mistakesOf(inner, path));
  }
  return [{ path, reason: issue.message }];
}

/** Of several shapes, the one that was meant: it fits but for the fewest and the deepest mistakes. */
function nearestOf(shapes: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]): number =>
    Math.max(...issues.map(({ path, code }) => path.length - (code === 'unrecognized_keys' ? 0.5 : 0)));
  return [...shapes].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
}

/** Where something stands in the text: its own key where it has one, else what holds it. */
function offsetOf(root: unknown, path: Path): number {
  let node: Node | undefined = isNode(root) ? root : undefined;
  let offset = node?.range?.[0] ?? 0;
  for (const name of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(name));
      if (!pair) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = isNode(pair.value) ? pair.value : undefined;
    } else if (node && 'items' in node && Array.isArray(node.items)) {
      const item: unknown = node.items[Number(name)];
      node = isNode(item) ? item : undefined;
      offset = node?.range?.[0] ?? offset;
    } else break;
  }
  return offset;
}
