import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { assertSeller, planProblemsOf, readKeptPlan, tellDialplanPublished } from '../api';
import type { PlanWorld } from '../dialplan';
import { LONGEST_PLAN, problemLine } from '../dialplan';
import { notFound } from '../domain';
import type { Database, DialplanVersion, Queryable, StoredDialplan, WholeDialplanVersion } from '../storage';
import { changedFields, DialplanStore } from '../storage';
import { inOneRecorded } from './command-record';
import { countUpTo, oneOf } from './option-values';

export interface KeptPlanParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  /** Who is at the terminal. */
  readonly user: () => string;
  /** 1 for a plan that is refused. */
  readonly setExitCode: (code: number) => void;
  /** Prompts and engines that are configured. @throws Error for a configuration that cannot be read */
  readonly world: () => Pick<PlanWorld, 'prompts' | 'engines'>;
}

interface Owned {
  /** Seller; undefined: the exchange. */
  readonly account?: string;
}

const STATUSES = ['draft', 'live', 'archived'] as const;
const MAX_SHOWN = 1_000;
/** No plan has more versions. */
const MAX_VERSION = 1_000;

/** `dce dialplan list | show | versions | publish | rollback | archive`: plans that the database keeps. */
export function addKeptPlanCommands(dialplan: Command, parts: KeptPlanParts): void {
  dialplan
    .command('list')
    .description('plans that the database keeps: those of the exchange and of its sellers')
    .option('--account <id>', 'those of one seller')
    .option('--status <status>', STATUSES.join(', '), oneOf(...STATUSES))
    .option('--json', 'print JSON')
    .action((options: ListOptions) => list(parts, options));
  ofPlan(dialplan, 'show', 'a plan: which version is live, what is wrong with it now, and its text')
    .option('--number <n>', 'of this version; the newest by default', countUpTo(MAX_VERSION))
    .option('--text', 'its text alone')
    .option('--json', 'print JSON')
    .action((plan: string, options: ShowOptions) => show(parts, plan, options));
  ofPlan(dialplan, 'versions', 'every version of a plan, the newest first')
    .option('--json', 'print JSON')
    .action((plan: string, options: Owned & { json?: true }) => versions(parts, plan, options));
  dialplan
    .command('publish')
    .description(
      'keep a file as another version of the plan that it names, or as a new plan, and have calls take it from now on; ends with 1 when it is refused',
    )
    .argument('<file>', 'the plan')
    .option('--account <id>', 'the seller whose plan it is; the exchange by default')
    .option('--draft', 'keep it only: no call takes it')
    .action((file: string, options: Owned & { draft?: true }) => publish(parts, file, options));
  ofPlan(
    dialplan,
    'rollback',
    'have calls take the version that was live before; ends with 1 when it is refused',
  )
    .option('--number <n>', 'this version, an earlier or a later one', countUpTo(MAX_VERSION))
    .action((plan: string, options: Owned & { number?: number }) => rollBack(parts, plan, options));
  ofPlan(dialplan, 'archive', 'take a plan from use, once no active number and campaign names it').action(
    (plan: string, options: Owned) => archive(parts, plan, options),
  );
}

function ofPlan(dialplan: Command, name: string, description: string): Command {
  return dialplan
    .command(name)
    .description(description)
    .argument('<plan>', 'its name, or its id')
    .option('--account <id>', 'the seller whose plan is called so; the exchange by default');
}

interface ListOptions extends Owned {
  readonly status?: (typeof STATUSES)[number];
  readonly json?: true;
}

async function list(
  { withDatabase, say }: KeptPlanParts,
  { account, status, json }: ListOptions,
): Promise<void> {
  await withDatabase(async (database) => {
    const where = { ...(account !== undefined && { accountId: account }), ...(status && { status }) };
    const rows = (await new DialplanStore(database).list({ where, limit: MAX_SHOWN })).map(({ row }) => row);
    if (json) return say(JSON.stringify(rows, null, 2));
    for (const row of rows) say(planLine(row));
    if (rows.length === 0) say('there are none');
  });
}

interface ShowOptions extends Owned {
  readonly number?: number;
  readonly text?: true;
  readonly json?: true;
}

