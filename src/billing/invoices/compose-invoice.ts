import type { Currency, Micros } from '../../domain';
import { addMicros, AppError, formatMoney, micros, ZERO_MICROS } from '../../domain';
import type { Queryable } from '../../storage';
import { breakDown, differenceOf, totalsOf } from './breakdown';
import type { DocumentChain, Items, ItemSums } from './covered-transactions';
import { sumItems } from './covered-transactions';
import type { DocumentContent, DocumentParty, DocumentPeriod } from './document';
import { daysLater } from './invoice-period';
import type { InvoicedAccount, InvoiceProfile } from './profiles';

/** Where a chain of documents stands. */
export interface ChainEnd {
  /** Of the last document; 0 when there is none. */
  readonly position: number;
  readonly closing: Micros;
  /** End of the last invoice's period; UTC epoch milliseconds, null when there is none. */
  readonly invoicedTo: number | null;
  /** What the last invoice closed with. */
  readonly previousBalance: Micros;
  readonly creditNotes: readonly { readonly number: string; readonly amount: Micros }[];
}

/** The last documents of an account. */
export async function endOfChain(db: Queryable, { accountId, currency }: DocumentChain): Promise<ChainEnd> {
  const { rows } = await db.query<{
    kind: string;
    number: string;
    position: number;
    movements: Micros;
    closing: Micros;
    periodTo: Date | null;
  }>({
    name: 'document-chain-end',
    text: `select kind, number, position, movements, closing, period_to as "periodTo" from billing_documents
      where account_id = $1 and currency = $2 and position >= coalesce((
        select max(position) from billing_documents where account_id = $1 and currency = $2 and kind = 'invoice'), 0)
      order by position`,
    values: [accountId, currency],
  });
  const last = rows.at(-1);
  const invoice = rows.find(({ kind }) => kind === 'invoice');
  return {
    position: last?.position ?? 0,
    closing: last?.closing ?? ZERO_MICROS,
    invoicedTo: invoice?.periodTo?.getTime() ?? null,
    previousBalance: invoice?.closing ?? ZERO_MICROS,
    creditNotes: rows
      .filter(({ kind }) => kind === 'credit_note')
      .map(({ number, movements }) => ({ number, amount: movements })),
  };
}

export interface InvoiceParts {
  readonly issuer: InvoiceProfile;
  readonly account: InvoicedAccount;
  readonly currency: Currency;
  readonly period: DocumentPeriod;
  readonly items: Items;
  readonly end: ChainEnd;
  /** UTC epoch milliseconds. */
  readonly issuedAt: number;
}

/** An invoice before it has a number. */
export interface ComposedInvoice {
  readonly content: DocumentContent;
  readonly sums: ItemSums;
}

/**
 * Makes an invoice of its transactions.
 * @throws AppError `conflict` when what settlements say of them is not what the ledger says
 */
export async function composeInvoice(db: Queryable, parts: InvoiceParts): Promise<ComposedInvoice> {
  const { issuer, account, currency, period, items, end, issuedAt } = parts;
  const { earlier, ...sums } = await sumItems(db, items, period.from);
  const lines = await breakDown(db, items, account.accountId);
  const difference = differenceOf(lines, sums.amount);
  if (difference !== 0) {
    throw new AppError(
      'conflict',
      'invoice_does_not_add_up',
      `nothing was issued: the lines of account ${account.accountId} differ from its ledger by ${formatMoney({ amount: difference, currency })} (reconcile the calls of the period)`,
    );
  }
  const content: DocumentContent = {
    kind: 'invoice',
    number: null,
    issuer: { ...partyOf(issuer), paymentLines: issuer.paymentLines },
    recipient: partyOf(account),
    currency,
    locale: account.locale,
    timezone: account.timezone,
    issuedAt,
    dueAt: daysLater(issuedAt, account.termsDays, account.timezone),
    period,
    earlier,
    lines,
    totals: totalsOf(lines),
    previousBalance: end.previousBalance,
    creditNotes: end.creditNotes,
    closingBalance: addMicros(end.closing, sums.amount),
    credits: null,
  };
  return { content, sums };
}

export function partyOf({ accountId, legalName, address, taxId, email }: InvoiceProfile): DocumentParty {
  return { accountId, legalName, address, taxId, email };
}

/** The sum of what an invoice says; equal to its closing balance, or the books contradict themselves. */
export function spokenBalance({ previousBalance, creditNotes, totals }: DocumentContent): Micros {
  return micros(
    previousBalance +
      creditNotes.reduce((sum, { amount }) => sum + amount, 0) +
      totals.charges +
      totals.payments,
  );
}
