import type { Queryable } from './database';

/** Priors in the order of their ids. */
export async function listFraudPriors(
  db: Queryable,
  { kind, after, limit }: { readonly kind?: string; readonly after?: string; readonly limit: number },
): Promise<FraudPriorRow[]> {
  const { rows } = await db.query<FraudPriorRow>({
    name: 'fraud-priors-list',
    text: `select id, calls, bad, short_calls as "shortCalls", answered, confirmed, cleared, updated_at as "updatedAt"
      from fraud_priors where ($1::text is null or id like $1 || ':%') and ($2::text is null or id > $2)
      order by id limit $3`,
    values: [kind ?? null, after ?? null, limit],
  });
  return rows;
}

/** A prior as the API shows it. */
export interface FraudPriorRow {
  readonly id: string;
  readonly calls: number;
  readonly bad: number;
  readonly shortCalls: number;
  readonly answered: number;
  readonly confirmed: number;
  readonly cleared: number;
  readonly updatedAt: Date;
}
