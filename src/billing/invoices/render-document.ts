import { zoneOf } from '../../domain';
import { AmountFormat, payable, plain } from './display-amounts';
import type { DocumentContent, DocumentLine, DocumentParty, LineKind } from './document';
import { ACCENT, PdfPages, SHADE, SOFT } from './pdf-page';
import type { Column } from './pdf-table';
import { writeTable } from './pdf-table';

/**
 * A document as PDF, on A4 or Letter as its locale has it. The same content gives the same bytes, with
 * one version of the fonts and of the library.
 */
export async function renderDocument(content: DocumentContent): Promise<Buffer> {
  const words = new Words(content);
  const pages = await PdfPages.open({
    title: words.title,
    author: content.issuer.legalName,
    createdAt: content.issuedAt,
    locale: content.locale,
    watermark: content.number === null ? 'DRAFT' : undefined,
  });
  writeHead(pages, content, words);
  for (const section of SECTIONS) {
    const lines = content.lines.filter(({ kind }) => section.kinds.includes(kind));
    if (lines.length > 0) writeSection(pages, section, lines, words);
  }
  writeTotals(pages, content, words);
  writeClosing(pages, content, words);
  return pages.finish((page, count) => ({
    left: [content.issuer.legalName, content.issuer.taxId && `Tax ID ${content.issuer.taxId}`, words.title]
      .filter(Boolean)
      .join('  ·  '),
    right: `Page ${page} of ${count}`,
  }));
}

/** How this document writes what it says. */
class Words {
  readonly title: string;
  readonly amounts: AmountFormat;
  readonly #content: DocumentContent;
  readonly #dates: Intl.DateTimeFormat;
  readonly #numbers: Intl.NumberFormat;

  constructor(content: DocumentContent) {
    this.#content = content;
    const { locale, kind, number, lines, totals } = content;
    this.title = `${kind === 'invoice' ? 'Invoice' : 'Credit note'} ${number ?? '(draft)'}`;
    this.amounts = new AmountFormat(locale, content.currency, [
      ...lines.flatMap(({ amount, base }) => [amount, base ?? 0]),
      ...Object.values(totals),
      ...content.creditNotes.map(({ amount }) => amount),
      content.previousBalance,
      content.closingBalance,
    ]);
    // Dates are shifted to the zone before: of the platform's tables only the calendar is used.
    this.#dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' });
    this.#numbers = new Intl.NumberFormat(locale);
  }

