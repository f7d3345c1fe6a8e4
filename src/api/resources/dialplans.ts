import { z } from 'zod';
import type { Plan, PlanProblem, PlanWorld, SimulatedTurn } from '../../dialplan';
import {
  ANSWER_WORD,
  answerOfWord,
  deedText,
  eventsOf,
  explorePlan,
  LONGEST_PLAN,
  openTags,
  simulatePlan,
  wishText,
  wordOfAnswer,
} from '../../dialplan';
import type { Principal } from '../../domain';
import { AppError, notFound, principalName } from '../../domain';
import type { DialplanVersion, Queryable, StoredDialplan, WholeDialplanVersion } from '../../storage';
import { asExchange, DialplanStore } from '../../storage';
import { numbered, RowList } from '../lists/row-list';
import { assertOwnInBody, isOfOthers } from '../own-account';
import type { Route } from '../route';
import { route } from '../route';
import { dialplanName, id, instant, listOf, stored, tagName, tagValue } from '../schemas';
import type { KeptPlan } from './plan-reading';
import { assertSeller, goodPlan, problemsOf, readKeptPlan, tellPublished } from './plan-reading';

/** What operations on dialplans need. */
export interface DialplanServices {
  /** What prompts and engines this node has. */
  readonly world: Pick<PlanWorld, 'prompts' | 'engines'>;
  /** Plans that are files. */
  readonly shipped: readonly {
    readonly name: string;
    /** What calls take; undefined: nothing, as it was never good. */
    readonly text: string | undefined;
    /** What is wrong with the file as it is. */
    readonly problems: readonly PlanProblem[];
  }[];
}

/** Of a switch that has no plans but those of the database. */
export const NO_FILES: DialplanServices = { world: {}, shipped: [] };

/** States that are looked at to tell which steps calls come to. */
const MOST_STATES = 2_000;
const MAX_ANSWERS = 200;
const MAX_TAGS = 64;
/** Line ends and tabs are text here; what PostgreSQL stores in no text is none. */
const PLAIN = /^(?:[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]|[\ud800-\udbff][\udc00-\udfff])*$/;

const yaml = z
  .string()
  .min(1)
  .max(LONGEST_PLAN)
  .regex(PLAIN, 'holds a control character')
  .refine((text) => Buffer.byteLength(text) <= LONGEST_PLAN, `longer than ${LONGEST_PLAN} bytes`)
  .describe('The plan, as YAML 1.2; docs/dialplans.md tells what it may say');

/** Paths of the API's own are no ids. */
const newId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'letters, digits, _ . -')
  .refine((wanted) => wanted !== 'shipped', 'is a path of the API');
const versionNumber = z.number().int().min(1).max(1_000_000);

const problem = z.object({
  line: z.number().int().describe('From 1'),
  column: z.number().int().describe('From 1'),
  path: z.string().describe('Where in the plan, e.g. `steps.greet.next`; empty for all of it'),
  reason: z.string(),
  severity: z.enum(['error', 'warning']).describe('A plan with warnings alone may be published'),
});

const planShape = {
  id,
  accountId: z.string().nullable().describe('Whose numbers may take it; null: the exchange’s, for any call'),
  name: dialplanName,
  status: z.enum(['draft', 'live', 'archived']),
  latest: z.number().int().describe('Number of the newest version'),
  live: z.number().int().nullable().describe('Number of the version that calls take'),
  archivedAt: z.iso.datetime().nullable(),
  ...stored,
};
const plan = z.object(planShape);
const wholePlan = z.object({
  ...planShape,
  yaml: z.string().describe('Of the newest version'),
  problems: z.array(problem).describe('What is wrong with that at present'),
});
const versionShape = {
  number: z.number().int(),
  author: z.string().describe('A key, `user:` and an id, or `terminal:` and who was at it'),
  problems: z.array(problem).describe('As it was written'),
  createdAt: z.iso.datetime(),
  publishedAt: z.iso.datetime().nullable().describe('When it was last made live'),
};
const version = z.object(versionShape);
const wholeVersion = z.object({ ...versionShape, yaml: z.string() });
const shippedPlan = z.object({
  name: z.string(),
  yaml: z.string().nullable().describe('What calls take; null: none, as it was never good'),
  problems: z.array(problem).describe('What is wrong with the file as it is'),
});

