import { AppError, notFound } from '../../domain';
import type { Currency } from '../../domain';
import type { Queryable } from '../../storage';
import type { InvoiceRhythm } from './invoice-period';

/** What a party is called on invoices, and how it is invoiced. */
export interface InvoiceProfile {
  readonly accountId: string;
  readonly legalName: string;
  readonly address: readonly string[];
  readonly taxId: string | null;
  readonly email: string | null;
  readonly period: InvoiceRhythm;
  /** Days from the invoice to when it is due. */
  readonly termsDays: number;
  /** BCP 47, e.g. `en-US`: paper, numbers and dates. */
  readonly locale: string;
  /** Of the issuer: where to pay. */
  readonly paymentLines: readonly string[];
}

export interface StoredInvoiceProfile extends InvoiceProfile {
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A profile with what its account says. */
export interface InvoicedAccount extends InvoiceProfile {
  readonly type: string;
  readonly currency: Currency;
  readonly timezone: string;
}

const COLUMNS = `p.account_id as "accountId", p.legal_name as "legalName", p.address, p.tax_id as "taxId", p.email,
  p.period, p.terms_days as "termsDays", p.locale, p.payment_lines as "paymentLines"`;
const STORED = `${COLUMNS}, p.version, p.created_at as "createdAt", p.updated_at as "updatedAt"`;

export async function getInvoiceProfile(
  db: Queryable,
  accountId: string,
): Promise<StoredInvoiceProfile | undefined> {
  const { rows } = await db.query<StoredInvoiceProfile>(
    `select ${STORED} from invoice_profiles p where p.account_id = $1`,
    [accountId],
  );
  return rows[0];
}

/** Profiles by account, a page at a time. */
export async function listInvoiceProfiles(
  db: Queryable,
  after: string,
  limit: number,
): Promise<StoredInvoiceProfile[]> {
  const { rows } = await db.query<StoredInvoiceProfile>(
    `select ${STORED} from invoice_profiles p where p.account_id > $1 order by p.account_id limit $2`,
    [after, limit],
  );
  return rows;
}

/**
 * Stores a profile in place of the one before. Documents that were issued keep what they say.
 * @throws AppError `not_found` when there is no such account
 */
export async function putInvoiceProfile(
  db: Queryable,
  profile: InvoiceProfile,
): Promise<StoredInvoiceProfile> {
  const { rows } = await db.query<StoredInvoiceProfile>(
    `insert into invoice_profiles as p (account_id, legal_name, address, tax_id, email, period, terms_days, locale, payment_lines)
     select id, $2, $3, $4, $5, $6, $7, $8, $9 from accounts where id = $1
     on conflict (account_id) do update set legal_name = excluded.legal_name, address = excluded.address,
       tax_id = excluded.tax_id, email = excluded.email, period = excluded.period, terms_days = excluded.terms_days,
       locale = excluded.locale, payment_lines = excluded.payment_lines, version = p.version + 1, updated_at = now()
     returning ${STORED}`,
    [
      profile.accountId,
      profile.legalName,
      profile.address,
      profile.taxId,
      profile.email,
      profile.period,
      profile.termsDays,
      profile.locale,
      profile.paymentLines,
    ],
  );
  const [stored] = rows;
  if (!stored) throw unknownAccount(profile.accountId);
  return stored;
}

/** @throws AppError `not_found` without the account, `unprocessable` without its profile */
export async function invoicedAccount(db: Queryable, accountId: string): Promise<InvoicedAccount> {
  const { rows } = await db.query<InvoicedAccount>(
    `select ${COLUMNS}, a.id as "knownId", a.type, a.currency, a.timezone
     from accounts a left join invoice_profiles p on p.account_id = a.id where a.id = $1`,
    [accountId],
  );
  const [found] = rows;
  if (!found) throw unknownAccount(accountId);
  // Of an account without a profile the outer join says nothing.
  if ((found.accountId as string | null) === null) {
    throw new AppError(
      'unprocessable',
      'invoice_profile_missing',
      `account ${accountId} has no invoice profile: its legal name and address are not known`,
    );
  }
  return found;
}

/** Accounts that are invoiced by themselves. */
export async function accountsInvoiced(db: Queryable): Promise<InvoicedAccount[]> {
  const { rows } = await db.query<InvoicedAccount>(
    `select ${COLUMNS}, a.type, a.currency, a.timezone
     from invoice_profiles p join accounts a on a.id = p.account_id
     where p.period <> 'manual' and a.type = 'buyer' order by p.account_id`,
  );
  return rows;
}

/** Whose calendar an account goes by. @throws AppError `not_found` when there is no such account */
export async function accountTimezone(db: Queryable, accountId: string): Promise<string> {
  const { rows } = await db.query<{ timezone: string }>('select timezone from accounts where id = $1', [
    accountId,
  ]);
  const [account] = rows;
  if (!account) throw unknownAccount(accountId);
  return account.timezone;
}

/** What whoever names an account that there is not is told. */
export function unknownAccount(accountId: string): AppError {
  return notFound('account', accountId);
}
