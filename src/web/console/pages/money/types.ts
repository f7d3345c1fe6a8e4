/** What of wallets and invoices the console reads. */

export interface Wallet {
  readonly accountId: string;
  readonly currency: string;
  readonly kind: 'prepaid' | 'credit';
  readonly creditLimit: number;
  readonly lowBalanceAt: number | null;
  readonly stopBelow: number;
  readonly onExhausted: 'finish' | 'end';
  readonly balance: number;
  readonly held: number;
  readonly available: number;
  readonly lowSince: string | null;
  readonly stoppedSince: string | null;
  readonly version: number;
}

export interface Hold {
  readonly id: string;
  readonly callId: string;
  readonly amount: number;
  readonly state: string;
  readonly placedAt: string;
  readonly closedAt: string | null;
}

export interface TopUp {
  readonly id: number;
  readonly reference: string;
  readonly amount: number;
  readonly note: string | null;
  readonly createdAt: string;
}

export interface Invoice {
  readonly number: string;
  readonly kind: string;
  readonly accountId: string;
  readonly currency: string;
  readonly periodFrom: number | null;
  readonly periodTo: number | null;
  readonly issuedAt: number;
  readonly dueAt: number | null;
  readonly chargedMicros: number;
  readonly closingMicros: number;
  readonly outstandingMicros: number;
  readonly payment: string | null;
  readonly invoiceNumber: string | null;
}

export interface InvoiceLine {
  readonly no: number;
  readonly kind: string;
  readonly text: string;
  readonly quantity: number;
  readonly amount: number;
}

export interface IssuedInvoice extends Invoice {
  readonly content: {
    readonly lines: readonly InvoiceLine[];
    readonly previousBalance: number;
    readonly closingBalance: number;
    readonly recipient: { readonly legalName: string };
  };
}