const call = {
  tags: z
    .record(tagName, tagValue)
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `more than ${MAX_TAGS} tags`)
    .default({})
    .describe('What it brings along'),
  score: z.number().min(0).max(1).optional().describe('Its fraud score'),
  attestation: z.enum(['A', 'B', 'C']).optional(),
  at: instant.optional().describe('When it comes, UTC epoch milliseconds; now by default'),
  answers: z
    .array(
      z
        .string()
        .max(64)
        .regex(ANSWER_WORD, 'must be keys:…, done, failed, sold, refused, nobody, ended or time_up'),
    )
    .max(MAX_ANSWERS)
    .default([])
    .describe(
      'What comes of each wait, one after the other: `keys:12`, `keys:` (none in time), `done`, `failed`, `sold`, `refused`, `nobody`, `ended`, `time_up`',
    ),
  usual: z
    .boolean()
    .default(true)
    .describe('Whether it goes on by what is most usual where the answers end, or stands there'),
};
const simulation = z.object({
  turns: z.array(
    z.object({
      answer: z.string().nullable().describe('What led to it; null of the first'),
      entered: z.array(z.string()).describe('Steps, one after the other'),
      did: z.array(z.string()),
      waitsFor: z.enum([
        'play',
        'gather',
        'auction',
        'ring',
        'queue',
        'voicemail',
        'callback',
        'transfer',
        'hangup',
      ]),
      text: z.string().describe('The same, in words'),
      answers: z.array(z.string()).describe('What may come of it, `time_up` aside; of keys one of each kind'),
    }),
  ),
  tags: z
    .record(z.string(), z.string())
    .describe('As they are where it stands, without those that are secret'),
  misfit: z
    .object({ answer: z.number().int().describe('Its place, from 0'), instead: z.array(z.string()) })
    .nullable()
    .describe('The answer that cannot come of the wait before it, and what may'),
  explored: z
    .object({
      entered: z.array(z.string()).describe('Steps to which such a call may come'),
      ends: z.array(z.string()).describe('How it may end'),
      whole: z.boolean().describe('False: there are more ways than were gone'),
    })
    .describe('Every way that such a call may go, whatever comes of each wait'),
});

const params = z.strictObject({ id });
const TENANTS = ['seller'] as const;

const list = new RowList({
  filters: {
    accountId: id.optional(),
    name: dialplanName.optional(),
    status: z.enum(['draft', 'live', 'archived']).optional(),
  },
  ranges: { createdAt: 'instant' },
  sortable: { createdAt: 'instant' },
});
const versions = new RowList({ filters: {}, sortable: { number: 'number' }, tie: numbered });

