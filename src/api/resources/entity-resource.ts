import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AppError, notFound } from '../../domain';
import type { MarketEntities, MarketEntity } from '../../market';
import type { Queryable, Sight, Stored } from '../../storage';
import { EntityStore, inTransaction } from '../../storage';
import { exportOf } from '../csv/export-of';
import type { IfMatch } from '../if-match';
import type { EntityListQuery, EntityListText } from '../lists/entity-list';
import { bare, listQuery, narrowed } from '../lists/entity-list';
import { readPosition, writePosition } from '../lists/list-order';
import { withFields } from '../lists/sparse-fields';
import { isMergeable, mergeField, partOf } from '../merge-patch';
import type { Route, RouteCall } from '../route';
import { route } from '../route';
import { id, listOf, stored } from '../schemas';
import { importRoute } from './bulk-import';
import type { EntityTenancy } from './entity-tenancy';
import { assertOwnChange, replyFor, rolesOf, sightOf } from './entity-tenancy';

/** What makes one kind of entity a resource. */
export interface EntityResource<E extends MarketEntity, S extends z.ZodObject> {
  readonly entity: E;
  /** Plural, in the path and in scopes, e.g. `campaigns`. */
  readonly path: string;
  /** In scopes, where it is not the path. */
  readonly scope?: string;
  /** In names of operations, e.g. `Campaign`. */
  readonly singular: string;
  readonly plural: string;
  /** The fields that a client writes. */
  readonly schema: S;
  /** The fields that are shown, where they are not those. */
  readonly replySchema?: z.ZodObject;
  /** Fields that a list can be narrowed by. */
  readonly filters: readonly (keyof z.output<S> & string)[];
  /** What it can be ordered by, besides when it was created and changed; each has an index. */
  readonly sortable?: EntityListText['sortable'];
  /** Numbers that a list can be narrowed by from and to. */
  readonly ranges?: readonly (keyof z.output<S> & string)[];
  /** Where `q` looks. */
  readonly search?: EntityListText['search'];
  /** Status that DELETE sets; undefined removes the row. */
  readonly archivedAs: string | undefined;
  /** Fields that make up its id, and so never change; without them the client may give it one. */
  readonly namedBy?: readonly (keyof z.output<S> & string)[];
  /** What its id is, where it must be given: whoever creates one may choose it otherwise. */
  readonly givenId?: string;
  /** What was sent, made whole by what is there. */
  readonly resolve?: (
    changes: Partial<Omit<MarketEntities[E], 'id'>>,
    before: MarketEntities[E] | undefined,
  ) => Partial<Omit<MarketEntities[E], 'id'>>;
  /** What is shown of it; everything by default. */
  readonly show?: (row: Stored<MarketEntities[E]>) => unknown;
  /** What an export shows of what is shown, where an import would not take that. */
  readonly exported?: (shown: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** What goes with a change: in its transaction. */
  readonly changed?: (value: MarketEntities[E], before: MarketEntities[E], tx: Queryable) => Promise<void>;
  /** Told of every change that was made. */
  readonly told?: (value: MarketEntities[E], before: MarketEntities[E]) => void;
  /** What fields cannot say of each other. @param before - undefined of what is made @throws AppError */
  readonly check?: (
    value: MarketEntities[E],
    db: Queryable,
    before: MarketEntities[E] | undefined,
  ) => Promise<void>;
  /** What others than the exchange's own people see and do of it; nothing by default. */
  readonly tenancy?: EntityTenancy<E>;
}

/** Who changes an entity, as far as the change depends on it. */
interface Changer extends Pick<RouteCall<never, never, never>, 'db' | 'request' | 'audit' | 'committed'> {
  readonly sight: Sight | undefined;
}

/** Of these nothing comes back but by a change: lists leave them out. What is disabled is so for a while. */
const HIDDEN: ReadonlySet<string | undefined> = new Set(['archived', 'closed']);
/** A change that finds the row changed by another one looks again this often. */
const MAX_TRIES = 5;

/** List, get, create, replace, change and archive: the same for every entity of the market. */
export function entityRoutes<E extends MarketEntity, S extends z.ZodObject>(
  resource: EntityResource<E, S>,
): Route[] {
  const { entity, path, singular, plural, schema, tenancy } = resource;
  type Entity = MarketEntities[E];
  const scope = resource.scope ?? path;
  const tenants = rolesOf(tenancy);
  const reply = replyFor(z.object({ id, ...(resource.replySchema ?? schema).shape, ...stored }), tenancy);
  const params = z.strictObject({ id });
  const show = (row: Stored<Entity>): never => (resource.show?.(row) ?? row) as never;
  const shown = (row: Stored<Entity>): { body: never; etag: number } => ({
    body: show(row),
    etag: row.version,
  });
  const hidden = HIDDEN.has(resource.archivedAs) ? resource.archivedAs : undefined;
  const list: EntityListText = { ...resource, hidden };
  const whole = (sent: Partial<Omit<Entity, 'id'>>, before?: Entity): Partial<Omit<Entity, 'id'>> =>
    resource.resolve?.(sent, before) ?? sent;

  /** What a patch makes of the fields that it names. */
  const merged = (patch: Record<string, unknown>, before: Stored<Entity>): Partial<Entity> => {
    const seen = show(before) as Readonly<Record<string, unknown>>;
    const there = resource.exported?.(seen) ?? seen;
    const fields = Object.entries(patch).map(([field, value]) => {
      const { type } = bare(schema.shape[field] as z.ZodType);
      const isPart = value !== null && isMergeable(type);
      return [field, isPart ? mergeField(field, type, there[field], value as never) : (value ?? undefined)];
    });
    return Object.fromEntries(fields) as Partial<Entity>;
  };

  const change = async (
    { db, request, audit, committed, sight }: Changer,
    wanted: string,
    ifMatch: IfMatch | undefined,
    sentOf: (before: Stored<Entity>) => Partial<Omit<Entity, 'id'>>,
  ): Promise<Stored<Entity>> => {
    const store = new EntityStore(db, entity, sight);
    for (let tries = 1; ; tries++) {
      const before = await store.get(wanted);
      if (!before) throw notFound(entity, wanted);
      ifMatch?.check(before.version);
      const sent = sentOf(before);
      assertKept(sent, before, resource.namedBy ?? []);
      const changes = whole(sent, before);
      await assertOwnChange(db, tenancy, sight, request, { ...before, ...changes }, before);
      await resource.check?.({ ...before, ...changes }, db, before);
      try {
        const row = await inTransaction(db, async (tx) => {
          const changed = await new EntityStore(tx, entity, sight).update(wanted, before.version, changes);
          await resource.changed?.(changed, before, tx);
          return changed;
        });
        audit.changed(before, changes);
        committed(() => resource.told?.(row, before));
        return row;
      } catch (error) {
        // What was checked is not what is there any more.
        const raced = error instanceof AppError && error.code === 'changed_meanwhile';
        if (!raced || ifMatch || tries === MAX_TRIES) throw error;
      }
    }
  };

  const listing = withFields(
    route({
      method: 'get',
      path: `/${path}`,
      operationId: `list${plural}`,
      tag: path,
      summary: `List ${path}`,
      scope: `${scope}:read`,
      tenants: tenants.see,
      query: listQuery(list),
      reply: listOf(reply),
      handle: async ({ db, query, caller, own }) => {
        const { limit, cursor, ...wanted } = query as EntityListQuery;
        const { order = [], ...rest } = narrowed(list, wanted as EntityListQuery);
        const after = readPosition(cursor, order);
        const store = new EntityStore(db, entity, sightOf(tenancy, caller, own));
        const rows = await store.list({ ...rest, order, ...(after && { after }), limit: limit + 1 });
        const shownRows = rows.slice(0, limit);
        const last = rows.length > limit ? shownRows.at(-1) : undefined;
        return {
          body: {
            items: shownRows.map((row) => show(row.entity)),
            nextCursor: last ? writePosition(order, last.position) : null,
          },
        };
      },
    }),
  );

  return [
    listing,
    exportOf(listing, resource.exported),
    importRoute(resource),
    route({
      method: 'get',
      path: `/${path}/:id`,
      operationId: `get${singular}`,
      tag: path,
      summary: `Get one of the ${path}`,
      scope: `${scope}:read`,
      tenants: tenants.see,
      params,
      reply,
      handle: async ({ db, params: { id: wanted }, caller, own }) => {
        const row = await new EntityStore(db, entity, sightOf(tenancy, caller, own)).get(wanted);
        if (!row) throw notFound(entity, wanted);
        return shown(row);
      },
    }),
    route({
      method: 'post',
      path: `/${path}`,
      operationId: `create${singular}`,
      tag: path,
      summary: `Create one of the ${path}`,
      scope: `${scope}:write`,
      tenants: tenants.make,
      body: resource.namedBy ? schema : schema.extend({ id: idOf(resource.givenId) }),
      reply,
      status: 201,
      idempotent: true,
      handle: async ({ db, body, request, caller, own }) => {
        const sight = sightOf(tenancy, caller, own);
        const { id: wanted, ...rest } = body as { id?: string } & Record<string, string>;
        const value = whole(rest as unknown as Omit<Entity, 'id'>) as Omit<Entity, 'id'>;
        const named = resource.namedBy?.map((field) => rest[field]).join('/') ?? wanted ?? randomUUID();
        const made = { ...value, id: named } as unknown as Entity;
        await assertOwnChange(db, tenancy, sight, request, made, undefined);
        await resource.check?.(made, db, undefined);
        const inserted = new EntityStore(db, entity, sight).insert(named, value);
        const row = await inserted.catch((error: unknown) => {
          throw resource.namedBy ? takenBy(error, resource.namedBy) : error;
        });
        return { ...shown(row), location: `/${path}/${encodeURIComponent(named)}` };
      },
    }),
    route({
      method: 'put',
      path: `/${path}/:id`,
      operationId: `replace${singular}`,
      tag: path,
      summary: 'Replace all that a client writes of it: a field that was not sent is what it is by default',
      scope: `${scope}:write`,
      params,
      body: schema,
      reply,
      conditional: true,
      handle: async ({ params: { id: wanted }, body, ifMatch, caller, own, ...rest }) => {
        const changer = { ...rest, sight: sightOf(tenancy, caller, own) };
        const fields = Object.keys(schema.shape).map((field) => [field, body[field]]);
        const sent = Object.fromEntries(fields) as Partial<Entity>;
        return shown(await change(changer, wanted, ifMatch, () => sent));
      },
    }),
    route({
      method: 'patch',
      path: `/${path}/:id`,
      operationId: `change${singular}`,
      tag: path,
      summary:
        'Change some fields, and parts of those that hold objects; null takes away what may be absent (RFC 7396)',
      scope: `${scope}:write`,
      tenants: tenants.change,
      params,
      body: patchOf(schema, resource.namedBy ?? []),
      reply,
      conditional: true,
      handle: async ({ params: { id: wanted }, body, ifMatch, caller, own, ...rest }) => {
        const changer = { ...rest, sight: sightOf(tenancy, caller, own) };
        return shown(await change(changer, wanted, ifMatch, (before) => merged(body, before)));
      },
    }),
    route({
      method: 'delete',
      path: `/${path}/:id`,
      operationId: `${resource.archivedAs === undefined ? 'remove' : 'archive'}${singular}`,
      tag: path,
      summary:
        resource.archivedAs === undefined
          ? 'Remove it'
          : `Set it to ${resource.archivedAs}; nothing is forgotten`,
      scope: `${scope}:write`,
      tenants: tenants.make,
      params,
      reply: z.unknown(),
      status: 204,
      conditional: true,
      handle: async ({ params: { id: wanted }, ifMatch, caller, own, ...rest }) => {
        const { db } = rest;
        const sight = sightOf(tenancy, caller, own);
        if (resource.archivedAs !== undefined) {
          const archived = { status: resource.archivedAs } as never;
          await change({ ...rest, sight }, wanted, ifMatch, () => archived);
          return { body: undefined };
        }
        const store = new EntityStore(db, entity, sight);
        const row = await store.get(wanted);
        if (row) ifMatch?.check(row.version);
        if (!row || !(await store.remove(wanted))) throw notFound(entity, wanted);
        return { body: undefined };
      },
    }),
  ];
}

function idOf(given: string | undefined): z.ZodType {
  return given === undefined ? id.optional() : id.describe(given);
}

/** A client that gave no id is told of the fields that make it up. */
function takenBy(error: unknown, fields: readonly string[]): unknown {
  if (!(error instanceof AppError) || error.code !== 'already_exists') return error;
  return new AppError(error.kind, error.code, error.message, {
    errors: fields.map((field) => ({ pointer: `/${field}`, message: 'is taken' })),
  });
}

/** @throws AppError `validation` for another value of what makes up its id */
function assertKept<T extends object>(sent: Partial<T>, before: T, fixed: readonly string[]): void {
  const moved = fixed.filter((field) => field in sent && sent[field as keyof T] !== before[field as keyof T]);
  if (moved.length === 0) return;
  throw new AppError('validation', 'invalid_request', 'the body is not acceptable', {
    errors: moved.map((field) => ({ in: 'body', pointer: `/${field}`, message: 'cannot be changed' })),
  });
}

/** The body of a patch: of fields that hold objects, parts are taken. */
function patchOf(schema: z.ZodObject, fixed: readonly string[]): z.ZodObject {
  return changesOf(schema, fixed, (type) => (isMergeable(type) ? partOf(type) : type));
}

/**
 * The fields of a change, each whole: defaults are for what is created, a field that was not sent stays.
 * @param taken - what is taken of a field, where that is not all of it
 */
export function changesOf(
  schema: z.ZodObject,
  fixed: readonly string[],
  taken: (type: z.ZodType) => z.ZodType = (type) => type,
): z.ZodObject {
  const shape: Record<string, z.ZodType> = {};
  for (const [field, type] of Object.entries(schema.shape as Record<string, z.ZodType>)) {
    if (fixed.includes(field)) continue;
    const { type: whole, mayBeAbsent } = bare(type);
    const plain = taken(whole);
    const changed = mayBeAbsent ? plain.nullable().optional() : plain.optional();
    shape[field] = type.description === undefined ? changed : changed.describe(type.description);
  }
  return z
    .strictObject(shape)
    .refine((changes) => Object.keys(changes).length > 0, {
      error: 'nothing is to be changed',
      when: ({ issues }) => issues.length === 0,
    })
    .meta({ minProperties: 1 });
}
