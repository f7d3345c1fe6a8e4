import type { DocumentContent, DocumentLine } from '../../../../src/billing/invoices/document';
import { micros } from '../../../../src/domain';

const EIGHT = 88_750;

/** A line that says no more than it must. */
export function line(no: number, more: Partial<DocumentLine>): DocumentLine {
  return {
    no,
    kind: 'call',
    key: `call/campaign-${no}`,
    text: `Campaign ${no}`,
    quantity: 12,
    durationMs: 3_725_000,
    ratePpm: null,
    base: null,
    amount: micros(300_000_000),
    creditsLine: null,
    ...more,
  };
}

/** An invoice with something of everything, and so many campaigns. */
export function sampleInvoice(campaigns: number, more: Partial<DocumentContent> = {}): DocumentContent {
  const calls = Array.from({ length: campaigns }, (_, n) =>
    line(n + 1, {
      text:
        n % 7 === 3
          ? `Solar installation leads, residential, west coast and mountain states, exclusive transfers ${n + 1}`
          : `Auto insurance, campaign ${n + 1}`,
      quantity: 17 * (n + 1),
      durationMs: 3_600_000 * n + 725_400,
      amount: micros(425_125_000 * (n + 1)),
    }),
  );
  const sum = calls.reduce((total, { amount }) => total + amount, 0);
  const quantity = calls.reduce((total, one) => total + one.quantity, 0);
  const fees = quantity * 150_000;
  const tax = Math.round(((sum + fees) * EIGHT) / 1_000_000);
  const lines = [
    ...calls,
    line(0, { kind: 'fee', text: 'Platform fee', quantity, durationMs: null, amount: micros(fees) }),
    line(0, {
      kind: 'rerating',
      text: 'Calls that converted later',
      quantity: 3,
      durationMs: null,
      amount: micros(-30_000_000),
    }),
    line(0, {
      kind: 'adjustment',
      text: 'Goodwill: calls of 2026-11-03 with one-way audio',
      quantity: 1,
      durationMs: null,
      amount: micros(-12_500_000),
    }),
    line(0, {
      kind: 'tax',
      text: 'Sales tax NY',
      ratePpm: EIGHT,
      base: micros(sum + fees),
      quantity,
      durationMs: null,
      amount: micros(tax),
    }),
    line(0, {
      kind: 'payment',
      text: 'Top-up, 2026-11-09',
      quantity: 1,
      durationMs: null,
      amount: micros(-500_000_000),
    }),
  ].map((one, n) => ({ ...one, no: n + 1 }));
  const charges = sum + fees + tax - 42_500_000;
  return {
    kind: 'invoice',
    number: 'INV-2026-000042',
    issuer: {
      accountId: 'operator',
      legalName: 'Northwind Call Exchange LLC',
      address: ['350 Example Street, Suite 1200', 'New York, NY 10001', 'United States'],
      taxId: '98-7654321',
      email: 'billing@exchange.example',
      paymentLines: [
        'Bank: Example Bank, ABA 000000000, account 000 111 222',
        'Or by card from your wallet page.',
      ],
    },
    recipient: {
      accountId: 'buyer-account',
      legalName: 'Müller & Søn Versicherungen GmbH',
      address: ['Königsallee 1', '40212 Düsseldorf', 'Germany'],
      taxId: 'DE123456789',
      email: 'ap@buyer.example',
    },
    currency: 'USD',
    locale: 'en-US',
    timezone: 'America/New_York',
    issuedAt: Date.UTC(2026, 11, 1, 14),
    dueAt: Date.UTC(2026, 11, 15, 5),
    period: { from: Date.UTC(2026, 10, 1, 4), to: Date.UTC(2026, 11, 1, 5) },
    earlier: 2,
    lines,
    totals: {
      calls: micros(sum),
      fees: micros(fees),
      taxes: micros(tax),
      reratings: micros(-30_000_000),
      adjustments: micros(-12_500_000),
      charges: micros(charges),
      payments: micros(-500_000_000),
    },
    previousBalance: micros(75_000_000),
    creditNotes: [{ number: 'CN-2026-000007', amount: micros(-25_000_000) }],
    closingBalance: micros(charges - 450_000_000),
    credits: null,
    ...more,
  };
}
