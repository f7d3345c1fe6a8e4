import { z } from 'zod';
import type { Route, RouteCall, RouteReply } from '../route';

/**
 * Lets a list show some fields alone: `fields=name,status`. What says which item it is, `id`, is always shown.
 * Anything but a list stays as it is.
 */
export function withFields(route: Route): Route {
  const views = viewsOf(route);
  const [item] = views;
  if (!item || !(route.query instanceof z.ZodObject) || 'fields' in route.query.shape) return route;
  const names = Object.keys(item.shape);
  const sparse = item.partial();
  const shown = 'id' in item.shape ? sparse.required({ id: true }) : sparse;
  const { handle } = route as unknown as {
    handle: (call: RouteCall<unknown, unknown, unknown>) => Promise<RouteReply<unknown>>;
  };
  return {
    ...route,
    query: route.query.safeExtend({ fields: fieldsParam(names) }),
    reply: (route.reply as z.ZodObject).extend({
      items: z.array(z.union([...views, shown.describe('With `fields`: those alone')])),
    }),
    handle: async (call: RouteCall<unknown, unknown, unknown>) => {
      const { fields, ...query } = call.query as { readonly fields?: readonly string[] };
      const answer = await handle({ ...call, query });
      if (!fields) return answer;
      const body = answer.body as { readonly items: readonly Readonly<Record<string, unknown>>[] };
      return { ...answer, body: { ...body, items: body.items.map((one) => pick(one, fields)) } };
    },
  };
}

/** What items of a list look like, to whoever sees most of them first; nothing of what is no list. */
export function viewsOf({ method, reply }: Route): readonly z.ZodObject[] {
  if (method !== 'get' || !(reply instanceof z.ZodObject)) return [];
  const { items, nextCursor } = reply.shape as Record<string, unknown>;
  if (nextCursor === undefined || !(items instanceof z.ZodArray)) return [];
  const views: readonly unknown[] =
    items.element instanceof z.ZodUnion ? items.element.options : [items.element];
  return views.every((view) => view instanceof z.ZodObject) ? views : [];
}

function fieldsParam(names: readonly string[]): z.ZodType {
  const one = `(?:${names.join('|')})`;
  return z
    .string()
    .max(1_000)
    .regex(new RegExp(`^${one}(?:,${one})*$`), `must be some of ${names.join(', ')}`.slice(0, 300))
    .transform((text) => text.split(','))
    .optional()
    .describe('Fields to show, separated by commas; all by default');
}

function pick(item: Readonly<Record<string, unknown>>, fields: readonly string[]): Record<string, unknown> {
  const shown: Record<string, unknown> = 'id' in item ? { id: item['id'] } : {};
  for (const field of fields) if (field in item) shown[field] = item[field];
  return shown;
}