/** Dialplans as people write them: versions, of which one is live; and what a plan would do, before it is. */
export function dialplanRoutes(services: DialplanServices, now: () => number): Route[] {
  const read = (db: Queryable, text: string, kept: KeptPlan) => readKeptPlan(db, services.world, text, kept);

  const whole = async (db: Queryable, row: StoredDialplan): Promise<z.input<typeof wholePlan>> => {
    const newest = (await new DialplanStore(db).version(row.id, row.latest)) as WholeDialplanVersion;
    return { ...shown(row), yaml: newest.yaml, problems: problemsOf(await read(db, newest.yaml, row)) };
  };
  const simulated = async (
    db: Queryable,
    text: string,
    kept: KeptPlan,
    sent: z.output<ReturnType<typeof simulationBody>>,
    pointer: string,
  ): Promise<z.input<typeof simulation>> =>
    simulationOf(goodPlan(await read(db, text, kept), pointer), sent, now);

  return [
    route({
      method: 'get',
      path: '/dialplans',
      operationId: 'listDialplans',
      tag: 'dialplans',
      summary: 'List dialplans, in the order of their ids unless `sort` says otherwise',
      scope: 'dialplans:read',
      tenants: TENANTS,
      query: list.query,
      reply: listOf(plan),
      handle: async ({ db, own, query }) => ({
        body: await list.page(query, own, (wanted) => new DialplanStore(db).list(wanted), shown),
      }),
    }),
    route({
      method: 'get',
      path: '/dialplans/shipped',
      operationId: 'listShippedDialplans',
      tag: 'dialplans',
      summary: 'List the dialplans that are files of the installation, as this node has them',
      scope: 'dialplans:read',
      reply: z.object({ items: z.array(shippedPlan) }),
      handle: () =>
        Promise.resolve({
          body: {
            items: services.shipped.map(({ name, text, problems }) => ({
              name,
              yaml: text ?? null,
              problems: [...problems],
            })),
          },
        }),
    }),
    route({
      method: 'post',
      path: '/dialplans/check',
      operationId: 'checkDialplan',
      tag: 'dialplans',
      summary: 'Say what is wrong with a text, by line and column; nothing is kept of it',
      scope: 'dialplans:read',
      audited: false,
      tenants: TENANTS,
      body: z.strictObject({
        yaml,
        name: dialplanName.optional().describe('As it is kept: it must be called that'),
        accountId: id.optional().describe('Whose plan it is; by default that of whoever asks'),
      }),
      reply: z.object({
        ok: z.boolean().describe('Whether it could be published'),
        problems: z.array(problem),
      }),
      handle: async ({ db, own, body }) => {
        assertOwnInBody(own, body.accountId, '/accountId');
        const found = await read(db, body.yaml, {
          name: body.name,
          accountId: body.accountId ?? own ?? null,
        });
        return { body: { ok: found.ok, problems: problemsOf(found) } };
      },
    }),
    route({
      method: 'post',
      path: '/dialplans/simulate',
      operationId: 'simulateDialplanText',
      tag: 'dialplans',
      summary: 'Take a call that is only thought of through a text that need not be kept',
      scope: 'dialplans:read',
      audited: false,
      tenants: TENANTS,
      body: simulationBody({ yaml }),
      reply: simulation,
      problems: [422],
      handle: async ({ db, own, body }) => ({
        body: await simulated(
          db,
          body.yaml as string,
          { name: undefined, accountId: own ?? null },
          body,
          '/yaml',
        ),
      }),
    }),
    route({
      method: 'post',
      path: '/dialplans',
      operationId: 'createDialplan',
      tag: 'dialplans',
      summary: 'Create a dialplan as a draft; no call takes it until a version is published',
      scope: 'dialplans:write',
      tenants: TENANTS,
      body: z.strictObject({
        id: newId.optional(),
        accountId: id.optional().describe('The seller whose numbers may take it; absent: of whoever asks'),
        name: dialplanName.describe('As numbers and campaigns name it, and as the plan must call itself'),
        yaml,
      }),
      reply: wholePlan,
      status: 201,
      idempotent: true,
      handle: async ({ db, own, caller, body }) => {
        assertOwnInBody(own, body.accountId, '/accountId');
        const accountId = body.accountId ?? own ?? null;
        if (own === undefined && accountId !== null) await assertSeller(db, accountId);
        const { yaml: text, ...named } = body;
        const found = await read(db, text, { name: body.name, accountId });
        const first = { yaml: text, problems: problemsOf(found), author: authorOf(caller) };
        const row = await new DialplanStore(db).create({ ...named, id: body.id, accountId }, first);
        return {
          body: { ...shown(row), yaml: text, problems: problemsOf(found) },
          etag: row.version,
          location: `/dialplans/${encodeURIComponent(row.id)}`,
        };
      },
    }),
    route({
      method: 'get',
      path: '/dialplans/:id',
      operationId: 'getDialplan',
      tag: 'dialplans',
      summary:
        'Get one of the dialplans, with the text of its newest version and what is wrong with that at present',
      scope: 'dialplans:read',
      tenants: TENANTS,
      params,
      reply: wholePlan,
      handle: async ({ db, own, params: { id: wanted } }) => {
        const row = await planOf(db, own, wanted);
        return { body: await whole(db, row), etag: row.version };
      },
    }),
    route({
      method: 'put',
      path: '/dialplans/:id',
      operationId: 'replaceDialplan',
      tag: 'dialplans',
      summary: 'Write another version; calls take the one before until this one is published',
      scope: 'dialplans:write',
      tenants: TENANTS,
      params,
      body: z.strictObject({ yaml }),
      reply: wholePlan,
      conditional: true,
      handle: async ({ db, own, caller, params: { id: wanted }, body, ifMatch }) => {
        const row = await planOf(db, own, wanted);
        const found = await read(db, body.yaml, row);
        const next = { yaml: body.yaml, problems: problemsOf(found), author: authorOf(caller) };
        const written = await new DialplanStore(db).write(row.id, next, (now) => ifMatch?.check(now.version));
        if (!written) throw notFound('dialplan', wanted);
        return {
          body: { ...shown(written), yaml: body.yaml, problems: next.problems },
          etag: written.version,
        };
      },
    }),
    route({
      method: 'post',
      path: '/dialplans/:id/publish',
      operationId: 'publishDialplan',
      tag: 'dialplans',
      summary:
        'Make a version what calls take from now on, an earlier one as well; calls that are up keep theirs',
      scope: 'dialplans:write',
      tenants: TENANTS,
      params,
      body: z.strictObject({ version: versionNumber.describe('Its number') }),
      reply: wholePlan,
      conditional: true,
      handle: async ({ db, own, params: { id: wanted }, body, ifMatch, audit }) => {
        const row = await planOf(db, own, wanted);
        const store = new DialplanStore(db);
        const chosen = await store.version(row.id, body.version);
        if (!chosen) {
          throw new AppError('unprocessable', 'reference_not_found', `it has no version ${body.version}`, {
            errors: [{ pointer: '/version', message: 'names nothing that there is' }],
          });
        }
        const published = await store.publish(row.id, body.version, (now) => {
          ifMatch?.check(now.version);
        });
        if (!published) throw notFound('dialplan', wanted);
        goodPlan(await read(db, chosen.yaml, row), '/version');
        await asExchange(db, (all) => tellPublished(all, published));
        audit.changed({ live: row.live }, { live: published.live });
        return { body: await whole(db, published), etag: published.version };
      },
    }),
    route({
      method: 'delete',
      path: '/dialplans/:id',
      operationId: 'archiveDialplan',
      tag: 'dialplans',
      summary: 'Take it from use and set it to archived, once no active number and campaign names it',
      scope: 'dialplans:write',
      tenants: TENANTS,
      params,
      reply: z.unknown(),
      status: 204,
      conditional: true,
      handle: async ({ db, own, params: { id: wanted }, ifMatch }) => {
        const row = await planOf(db, own, wanted);
        if (row.status === 'archived') ifMatch?.check(row.version);
        else await new DialplanStore(db).archive(row.id, (now) => ifMatch?.check(now.version));
        return { body: undefined };
      },
    }),
    route({
      method: 'get',
      path: '/dialplans/:id/versions',
      operationId: 'listDialplanVersions',
      tag: 'dialplans',
      summary: 'List the versions of a dialplan, the newest first, without their texts',
      scope: 'dialplans:read',
      tenants: TENANTS,
      params,
      query: versions.query,
      reply: listOf(version),
      handle: async ({ db, own, params: { id: wanted }, query }) => {
        const row = await planOf(db, own, wanted);
        const rows = (asked: Parameters<DialplanStore['versions']>[1]) =>
          new DialplanStore(db).versions(row.id, asked);
        return { body: await versions.page(query, undefined, rows, shownVersion) };
      },
    }),
    route({
      method: 'get',
      path: '/dialplans/:id/versions/:number',
      operationId: 'getDialplanVersion',
      tag: 'dialplans',
      summary: 'Get a version of a dialplan with its text',
      scope: 'dialplans:read',
      tenants: TENANTS,
      params: z.strictObject({ id, number: z.coerce.number().int().min(1).max(1_000_000) }),
      reply: wholeVersion,
      handle: async ({ db, own, params: { id: wanted, number } }) => {
        const row = await planOf(db, own, wanted);
        const found = await new DialplanStore(db).version(row.id, number);
        if (!found) throw notFound('dialplan version', number);
        return { body: { ...shownVersion(found), yaml: found.yaml } };
      },
    }),
    route({
      method: 'post',
      path: '/dialplans/:id/simulate',
      operationId: 'simulateDialplan',
      tag: 'dialplans',
      summary:
        'Take a call that is only thought of through a version: every step, what it does, and what it waits for',
      scope: 'dialplans:read',
      audited: false,
      tenants: TENANTS,
      params,
      body: simulationBody({
        version: versionNumber.optional().describe('Its number; the newest by default'),
      }),
      reply: simulation,
      handle: async ({ db, own, params: { id: wanted }, body }) => {
        const row = await planOf(db, own, wanted);
        const found = await new DialplanStore(db).version(
          row.id,
          (body.version as number | undefined) ?? row.latest,
        );
        if (!found) {
          throw new AppError('unprocessable', 'reference_not_found', 'it has no such version', {
            errors: [{ pointer: '/version', message: 'names nothing that there is' }],
          });
        }
        return { body: await simulated(db, found.yaml, row, body, '/version') };
      },
    }),
  ];
}

