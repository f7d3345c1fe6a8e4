import { micros } from '../../../../src/domain';
import { postTransaction } from '../../../../src/billing';
import type { Queryable } from '../../../../src/storage';
import { PaymentRoom } from '../payments/support/payment-room';
import { PayoutRoom } from '../payouts/support/payout-room';

/** The exchange's own cash comes to more than a number holds; one movement of it does not. */
async function fillCash(db: {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
}): Promise<void> {
  for (const key of ['one', 'two']) {
    await db.transaction((tx) =>
      postTransaction(tx, {
        idempotencyKey: `capital:${key}`,
        kind: 'adjustment',
        postings: [
          { accountId: 'operator', purpose: 'cash', currency: 'USD', amount: micros(9e15) },
          { accountId: 'operator', purpose: 'adjustments', currency: 'USD', amount: micros(-9e15) },
        ],
      }),
    );
  }
}

test('a refund is taken from cash of more micro-units than a number holds', async () => {
  const room = await PaymentRoom.open();
  try {
    const charge = await room.charged(50);
    await fillCash(room.db);
    expect(await room.refund(charge.id, 20)).toMatchObject({ kind: 'refund', amount: 20_000_000 });
    expect(await room.wallet()).toBe(30_000_000);
  } finally {
    await room.close();
  }
});

test('payouts are paid from cash of more micro-units than a number holds', async () => {
  const room = await PayoutRoom.open();
  try {
    const seller = await room.seller();
    await room.earn(seller, 10_000_000);
    await fillCash(room.db);
    const { batch } = await room.approved();
    expect(await room.pay(batch.id)).toMatchObject({ state: 'paid', paid: 10_000_000 });
    expect(await room.owed(seller)).toBe(0);
  } finally {
    await room.close();
  }
});
