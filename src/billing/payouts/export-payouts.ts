import { stringify } from 'csv-stringify/sync';
import type { Queryable } from '../../storage';
import { inTransaction } from '../../storage';
import { decimalText } from '../payments/minor-units';
import { notIn } from './approve-payouts';
import type { PayoutItem } from './payout';
import { itemsOfBatch, lockPayoutBatch } from './payout-rows';
import type { ContestedMoney } from './prepare-payouts';
import { assertCovered } from './uncovered-items';

/**
 * A batch as a table, for the bank and for people: RFC 4180, UTF-8, amounts in units of the currency.
 *
 * @throws AppError `not_found`; `conflict` before it is approved, after it was canceled, or when less is owed
 * by now than would be sent
 */
export async function exportPayouts(db: Queryable, id: string, contested?: ContestedMoney): Promise<string> {
  return inTransaction(db, async (tx) => {
    const batch = await lockPayoutBatch(tx, id);
    if (batch.state !== 'approved' && batch.state !== 'paid') throw notIn(batch, 'approved or paid');
    await assertCovered(tx, batch, contested);
    return payoutTable(await itemsOfBatch(tx, id));
  });
}

const COLUMNS = [
  'batch',
  'item',
  'account',
  'name',
  'method',
  'amount',
  'currency',
  'state',
  'reference',
  'failure',
] as const;

/** Texts that a spreadsheet would take for formulas are made plain by an apostrophe. */
function payoutTable(items: readonly PayoutItem[]): string {
  const rows = items.map((item) => [
    item.batchId,
    item.id,
    item.accountId,
    item.accountName,
    item.method,
    decimalText(item.amount, item.currency),
    item.currency,
    item.state,
    item.reference ?? '',
    item.failure ?? '',
  ]);
  return stringify([[...COLUMNS], ...rows], { record_delimiter: '\r\n', escape_formulas: true });
}
