import { adjust } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { PaymentRoom } from '../payments/support/payment-room';

let room: PaymentRoom;
beforeAll(async () => {
  room = await PaymentRoom.open();
});
afterAll(() => room.close());

test('a charge of a card is given back by its payment alone, so that it is not taken out twice', async () => {
  const charge = await room.charged(50);
  await room.charged(50);
  const transactionId = charge.transactionId as number;
  await expect(
    adjust(
      room.db,
      {
        kind: 'reversal',
        reference: 'by-hand',
        transactionId,
        reason: 'a mistake',
        by: { keyId: 'k1', accountId: 'operator' },
      },
      { mostAlone: micros(1_000_000_000) },
    ),
  ).rejects.toMatchObject({ code: 'not_adjustable' });
  await room.refund(charge.id);
  expect(await room.wallet()).toBe(50_000_000);
});
