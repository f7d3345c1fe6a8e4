import { postTransactions } from '../../../src/billing';
import type { Database } from '../../../src/storage';
import { insertParties } from '../../support/call-records';
import { openDatabase } from '../../support/open-database';
import { rowsReadOf } from '../../support/rows-read';
import type { TestDatabase } from '../../support/test-database';
import { testDatabase } from '../../support/test-database';
import { sale } from './support/ledger-books';

const BUYERS = Array.from({ length: 400 }, (_, n) => `buyer-${n}`);

let own: TestDatabase;
let db: Database;

beforeAll(async () => {
  own = await testDatabase();
  // One connection: its plans are as old as it is.
  db = openDatabase(own.url, { poolSize: 1 });
  await insertParties(db, BUYERS);
});
afterAll(async () => {
  await db.close();
  await own.drop();
});

const post = (key: string, buyers: readonly string[]): Promise<unknown> =>
  db.transaction((tx) =>
    postTransactions(
      tx,
      buyers.map((buyer) => ({
        idempotencyKey: `${key} ${buyer}`,
        kind: 'adjustment' as const,
        postings: sale(1, buyer),
      })),
    ),
  );

/** Rows of the ledger that the connection has read so far. */
const rowsRead = (): Promise<number> =>
  rowsReadOf(own, db, ['ledger_transactions', 'ledger_entries', 'ledger_chains', 'ledger_blocks']);

test('what is posted costs the same however long the ledger is, with plans from when it was short', async () => {
  for (let n = 0; n < 20; n++) await post(`first ${n}`, BUYERS.slice(0, 2));
  await db.query('analyze');
  for (let n = 0; n < 8; n++) await post(`second ${n}`, BUYERS.slice(0, 2));
  const begin = await rowsRead();
  await post('short', BUYERS.slice(0, 2));
  const short = (await rowsRead()) - begin;
  for (let n = 0; n < 8; n++) await post(`grow ${n}`, BUYERS);
  const grown = await rowsRead();
  await post('long', BUYERS.slice(0, 2));
  const long = (await rowsRead()) - grown;
  expect(short).toBeGreaterThan(0);
  // Dead versions of rows that were just changed may be passed.
  expect(long).toBeLessThan(short + 100);
});
