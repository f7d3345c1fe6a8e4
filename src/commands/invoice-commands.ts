import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { DocumentSummary, WriteText } from '../billing';
import {
  accountTimezone,
  documentNotFound,
  draftInvoice,
  getDocument,
  getDocumentFile,
  issueCreditNote,
  issueInvoice,
  listDocuments,
  readPeriod,
  renderDocument,
  writeDocumentCsv,
  writeStatementCsv,
} from '../billing';
import type { Clock, Currency } from '../domain';
import { CURRENCIES, formatMoney } from '../domain';
import { recorded } from './command-record';
import { oneOf } from './option-values';
import type { Database } from '../storage';

export interface InvoiceCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly clock: Clock;
}

interface Wanted {
  readonly currency?: Currency;
}

const PERIODS = '2026-11, 2026-W47, 2026-11-21 or 2026-11-01..2026-11-16, by the calendar of the account';

/** `dce invoices …` and `dce statement`: what accounts are told that they owe. */
export function addInvoiceCommands(program: Command, parts: InvoiceCommandParts): void {
  const { withDatabase } = parts;
  const currency = oneOf(...CURRENCIES);
  const invoices = program
    .command('invoices')
    .description('invoices and credit notes: issue, list, export, credit');
  invoices
    .command('issue <account> <period>')
    .description(`issue the invoice of a period that is over: ${PERIODS}`)
    .option('--currency <code>', "the account's own by default", currency)
    .action((account: string, period: string, options: Wanted) =>
      recorded(
        withDatabase,
        'invoices issue',
        { subject: { kind: 'accounts', id: account }, reason: period },
        (database) => issue(database, parts, account, period, options),
      ),
    );
  invoices
    .command('draft <account> <period>')
    .description('write the invoice that would be issued now, as PDF; nothing is stored')
    .requiredOption('--pdf <file>', 'a file, which must not be there yet')
    .option('--currency <code>', "the account's own by default", currency)
    .action((account: string, period: string, options: Wanted & { pdf: string }) =>
      withDatabase((database) => draft(database, parts, account, period, options)),
    );
  invoices
    .command('list')
    .description('list documents, newest first')
    .option('--account <id>', 'of this account only')
    .option('--most <n>', 'so many at most', count, 50)
    .action(({ account, most }: { account?: string; most: number }) =>
      withDatabase((database) => list(database, parts, account, most)),
    );
  invoices
    .command('export <number>')
    .description('write a document as it was issued, and all that is on it')
    .option('--pdf <file>', 'the document; a file that must not be there yet')
    .option('--csv <file>', 'every call and every other transaction; a file that must not be there yet')
    .option('--mask', 'show of callers country and area alone')
    .action((number: string, options: { pdf?: string; csv?: string; mask?: true }) =>
      withDatabase((database) => exportDocument(database, parts, number, options)),
    );
  invoices
    .command('credit <number> <reason>')
    .description('issue a credit note over all that is left of an invoice, and give the money back')
    .action((number: string, reason: string) =>
      recorded(
        withDatabase,
        'invoices credit',
        { subject: { kind: 'invoices', id: number }, reason },
        async (database) => {
          const now = parts.clock.now();
          const note = await issueCreditNote(database, {
            invoiceNumber: number,
            reason,
            credit: { kind: 'rest' },
            now,
          });
          parts.say(`${note.number} credits what was left of ${number}`);
        },
      ),
    );
  program
    .command('statement <account> <period>')
    .description(`write a statement of an account as CSV: ${PERIODS}`)
    .requiredOption('--csv <file>', 'a file, which must not be there yet')
    .option('--currency <code>', "the account's own by default", currency)
    .action((account: string, period: string, { csv, ...options }: Wanted & { csv: string }) =>
      withDatabase(async (database) => {
        const wanted = await requestOf(database, account, period);
        await toFile(csv, (write) => writeStatementCsv(database, { ...wanted, ...options }, write));
        parts.say(csv);
      }),
    );
}

