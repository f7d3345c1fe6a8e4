import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';

/** What people tell one card from another by. */
export interface CardFace {
  readonly brand: string | null;
  readonly last4: string | null;
  readonly expMonth: number | null;
  readonly expYear: number | null;
}

/** A saved way to pay: what the provider calls it, and no more of a card than is printed on receipts. */
export interface PaymentMethod extends CardFace {
  readonly id: string;
  readonly accountId: string;
  readonly provider: 'stripe';
  readonly customerRef: string;
  readonly methodRef: string;
  readonly status: 'active' | 'removed';
  readonly createdBy: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const COLUMNS = `id, account_id as "accountId", provider, customer_ref as "customerRef", method_ref as "methodRef", brand,
  last4, exp_month as "expMonth", exp_year as "expYear", status, created_by as "createdBy", version,
  created_at as "createdAt", updated_at as "updatedAt"`;

export interface NewPaymentMethod extends CardFace {
  readonly id: string;
  readonly accountId: string;
  readonly customerRef: string;
  readonly methodRef: string;
  readonly createdBy: string;
}

/** @throws AppError `unprocessable` without such a buyer, `conflict` when somebody has that method */
export async function addPaymentMethod(tx: Queryable, method: NewPaymentMethod): Promise<PaymentMethod> {
  const { rows: accounts } = await tx.query<{ type: string }>('select type from accounts where id = $1', [
    method.accountId,
  ]);
  if (accounts[0]?.type !== 'buyer') {
    throw new AppError('unprocessable', 'reference_not_found', 'a payment method is of a buyer', {
      errors: [{ pointer: '/accountId', message: 'is no account of a buyer' }],
    });
  }
  const { rows } = await tx.query<PaymentMethod>(
    `insert into payment_methods (id, account_id, provider, customer_ref, method_ref, brand, last4, exp_month, exp_year, created_by)
     values ($1, $2, 'stripe', $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning ${COLUMNS}`,
    [
      method.id,
      method.accountId,
      method.customerRef,
      method.methodRef,
      method.brand,
      method.last4,
      method.expMonth,
      method.expYear,
      method.createdBy,
    ],
  );
  if (rows[0]) return rows[0];
  throw new AppError('conflict', 'already_exists', `${method.methodRef} is saved already`, {
    errors: [{ pointer: '/methodRef', message: 'is taken' }],
  });
}

/** Those that are not removed, in the order of their ids. */
export async function listPaymentMethods(
  db: Queryable,
  filter: {
    readonly accountId?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  },
): Promise<PaymentMethod[]> {
  const { rows } = await db.query<PaymentMethod>(
    `select ${COLUMNS} from payment_methods
     where status = 'active' and ($1::text is null or account_id = $1) and ($2::text is null or id > $2)
     order by id limit $3`,
    [filter.accountId ?? null, filter.after ?? null, filter.limit],
  );
  return rows;
}

/** Also one that is removed: payments were made with it. */
export async function getPaymentMethod(db: Queryable, id: string): Promise<PaymentMethod | undefined> {
  const { rows } = await db.query<PaymentMethod>({
    name: 'payment-method-get',
    text: `select ${COLUMNS} from payment_methods where id = $1`,
    values: [id],
  });
  return rows[0];
}

/**
 * Changes what is shown of a card.
 * @throws AppError `not_found`, `precondition_failed` when it was changed meanwhile
 */
export async function changePaymentMethod(
  tx: Queryable,
  id: string,
  version: number,
  face: CardFace,
): Promise<PaymentMethod> {
  const { rows } = await tx.query<PaymentMethod>(
    `update payment_methods set brand = $3, last4 = $4, exp_month = $5, exp_year = $6, version = version + 1,
       updated_at = now()
     where id = $1 and version = $2 and status = 'active' returning ${COLUMNS}`,
    [id, version, face.brand, face.last4, face.expMonth, face.expYear],
  );
  if (rows[0]) return rows[0];
  if ((await getPaymentMethod(tx, id))?.status !== 'active') throw paymentMethodNotFound(id);
  throw changedMeanwhile();
}

function changedMeanwhile(): AppError {
  return new AppError('precondition_failed', 'changed_meanwhile', 'the payment method was changed meanwhile');
}

/**
 * Nothing is charged to it any more.
 * @param version - that it must have; any will do without it
 * @returns false when there was none
 * @throws AppError `precondition_failed` when it was changed meanwhile
 */
export async function removePaymentMethod(tx: Queryable, id: string, version?: number): Promise<boolean> {
  const { rowCount } = await tx.query(
    `update payment_methods set status = 'removed', version = version + 1, updated_at = now()
     where id = $1 and status = 'active' and ($2::integer is null or version = $2)`,
    [id, version ?? null],
  );
  if (rowCount === 1) return true;
  if (version === undefined || (await getPaymentMethod(tx, id))?.status !== 'active') return false;
  throw changedMeanwhile();
}

export function paymentMethodNotFound(id: string): AppError {
  return notFound('payment method', id);
}