function simulationBody<S extends z.ZodRawShape>(more: S) {
  return z.strictObject({ ...more, ...call });
}

function simulationOf(
  plan: Plan,
  sent: {
    readonly tags: Record<string, string>;
    readonly score?: number | undefined;
    readonly attestation?: 'A' | 'B' | 'C' | undefined;
    readonly at?: number | undefined;
    readonly answers: readonly string[];
    readonly usual: boolean;
  },
  now: () => number,
): z.input<typeof simulation> {
  const facts = { tags: sent.tags, score: sent.score, attestation: sent.attestation };
  const at = sent.at ?? now();
  const answers = sent.answers.flatMap((word) => answerOfWord(word) ?? []);
  const simulated = simulatePlan(plan, { facts, at, answers, usual: sent.usual });
  const last = simulated.turns.at(-1);
  const { entered, ends, whole } = explorePlan(plan, [{ facts, at }], MOST_STATES);
  return {
    turns: simulated.turns.map((turn) => turnOf(plan, turn)),
    tags: last ? openTags(last.state) : {},
    misfit: simulated.ok ? null : { answer: simulated.answer, instead: [...simulated.instead] },
    explored: { entered: [...entered], ends: [...ends], whole },
  };
}

function turnOf(
  plan: Plan,
  { event, entered, deeds, state }: SimulatedTurn,
): z.input<typeof simulation>['turns'][number] {
  return {
    answer: event ? wordOfAnswer(event) : null,
    entered: [...entered],
    did: deeds.map(deedText),
    waitsFor: state.wish.kind,
    text: wishText(state.wish),
    answers: eventsOf(plan, state).map(wordOfAnswer),
  };
}

/** @throws AppError `not_found`, also for what is another account's */
async function planOf(db: Queryable, own: string | undefined, wanted: string): Promise<StoredDialplan> {
  const row = await new DialplanStore(db).get(wanted);
  if (!row || isOfOthers(own, row.accountId)) throw notFound('dialplan', wanted);
  return row;
}

function authorOf(caller: Principal): string {
  return principalName(caller);
}

function shown(row: StoredDialplan): z.input<typeof plan> {
  return {
    ...row,
    archivedAt: row.archivedAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function shownVersion({
  number,
  author,
  problems,
  createdAt,
  publishedAt,
}: DialplanVersion): z.input<typeof version> {
  return {
    number,
    author,
    problems: [...problems],
    createdAt: createdAt.toISOString(),
    publishedAt: publishedAt?.toISOString() ?? null,
  };
}
