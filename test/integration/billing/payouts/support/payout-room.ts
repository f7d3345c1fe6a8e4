import { randomUUID } from 'node:crypto';
import type { Actor, LedgerKind, PayoutBatch, PayoutItem, PreparedPayouts } from '../../../../../src/billing';
import {
  approvePayouts,
  itemsOfBatch,
  payItems,
  postTransaction,
  preparePayouts,
  putPayoutTerms,
} from '../../../../../src/billing';
import type { Currency, Micros } from '../../../../../src/domain';
import { micros } from '../../../../../src/domain';
import type { Database } from '../../../../../src/storage';
import { openDatabase } from '../../../../support/open-database';
import type { TestDatabase } from '../../../../support/test-database';
import { testDatabase } from '../../../../support/test-database';

export const ONE: Actor = { keyId: 'key-one', accountId: 'operator' };
export const OTHER: Actor = { keyId: 'key-other', accountId: 'operator' };
export const DAY = 86_400_000;
export const REFERENCE = 'SEPA 2026-11-21/7';

/** Sellers that earn, and people who pay them. */
export class PayoutRoom {
  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {}

  static async open(): Promise<PayoutRoom> {
    const own = await testDatabase();
    return new PayoutRoom(own, openDatabase(own.url, { poolSize: 12 }));
  }

  /** A seller that is paid by hand as soon as it has earned anything, but for what is said otherwise. */
  async seller(
    more: {
      readonly type?: string;
      readonly timezone?: string;
      readonly period?: 'weekly' | 'monthly' | 'manual';
      readonly minimum?: number;
      readonly holdBackDays?: number;
      readonly currency?: Currency;
      readonly name?: string;
      readonly method?: string;
    } = {},
  ): Promise<string> {
    const id = `seller-${randomUUID().slice(0, 8)}`;
    await this.own.query('insert into accounts (id, name, type, timezone) values ($1, $2, $3, $4)', [
      id,
      more.name ?? `Seller ${id}`,
      more.type ?? 'seller',
      more.timezone ?? 'UTC',
    ]);
    await putPayoutTerms(this.db, {
      accountId: id,
      currency: more.currency,
      period: more.period ?? 'manual',
      minimumAmount: micros(more.minimum ?? 0),
      holdBackDays: more.holdBackDays ?? 0,
      method: more.method ?? `IBAN of ${id}`,
      updatedBy: 'operator',
    });
    return id;
  }

  /** @param amount - micro-units; negative is taken back */
  async earn(
    accountId: string,
    amount: number,
    more: { readonly kind?: LedgerKind; readonly currency?: Currency; readonly at?: Date } = {},
  ): Promise<void> {
    const { currency = 'USD', kind = amount < 0 ? 'adjustment' : 'call_settlement', at } = more;
    const id = await this.db.transaction((tx) =>
      postTransaction(tx, {
        idempotencyKey: randomUUID(),
        kind,
        postings: [
          { accountId, purpose: 'payable', currency, amount: micros(-amount) },
          { accountId: 'operator', purpose: 'payout', currency, amount: micros(amount) },
        ],
      }),
    );
    if (at) await this.#backdate(id, at);
  }

  /** What was posted now was posted then: the ledger itself refuses to be changed. */
  async #backdate(id: number | undefined, at: Date): Promise<void> {
    await this.own.force(
      'update ledger_transactions set posted_at = $2::timestamptz, effective_on = ($2::timestamptz)::date where id = $1',
      [id, at],
    );
    await this.own.force('update ledger_entries set posted_at = $2 where transaction_id = $1', [id, at]);
  }

  prepare(
    more: {
      readonly upTo?: number;
      readonly currency?: Currency;
      readonly accountIds?: readonly string[];
    } = {},
    disputed?: ReadonlyMap<string, Micros>,
  ): Promise<PreparedPayouts> {
    const now = Date.now();
    const wish = {
      currency: more.currency ?? 'USD',
      upTo: more.upTo ?? now,
      accountIds: more.accountIds,
      by: ONE,
    };
    return preparePayouts(this.db, wish, now, disputed && (() => Promise.resolve(disputed)));
  }

  /** A batch of everything that is due, with its items. */
  async batch(): Promise<{ readonly batch: PayoutBatch; readonly items: readonly PayoutItem[] }> {
    const { batch } = await this.prepare();
    if (!batch) throw new Error('nothing is due');
    return { batch, items: await itemsOfBatch(this.db, batch.id) };
  }

  async approved(): Promise<{ readonly batch: PayoutBatch; readonly items: readonly PayoutItem[] }> {
    const { batch, items } = await this.batch();
    return { batch: await approvePayouts(this.db, batch.id, OTHER), items };
  }

  pay(batchId: string, itemIds?: readonly string[]): Promise<PayoutBatch> {
    return payItems(this.db, { batchId, itemIds, reference: REFERENCE, by: OTHER });
  }

  /** Micro-units that the exchange owes it. */
  async owed(accountId: string, currency = 'USD'): Promise<number> {
    const [row] = await this.own.query<{ owed: string }>(
      `select -balance as owed from ledger_accounts where account_id = $1 and purpose = 'payable' and currency = $2`,
      [accountId, currency],
    );
    return Number(row?.owed ?? 0);
  }

  /** Micro-units that went to it from the bank. */
  async received(accountId: string): Promise<number> {
    const [row] = await this.own.query<{ paid: string }>(
      `select coalesce(sum(e.amount), 0) as paid from ledger_entries e
       join ledger_accounts l on l.id = e.ledger_account_id join ledger_transactions t on t.id = e.transaction_id
       where l.account_id = $1 and l.purpose = 'payable' and t.idempotency_key like 'payout:%'`,
      [accountId],
    );
    return Number(row?.paid ?? 0);
  }

  /** Nobody is owed or paid anything any more. */
  async reset(): Promise<void> {
    await this.own.query('truncate payout_items, payout_batches, payout_terms, outbox');
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.own.drop();
  }
}
