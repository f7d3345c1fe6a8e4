import type { DocumentPeriod, InvoiceProfile, LedgerKind } from '../../../../../src/billing';
import { postTransaction, putInvoiceProfile, settleCalls } from '../../../../../src/billing';
import { periodAt } from '../../../../../src/billing/invoices/invoice-period';
import type { AccountTerms, CallEndedRecord, Currency } from '../../../../../src/domain';
import { micros } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import {
  BUYER_ACCOUNT,
  endedRecord,
  insertParties,
  ringTarget,
  saleTerms,
  storeEnded,
} from '../../../../support/call-records';
import { openDatabase } from '../../../../support/open-database';
import type { TestDatabase } from '../../../../support/test-database';
import { testDatabase } from '../../../../support/test-database';

/** Fees and taxes of the buyer in these tests: 0.50 a call, 8.875 % on everything. */
export const BUYER_TERMS: AccountTerms = {
  accountId: BUYER_ACCOUNT,
  effectiveFrom: 0,
  fees: [
    {
      code: 'platform',
      name: 'Platform fee',
      basis: 'per_call',
      amount: micros(500_000),
      shareBp: 0,
      on: 'converted',
    },
  ],
  taxes: [{ code: 'sales', name: 'Sales tax', ratePpm: 88_750, on: ['revenue', 'fees'] }],
};
/** What one call of the records costs the buyer: 25.00 + 0.50 + 8.875 % of both. */
export const CALL_COST = 25_000_000 + 500_000 + 2_263_125;

const DAY_MS = 86_400_000;

/** A day into next week by UTC, whatever day it is now: by then this week is over, and no later one. */
export function intoNextWeek(): number {
  return periodAt('weekly', 'UTC', Date.now()).to + DAY_MS;
}

export function profile(accountId: string, more: Partial<InvoiceProfile> = {}): InvoiceProfile {
  return {
    accountId,
    legalName: `${accountId} Ltd`,
    address: ['1 Example Street', 'Exampleton'],
    taxId: null,
    email: null,
    period: 'manual',
    termsDays: 14,
    locale: 'en-US',
    paymentLines: [],
    ...more,
  };
}

/** Accounts with profiles, and money that moves between them. */
export class BillingRoom {
  #count = 0;

  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {}

  static async open(): Promise<BillingRoom> {
    const own = await testDatabase();
    const db = openDatabase(own.url, { poolSize: 10, statementTimeoutMs: 30_000 });
    await insertParties(db, ['other-buyer']);
    await db.query(
      `insert into campaigns (id, name, status, currency, auction_type, reserve_price, routing, ring_timeout_ms,
         max_attempts, max_duration_ms, payout)
       select id, name, 'active', 'USD', 'first_price', 0, 'auction', 20000, 3, 3600000,
         '{"kind": "per_call", "amount": 0, "afterMs": 0}'
       from (values ('campaign-1', 'Auto insurance'), ('campaign-2', 'Roofing')) as c(id, name)`,
    );
    await db.query(
      `insert into account_terms (account_id, effective_from, fees, taxes) values ($1, 0, $2, $3)`,
      [BUYER_ACCOUNT, JSON.stringify(BUYER_TERMS.fees), JSON.stringify(BUYER_TERMS.taxes)],
    );
    for (const accountId of ['operator', BUYER_ACCOUNT, 'other-buyer'])
      await putInvoiceProfile(db, profile(accountId));
    return new BillingRoom(own, db);
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.own.drop();
  }

  /** Stores calls that ended and settles them. */
  async settle(records: readonly CallEndedRecord[]): Promise<void> {
    await storeEnded(this.db, records);
    const ids = records.map(({ callId }) => callId);
    for (const [callId, settled] of await settleCalls(this.db, ids)) {
      if (!settled.ok) throw new Error(`${callId}: ${settled.error.message}`);
    }
  }

  /** Calls of a campaign that are sold and settled. @returns their ids */
  async calls(count: number, campaignId = 'campaign-1'): Promise<string[]> {
    const records = Array.from({ length: count }, () => {
      const sale = { target: ringTarget(), terms: saleTerms({ campaignId }) };
      return endedRecord(`call-${++this.#count}`, { sale });
    });
    await this.settle(records);
    return records.map(({ callId }) => callId);
  }

  /** Moves money between an account's wallet and the operator. @returns the transaction */
  async move(
    amount: number,
    {
      kind = 'adjustment',
      accountId = BUYER_ACCOUNT,
      reason,
      against = 'adjustments',
      callId,
      reversesId,
      currency = 'USD',
    }: {
      readonly kind?: LedgerKind;
      readonly accountId?: string;
      readonly reason?: string;
      readonly against?: 'adjustments' | 'cash' | 'revenue';
      readonly callId?: string;
      readonly reversesId?: number;
      readonly currency?: Currency;
    } = {},
  ): Promise<number> {
    const id = await this.db.transaction((tx) =>
      postTransaction(tx, {
        idempotencyKey: `move-${++this.#count}`,
        kind,
        reason,
        callId,
        reversesId,
        postings: [
          { accountId, purpose: 'wallet', currency, amount: micros(amount) },
          { accountId: 'operator', purpose: against, currency, amount: micros(-amount) },
        ],
      }),
    );
    return id as number;
  }

  /** An instant after everything posted so far, and before what comes. */
  async pause(): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, 3));
    const at = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 3));
    return at;
  }

  /** Everything from the beginning to now. */
  async untilNow(from = 0): Promise<{ period: DocumentPeriod; now: number }> {
    const now = await this.pause();
    return { period: { from, to: now }, now };
  }

  /** What an account owes by its ledger. */
  async balance(accountId = BUYER_ACCOUNT): Promise<number> {
    const [row] = await this.own.query<{ sum: string }>(
      `select coalesce(sum(balance), 0) as sum from ledger_accounts where account_id = $1 and purpose in ('wallet', 'held')`,
      [accountId],
    );
    return Number(row?.sum);
  }
}
