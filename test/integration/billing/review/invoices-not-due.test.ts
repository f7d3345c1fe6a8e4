import { InvoiceJob, listDocuments, putInvoiceProfile } from '../../../../src/billing';
import { BUYER_ACCOUNT } from '../../../support/call-records';
import { openDatabase } from '../../../support/open-database';
import { rowsReadOf } from '../../../support/rows-read';
import { BillingRoom, intoNextWeek, profile } from '../invoices/support/billing-room';
import { listed } from '../../../support/listed';

test('while no period can be over, what is to be invoiced is not read', async () => {
  const room = await BillingRoom.open();
  const db = openDatabase(room.own.url, { poolSize: 1 });
  try {
    await putInvoiceProfile(room.db, profile(BUYER_ACCOUNT, { period: 'weekly' }));
    await room.calls(1);
    const now = intoNextWeek();
    const run = (): Promise<void> => new InvoiceJob(db, { now: () => now }).run();
    /** Rows of the ledger that a run reads. */
    const read = async (): Promise<number> => {
      const rows = (): Promise<number> => rowsReadOf(room.own, db, ['ledger_entries']);
      const before = await rows();
      await run();
      return (await rows()) - before;
    };
    expect(await read()).toBeGreaterThan(0);
    expect(await listed(listDocuments(room.db, { limit: 10 }, now))).toHaveLength(1);
    await room.calls(20);
    expect(await read()).toBe(0);
  } finally {
    await db.close();
    await room.close();
  }
});
