import type { Request } from 'express';
import { z } from 'zod';
import type { Principal, TenantRole } from '../../domain';
import { AppError } from '../../domain';
import type { MarketEntities, MarketEntity } from '../../market';
import type { Queryable, Sight } from '../../storage';
import { EntityStore } from '../../storage';

/** What people of other accounts than the exchange's own see and do of one kind of entity. */
export interface EntityTenancy<E extends MarketEntity> {
  /** Fields by role, of what is its account's: a role that is not named sees nothing of the kind. */
  readonly sees: Readonly<Partial<Record<TenantRole, readonly FieldOf<E>[]>>>;
  readonly changes?: {
    readonly role: TenantRole;
    /** Fields that it may write of what there is. */
    readonly fields: readonly FieldOf<E>[];
    /** Fields besides that it says of what it makes; without them it makes and archives none. */
    readonly made?: readonly FieldOf<E>[];
  };
  /** What fields name: a tenant can name only what it sees. */
  readonly names?: Readonly<Partial<Record<FieldOf<E>, MarketEntity>>>;
  /** What a tenant may not have, beyond that. @throws AppError */
  readonly check?: (value: MarketEntities[E], before: MarketEntities[E] | undefined) => void;
}

type FieldOf<E extends MarketEntity> = Exclude<keyof MarketEntities[E], 'id'> & string;

/** For which roles a kind's operations are. */
export function rolesOf<E extends MarketEntity>(
  tenancy: EntityTenancy<E> | undefined,
): Readonly<Record<'see' | 'change' | 'make', readonly TenantRole[]>> {
  const { sees = {}, changes } = tenancy ?? {};
  return {
    see: Object.keys(sees) as TenantRole[],
    change: changes ? [changes.role] : [],
    make: changes?.made ? [changes.role] : [],
  };
}

/** What a caller sees of a kind; undefined: everything. */
export function sightOf<E extends MarketEntity>(
  tenancy: EntityTenancy<E> | undefined,
  { role }: Principal,
  own: string | undefined,
): Sight | undefined {
  if (own === undefined) return undefined;
  return { accountId: own, fields: tenancy?.sees[role as TenantRole] ?? [] };
}

/** The reply of an operation whose fields depend on who asks: all of them, or those of a role. */
export function replyFor<E extends MarketEntity>(
  whole: z.ZodObject,
  tenancy: EntityTenancy<E> | undefined,
): z.ZodType {
  const added = ['id', 'version', 'createdAt', 'updatedAt'];
  const views = Object.values(tenancy?.sees ?? {}).map((fields: readonly string[]) =>
    Object.keys(whole.shape).filter((field) => added.includes(field) || fields.includes(field)),
  );
  const narrower = views.filter((fields) => fields.length < Object.keys(whole.shape).length);
  const pick = (fields: readonly string[]): z.ZodType =>
    whole.pick(Object.fromEntries(fields.map((field) => [field, true])) as never);
  const [first, ...rest] = narrower.map(pick);
  return first ? z.union([whole, first, ...rest]) : whole;
}

/**
 * Looks at what a tenant sent: none but its own fields, naming none but what it sees.
 * @param before - what there is; undefined of what is made
 * @throws AppError `unprocessable` with the fields that are not its to write, or name nothing
 */
export async function assertOwnChange<E extends MarketEntity>(
  db: Queryable,
  tenancy: EntityTenancy<E> | undefined,
  sight: Sight | undefined,
  request: Request,
  value: MarketEntities[E],
  before: MarketEntities[E] | undefined,
): Promise<void> {
  if (!sight) return;
  const { changes, names = {} } = tenancy ?? {};
  const writes: readonly string[] = [
    ...(changes?.fields ?? []),
    ...(before ? [] : ['id', ...(changes?.made ?? [])]),
  ];
  // As they were sent: of what is made, the rest is what it is by default.
  const sent = Object.keys((request.body ?? {}) as object);
  const others = sent.filter((field) => !writes.includes(field));
  if (others.length > 0) {
    throw new AppError('unprocessable', 'field_of_exchange', 'this is for the exchange to say', {
      errors: others.map((field) => ({ pointer: `/${field}`, message: 'is for the exchange to say' })),
    });
  }
  const named = Object.entries(names).filter(([field]) => before === undefined || sent.includes(field));
  for (const [field, entity] of named as [FieldOf<E>, MarketEntity][]) {
    const wanted = value[field] as unknown;
    if (typeof wanted !== 'string') continue;
    if (await new EntityStore(db, entity, { accountId: sight.accountId, fields: [] }).get(wanted)) continue;
    throw new AppError('unprocessable', 'reference_not_found', `the ${field} refers to nothing`, {
      errors: [{ pointer: `/${field}`, message: 'names nothing that there is' }],
    });
  }
  if ((before as { status?: string } | undefined)?.status === 'archived') {
    throw new AppError('conflict', 'is_archived', 'what is archived comes back by the exchange alone');
  }
  tenancy?.check?.(value, before);
}
