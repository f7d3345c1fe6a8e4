import type { Currency, Micros, AppError } from '../../domain';
import { notFound } from '../../domain';
import type { ListedRow, ListedTable, ListQuery, Queryable } from '../../storage';
import { listStatement } from '../../storage';
import type { DocumentContent, DocumentKind } from './document';
import { sha256 } from './write-document';

/**
 * How far an invoice is paid. Payments and whatever else is for the account's good settle its debts in the
 * order in which they arose: an invoice is paid when as much came in after it as it closed with.
 */
export const INVOICE_STATES = ['nothing_due', 'open', 'partly_paid', 'paid', 'overdue'] as const;
export type InvoiceState = (typeof INVOICE_STATES)[number];

/** A document that was issued, without what it says. */
export interface DocumentSummary {
  readonly id: number;
  readonly kind: DocumentKind;
  readonly number: string;
  readonly accountId: string;
  readonly currency: Currency;
  /** UTC epoch milliseconds; null of a credit note. */
  readonly periodFrom: number | null;
  readonly periodTo: number | null;
  readonly issuedAt: number;
  readonly dueAt: number | null;
  /** Of a credit note, what it takes back. */
  readonly chargedMicros: Micros;
  /** What the account owed after it. */
  readonly closingMicros: Micros;
  readonly transactions: number;
  /** Of a credit note. */
  readonly invoiceNumber: string | null;
  /** Of an invoice: what credit notes took back of it. */
  readonly creditedMicros: Micros;
  /** Of an invoice: what of its closing balance has not been paid since; 0 of a credit note. */
  readonly outstandingMicros: Micros;
  readonly payment: InvoiceState | null;
  readonly contentSha256: string;
  readonly fileSha256: string;
}

type Row = Omit<DocumentSummary, 'outstandingMicros' | 'payment' | 'creditedMicros'> & {
  readonly creditedMicros: Micros;
  readonly paidMicros: string;
};

/** Documents of a page with what was for the good of their accounts and is on no document yet, summed once for each. */
const withCredits = (page: string): string => `
  with page as materialized (${page}),
  uncovered as materialized (
    select account_id, currency, coalesce(sum(-amount), 0) as credits
    from (
      select n.account_id, n.currency, e.transaction_id, sum(e.amount) as amount
      from (
        select distinct h.account_id, h.currency, x.transaction_id
        from (select distinct account_id, currency from page where kind = 'invoice' and closing > 0) p
        join billing_document_chains h using (account_id, currency)
        join ledger_accounts a on a.account_id = h.account_id and a.currency = h.currency and a.purpose in ('wallet', 'held')
        join ledger_entries x on x.ledger_account_id = a.id and x.id > h.floor
        where not exists (
          select 1 from billing_document_transactions c
          where c.account_id = h.account_id and c.currency = h.currency and c.transaction_id = x.transaction_id)) n
      join ledger_entries e on e.transaction_id = n.transaction_id
      join ledger_accounts a on a.id = e.ledger_account_id
        and a.account_id = n.account_id and a.currency = n.currency and a.purpose in ('wallet', 'held')
      group by n.account_id, n.currency, e.transaction_id having sum(e.amount) < 0) moved
    group by account_id, currency)`;

const SUMMARY = `d.id, d.kind, d.number, d.account_id as "accountId", d.currency,
  (extract(epoch from d.period_from) * 1000)::bigint as "periodFrom",
  (extract(epoch from d.period_to) * 1000)::bigint as "periodTo",
  (extract(epoch from d.issued_at) * 1000)::bigint as "issuedAt",
  (extract(epoch from d.due_at) * 1000)::bigint as "dueAt",
  d.charged as "chargedMicros", d.closing as "closingMicros", d.transactions, i.number as "invoiceNumber",
  (select coalesce(sum(n.charged), 0)::bigint from billing_documents n where n.invoice_id = d.id) as "creditedMicros",
  encode(d.content_sha256, 'hex') as "contentSha256", encode(d.file_sha256, 'hex') as "fileSha256",
  (coalesce(u.credits, 0) + (
    select coalesce(sum(l.credits), 0) from billing_documents l
    where l.account_id = d.account_id and l.currency = d.currency and l.position > d.position))::text as "paidMicros"`;
