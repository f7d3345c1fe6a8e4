import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { MarketEntities, MarketEntity } from '../../market';
import type { EntityStore, Stored } from '../../storage';
import { AppError } from '../../domain';
import type { Route } from '../route';
import { route } from '../route';
import { id, page, stored } from '../schemas';

/** What makes one kind of entity a resource. */
export interface EntityResource<E extends MarketEntity, S extends z.ZodObject> {
  /** Plural, in the path and in scopes, e.g. `campaigns`. */
  readonly path: string;
  readonly singular: string;
  /** The fields that a client writes. */
  readonly schema: S;
  /** Fields that a list can be narrowed by. */
  readonly filters: readonly (keyof z.output<S> & string)[];
  /** Status that DELETE sets; undefined removes the row. */
  readonly archivedAs: string | undefined;
  readonly store: EntityStore<E>;
  /** What a new entity is called when the client does not say; a random name by default. */
  readonly nameOf?: (value: z.output<S>) => string;
  /** What fields cannot say of each other. @throws AppError */
  readonly check?: (value: MarketEntities[E]) => Promise<void>;
}

/** List, get, create, change and archive: the same for every entity of the market. */
export function entityRoutes<E extends MarketEntity, S extends z.ZodObject>(
  resource: EntityResource<E, S>,
): Route[] {
  const { path, singular, schema, store } = resource;
  const reply = z.object({ id, ...schema.shape, ...stored });
  const params = z.strictObject({ id });
  const filters = Object.fromEntries(
    resource.filters.map((field) => [field, z.string().max(200).optional()]),
  );
  const show = (row: Stored<MarketEntities[E]>): Record<string, unknown> =>
    row as unknown as Record<string, unknown>;
  return [
    route({
      method: 'get',
      path: `/${path}`,
      tag: path,
      summary: `List ${path}`,
      scope: `${path}:read`,
      query: page.extend(filters),
      reply: z.object({ items: z.array(reply), nextCursor: z.string().nullable() }),
      handle: async ({ query }) => {
        const { limit, cursor, ...rest } = query as { limit: number; cursor?: string } & Record<
          string,
          string | undefined
        >;
        const where = Object.fromEntries(
          Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
        );
        const rows = await store.list({
          limit: limit + 1,
          where,
          ...(cursor === undefined ? {} : { after: cursor }),
        });
        const items = rows.slice(0, limit);
        const last = items.at(-1);
        return {
          body: { items: items.map(show), nextCursor: rows.length > limit && last ? last.id : null } as never,
        };
      },
    }),
    route({
      method: 'get',
      path: `/${path}/:id`,
      tag: path,
      summary: `Get one of the ${path}`,
      scope: `${path}:read`,
      params,
      reply,
      handle: async ({ params: { id: wanted } }) => {
        const row = await store.get(wanted);
        if (!row)
          throw new AppError('not_found', `${singular}_not_found`, `there is no ${singular} ${wanted}`);
        return { body: show(row) as never, etag: row.version };
      },
    }),
    route({
      method: 'post',
      path: `/${path}`,
      tag: path,
      summary: `Create one of the ${path}`,
      scope: `${path}:write`,
      body: schema.extend({ id: id.optional() }),
      reply,
      status: 201,
      idempotent: true,
      handle: async ({ body }) => {
        const { id: wanted, ...value } = body as { id?: string } & z.output<S>;
        await resource.check?.(value as unknown as MarketEntities[E]);
        const created = wanted ?? resource.nameOf?.(value as z.output<S>) ?? randomUUID();
        const row = await store.insert(created, value as unknown as Omit<MarketEntities[E], 'id'>);
        return { body: show(row) as never, etag: row.version };
      },
    }),
    route({
      method: 'patch',
      path: `/${path}/:id`,
      tag: path,
      summary: `Change some fields; If-Match guards against changes by others`,
      scope: `${path}:write`,
      params,
      body: schema.partial(),
      reply,
      handle: async ({ params: { id: wanted }, body, ifMatch, request }) => {
        // Defaults are for what is created: a field that was not sent is not changed.
        const sent = request.body as object;
        const changes = Object.fromEntries(Object.entries(body as object).filter(([field]) => field in sent));
        const before = await store.get(wanted);
        if (!before)
          throw new AppError('not_found', `${singular}_not_found`, `there is no ${singular} ${wanted}`);
        await resource.check?.({ ...before, ...changes });
        const row = await store.update(wanted, ifMatch, changes as Partial<Omit<MarketEntities[E], 'id'>>);
        return { body: show(row) as never, etag: row.version };
      },
    }),
    route({
      method: 'delete',
      path: `/${path}/:id`,
      tag: path,
      summary:
        resource.archivedAs === undefined
          ? 'Remove it'
          : `Set it to ${resource.archivedAs}; nothing is forgotten`,
      scope: `${path}:write`,
      params,
      reply: z.unknown(),
      status: 204,
      handle: async ({ params: { id: wanted }, ifMatch }) => {
        if (resource.archivedAs === undefined) {
          if (!(await store.remove(wanted)))
            throw new AppError('not_found', `${singular}_not_found`, `there is no ${singular} ${wanted}`);
        } else {
          await store.update(wanted, ifMatch, { status: resource.archivedAs } as never);
        }
        return { body: undefined };
      },
    }),
  ];
}