async function show(
  { withDatabase, say, world }: KeptPlanParts,
  wanted: string,
  { account, number, text, json }: ShowOptions,
): Promise<void> {
  await withDatabase(async (database) => {
    const plan = await find(database, wanted, account);
    const version = await versionOf(database, plan, number ?? plan.latest);
    if (text) return say(version.yaml.trimEnd());
    const problems = planProblemsOf(await readKeptPlan(database, world(), version.yaml, plan));
    if (json) return say(JSON.stringify({ ...plan, ...version, problems }, null, 2));
    say(planLine(plan));
    say(versionLine(version, plan));
    for (const problem of problems) say(problemLine(plan.name, problem));
    say('');
    say(version.yaml.trimEnd());
  });
}

async function versions(
  { withDatabase, say }: KeptPlanParts,
  wanted: string,
  { account, json }: Owned & { readonly json?: true },
): Promise<void> {
  await withDatabase(async (database) => {
    const plan = await find(database, wanted, account);
    const rows = await versionsOf(database, plan);
    if (json) return say(JSON.stringify(rows, null, 2));
    for (const row of rows) say(versionLine(row, plan));
  });
}

async function publish(
  { withDatabase, say, user, setExitCode, world }: KeptPlanParts,
  file: string,
  { account, draft }: Owned & { readonly draft?: true },
): Promise<void> {
  const yaml = textOf(file);
  const accountId = account ?? null;
  const configured = world();
  await withDatabase(async (database) => {
    if (accountId !== null) await assertSeller(database, accountId);
    const read = await readKeptPlan(database, configured, yaml, { name: undefined, accountId });
    for (const problem of planProblemsOf(read)) say(problemLine(file, problem));
    if (!read.ok) {
      say(`${file} is refused: nothing was changed`);
      return setExitCode(1);
    }
    const version = { yaml, problems: planProblemsOf(read), author: `terminal:${user()}` };
    const told = await inOneRecorded(database, 'dialplan publish', async (tx, tell) => {
      const store = new DialplanStore(tx);
      const before = await store.named(read.plan.name, accountId);
      const kept = before
        ? await anotherVersion(store, before, version)
        : await store.create({ id: undefined, name: read.plan.name, accountId }, version);
      const plan = draft || kept.live === kept.latest ? kept : await makeLive(tx, kept, kept.latest);
      tell({ subject: { kind: 'dialplans', id: plan.id }, changes: changesOf(before, plan) });
      if (before?.latest === plan.latest && before.live === plan.live) {
        return `${plan.name}: version ${plan.latest} is that text already${plan.live === plan.latest ? ', and is live' : ''}`;
      }
      return draft ? `${plan.name}: version ${plan.latest} is kept as a draft` : liveLine(plan);
    });
    say(told);
  });
}

/** Who publishes the same file again, as scripts do, makes no version of it. */
async function anotherVersion(
  store: DialplanStore,
  plan: StoredDialplan,
  version: Parameters<DialplanStore['write']>[1],
): Promise<StoredDialplan> {
  const newest = await store.version(plan.id, plan.latest);
  if (newest?.yaml === version.yaml) return plan;
  const written = await store.write(plan.id, version);
  if (!written) throw notFound('dialplan', plan.id);
  return written;
}

async function rollBack(
  { withDatabase, say, setExitCode, world }: KeptPlanParts,
  wanted: string,
  { account, number }: Owned & { readonly number?: number },
): Promise<void> {
  const configured = world();
  await withDatabase(async (database) => {
    const before = await find(database, wanted, account);
    const version = await versionOf(database, before, number ?? (await liveBefore(database, before)));
    const read = await readKeptPlan(database, configured, version.yaml, before);
    for (const problem of planProblemsOf(read)) say(problemLine(`${before.name} ${version.number}`, problem));
    if (!read.ok) {
      say(`version ${version.number} of ${before.name} is refused: nothing was changed`);
      return setExitCode(1);
    }
    const plan = await inOneRecorded(database, 'dialplan rollback', async (tx, tell) => {
      const after = await makeLive(tx, before, version.number);
      tell({ subject: { kind: 'dialplans', id: after.id }, changes: changesOf(before, after) });
      return after;
    });
    say(liveLine(plan));
  });
}