  date(instant: number): string {
    return plain(this.#dates.format(instant + zoneOf(this.#content.timezone).offsetAt(instant)));
  }

  count(value: number): string {
    return plain(this.#numbers.format(value));
  }

  /** Hours, minutes and seconds of conversation. */
  duration(ms: number | null): string {
    if (ms === null) return '';
    const seconds = Math.round(ms / 1_000);
    const two = (value: number): string => String(value).padStart(2, '0');
    return `${this.count(Math.floor(seconds / 3_600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  }

  money(amount: number): string {
    return `${this.amounts.text(amount)} ${this.#content.currency}`;
  }

  percent(ppm: number | null): string {
    if (ppm === null) return '';
    return `${plain(new Intl.NumberFormat(this.#content.locale, { maximumFractionDigits: 4 }).format(ppm / 10_000))} %`;
  }
}

interface Section {
  readonly title: string;
  readonly kinds: readonly LineKind[];
  readonly columns: (words: Words) => readonly Column<DocumentLine>[];
}

const text = (title: string): Column<DocumentLine> => ({ title, text: (line) => line.text });
const quantity = (words: Words, title: string): Column<DocumentLine> => ({
  title,
  width: 62,
  align: 'right',
  text: (line) => words.count(line.quantity),
});
const amount = (words: Words): Column<DocumentLine> => ({
  title: 'Amount',
  width: 108,
  align: 'right',
  text: (line) => words.amounts.text(line.amount),
});

const SECTIONS: readonly Section[] = [
  {
    title: 'Calls',
    kinds: ['call'],
    columns: (words) => [
      text('Campaign'),
      quantity(words, 'Calls'),
      {
        title: 'Duration (h:m:s)',
        width: 88,
        align: 'right',
        text: (line) => words.duration(line.durationMs),
      },
      amount(words),
    ],
  },
  {
    title: 'Fees',
    kinds: ['fee'],
    columns: (words) => [text('Fee'), quantity(words, 'Calls'), amount(words)],
  },
  {
    title: 'Corrections of earlier calls',
    kinds: ['rerating', 'adjustment'],
    columns: (words) => [text('Reason'), quantity(words, 'Number'), amount(words)],
  },
  {
    title: 'Taxes',
    kinds: ['tax'],
    columns: (words) => [
      text('Tax'),
      { title: 'Rate', width: 62, align: 'right', text: (line) => words.percent(line.ratePpm) },
      {
        title: 'Taxed amount',
        width: 100,
        align: 'right',
        text: (line) => (line.base === null ? '' : words.amounts.text(line.base)),
      },
      amount(words),
    ],
  },
  {
    title: 'Payments',
    kinds: ['payment'],
    columns: (words) => [text('Payment'), quantity(words, 'Number'), amount(words)],
  },
];

function writeHead(pages: PdfPages, content: DocumentContent, words: Words): void {
  const { issuer, recipient } = content;
  const half = pages.width / 2 - 12;
  const middle = pages.left + pages.width / 2 + 12;
  const top = pages.y;
  pages.write(issuer.legalName, pages.left, top, half, { size: 13, weight: 'bold', color: ACCENT });
  const below = top + pages.heightOf(issuer.legalName, half, { size: 13, weight: 'bold' }) + 3;
  const issuerEnd = pages.lines(partyLines(issuer), pages.left, below, half, { size: 8.5, color: SOFT });
  pages.write(content.kind === 'invoice' ? 'INVOICE' : 'CREDIT NOTE', middle, top, half, {
    size: 20,
    weight: 'bold',
    color: ACCENT,
    align: 'right',
  });
  pages.write(content.number ?? 'Draft', middle, top + 26, half, {
    size: 11,
    weight: 'bold',
    align: 'right',
  });

  const second = Math.max(issuerEnd, top + 60) + 14;
  pages.write(content.kind === 'invoice' ? 'BILL TO' : 'CREDIT TO', pages.left, second, half, {
    size: 7.5,
    weight: 'bold',
    color: SOFT,
  });
  pages.write(recipient.legalName, pages.left, second + 12, half, { size: 10.5, weight: 'bold' });
  const name = pages.heightOf(recipient.legalName, half, { size: 10.5, weight: 'bold' });
  const recipientEnd = pages.lines(partyLines(recipient), pages.left, second + 15 + name, half);
  const factsEnd = writeFacts(pages, facts(content, words), middle, second, half);
  pages.y = Math.max(recipientEnd, factsEnd) + 14;
}

function partyLines({ address, taxId, email }: DocumentParty): string[] {
  return [...address, ...(taxId === null ? [] : [`Tax ID ${taxId}`]), ...(email === null ? [] : [email])];
}

function facts(content: DocumentContent, words: Words): [string, string][] {
  const { period, dueAt, credits } = content;
  return [
    ['Date', words.date(content.issuedAt)],
    ...(dueAt === null ? [] : [['Due', words.date(dueAt)] as [string, string]]),
    ...(period === null
      ? []
      : [['Period', `${words.date(period.from)} – ${words.date(period.to - 1)}`] as [string, string]]),
    ...(credits === null ? [] : [['For invoice', credits.invoiceNumber] as [string, string]]),
    ['Account', content.recipient.accountId],
    ['Currency', content.currency],
    ['Time zone', content.timezone],
  ];
}

function writeFacts(
  pages: PdfPages,
  rows: readonly [string, string][],
  x: number,
  y: number,
  width: number,
): number {
  const label = 68;
  let at = y;
  for (const [name, value] of rows) {
    pages.write(name, x, at, label, { color: SOFT });
    pages.write(value, x + label, at, width - label, { align: 'right' });
    at += Math.max(pages.heightOf(value, width - label), pages.heightOf(name, label)) + 3;
  }
  return at;
}

function writeSection(pages: PdfPages, section: Section, lines: readonly DocumentLine[], words: Words): void {
  writeTable(pages, section.title, section.columns(words), lines);
  pages.y += 10;
}

interface TotalRow {
  readonly label: string;
  readonly amount: number;
  readonly strong?: boolean;
}

function totalRows(content: DocumentContent): TotalRow[] {
  const { totals, kind } = content;
  const sums: TotalRow[] = [
    { label: 'Calls', amount: totals.calls },
    { label: 'Fees', amount: totals.fees },
    { label: 'Re-rated calls', amount: totals.reratings },
    { label: 'Refunds and adjustments', amount: totals.adjustments },
    { label: 'Taxes', amount: totals.taxes },
  ].filter((row) => row.amount !== 0);
  if (kind === 'credit_note') {
    return [...sums, { label: 'Total credited', amount: totals.charges, strong: true }];
  }
  return [
    ...sums,
    { label: 'Total of this invoice', amount: totals.charges, strong: true },
    { label: 'Balance brought forward', amount: content.previousBalance },
    ...content.creditNotes.map(({ number, amount: credited }) => ({
      label: `Credit note ${number}`,
      amount: credited,
    })),
    ...(totals.payments === 0 ? [] : [{ label: 'Payments', amount: totals.payments }]),
    content.closingBalance > 0
      ? { label: 'Amount due', amount: content.closingBalance, strong: true }
      : { label: 'Balance (nothing is due)', amount: content.closingBalance, strong: true },
  ];
}

const TOTALS_WIDTH = 280;
const INSET = 8;

function writeTotals(pages: PdfPages, content: DocumentContent, words: Words): void {
  const rows = totalRows(content);
  const height = rows.reduce((sum, { strong }) => sum + (strong ? 22 : 14.5), 0);
  if (pages.y + height > pages.bottom) pages.addPage();
  const x = pages.right - TOTALS_WIDTH;
  for (const { label, amount: value, strong } of rows) {
    const style = { size: strong ? 10 : 9, weight: strong ? ('bold' as const) : ('regular' as const) };
    if (strong) pages.box(x - INSET, pages.y, TOTALS_WIDTH + INSET, 19, SHADE);
    const y = pages.y + (strong ? 4.5 : 2.5);
    pages.write(label, x, y, TOTALS_WIDTH - 150, style);
    pages.write(words.money(value), pages.right - 160, y, 160, { ...style, align: 'right' });
    pages.y += strong ? 22 : 14.5;
  }
  pages.y += 8;
}

function writeClosing(pages: PdfPages, content: DocumentContent, words: Words): void {
  writePayment(pages, content, words);
  const paragraphs = closingTexts(content, words);
  // What is lacking is known when everything has been written or measured.
  for (const paragraph of paragraphs) pages.heightOf(paragraph, pages.width, SMALL);
  if (pages.fonts.lacking) {
    paragraphs.push(
      'Characters that the fonts of this document lack are written as their Unicode code points.',
    );
  }
  for (const paragraph of paragraphs) {
    const height = pages.heightOf(paragraph, pages.width, SMALL);
    if (pages.y + height > pages.bottom) pages.addPage();
    pages.write(paragraph, pages.left, pages.y, pages.width, SMALL);
    pages.y += height + 4;
  }
}

const SMALL = { size: 8, color: SOFT };
const PAY = { size: 9.5, weight: 'bold' } as const;

/** What is to be paid, by when, how, and under which reference. */
function writePayment(pages: PdfPages, content: DocumentContent, words: Words): void {
  const { kind, closingBalance, currency, dueAt, number, locale, issuer } = content;
  if (kind !== 'invoice' || closingBalance <= 0) return;
  const sum = payable(closingBalance, currency);
  const rounded = sum !== closingBalance;
  const shown = rounded ? new AmountFormat(locale, currency, [sum]).text(sum) : words.amounts.text(sum);
  const until = dueAt === null ? '' : ` by ${words.date(dueAt)}`;
  const head = `Please pay ${shown} ${currency}${until}`;
  const rest = [
    `Payment reference: ${number ?? '(draft)'}`,
    ...issuer.paymentLines,
    ...(rounded
      ? ['This is the amount due to the smallest unit of the currency; the difference stays on the account.']
      : []),
  ];
  const width = pages.width - 3 * INSET;
  const height =
    pages.heightOf(head, width, PAY) +
    rest.reduce((all, text) => all + pages.heightOf(text, width) + 1, 0) +
    16;
  if (pages.y + height > pages.bottom) pages.addPage();
  pages.box(pages.left, pages.y, pages.width, height, SHADE);
  pages.box(pages.left, pages.y, 3, height, ACCENT);
  const x = pages.left + 2 * INSET;
  pages.write(head, x, pages.y + 8, width, PAY);
  pages.lines(rest, x, pages.y + 10 + pages.heightOf(head, width, PAY), width);
  pages.y += height + 8;
}

function closingTexts(content: DocumentContent, words: Words): string[] {
  const texts: string[] = [];
  const { credits } = content;
  if (credits !== null) texts.push(`Reason: ${credits.reason}`);
  if (content.earlier > 0) {
    texts.push(
      `This invoice includes ${words.count(content.earlier)} postings from before its period that were on no invoice.`,
    );
  }
  if (content.period !== null) {
    texts.push(
      'What was posted within the period counts; days begin and end at midnight of the time zone named above.',
    );
  }
  return texts;
}
