import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { viewsOf } from '../lists/sparse-fields';
import type { Route, RouteCall, RouteReply } from '../route';
import { route } from '../route';
import { sendFile } from '../send-file';
import { toCell } from './cells';

type Item = Readonly<Record<string, unknown>>;
type Handle = (call: RouteCall<unknown, unknown, unknown>) => Promise<RouteReply<unknown>>;

const CSV = 'text/csv';
const PAGE = 200;

/**
 * All of a list as one file: for those who may see the list, narrowed and ordered as the list is. It is read
 * page by page, no faster than the client takes it, and each page through the list itself: a file tells nobody
 * more than the list would.
 *
 * @param tidy - an item as the file shows it
 */
export function exportOf(list: Route, tidy: (item: Item) => Item = (item) => item): Route {
  const views = viewsOf(list);
  const query = (list.query as z.ZodObject).omit({ limit: true, cursor: true });
  const { handle } = list as unknown as { readonly handle: Handle };
  // Whether it is audited is for exports to say, not for the list.
  const { audited: _audited, ...shared } = list;
  return route({
    ...shared,
    path: `${list.path}/export`,
    operationId: list.operationId.replace(/^list/, 'export'),
    summary: `${list.summary}: all of it as one CSV file (RFC 4180), the columns named as the fields`,
    query: query.safeExtend({ format: z.enum(['csv']).default('csv') }),
    reply: z.unknown(),
    streams: true,
    produces: CSV,
    handle: async (call: RouteCall<unknown, unknown, unknown>) => {
      const { format: _format, ...wanted } = call.query as { format: string; fields?: readonly string[] };
      const pageAt = async (
        cursor: string | undefined,
      ): Promise<{ items: Item[]; nextCursor: string | null }> =>
        (await handle({ ...call, query: { ...wanted, limit: PAGE, cursor } })).body as never;
      const name = `${list.path.slice(1).replaceAll('/', '-')}.csv`;
      await sendFile(call.response, { type: `${CSV}; charset=utf-8`, name }, async (write) => {
        let page = await pageAt(undefined);
        const columns = columnsOf(views, page.items[0], wanted.fields);
        await write(csvOf([columns]));
        for (;;) {
          const rows = page.items.map((item) => {
            const shown = tidy(item);
            return columns.map((column) => toCell(shown[column]));
          });
          if (rows.length > 0) await write(csvOf(rows));
          if (page.nextCursor === null) return;
          page = await pageAt(page.nextCursor);
        }
      });
      return { body: undefined };
    },
  } as Parameters<typeof route>[0]);
}

/** The fields of whoever asks, in the order in which the document has them. */
function columnsOf(
  views: readonly z.ZodObject[],
  first: Item | undefined,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const [whole] = views as readonly [z.ZodObject];
  const view =
    first && !wanted ? (views.find((one) => one.strict().safeParse(first).success) ?? whole) : whole;
  const all = Object.keys(view.shape);
  return wanted ? all.filter((field) => field === 'id' || wanted.includes(field)) : all;
}

function csvOf(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], { record_delimiter: '\r\n', quoted_match: /[\r\n]/ });
}
