import type { Currency, Micros } from '../../domain';

export const DOCUMENT_KINDS = ['invoice', 'credit_note'] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** What a line of a document is about. All but `payment` is what the account is charged. */
export const LINE_KINDS = ['call', 'fee', 'tax', 'rerating', 'adjustment', 'payment'] as const;
export type LineKind = (typeof LINE_KINDS)[number];

/** One side of a document, as it was called when the document was made. */
export interface DocumentParty {
  readonly accountId: string;
  readonly legalName: string;
  readonly address: readonly string[];
  readonly taxId: string | null;
  readonly email: string | null;
}

/** One line. Amounts are what the account owes because of it; what it paid is negative. */
export interface DocumentLine {
  /** From 1. */
  readonly no: number;
  readonly kind: LineKind;
  /** What is summed in it: `call/<campaign>`, `fee/<code>`, `tax/<code>/<ppm>`, `payment/<transaction>`. */
  readonly key: string;
  readonly text: string;
  /** Calls, or transactions, that are in it. */
  readonly quantity: number;
  /** Milliseconds of conversation; null of what has none. */
  readonly durationMs: number | null;
  /** Of a tax, millionths; null when it is not known. */
  readonly ratePpm: number | null;
  /** Of a tax, what it is a tax on; null when it is not known. */
  readonly base: Micros | null;
  readonly amount: Micros;
  /** Of a credit note, the line of the invoice that it takes back; null otherwise. */
  readonly creditsLine: number | null;
}

/** Sums of lines by what they are about. */
export interface DocumentTotals {
  readonly calls: Micros;
  readonly fees: Micros;
  readonly taxes: Micros;
  readonly reratings: Micros;
  readonly adjustments: Micros;
  /** All of the above. */
  readonly charges: Micros;
  /** Negative when more came in than went back. */
  readonly payments: Micros;
}

/** A period of a document: UTC epoch milliseconds, the end not in it. */
export interface DocumentPeriod {
  readonly from: number;
  readonly to: number;
}

/** Everything that a document says. What was issued is stored as this and never changed. */
export interface DocumentContent {
  readonly kind: DocumentKind;
  /** Null of a draft. */
  readonly number: string | null;
  readonly issuer: DocumentParty & { readonly paymentLines: readonly string[] };
  readonly recipient: DocumentParty;
  readonly currency: Currency;
  readonly locale: string;
  readonly timezone: string;
  /** UTC epoch milliseconds; of a draft, when it was made. */
  readonly issuedAt: number;
  /** UTC epoch milliseconds; null of a credit note. */
  readonly dueAt: number | null;
  readonly period: DocumentPeriod | null;
  /** Transactions in it that were posted before its period, and are on no document before. */
  readonly earlier: number;
  readonly lines: readonly DocumentLine[];
  readonly totals: DocumentTotals;
  /** What the account owed after the invoice before. */
  readonly previousBalance: Micros;
  /** Credit notes since the invoice before; their amounts are negative. */
  readonly creditNotes: readonly { readonly number: string; readonly amount: Micros }[];
  /** What it owes after this document. */
  readonly closingBalance: Micros;
  /** Of a credit note: the invoice, and why. */
  readonly credits: { readonly invoiceNumber: string; readonly reason: string } | null;
}