/** @throws Error for a plan of which nothing else was live */
async function liveBefore(db: Queryable, plan: StoredDialplan): Promise<number> {
  const published = (await versionsOf(db, plan)).filter(
    ({ number, publishedAt }) => publishedAt !== null && number !== plan.live,
  );
  const [newest] = published.sort((a, b) => Number(b.publishedAt) - Number(a.publishedAt));
  if (newest) return newest.number;
  throw new Error(`no other version of ${plan.name} was live: say which one is to be with --number`);
}

async function archive(
  { withDatabase, say }: KeptPlanParts,
  wanted: string,
  { account }: Owned,
): Promise<void> {
  await withDatabase(async (database) => {
    const plan = await inOneRecorded(database, 'dialplan archive', async (tx, tell) => {
      const before = await find(tx, wanted, account);
      const after = await new DialplanStore(tx).archive(before.id);
      if (!after) throw notFound('dialplan', wanted);
      tell({ subject: { kind: 'dialplans', id: after.id }, changes: changesOf(before, after) });
      return after;
    });
    say(`${plan.name} is archived: no call takes it any more`);
  });
}

async function makeLive(tx: Queryable, plan: StoredDialplan, number: number): Promise<StoredDialplan> {
  const published = await new DialplanStore(tx).publish(plan.id, number);
  if (!published) throw notFound('dialplan', plan.id);
  await tellDialplanPublished(tx, published);
  return published;
}

/** By name, else by id. @throws AppError `dialplan_not_found` */
async function find(db: Queryable, wanted: string, account: string | undefined): Promise<StoredDialplan> {
  const store = new DialplanStore(db);
  const named = await store.named(wanted, account ?? null);
  if (named) return named;
  const byId = await store.get(wanted);
  if (byId && (account === undefined || byId.accountId === account)) return byId;
  throw notFound('dialplan', wanted);
}

async function versionOf(db: Queryable, plan: StoredDialplan, number: number): Promise<WholeDialplanVersion> {
  const version = await new DialplanStore(db).version(plan.id, number);
  if (!version) throw notFound('dialplan version', number);
  return version;
}

async function versionsOf(db: Queryable, { id }: StoredDialplan): Promise<DialplanVersion[]> {
  return (await new DialplanStore(db).versions(id, { limit: MAX_VERSION })).map(({ row }) => row);
}

/** @throws Error for a file that is not there, or is longer than any plan */
function textOf(file: string): string {
  const text = readFileSync(file, 'utf8');
  if (Buffer.byteLength(text) > LONGEST_PLAN) throw new Error(`${file} is longer than ${LONGEST_PLAN} bytes`);
  return text;
}

function changesOf(
  before: StoredDialplan | undefined,
  { accountId, name, status, latest, live }: StoredDialplan,
): ReturnType<typeof changedFields> {
  return changedFields(before && { ...before }, { accountId, name, status, latest, live });
}

function planLine({ id, accountId, name, status, latest, live, updatedAt }: StoredDialplan): string {
  const version =
    live === null || live === latest ? `version ${latest}` : `version ${live}, newest ${latest}`;
  return `${id}  ${name.padEnd(24)}  ${status.padEnd(8)}  ${version.padEnd(22)}  ${accountId ?? 'any call'}  ${updatedAt.toISOString()}`;
}

function versionLine(
  { number, author, problems, createdAt, publishedAt }: DialplanVersion,
  { live }: StoredDialplan,
): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const notes = [
    ...(number === live ? ['live'] : []),
    ...(publishedAt === null ? [] : [`published ${publishedAt.toISOString()}`]),
    ...(errors === 0 ? [] : [`${errors} wrong as it was written`]),
  ];
  return `${String(number).padStart(4)}  ${createdAt.toISOString()}  ${author}${notes.length === 0 ? '' : `  ${notes.join(', ')}`}`;
}

function liveLine({ name, live }: StoredDialplan): string {
  return `${name}: version ${live ?? 0} is live: calls take it from now on`;
}
