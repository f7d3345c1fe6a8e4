import { z } from 'zod';
import { NUMBER_LISTS } from '../../domain';
import type { NumberListName, NumberLists } from '../../market';
import { parseListName } from '../../market';
import type { StoredNumberList } from '../../storage';
import { NumberListStore } from '../../storage';
import type { Route } from '../route';
import { route } from '../route';
import { phoneNumber } from '../schemas';

/** The lists as this node has them, and the time. */
export interface NumberListParts {
  readonly lists: Pick<NumberLists, 'hitsFor' | 'ages' | 'version' | 'stats'>;
  /** UTC epoch milliseconds. */
  readonly now: () => number;
}

const listName = z
  .string()
  .max(10)
  .regex(/^(national|litigator|reassigned|internal|state:[A-Z]{2})$/)
  .describe('`national`, `litigator`, `reassigned`, `internal`, or `state:` and its two letters');

const version = z.object({
  list: listName,
  version: z.string(),
  status: z
    .enum(['loading', 'current', 'previous', 'retired', 'failed'])
    .describe('`previous` can be rolled back to; of `retired` only this record is left'),
  kind: z.enum(['full', 'changes']),
  asOf: z.number().int().describe('UTC epoch milliseconds at which its source was as it says'),
  ageMs: z.number().int().describe('Milliseconds since then'),
  entries: z.number().int(),
  bytes: z.number().int().describe('Packed, as it is stored and held in memory'),
  sources: z.array(z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string() })),
  problem: z.string().nullable().describe('Why it failed'),
  startedAt: z.iso.datetime(),
  loadedAt: z.iso.datetime().nullable(),
  inUse: z.boolean().describe('This node answers from it'),
});

const hit = z.object({ list: z.enum(NUMBER_LISTS), state: z.string().optional() });

/** Imported lists of numbers; `dce dnc` imports them. Numbers kept one by one are `/dnc`. */
export function numberListRoutes({ lists, now }: NumberListParts): Route[] {
  const shown = (stored: StoredNumberList): z.input<typeof version> => {
    const { id: _id, report, ...rest } = stored;
    const { problem } = report;
    return {
      ...rest,
      ageMs: now() - stored.asOf,
      sources: [...stored.sources],
      startedAt: stored.startedAt.toISOString(),
      loadedAt: stored.loadedAt?.toISOString() ?? null,
      problem: typeof problem === 'string' ? problem : null,
      inUse: stored.status === 'current' && lists.version(stored.list)?.version === stored.version,
    };
  };
  return [
    route({
      method: 'get',
      path: '/number-lists',
      operationId: 'listNumberLists',
      tag: 'number-lists',
      summary: 'Imported lists of numbers, newest versions first, with what this node holds of them',
      scope: 'dnc:read',
      query: z.strictObject({
        list: listName.optional(),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      reply: z.object({
        items: z.array(version),
        node: z
          .object({
            entries: z.number().int().describe('Numbers this node looks up in, rows and lists'),
            bytes: z.number().int(),
            oldestAgeMs: z.number().int().nullable().describe('Of its imported lists'),
          })
          .describe('In the memory of the node that answers'),
      }),
      handle: async ({ db, query }) => {
        const wanted = query.list === undefined ? undefined : (parseListName(query.list) as NumberListName);
        const versions = await new NumberListStore(db).history(wanted, query.limit);
        const { entries, bytes, oldestAgeMs = null } = lists.stats(now());
        return { body: { items: versions.map(shown), node: { entries, bytes, oldestAgeMs } } };
      },
    }),
    route({
      method: 'get',
      path: '/number-lists/check',
      operationId: 'checkNumber',
      tag: 'number-lists',
      summary: 'The lists that name a number now, as a decision on this node would see them',
      scope: 'dnc:read',
      query: z.strictObject({ number: phoneNumber }),
      reply: z.object({
        number: z.string(),
        hits: z.array(hit).describe('Rows and imported lists; empty when none names it'),
        lists: z
          .array(hit.extend({ version: z.string(), asOf: z.number().int() }))
          .describe('The imported lists that were looked at'),
      }),
      handle: ({ query: { number } }) =>
        Promise.resolve({
          body: { number, hits: [...lists.hitsFor(number, now())], lists: [...lists.ages()] },
        }),
    }),
  ];
}
