import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { AmountFormat } from '../../../../src/billing/invoices/display-amounts';
import type { DocumentContent } from '../../../../src/billing/invoices/document';
import { renderDocument } from '../../../../src/billing/invoices/render-document';
import { sampleInvoice } from './sample-document';

/** What a reader sees, page by page. */
async function read(content: DocumentContent): Promise<string[]> {
  const text = execFileSync('pdftotext', ['-layout', '-', '-'], {
    input: await renderDocument(content),
  }).toString();
  return text.split('\f').slice(0, -1);
}

/** The last number of the line that begins with a label. */
const amountAfter = (pages: readonly string[], label: string): string | undefined =>
  new RegExp(`${label}\\s+(-?[\\d,.]+) USD`).exec(pages.join('\n'))?.[1];

test('the same content gives the same bytes, other content others', async () => {
  const hash = async (content: DocumentContent): Promise<string> =>
    createHash('sha256')
      .update(await renderDocument(content))
      .digest('hex');
  const content = sampleInvoice(40);
  expect(await hash(content)).toBe(await hash(structuredClone(content)));
  expect(await hash({ ...content, number: 'INV-2026-000043' })).not.toBe(await hash(content));
});

test('everything that a finance department needs is on it', async () => {
  const content = sampleInvoice(5);
  const pages = await read(content);
  const all = pages.join('\n');
  for (const text of [
    'INVOICE',
    'INV-2026-000042',
    'Northwind Call Exchange LLC',
    'Tax ID 98-7654321',
    'Müller & Søn Versicherungen GmbH',
    'Tax ID DE123456789',
    'Dec 1, 2026',
    'Dec 15, 2026',
    'Nov 1, 2026 – Nov 30, 2026',
    'Payment reference: INV-2026-000042',
    'Bank: Example Bank',
    '8.875 %',
    'Credit note CN-2026-000007',
    'includes 2 postings from before its period',
    'Page 1 of 2',
  ]) {
    expect(all).toContain(text);
  }
});

test('the totals are those of the content, and the lines shown add up to them', async () => {
  const content = sampleInvoice(30);
  const pages = await read(content);
  const shown = (amount: number): string => {
    const every = [
      ...content.lines.flatMap(({ amount: one, base }) => [one, base ?? 0]),
      content.totals.charges,
      content.closingBalance,
    ];
    return new AmountFormat('en-US', 'USD', every).text(amount);
  };
  expect(amountAfter(pages, 'Calls')).toBe(shown(content.totals.calls));
  expect(amountAfter(pages, 'Fees')).toBe(shown(content.totals.fees));
  expect(amountAfter(pages, 'Taxes')).toBe(shown(content.totals.taxes));
  expect(amountAfter(pages, 'Total of this invoice')).toBe(shown(content.totals.charges));
  expect(amountAfter(pages, 'Payments')).toBe(shown(content.totals.payments));
  expect(amountAfter(pages, 'Amount due')).toBe(shown(content.closingBalance));
  for (const { amount } of content.lines) expect(pages.join('\n')).toContain(shown(amount));
});

test('a long table goes on over pages, each under its head, each row once', async () => {
  const content = sampleInvoice(120);
  const pages = await read(content);
  expect(pages.length).toBeGreaterThan(3);
  pages.forEach((page, n) => expect(page).toContain(`Page ${n + 1} of ${pages.length}`));
  const continued = pages.filter((page) => page.includes('Calls (continued)'));
  expect(continued.length).toBeGreaterThanOrEqual(2);
  for (const page of continued) expect(page).toMatch(/Campaign\s+Calls\s+Duration/);
  const rows = pages.join('\n').match(/Auto insurance, campaign \d+/g) ?? [];
  expect(rows).toHaveLength(content.lines.filter(({ text }) => text.startsWith('Auto')).length);
  expect(new Set(rows).size).toBe(rows.length);
});

test('what the fonts lack is told, and nothing of a name is dropped', async () => {
  const base = sampleInvoice(1);
  const named = (legalName: string): DocumentContent => ({
    ...base,
    recipient: { ...base.recipient, legalName },
  });
  const european = (await read(named('Łódź Ασφάλειες Страхование'))).join('\n');
  expect(european).toContain('Łódź Ασφάλειες Страхование');
  expect(european).not.toContain('code points');
  const beyond = (await read(named('保険 Ltd'))).join('\n');
  expect(beyond).toContain('[U+4FDD][U+967A] Ltd');
  expect(beyond).toContain('written as their Unicode code points');
});

test('paper and numbers are those of the locale; a draft says so; nothing is due of what is paid', async () => {
  const size = async (locale: string): Promise<string | undefined> =>
    /MediaBox \[0 0 ([\d.]+ [\d.]+)\]/.exec(
      (await renderDocument(sampleInvoice(1, { locale }))).toString('latin1'),
    )?.[1];
  expect(await size('en-US')).toBe('612 792');
  expect(await size('de-DE')).toBe('595.28 841.89');
  const draft = (await read(sampleInvoice(1, { number: null }))).join('\n');
  expect(draft).toContain('Invoice (draft)');
  expect(draft).not.toContain('INV-');
  const settled = (await read(sampleInvoice(1, { closingBalance: 0 as never }))).join('\n');
  expect(settled).toContain('nothing is due');
  expect(settled).not.toContain('Please pay');
});
