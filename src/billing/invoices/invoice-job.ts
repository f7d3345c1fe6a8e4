import type { Currency } from '../../domain';
import { asError } from '../../domain';
import type { Database } from '../../storage';
import { RecurringWork } from '../../storage';
import { endOfChain } from './compose-invoice';
import { firstFresh } from './covered-transactions';
import type { DocumentPeriod } from './document';
import { periodAt } from './invoice-period';
import type { IssuedInvoice } from './issue-invoice';
import { issueInvoice } from './issue-invoice';
import type { InvoicedAccount } from './profiles';
import { accountsInvoiced } from './profiles';

export interface InvoiceJobOptions {
  /** UTC epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds from one run to the next. */
  readonly everyMs?: number;
  readonly onIssued?: (issued: { readonly accountId: string; readonly number: string }) => void;
  /** One account could not be invoiced in one currency: all others are, and it is tried again the next time. */
  readonly onError?: (error: Error) => void;
}

const EVERY_MS = 600_000;
/** After the end of a period, for what is posted just before it to be committed. */
const GRACE_MS = 900_000;
/** Periods that one run makes up for, of an account. */
const MAX_PERIODS = 60;

/**
 * Issues the invoices of weeks and months that are over, in each account's time zone. Any number of workers
 * may run it: whoever comes first issues, and the others find that nothing is left.
 */
export class InvoiceJob extends RecurringWork {
  readonly #database: Database;
  readonly #options: InvoiceJobOptions;

  constructor(database: Database, options: InvoiceJobOptions) {
    super({ everyMs: options.everyMs ?? EVERY_MS, onError: options.onError });
    this.#database = database;
    this.#options = options;
  }

  /** Issues what is due. @throws Error when the accounts cannot be read */
  async run(stopped: () => boolean = () => false): Promise<void> {
    for (const account of await accountsInvoiced(this.#database)) {
      if (stopped()) return;
      try {
        await this.#invoice(account, stopped);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  /** Currencies are invoiced apart: one that fails keeps no other from it. */
  async #invoice(account: InvoicedAccount, stopped: () => boolean): Promise<void> {
    const { rows } = await this.#database.query<{ currency: Currency }>(
      `select distinct currency from ledger_accounts where account_id = $1 and purpose in ('wallet', 'held') order by currency`,
      [account.accountId],
    );
    for (const { currency } of rows) {
      try {
        await this.#invoiceIn(currency, account, stopped);
      } catch (error) {
        this.#options.onError?.(asError(error));
      }
    }
  }

  async #invoiceIn(currency: Currency, account: InvoicedAccount, stopped: () => boolean): Promise<void> {
    for (const period of await this.#due(account, currency)) {
      if (stopped()) return;
      const now = this.#options.now();
      const issued = await issueInvoice(this.#database, { ...account, currency, period, now });
      this.#tell(account, issued);
    }
  }

  #tell({ accountId }: InvoicedAccount, issued: IssuedInvoice): void {
    if (issued.ok) this.#options.onIssued?.({ accountId, number: issued.number });
  }

  /** Periods that are over and not invoiced, oldest first; what is before the first of them is on that one. */
  async #due(account: InvoicedAccount, currency: Currency): Promise<DocumentPeriod[]> {
    const { period: rhythm, timezone, accountId } = account;
    if (rhythm === 'manual') return [];
    const chain = { accountId, currency };
    const over = this.#options.now() - GRACE_MS;
    const { invoicedTo } = await endOfChain(this.#database, chain);
    // Finding the first of what is on no document reads all of it: not before anything can be due.
    if (invoicedTo !== null && periodAt(rhythm, timezone, invoicedTo).to > over) return [];
    const first = await firstFresh(this.#database, chain);
    if (first === undefined) return [];
    const due: DocumentPeriod[] = [];
    // Of several periods without an invoice all are looked at; what moved nothing is passed over.
    let period = periodAt(rhythm, timezone, Math.max(invoicedTo ?? first, first));
    while (period.to <= over) {
      due.push({ from: Math.max(period.from, invoicedTo ?? period.from), to: period.to });
      period = periodAt(rhythm, timezone, period.to);
    }
    return due.slice(0, MAX_PERIODS);
  }
}