async function issue(
  database: Database,
  { say, clock }: InvoiceCommandParts,
  account: string,
  period: string,
  options: Wanted,
): Promise<void> {
  const wanted = await requestOf(database, account, period);
  const issued = await issueInvoice(database, { ...wanted, ...options, now: clock.now() });
  if (issued.ok) {
    const { closingBalance, currency: of } = issued.content;
    say(`${issued.number}  balance ${formatMoney({ amount: closingBalance, currency: of })}`);
  } else if (issued.reason === 'overlaps') {
    throw new Error(`${account} is invoiced up to ${new Date(issued.invoicedTo).toISOString()}`);
  } else {
    throw new Error(
      issued.reason === 'nothing' ? 'nothing was posted that is not on an invoice' : 'the period is not over',
    );
  }
}

async function draft(
  database: Database,
  { say, clock }: InvoiceCommandParts,
  account: string,
  period: string,
  { pdf, ...options }: Wanted & { pdf: string },
): Promise<void> {
  const wanted = await requestOf(database, account, period);
  const content = await draftInvoice(database, { ...wanted, ...options, now: clock.now() });
  await writeFile(pdf, await renderDocument(content), { flag: 'wx' });
  say(pdf);
}

async function list(
  database: Database,
  { say, clock }: InvoiceCommandParts,
  accountId: string | undefined,
  most: number,
): Promise<void> {
  const where = accountId === undefined ? {} : { accountId };
  const documents = await listDocuments(database, { where, limit: most }, clock.now());
  if (documents.length === 0) say('nothing was issued yet');
  for (const { row } of documents) say(lineOf(row));
}

function lineOf(document: DocumentSummary): string {
  const { number, issuedAt, accountId, chargedMicros, outstandingMicros, payment, invoiceNumber } = document;
  const money = (amount: DocumentSummary['chargedMicros']): string =>
    formatMoney({ amount, currency: document.currency });
  const state =
    payment === null
      ? `to ${invoiceNumber ?? ''}`
      : `${payment.replace('_', ' ')}${outstandingMicros > 0 ? `, ${money(outstandingMicros)} outstanding` : ''}`;
  const day = new Date(issuedAt).toISOString().slice(0, 10);
  return `${number}  ${day}  ${money(chargedMicros).padStart(18)}  ${accountId}  ${state}`;
}

async function exportDocument(
  database: Database,
  { say, clock }: InvoiceCommandParts,
  number: string,
  { pdf, csv, mask }: { readonly pdf?: string; readonly csv?: string; readonly mask?: true },
): Promise<void> {
  if (pdf === undefined && csv === undefined) throw new Error('say what to write: --pdf, --csv or both');
  const document = await getDocument(database, number, clock.now());
  if (!document) throw documentNotFound(number);
  if (pdf !== undefined) {
    const file = await getDocumentFile(database, number);
    if (!file) throw documentNotFound(number);
    await writeFile(pdf, file, { flag: 'wx' });
    say(pdf);
  }
  if (csv !== undefined) {
    await toFile(csv, (write) => writeDocumentCsv(database, document, mask !== true, write));
    say(csv);
  }
}

/** Writes a new file, whole or not at all. */
async function toFile(path: string, make: (write: WriteText) => Promise<void>): Promise<void> {
  const out = createWriteStream(path, { flags: 'wx' });
  await once(out, 'open');
  try {
    await make(async (text) => {
      if (!out.write(text)) await once(out, 'drain');
    });
    out.end();
    await once(out, 'close');
  } catch (error) {
    out.destroy();
    await unlink(path);
    throw error;
  }
}

async function requestOf(database: Database, accountId: string, text: string) {
  const period = readPeriod(text, await accountTimezone(database, accountId));
  if (!period) throw new Error(`${text} is no period: ${PERIODS}`);
  return { accountId, period };
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 10_000) {
    throw new InvalidArgumentError('it is an integer from 1 to 10,000');
  }
  return value;
}
