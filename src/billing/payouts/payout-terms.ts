import type { Currency } from '../../domain';
import { AppError, notFound } from '../../domain';
import type { Queryable } from '../../storage';
import type { PayoutTerms } from './payout';

const COLUMNS = `account_id as "accountId", currency, period, minimum_amount as "minimumAmount",
  hold_back_days as "holdBackDays", method, updated_by as "updatedBy", version, created_at as "createdAt",
  updated_at as "updatedAt"`;

/** What is agreed with accounts, by account and currency. */
export async function listPayoutTerms(
  db: Queryable,
  filter: {
    readonly accountId?: string | undefined;
    readonly after?: readonly [accountId: string, currency: string] | undefined;
    readonly limit: number;
  },
): Promise<PayoutTerms[]> {
  const [accountId, currency] = filter.after ?? [];
  const { rows } = await db.query<PayoutTerms>(
    `select ${COLUMNS} from payout_terms
     where ($1::text is null or account_id = $1) and ($2::text is null or (account_id, currency) > ($2, $3))
     order by account_id, currency limit $4`,
    [filter.accountId ?? null, accountId ?? null, currency ?? null, filter.limit],
  );
  return rows;
}

/** @param currency - the account's own by default */
export async function getPayoutTerms(
  db: Queryable,
  accountId: string,
  currency?: Currency,
): Promise<PayoutTerms | undefined> {
  const { rows } = await db.query<PayoutTerms>(
    `select ${COLUMNS} from payout_terms
     where account_id = $1 and currency = coalesce($2, (select a.currency from accounts a where a.id = $1))`,
    [accountId, currency ?? null],
  );
  return rows[0];
}

export type NewPayoutTerms = Omit<
  PayoutTerms,
  'currency' | 'updatedBy' | 'version' | 'createdAt' | 'updatedAt'
> & {
  /** The account's own by default. */
  readonly currency?: Currency | undefined;
  /** Account of whoever agreed to them. */
  readonly updatedBy: string;
};

/**
 * Says how an account is paid, whatever was said before; what is in a batch already stays as it is.
 *
 * @param expected - version of what was said before, where it must still be that
 * @throws AppError `not_found` without such an account, `unprocessable` when it is none of a seller or carrier,
 * `precondition_failed` when something else was said meanwhile
 */
export async function putPayoutTerms(
  tx: Queryable,
  terms: NewPayoutTerms,
  expected?: number,
): Promise<PayoutTerms> {
  const { rows: accounts } = await tx.query<{ type: string }>('select type from accounts where id = $1', [
    terms.accountId,
  ]);
  const type = accounts[0]?.type;
  if (type === undefined) {
    throw notFound('account', terms.accountId);
  }
  if (type !== 'seller' && type !== 'carrier') {
    throw new AppError(
      'unprocessable',
      'account_not_paid',
      `account ${terms.accountId} is of no seller or carrier`,
    );
  }
  const { rows } = await tx.query<PayoutTerms>(
    `insert into payout_terms as t (account_id, currency, period, minimum_amount, hold_back_days, method, updated_by)
     values ($1, coalesce($2, (select currency from accounts where id = $1)), $3, $4, $5, $6, $7)
     on conflict (account_id, currency) do update set period = excluded.period, minimum_amount = excluded.minimum_amount,
       hold_back_days = excluded.hold_back_days, method = excluded.method, updated_by = excluded.updated_by,
       version = t.version + 1, updated_at = now()
       where $8::integer is null or t.version = $8
     returning ${COLUMNS}`,
    [
      terms.accountId,
      terms.currency ?? null,
      terms.period,
      terms.minimumAmount,
      terms.holdBackDays,
      terms.method,
      terms.updatedBy,
      expected ?? null,
    ],
  );
  if (!rows[0]) {
    const detail = `the terms of ${terms.accountId} were changed meanwhile`;
    throw new AppError('precondition_failed', 'changed_meanwhile', detail);
  }
  return rows[0];
}
