import type { Plan, PlanProblem, PlanWorld, ReadPlan } from '../../dialplan';
import { readPlan, targetsOf } from '../../dialplan';
import { AppError } from '../../domain';
import type { Queryable, StoredDialplan } from '../../storage';
import { EntityStore } from '../../storage';

/** What a text must fit besides what plans say. */
export interface KeptPlan {
  /** As it is kept: it must be called that; undefined: whatever it calls itself. */
  readonly name: string | undefined;
  /** Whose it is; null: the exchange's. */
  readonly accountId: string | null;
}

/**
 * Reads a plan by what there is beside it.
 * Of a seller's plan no target may be rung but for an auction: targets cost somebody.
 * @param world - prompts and engines
 */
export async function readKeptPlan(
  db: Queryable,
  world: Pick<PlanWorld, 'prompts' | 'engines'>,
  text: string,
  { name, accountId }: KeptPlan,
): Promise<ReadPlan> {
  const named = { ...world, ...(name !== undefined && { name }) };
  if (accountId !== null) return readPlan(text, { ...named, mayTransferTo: () => false });
  const found = readPlan(text, named);
  if (!found.ok) return found;
  const wanted = [...targetsOf(found.plan)];
  if (wanted.length === 0) return found;
  const rows = await new EntityStore(db, 'target').byIds(wanted);
  const there = new Set(rows.map((row) => row.id));
  return readPlan(text, { ...named, mayTransferTo: (target) => there.has(target) });
}

/** @throws AppError `dialplan_refused` telling what is wrong */
export function goodPlan(read: ReadPlan, pointer: string): Plan {
  if (read.ok) return read.plan;
  throw new AppError('unprocessable', 'dialplan_refused', 'the plan could not be carried out', {
    errors: read.problems
      .filter(({ severity }) => severity === 'error')
      .map(({ line, column, reason }) => ({ pointer, message: `${line}:${column}: ${reason}` })),
  });
}

/** What is to be told of a plan, taken or not. */
export function problemsOf(read: ReadPlan): PlanProblem[] {
  return [...(read.ok ? read.warnings : read.problems)];
}

/** @throws AppError `unprocessable` for an account that brings no calls */
export async function assertSeller(db: Queryable, accountId: string): Promise<void> {
  const account = await new EntityStore(db, 'account').get(accountId);
  if (account?.type === 'seller') return;
  throw new AppError('unprocessable', 'reference_not_found', `there is no seller ${accountId}`, {
    errors: [{ pointer: '/accountId', message: 'names no seller' }],
  });
}

/** Notes the event `dialplan.published` of a version that was made live in the same transaction. */
export async function tellPublished(
  db: Queryable,
  { id, accountId, name, live }: StoredDialplan,
): Promise<void> {
  await db.query(
    `insert into outbox (type, subject, payload, done_at)
     values ('dialplan.published', $1 || ':' || gen_random_uuid(), $2, now())`,
    [id, JSON.stringify({ dialplanId: id, accountId, name, number: live })],
  );
}
