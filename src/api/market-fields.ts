import type { z } from 'zod';
import { AppError } from '../domain';
import type { MarketEntity } from '../market';
import { accountRoutes } from './resources/accounts';
import { bidRoutes } from './resources/bids';
import { buyerRoutes } from './resources/buyers';
import { campaignRoutes } from './resources/campaigns';
import { dncRoutes } from './resources/dnc';
import { changesOf } from './resources/entity-resource';
import { hoursOverrideRoutes } from './resources/hours-overrides';
import { numberRoutes } from './resources/numbers';
import { sellerRoutes } from './resources/sellers';
import { trunkRoutes } from './resources/trunks';

type Fields = Readonly<Record<string, unknown>>;

/** What people may write of each kind of entity; the others are written by the exchange itself. */
const RESOURCES = {
  account: [accountRoutes, '/accounts'],
  trunk: [trunkRoutes, '/trunks'],
  seller: [sellerRoutes, '/sellers'],
  number: [numberRoutes, '/numbers'],
  campaign: [campaignRoutes, '/campaigns'],
  buyer: [buyerRoutes, '/buyers'],
  target: [buyerRoutes, '/targets'],
  bid: [bidRoutes, '/bids'],
  dnc: [dncRoutes, '/dnc'],
  override: [hoursOverrideRoutes, '/hours-overrides'],
} as const satisfies Partial<Record<MarketEntity, unknown>>;

/** The shapes that the API holds a kind of entity to, for whoever changes one without the API. */
export class MarketFields {
  readonly #bodies = new Map<string, { readonly whole: z.ZodObject; readonly changes: z.ZodObject }>();

  constructor() {
    for (const [entity, [routes, path]] of Object.entries(RESOURCES)) {
      const bodyOf = (method: string, at: string): z.ZodObject =>
        routes().find((route) => route.method === method && route.path === at)?.body as z.ZodObject;
      // Fields are said whole here: there is nothing that a part could be merged into.
      const put = bodyOf('put', `${path}/:id`);
      const fixed = Object.keys(put.shape).filter(
        (field) => !(field in bodyOf('patch', `${path}/:id`).shape),
      );
      this.#bodies.set(entity, { whole: bodyOf('post', path), changes: changesOf(put, fixed) });
    }
  }

  /** Fields that may be changed; undefined for what is no kind of entity that people write. */
  of(entity: string): readonly string[] | undefined {
    const bodies = this.#bodies.get(entity);
    return bodies && Object.keys(bodies.changes.shape);
  }

  /**
   * Fields as the market takes them.
   *
   * @param whole - all of a new entity, with its id; else those that change, null for what is taken away
   * @throws AppError `validation` naming what is wrong
   */
  check(entity: string, fields: Fields, whole: boolean): Fields {
    const bodies = this.#bodies.get(entity);
    if (!bodies) throw new AppError('validation', 'not_a_change', `nobody writes a ${entity}`);
    const { id, ...rest } = fields;
    const takesId = whole && 'id' in bodies.whole.shape;
    const body: z.ZodType = whole ? bodies.whole : bodies.changes;
    const parsed = body.safeParse(takesId ? { id, ...rest } : rest);
    if (parsed.success) {
      const entries = Object.entries(parsed.data as Fields).map(([field, value]) => [
        field,
        value ?? undefined,
      ]);
      return Object.fromEntries(entries) as Fields;
    }
    const [issue] = parsed.error.issues;
    const at = [entity, ...(issue?.path ?? [])].join('.');
    throw new AppError('validation', 'not_a_change', `${at}: ${issue?.message ?? 'is not acceptable'}`);
  }
}
