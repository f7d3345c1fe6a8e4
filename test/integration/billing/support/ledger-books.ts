import type { LedgerFinding, LedgerPurpose, LedgerTransaction, Posting } from '../../../../src/billing';
import { postTransaction, postTransactions, verifyLedger } from '../../../../src/billing';
import { OPERATOR_ACCOUNT, micros } from '../../../../src/domain';
import type { Database } from '../../../../src/storage';
import { BUYER_ACCOUNT, insertParties } from '../../../support/call-records';
import { openDatabase } from '../../../support/open-database';
import type { TestDatabase } from '../../../support/test-database';
import { testDatabase } from '../../../support/test-database';
import { refusalOf } from './refusal';

export function posting(
  accountId: string,
  purpose: LedgerPurpose,
  amount: number,
  currency = 'USD',
): Posting {
  return { accountId, purpose, currency: currency as Posting['currency'], amount: micros(amount) };
}

/** A buyer owes the exchange. */
export function sale(amount: number, accountId = BUYER_ACCOUNT): Posting[] {
  return [posting(accountId, 'wallet', amount), posting(OPERATOR_ACCOUNT, 'revenue', -amount)];
}

const TABLES = [
  'ledger_accounts',
  'ledger_transactions',
  'ledger_entries',
  'ledger_chains',
  'ledger_blocks',
  'ledger_periods',
  'ledger_period_balances',
];

/** Books of one test file, on a database of its own. */
export class Books {
  private constructor(
    readonly own: TestDatabase,
    readonly db: Database,
  ) {}

  static async open(parties: readonly string[] = []): Promise<Books> {
    const own = await testDatabase();
    const db = openDatabase(own.url, { poolSize: 10 });
    await insertParties(db, parties);
    return new Books(own, db);
  }

  async close(): Promise<void> {
    await this.db.close();
    await this.own.drop();
  }

  post(
    key: string,
    postings: readonly Posting[],
    more: Partial<LedgerTransaction> = {},
  ): Promise<number | undefined> {
    return this.db.transaction((tx) =>
      postTransaction(tx, { idempotencyKey: key, kind: 'adjustment', postings, ...more }),
    );
  }

  postAll(transactions: readonly LedgerTransaction[]): Promise<(number | undefined)[]> {
    return this.db.transaction((tx) => postTransactions(tx, transactions));
  }

  /** Does to the tables what the database refuses to everybody else. */
  async tamper(...statements: string[]): Promise<void> {
    for (const statement of statements) await this.own.force(statement);
  }

  /** Remembers the books as they are. */
  async remember(): Promise<void> {
    for (const table of TABLES) {
      await this.own.query(`create table remembered_${table} as select * from ${table}`);
    }
  }

  /** Makes the books what they were when they were remembered. */
  async restore(): Promise<void> {
    await this.tamper(
      `truncate ${TABLES.join(', ')} cascade`,
      ...TABLES.map(
        (table) => `insert into ${table} overriding system value select * from remembered_${table}`,
      ),
    );
  }

  /** What is wrong, shortly. */
  async findings(accountId?: string): Promise<LedgerFinding[]> {
    const { findings } = await verifyLedger(this.db, accountId === undefined ? {} : { accountId });
    return [...findings];
  }

  /** The SQLSTATE with which the database refuses the statements. */
  refusal(...statements: string[]): Promise<string | undefined> {
    return refusalOf(this.db, statements);
  }
}
