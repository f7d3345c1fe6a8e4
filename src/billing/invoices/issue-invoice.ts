import type { Currency } from '../../domain';
import { OPERATOR_ACCOUNT, AppError } from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import type { InvoicedAccount } from './profiles';
import { invoicedAccount } from './profiles';
import { composeInvoice, endOfChain, spokenBalance } from './compose-invoice';
import {
  coverFresh,
  documentItems,
  floorOf,
  freshItems,
  lockChain,
  raiseFloor,
} from './covered-transactions';
import type { DocumentContent, DocumentPeriod } from './document';
import { renderDocument } from './render-document';
import { nextDocumentId, takeNumber, writeDocument } from './write-document';

export interface InvoiceRequest {
  readonly accountId: string;
  /** The account's own by default. */
  readonly currency?: Currency | undefined;
  readonly period: DocumentPeriod;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

export type IssuedInvoice =
  | { readonly ok: true; readonly number: string; readonly content: DocumentContent }
  /** `nothing`: no money moved. `too_early`: the period is not over. `overlaps`: an invoice reaches into it. */
  | { readonly ok: false; readonly reason: 'nothing' }
  | { readonly ok: false; readonly reason: 'too_early' }
  | { readonly ok: false; readonly reason: 'overlaps'; readonly invoicedTo: number };

/**
 * Issues the invoice of a period: everything posted before its end that is on no document yet, so that what
 * was posted late into an earlier period is on it too. All or nothing; a failure uses up no number.
 * @throws AppError `not_found` for an account that there is not, `unprocessable` without a profile of it or of
 * the operator, or when it is no buyer; `conflict` when the lines do not come to what the ledger says
 */
export function issueInvoice(db: Queryable, request: InvoiceRequest): Promise<IssuedInvoice> {
  const { accountId, period, now } = request;
  if (period.to > now) return Promise.resolve({ ok: false, reason: 'too_early' });
  return inTransaction(db, async (tx): Promise<IssuedInvoice> => {
    const { issuer, account, currency } = await partiesOf(tx, request);
    const chain = { accountId, currency };
    const floor = await lockChain(tx, chain);
    const end = await endOfChain(tx, chain);
    if (end.invoicedTo !== null && end.invoicedTo > period.from) {
      return { ok: false, reason: 'overlaps', invoicedTo: end.invoicedTo };
    }
    const id = await nextDocumentId(tx);
    await coverFresh(tx, chain, floor, period.to, id);
    const items = documentItems(id);
    const parts = { issuer, account, currency, period, items, end, issuedAt: now };
    const { content: draft, sums } = await composeInvoice(tx, parts);
    if (sums.transactions === 0) return { ok: false, reason: 'nothing' };
    assertSpoken(draft);
    const numbered = await takeNumber(tx, 'invoice', issuer, now);
    const content = { ...draft, number: numbered.number };
    const pdf = await renderDocument(content);
    const position = end.position + 1;
    await writeDocument(tx, {
      id,
      numbered,
      content,
      sums,
      position,
      opening: end.closing,
      invoiceId: null,
      pdf,
    });
    await raiseFloor(tx, chain, floor);
    return { ok: true, number: numbered.number, content };
  });
}

/**
 * The invoice that would be issued now; of a period that is not over, with what was posted so far. Nothing
 * is stored: it is made anew each time.
 * @throws AppError as {@link issueInvoice}
 */
export function draftInvoice(db: Queryable, request: InvoiceRequest): Promise<DocumentContent> {
  const look = async (tx: Queryable): Promise<DocumentContent> => {
    const { issuer, account, currency } = await partiesOf(tx, request);
    const { accountId, period, now } = request;
    const chain = { accountId, currency };
    const items = freshItems(chain, await floorOf(tx, chain), period.to);
    const end = await endOfChain(tx, chain);
    const parts = { issuer, account, currency, period, items, end, issuedAt: now };
    return (await composeInvoice(tx, parts)).content;
  };
  return inTransaction(db, look, 'snapshot');
}

async function partiesOf(
  db: Queryable,
  { accountId, currency }: InvoiceRequest,
): Promise<{ issuer: InvoicedAccount; account: InvoicedAccount; currency: Currency }> {
  const account = await invoicedAccount(db, accountId);
  if (account.type !== 'buyer') {
    throw new AppError(
      'unprocessable',
      'not_a_buyer',
      `account ${accountId} is a ${account.type}: invoices are for buyers, statements for everybody`,
    );
  }
  return {
    issuer: await invoicedAccount(db, OPERATOR_ACCOUNT),
    account,
    currency: currency ?? account.currency,
  };
}

function assertSpoken(content: DocumentContent): void {
  const said = spokenBalance(content);
  if (said !== content.closingBalance) {
    throw new Error(
      `the parts of an invoice of ${content.recipient.accountId} come to ${said}, not ${content.closingBalance}`,
    );
  }
}
