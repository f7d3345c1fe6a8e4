import type { FraudModelRow } from '../domain';
import { AppError } from '../domain';
import type { Database, Queryable } from './database';

/** A model as people see it in a list: without its coefficients. */
export interface FraudModelSummary {
  readonly id: string;
  readonly status: FraudModelRow['status'];
  readonly kind: string | null;
  readonly trainedOn: string | null;
  readonly metrics: Readonly<Record<string, number>> | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export async function listFraudModels(db: Queryable): Promise<FraudModelSummary[]> {
  const { rows } = await db.query<FraudModelSummary>(
    `select id, status, model ->> 'kind' as kind, model ->> 'trainedOn' as "trainedOn", model -> 'metrics' as metrics,
       created_at as "createdAt", updated_at as "updatedAt"
     from fraud_models order by created_at, id`,
  );
  return rows;
}

/**
 * Stores a model in the shadow, where it scores without effect until it is promoted. Where there is one
 * of that id, nothing changes.
 *
 * @returns false when there was
 */
export async function offerFraudModel(db: Queryable, id: string, model: unknown): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into fraud_models (id, status, model) values ($1, 'shadow', $2) on conflict (id) do nothing`,
    [id, JSON.stringify(model)],
  );
  return rowCount === 1;
}

/**
 * As {@link offerFraudModel}, for who must have this very model.
 *
 * @throws AppError `conflict` when another model has its id: traces speak of models by it
 */
export async function putFraudModel(db: Queryable, id: string, model: unknown): Promise<boolean> {
  if (await offerFraudModel(db, id, model)) return true;
  const { rows } = await db.query<{ same: boolean }>(
    'select model = $2::jsonb as same from fraud_models where id = $1',
    [id, JSON.stringify(model)],
  );
  if (rows[0]?.same) return false;
  throw new AppError('conflict', 'fraud_model_exists', `there is another model ${id}`);
}

/**
 * Makes a model active, puts it in the shadow, or retires it. The one that was active is retired when
 * another becomes it.
 *
 * @throws AppError `not_found`
 */
export async function setFraudModelStatus(
  database: Database,
  id: string,
  status: FraudModelRow['status'],
): Promise<void> {
  await database.transaction(async (tx) => {
    // Two at once would both retire the same one and both become active: the second waits.
    await tx.query('lock table fraud_models in share row exclusive mode');
    if (status === 'active') {
      await tx.query(
        `update fraud_models set status = 'retired', version = version + 1 where status = 'active' and id <> $1`,
        [id],
      );
    }
    const { rowCount } = await tx.query(
      `update fraud_models set status = $2, version = version + case when status = $2 then 0 else 1 end where id = $1`,
      [id, status],
    );
    if (rowCount !== 1) throw new AppError('not_found', 'fraud_model_not_found', `there is no model ${id}`);
  });
}
