import { join } from 'node:path';
import { ledgerLines, postTransaction, trialBalance, verifyLedger } from '../../../src/billing';
import type { Database } from '../../../src/storage';
import { migrateDown, migrateUp, readMigrations } from '../../../src/storage';
import { openDatabase } from '../../support/open-database';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { sale } from './support/ledger-books';

const MIGRATIONS = readMigrations(join(__dirname, '../../../migrations'));
const BEFORE = MIGRATIONS.filter(({ name }) => name < '0013');
const LEDGER = MIGRATIONS.filter(({ name }) => name.startsWith('0013'));

let own: TestDatabase;
let db: Database;

beforeEach(async () => {
  own = await testDatabase({ migrated: false });
  db = openDatabase(own.url);
  await migrateUp(db, BEFORE);
  await own.query(`insert into accounts (id, name, type) values ('buyer-account', 'Buyer', 'buyer')`);
});
afterEach(async () => {
  await db.close();
  await own.drop();
});

/** Three settled calls, as they were booked before. */
async function settle(): Promise<void> {
  await own.query(`
    insert into ledger_accounts (account_id, purpose, currency)
      values ('buyer-account', 'receivable', 'USD'), ('operator', 'revenue', 'USD')`);
  for (const n of [1, 2, 3]) {
    await own.query(`with t as (
        insert into ledger_transactions (idempotency_key, kind, call_id, posted_at)
        values ('call:${n}', 'call_settlement', '${n}', '2024-05-0${n} 23:59:59.5+00') returning id)
      insert into ledger_entries (transaction_id, ledger_account_id, amount)
      select t.id, a.id, case a.purpose when 'receivable' then ${n} else -${n} end from t, ledger_accounts a`);
  }
}
const balances = (): Promise<unknown[]> =>
  own.query('select account_id, purpose, currency, balance from ledger_accounts order by id');
const entries = (): Promise<unknown[]> =>
  own.query(
    `select e.transaction_id, e.id, e.ledger_account_id, e.amount from ledger_entries e order by e.id`,
  );

test('what was posted before is the first block of each chain, and the ledger goes on from there', async () => {
  await settle();
  const before = await entries();
  await migrateUp(db, LEDGER);
  expect(await entries()).toEqual(before);
  expect(await verifyLedger(db)).toMatchObject({ ok: true, chains: 2, blocks: 2, entries: 6 });
  const { lines } = await ledgerLines(db, 'buyer-account', { limit: 10 });
  expect(
    lines.map(({ purpose, amountMicros, effectiveOn, postedAt }) => [
      purpose,
      amountMicros,
      effectiveOn,
      postedAt,
    ]),
  ).toEqual(
    [1, 2, 3].map((n) => ['wallet', n, `2024-05-0${n}`, new Date(Date.UTC(2024, 4, n, 23, 59, 59, 500))]),
  );
  await db.transaction((tx) =>
    postTransaction(tx, { idempotencyKey: 'next', kind: 'adjustment', postings: sale(10) }),
  );
  expect(await verifyLedger(db)).toMatchObject({ ok: true, chains: 2, blocks: 4, entries: 8 });
  expect(await trialBalance(db)).toEqual({
    debitsMicros: 16n,
    creditsMicros: 16n,
    imbalanceMicros: 0n,
    wrongBalances: 0,
  });
});

test('an empty ledger has no chains, and goes down and up again', async () => {
  await migrateUp(db, LEDGER);
  expect(await own.query('select 1 from ledger_chains')).toEqual([]);
  await migrateDown(db, LEDGER, 1);
  await migrateUp(db, LEDGER);
});

test('taken back, the ledger is what it was, and refuses what it refused', async () => {
  await settle();
  const before = [await entries(), await balances()];
  await migrateUp(db, LEDGER);
  await migrateDown(db, LEDGER, 1);
  expect([await entries(), await balances()]).toEqual(before);
  for (const [statement, code] of [
    [
      'insert into ledger_entries (transaction_id, ledger_account_id, amount) values (1, 1, 5), (1, 2, -5)',
      '23001',
    ],
    [
      'insert into ledger_entries (transaction_id, ledger_account_id, amount) values (99, 1, 5), (99, 2, -5)',
      '23503',
    ],
    ['update ledger_entries set amount = 1', '23001'],
  ] as const) {
    await expect(own.query(statement)).rejects.toMatchObject({ code });
  }
  await migrateUp(db, LEDGER);
  expect(await verifyLedger(db)).toMatchObject({ ok: true, chains: 2, blocks: 2, entries: 6 });
});
