import { requestRefund, trialBalance } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { lineUp } from '../../../support/line-up';
import type { Fate } from '../../../support/stripe-stub';
import { BUYER, PaymentRoom } from './support/payment-room';

let room: PaymentRoom;

beforeAll(async () => {
  room = await PaymentRoom.open();
});
afterAll(() => room.close());
afterEach(async () => {
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  await room.reset();
});

/** Calls cost the buyer so much. */
async function spend(dollars: number): Promise<void> {
  await room.post('adjustment', [
    [BUYER, 'wallet', dollars],
    ['operator', 'adjustments', -dollars],
  ]);
}

test('money is out of the wallet before the provider is asked, and stays out when it was given back', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const refund = await room.refund(charge.id, 20);
  expect(refund).toMatchObject({ kind: 'refund', state: 'created', chargeId: charge.id, amount: 20_000_000 });
  expect(before - (await room.wallet())).toBe(20_000_000);
  expect((await room.posted()).at(-1)).toBe(`refund payment:${refund.id}`);
  expect(room.stripe.refunds).toEqual([]);

  await room.keeper().run();
  expect(await room.get(refund.id)).toMatchObject({
    state: 'succeeded',
    providerRef: room.stripe.refunds[0]?.id,
  });
  expect(room.stripe.refunds).toMatchObject([{ amount: 2_000, payment_intent: charge.providerRef }]);
  expect(before - (await room.wallet())).toBe(20_000_000);
  expect(await room.events(refund.id)).toMatchObject([
    ['payment.succeeded', { kind: 'refund', chargeId: charge.id }],
  ]);
});

test('a refund that the provider refuses puts the money back', async () => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  const refund = await room.refund(charge.id);
  room.stripe.fates.push('decline:charge_already_refunded');
  await room.keeper().run();
  expect(await room.get(refund.id)).toMatchObject({
    state: 'failed',
    failure: { code: 'charge_already_refunded' },
  });
  expect(await room.wallet()).toBe(before);
  expect((await room.posted()).at(-1)).toBe(`reversal payment:${refund.id}:reversal`);
  const [reversal] = await room.own.query<{ reverses: string }>(
    'select reverses_id as reverses from ledger_transactions order by id desc limit 1',
  );
  expect(Number(reversal?.reverses)).toBe((await room.get(refund.id)).transactionId);
  expect(await room.events(refund.id)).toMatchObject([['payment.failed', { kind: 'refund' }]]);
});

test.each<Fate>(['made, cut', 'made, 500', 'cut'])(
  'a refund whose answer is lost (%s) is made once',
  async (fate) => {
    const charge = await room.charged(50);
    const before = await room.wallet();
    const refund = await room.refund(charge.id, 30);
    room.stripe.fates.push(fate);
    await room.keeper().run();
    expect(await room.get(refund.id)).toMatchObject({ state: 'pending' });
    room.ahead = 6_000;
    await room.keeper().run();
    expect(await room.get(refund.id)).toMatchObject({ state: 'succeeded' });
    expect(room.stripe.refunds).toHaveLength(1);
    expect(before - (await room.wallet())).toBe(30_000_000);
  },
);

test('no more goes back than came', async () => {
  const charge = await room.charged(50);
  await room.charged(50);
  await room.refund(charge.id, 30);
  await expect(room.refund(charge.id, 21)).rejects.toMatchObject({
    code: 'refund_exceeds_payment',
    details: {
      errors: [{ pointer: '/amountMicros', message: expect.stringContaining('20000000') as unknown }],
    },
  });
  expect(await room.refund(charge.id)).toMatchObject({ amount: 20_000_000 });
  await expect(room.refund(charge.id)).rejects.toMatchObject({ code: 'payment_refunded' });
});

test('money that was spent does not go back', async () => {
  const charge = await room.charged(50);
  await spend((await room.wallet()) / 1_000_000 - 10);
  await expect(room.refund(charge.id, 11)).rejects.toMatchObject({ code: 'wallet_too_low' });
  await room.refund(charge.id, 10);
  expect(await room.wallet()).toBe(0);
  await expect(room.refund(charge.id, 1)).rejects.toMatchObject({ code: 'wallet_too_low' });
});

test('of many who ask at once, so many get it as the wallet has money for', async () => {
  const charges = [];
  for (let n = 0; n < 6; n++) charges.push(await room.charged(10));
  await spend((await room.wallet()) / 1_000_000 - 35);
  const asked = await lineUp(
    room.own,
    'payments',
    charges.map(
      ({ id }) =>
        () =>
          room.refund(id),
    ),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(await room.wallet()).toBe(5_000_000);
});

test('of many who ask at once for the same charge, so many get it as it was', async () => {
  const charge = await room.charged(50);
  await room.charged(50);
  const asked = await lineUp(
    room.own,
    'payments',
    Array.from({ length: 7 }, () => () => room.refund(charge.id, 10)),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
});

test.each<[string, Record<string, unknown>, string]>([
  ['of nothing', { amount: micros(0) }, 'amount_unpayable'],
  ['of less than nothing', { amount: micros(-5_000_000) }, 'amount_unpayable'],
  ['of a fraction of a cent', { amount: micros(1) }, 'amount_unpayable'],
  ['of a payment that there is not', { chargeId: 'none' }, 'payment_not_found'],
])('refused: %s', async (_what, more, code) => {
  const charge = await room.charged(50);
  const before = await room.wallet();
  await expect(
    requestRefund(room.db, { chargeId: charge.id, requestedBy: 'operator', ...more }, room.now()),
  ).rejects.toMatchObject({ code });
  expect(await room.wallet()).toBe(before);
});

test('a charge that was not made, and a refund, are not given back', async () => {
  const waiting = await room.charge(50);
  await expect(room.refund(waiting.id)).rejects.toMatchObject({ code: 'payment_not_refundable' });
  await room.keeper().run();
  const refund = await room.refund(waiting.id, 1);
  await expect(room.refund(refund.id)).rejects.toMatchObject({ code: 'payment_not_refundable' });
});
