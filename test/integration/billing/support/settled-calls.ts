import type { SettlementSources } from '../../../../src/billing';
import { settleCall, STORED_SOURCES } from '../../../../src/billing';
import type { CallEndedRecord, ConversionRule, PayoutPlan, RatePlan, Sale } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import type { Database } from '../../../../src/storage';
import {
  endedRecord,
  insertParties,
  NOON,
  ringTarget,
  saleTerms,
  storeEnded,
} from '../../../support/call-records';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';

/** A minute after the calls of these records. */
export const SOON = NOON + 120_000;
export const WINDOW = { windowMs: 30 * 86_400_000, now: SOON };

/** Priced by its events: `sale` costs 40 and earns 15, `junk` nothing; anything else 25 and 8. */
export function signalled(more: Partial<Sale['terms']> = {}): Sale {
  const at = (amount: number): RatePlan & PayoutPlan => ({
    kind: 'per_call',
    amount: micros(amount * 1_000_000),
    afterMs: 0,
  });
  const rules = (junk: number, sale: number): ConversionRule[] => [
    { when: { kind: 'postback', anyOf: ['junk'] }, plan: at(junk) },
    { when: { kind: 'postback', anyOf: ['sale'] }, plan: at(sale) },
  ];
  return {
    target: ringTarget({ conversions: rules(0, 40) }),
    terms: saleTerms({ conversions: rules(0, 15), ...more }),
  };
}

/** A database with calls that are over, and what they came to. */
export class BooksRoom {
  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {}

  static async open(accounts: readonly string[] = []): Promise<BooksRoom> {
    const own = await testDatabase();
    const db = openDatabase(own.url, { poolSize: 12 });
    await insertParties(db, accounts);
    await db.query(`update accounts set type = 'seller' where id = 'seller-account'`);
    return new BooksRoom(own, db);
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.own.drop();
  }

  async end(callId: string, more: Partial<CallEndedRecord> = {}): Promise<void> {
    await storeEnded(this.db, [endedRecord(callId, more)]);
  }

  settle(callId: string, sources: SettlementSources = STORED_SOURCES): Promise<string> {
    return settleCall(this.db, callId, { sources });
  }

  /** A call that is over and settled. */
  async settled(callId: string, more: Partial<CallEndedRecord> = {}): Promise<void> {
    await this.end(callId, more);
    await this.settle(callId);
  }

  /** What the ledger says of a call, by account and purpose, holds aside; nothings left out. */
  async booked(callId: string): Promise<Record<string, number>> {
    const rows = await this.own.query<{ name: string; amount: string }>(
      `select a.account_id || ' ' || a.purpose as name, sum(e.amount)::text as amount
       from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
       join ledger_accounts a on a.id = e.ledger_account_id
       where t.call_id = $1 group by 1 having sum(e.amount) <> 0 order by 1`,
      [callId],
    );
    return Object.fromEntries(rows.map(({ name, amount }) => [name, Number(amount)]));
  }

  async events(type: string): Promise<{ subject: string; payload: Record<string, unknown> }[]> {
    return this.own.query('select subject, payload from outbox where type = $1 order by id', [type]);
  }

  async balance(accountId: string, purpose: string): Promise<number> {
    const rows = await this.own.query<{ balance: string }>(
      'select balance::text from ledger_accounts where account_id = $1 and purpose = $2',
      [accountId, purpose],
    );
    return Number(rows[0]?.balance ?? 0);
  }
}
