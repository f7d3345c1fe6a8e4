import type { AccountTerms, FeeRule, TaxRule } from '../../domain';
import type { Queryable } from '../../storage';

/** Terms as they are kept. */
export interface StoredTerms extends AccountTerms {
  readonly id: number;
  readonly note: string | null;
  readonly createdBy: string | null;
  readonly createdAt: Date;
}

/** Terms that are to hold from an instant on. */
export interface NewTerms {
  readonly accountId: string;
  /** UTC epoch milliseconds; now when undefined. */
  readonly effectiveFrom: number | undefined;
  readonly fees: readonly FeeRule[];
  readonly taxes: readonly TaxRule[];
  readonly note: string | undefined;
  /** Id of the API key. */
  readonly createdBy: string | undefined;
}

export type AddedTerms =
  | { readonly ok: true; readonly terms: StoredTerms }
  | { readonly ok: false; readonly reason: 'no_such_account' | 'in_the_past' | 'too_many' };

/** Terms of one account at most, of all times. */
export const MAX_TERMS = 1_000;
/** Clocks differ, and requests take their time; what is further back is closed. */
export const CLOSED_AFTER_MS = 60_000;

const FIELDS = `id, account_id as "accountId", effective_from as "effectiveFrom", fees, taxes, note,
  created_by as "createdBy", created_at as "createdAt"`;

/**
 * Adds terms of an account. What held before stays as it was: calls of the past are charged by it.
 *
 * @param now - UTC epoch milliseconds
 */
export async function addAccountTerms(tx: Queryable, terms: NewTerms, now: number): Promise<AddedTerms> {
  const { accountId, effectiveFrom = now, fees, taxes, note, createdBy } = terms;
  if (effectiveFrom < now - CLOSED_AFTER_MS) return { ok: false, reason: 'in_the_past' };
  // One at a time: what is counted is what there is.
  const account = await tx.query(`select 1 from accounts where id = $1 for no key update`, [accountId]);
  if (account.rowCount !== 1) return { ok: false, reason: 'no_such_account' };
  const counted = await tx.query<{ count: number }>(
    `select count(*)::integer as count from account_terms where account_id = $1`,
    [accountId],
  );
  if ((counted.rows[0]?.count ?? 0) >= MAX_TERMS) return { ok: false, reason: 'too_many' };
  const { rows } = await tx.query<StoredTerms>(
    `insert into account_terms (account_id, effective_from, fees, taxes, note, created_by)
     values ($1, $2, $3, $4, $5, $6) returning ${FIELDS}`,
    [accountId, effectiveFrom, JSON.stringify(fees), JSON.stringify(taxes), note ?? null, createdBy ?? null],
  );
  return { ok: true, terms: rows[0] as StoredTerms };
}

/** Terms of an account, the latest first, those to come among them. */
export async function listAccountTerms(
  db: Queryable,
  accountId: string,
  page: { readonly limit: number; readonly before?: { readonly at: number; readonly id: number } },
): Promise<StoredTerms[]> {
  const { limit, before } = page;
  const { rows } = await db.query<StoredTerms>(
    `select ${FIELDS} from account_terms
     where account_id = $1 and ($2::bigint is null or (effective_from, id) < ($2, $3))
     order by effective_from desc, id desc limit $4`,
    [accountId, before?.at ?? null, before?.id ?? null, limit],
  );
  return rows;
}

/** Terms of an account by when they begin, and when that was read. */
export interface TermsOfAccount {
  /** The latest first. */
  readonly terms: readonly AccountTerms[];
  /** UTC epoch milliseconds, by the clock of the database. */
  readonly readAt: number;
}

/** All terms of accounts; an account without any has an empty list. */
export async function readTerms(
  db: Queryable,
  accountIds: readonly string[],
): Promise<Map<string, TermsOfAccount>> {
  const { rows } = await db.query<{ accountId: string; terms: AccountTerms[] | null; readAt: number }>({
    name: 'account-terms-of',
    text: `select wanted.id as "accountId", floor(extract(epoch from clock_timestamp()) * 1000)::bigint as "readAt",
        (select jsonb_agg(jsonb_build_object('accountId', t.account_id, 'effectiveFrom', t.effective_from,
            'fees', t.fees, 'taxes', t.taxes) order by t.effective_from desc, t.id desc)
         from account_terms t where t.account_id = wanted.id) as terms
      from unnest($1::text[]) as wanted (id)`,
    values: [accountIds],
  });
  return new Map(rows.map(({ accountId, terms, readAt }) => [accountId, { terms: terms ?? [], readAt }]));
}
