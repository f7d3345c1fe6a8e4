import type { Micros } from '../../domain';
import {
  OPERATOR_ACCOUNT,
  addMicros,
  AppError,
  formatMoney,
  micros,
  negateMicros,
  subtractMicros,
  ZERO_MICROS,
} from '../../domain';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import { postTransaction } from '../ledger/ledger';
import { totalsOf } from './breakdown';
import { endOfChain, partyOf } from './compose-invoice';
import { lockChain } from './covered-transactions';
import type { CreditedPart, CreditSource, CreditWanted } from './credited-parts';
import { invoiceToCredit, partsOf } from './credited-parts';
import type { DocumentContent, DocumentLine } from './document';
import { invoicedAccount } from './profiles';
import { renderDocument } from './render-document';
import { nextDocumentId, takeNumber, writeDocument } from './write-document';

export interface CreditNoteRequest {
  readonly invoiceNumber: string;
  /** For the recipient; 500 characters at most. */
  readonly reason: string;
  /**
   * What is credited: transactions that gave money back already, or lines of the invoice (or all that is left
   * of it), for which an adjustment is posted.
   */
  readonly credit: CreditWanted;
  /** UTC epoch milliseconds. */
  readonly now: number;
}

export interface IssuedCreditNote {
  readonly number: string;
  readonly content: DocumentContent;
  /** The adjustment that was posted, if one was. */
  readonly transactionId: number | undefined;
}

/**
 * Issues a credit note to an invoice. Every transaction of the ledger is on one document: what a credit note
 * documents is on no invoice after it, and what it does not is on the next one.
 *
 * @throws AppError `not_found` for an invoice that there is not; `unprocessable` with the place when more would
 * be taken back than is left, or when a transaction gives back nothing of this invoice or is on a document
 */
export function issueCreditNote(db: Queryable, request: CreditNoteRequest): Promise<IssuedCreditNote> {
  const { invoiceNumber, reason, credit, now } = request;
  return inTransaction(db, async (tx) => {
    const found = await invoiceToCredit(tx, invoiceNumber);
    await lockChain(tx, found);
    // Read again what others may have credited meanwhile.
    const source = await invoiceToCredit(tx, invoiceNumber);
    const parts = await partsOf(tx, source, credit);
    const total = parts.reduce((sum, { amount }) => addMicros(sum, amount), ZERO_MICROS);
    assertWithin(source, parts, total);
    const [issuer, account] = [
      await invoicedAccount(tx, OPERATOR_ACCOUNT),
      await invoicedAccount(tx, source.accountId),
    ];
    const end = await endOfChain(tx, source);
    const numbered = await takeNumber(tx, 'credit_note', issuer, now);
    const lines = parts.map((part, index) => lineOf(part, index + 1));
    const content: DocumentContent = {
      kind: 'credit_note',
      number: numbered.number,
      issuer: { ...partyOf(issuer), paymentLines: [] },
      recipient: partyOf(account),
      currency: source.currency,
      locale: account.locale,
      timezone: account.timezone,
      issuedAt: now,
      dueAt: null,
      period: null,
      earlier: 0,
      lines,
      totals: totalsOf(lines),
      previousBalance: end.closing,
      creditNotes: [],
      closingBalance: subtractMicros(end.closing, total),
      credits: { invoiceNumber, reason },
    };
    const pdf = await renderDocument(content);
    const id = await nextDocumentId(tx);
    const transactionId =
      credit.kind === 'transactions'
        ? undefined
        : await postCredit(tx, source, numbered.number, reason, parts);
    const ids = credit.kind === 'transactions' ? credit.ids : [transactionId as number];
    await cover(tx, source, ids, id);
    await writeDocument(tx, {
      id,
      numbered,
      content,
      sums: { transactions: ids.length, amount: negateMicros(total), credits: total },
      position: end.position + 1,
      opening: end.closing,
      invoiceId: source.id,
      pdf,
    });
    return { number: numbered.number, content, transactionId };
  });
}

function lineOf({ line, amount, quantity }: CreditedPart, no: number): DocumentLine {
  const { kind, key, text, ratePpm } = line;
  return {
    no,
    kind,
    key,
    text,
    quantity,
    durationMs: null,
    ratePpm,
    base: null,
    amount,
    creditsLine: line.no,
  };
}

function assertWithin(source: CreditSource, parts: readonly CreditedPart[], total: Micros): void {
  const money = (amount: number): string =>
    formatMoney({ amount: micros(amount), currency: source.currency });
  const errors = parts.flatMap(({ line, amount, place }) =>
    amount > line.left
      ? [
          {
            pointer: place,
            message: `takes back ${money(amount)} of line ${line.no}, of which ${money(line.left)} is left`,
          },
        ]
      : [],
  );
  if (errors.length === 0 && total > source.left) {
    errors.push({
      pointer: '/credit',
      message: `takes back ${money(total)} of an invoice of which ${money(source.left)} is left`,
    });
  }
  if (errors.length > 0) {
    throw new AppError('unprocessable', 'more_than_is_left', 'more would be taken back than is left', {
      errors,
    });
  }
}

/** The wallet gets it; of taxes the exchange owes less, the rest it gives away. */
async function postCredit(
  tx: Queryable,
  { accountId, currency }: CreditSource,
  number: string,
  reason: string,
  parts: readonly CreditedPart[],
): Promise<number> {
  const sum = (taxes: boolean): Micros =>
    parts.reduce(
      (all, { line, amount }) => ((line.kind === 'tax') === taxes ? addMicros(all, amount) : all),
      ZERO_MICROS,
    );
  const [taxes, rest] = [sum(true), sum(false)];
  const total = addMicros(taxes, rest);
  const id = await postTransaction(tx, {
    idempotencyKey: `credit-note:${number}`,
    kind: 'adjustment',
    reason: `${number}: ${reason}`.slice(0, 500),
    postings: [
      { accountId: OPERATOR_ACCOUNT, purpose: 'adjustments' as const, currency, amount: rest },
      { accountId: OPERATOR_ACCOUNT, purpose: 'tax' as const, currency, amount: taxes },
      { accountId, purpose: 'wallet' as const, currency, amount: negateMicros(total) },
    ].filter(({ amount }) => amount !== 0),
  });
  if (id === undefined) throw new Error(`the money of ${number} was posted without it`);
  return id;
}

async function cover(
  tx: Queryable,
  source: CreditSource,
  ids: readonly number[],
  documentId: number,
): Promise<void> {
  await tx.query(
    `insert into billing_document_transactions (account_id, currency, transaction_id, document_id, amount)
     select $1, $2, e.transaction_id, $4, sum(e.amount)
     from ledger_entries e join ledger_accounts a on a.id = e.ledger_account_id
     where e.transaction_id = any($3) and a.account_id = $1 and a.currency = $2 and a.purpose in ('wallet', 'held')
     group by e.transaction_id`,
    [source.accountId, source.currency, ids, documentId],
  );
}
