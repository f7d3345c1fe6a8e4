import { createHash } from 'node:crypto';
import type { Micros } from '../../domain';
import { AppError, zoneOf } from '../../domain';
import type { Queryable } from '../../storage';
import { addEvent } from '../settlement/outbox-events';
import type { ItemSums } from './covered-transactions';
import type { DocumentContent, DocumentKind } from './document';

const PREFIX: Readonly<Record<DocumentKind, string>> = { invoice: 'INV', credit_note: 'CN' };
const MAX_NUMBER = 999_999;

/** A number within its year. */
export interface DocumentNumber {
  readonly number: string;
  readonly year: number;
  readonly sequence: number;
}

/** An id for a document that is about to be written. */
export async function nextDocumentId(tx: Queryable): Promise<number> {
  const { rows } = await tx.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('billing_documents', 'id')) as id`,
  );
  return rows[0]?.id as number;
}

/**
 * Takes the next number of the issuer's year and keeps its row locked: who comes next waits until this one
 * is committed, or gets the same number when it is not.
 */
export async function takeNumber(
  tx: Queryable,
  kind: DocumentKind,
  issuer: { readonly accountId: string; readonly timezone: string },
  issuedAt: number,
): Promise<DocumentNumber> {
  const { year } = zoneOf(issuer.timezone).dateAt(issuedAt);
  const { rows } = await tx.query<{ last: number }>({
    name: 'document-number',
    text: `insert into billing_document_numbers as n (issuer_id, kind, year, last) values ($1, $2, $3, 1)
      on conflict (issuer_id, kind, year) do update set last = n.last + 1 where n.last < $4 returning last`,
    values: [issuer.accountId, kind, year, MAX_NUMBER],
  });
  const sequence = rows[0]?.last;
  if (sequence === undefined) {
    throw new AppError('conflict', 'numbers_used_up', `all ${MAX_NUMBER} numbers of ${year} are given`);
  }
  return { number: `${PREFIX[kind]}-${year}-${String(sequence).padStart(6, '0')}`, year, sequence };
}

export interface DocumentToWrite {
  readonly id: number;
  readonly numbered: DocumentNumber;
  readonly content: DocumentContent;
  readonly sums: ItemSums;
  /** In its chain. */
  readonly position: number;
  readonly opening: Micros;
  /** Of a credit note. */
  readonly invoiceId: number | null;
  readonly pdf: Buffer;
}

/** Writes a document whose transactions are covered already. From the end of the transaction it stays as it is. */
export async function writeDocument(tx: Queryable, document: DocumentToWrite): Promise<void> {
  const { id, numbered, content, sums, position, opening, invoiceId, pdf } = document;
  const { kind, issuer, recipient, currency, period, lines, totals } = content;
  const text = JSON.stringify(content);
  const fileSha256 = sha256(pdf);
  await tx.query({
    name: 'document-write',
    text: `insert into billing_documents (id, kind, number, issuer_id, year, sequence, account_id, currency, position,
        invoice_id, period_from, period_to, issued_at, due_at, opening, movements, closing, charged, credits, transactions,
        content, content_sha256, file_sha256)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11::bigint / 1000.0), to_timestamp($12::bigint / 1000.0),
        to_timestamp($13::bigint / 1000.0), to_timestamp($14::bigint / 1000.0), $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
    values: [
      id,
      kind,
      numbered.number,
      issuer.accountId,
      numbered.year,
      numbered.sequence,
      recipient.accountId,
      currency,
      position,
      invoiceId,
      period?.from ?? null,
      period?.to ?? null,
      content.issuedAt,
      content.dueAt,
      opening,
      sums.amount,
      content.closingBalance,
      totals.charges,
      sums.credits,
      sums.transactions,
      text,
      sha256(text),
      fileSha256,
    ],
  });
  await tx.query({
    name: 'document-write-lines',
    text: `insert into billing_document_lines (document_id, no, kind, key, amount, credits_line)
      select $1, * from unnest($2::integer[], $3::text[], $4::text[], $5::bigint[], $6::integer[])`,
    values: [
      id,
      lines.map(({ no }) => no),
      lines.map((line) => line.kind),
      lines.map(({ key }) => key),
      lines.map(({ amount }) => amount),
      lines.map(({ creditsLine }) => creditsLine),
    ],
  });
  await tx.query('insert into billing_document_files (document_id, pdf) values ($1, $2)', [id, pdf]);
  await addEvent(tx, 'invoice.issued', numbered.number, {
    number: numbered.number,
    kind,
    accountId: recipient.accountId,
    currency,
    chargedMicros: totals.charges,
    balanceMicros: content.closingBalance,
    issuedAt: content.issuedAt,
    dueAt: content.dueAt,
    fileSha256: fileSha256.toString('hex'),
  });
}

export function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