const FROM = `from page d left join billing_documents i on i.id = d.invoice_id
  left join uncovered u on u.account_id = d.account_id and u.currency = d.currency`;

const LISTED: Omit<ListedTable, 'select' | 'from'> = {
  columns: {
    accountId: { column: 'd.account_id', kind: 'text' },
    kind: { column: 'd.kind', kind: 'text' },
    currency: { column: 'd.currency', kind: 'text' },
    issuedAt: { column: 'd.issued_at', kind: 'instant' },
    dueAt: { column: 'd.due_at', kind: 'instant' },
    chargedMicros: { column: 'd.charged', kind: 'number' },
    closingMicros: { column: 'd.closing', kind: 'number' },
  },
  tie: { column: 'd.id', kind: 'number', descending: true },
};

/**
 * Invoices and credit notes, newest first where no order is asked for.
 * @param now - UTC epoch milliseconds; decides what is overdue
 */
export async function listDocuments(
  db: Queryable,
  query: ListQuery,
  now: number,
): Promise<ListedRow<DocumentSummary>[]> {
  const statement = listStatement(LISTED, query);
  const { where, orderBy, places, values } = statement;
  const page = `select * from billing_documents d ${where} ${orderBy} limit ${statement.value(query.limit)}`;
  const { rows } = await db.query<Row & Record<string, unknown>>(
    `${withCredits(page)} select ${SUMMARY}, ${places} ${FROM} ${orderBy}`,
    values,
  );
  return rows.map((row) => {
    const position = statement.positionOf(row);
    return { row: summaryOf(row, now), position };
  });
}

/** A document with everything it says. */
export interface IssuedDocument extends DocumentSummary {
  readonly content: DocumentContent;
}

/**
 * One document.
 * @throws Error when what is stored is not what was issued
 */
export async function getDocument(
  db: Queryable,
  number: string,
  now: number,
): Promise<IssuedDocument | undefined> {
  const page = 'select * from billing_documents where number = $1';
  const { rows } = await db.query<Row & { text: string }>(
    `${withCredits(page)} select ${SUMMARY}, d.content::text as text ${FROM}`,
    [number],
  );
  const [row] = rows;
  if (!row) return undefined;
  const { text, ...summary } = row;
  if (sha256(text).toString('hex') !== summary.contentSha256) {
    throw new Error(`document ${number} is not what was issued: its content has another hash`);
  }
  return { ...summaryOf(summary, now), content: JSON.parse(text) as DocumentContent };
}

/**
 * The file of a document, as it was issued.
 * @throws Error when what is stored is not what was issued
 */
export async function getDocumentFile(db: Queryable, number: string): Promise<Buffer | undefined> {
  const { rows } = await db.query<{ pdf: Buffer; hash: Buffer }>(
    `select f.pdf, d.file_sha256 as hash
     from billing_documents d join billing_document_files f on f.document_id = d.id where d.number = $1`,
    [number],
  );
  const [row] = rows;
  if (row && !sha256(row.pdf).equals(row.hash)) {
    throw new Error(`document ${number} is not what was issued: its file has another hash`);
  }
  return row?.pdf;
}

export function documentNotFound(number: string): AppError {
  return notFound('document', number);
}

function summaryOf({ paidMicros, ...row }: Row, now: number): DocumentSummary {
  const owed = row.kind === 'invoice' && row.closingMicros > 0 ? BigInt(row.closingMicros) : 0n;
  const paid = BigInt(paidMicros);
  const outstanding = paid >= owed ? 0n : owed - paid;
  return {
    ...row,
    outstandingMicros: Number(outstanding) as Micros,
    payment: row.kind === 'invoice' ? stateOf(owed, outstanding, paid, row.dueAt, now) : null,
  };
}

function stateOf(
  owed: bigint,
  outstanding: bigint,
  paid: bigint,
  dueAt: number | null,
  now: number,
): InvoiceState {
  if (owed === 0n) return 'nothing_due';
  if (outstanding === 0n) return 'paid';
  // Due on a day: it is late when that day is over.
  if (dueAt !== null && now >= dueAt + DAY_MS) return 'overdue';
  return paid > 0n ? 'partly_paid' : 'open';
}

const DAY_MS = 86_400_000;
