import { randomUUID } from 'node:crypto';
import type { TopUpDue } from '../../../../src/billing';
import { chargeTopUps, listPayments } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { lineUp } from '../../../support/line-up';
import { BUYER, HOUR, PaymentRoom } from './support/payment-room';

let room: PaymentRoom;

beforeAll(async () => {
  room = await PaymentRoom.open();
});
afterAll(() => room.close());
beforeEach(() => openWallet());
afterEach(() => room.reset());

async function openWallet(): Promise<void> {
  await room.own.query(
    `insert into wallets (account_id, currency, top_up_below, top_up_amount, top_up_method)
     values ($1, 'USD', 10000000, 40000000, $2)
     on conflict (account_id, currency) do update set top_up_below = 10000000, top_up_amount = 40000000, top_up_method = $2`,
    [BUYER, room.methodId],
  );
}

/** What a wallet that ran low asks for, and notes that it did. */
async function due(more: Partial<TopUpDue> = {}): Promise<TopUpDue> {
  const key = randomUUID();
  await room.own.query('update wallets set top_up_pending = $1', [key]);
  return {
    key,
    accountId: BUYER,
    currency: 'USD',
    amount: micros(40_000_000),
    paymentMethod: room.methodId,
    ...more,
  };
}

const topUp = (wanted: TopUpDue): Promise<void> => chargeTopUps(room.db, room.now)(wanted);

async function wallet(): Promise<{ pending: string | null; method: string | null } | undefined> {
  const [row] = await room.own.query<{ pending: string | null; method: string | null }>(
    'select top_up_pending as pending, top_up_method as method from wallets',
  );
  return row;
}

test('a wallet that ran low is filled, and may ask again', async () => {
  const before = await room.wallet();
  const wanted = await due();
  await topUp(wanted);
  await topUp(wanted);
  expect(await wallet()).toMatchObject({ pending: wanted.key });
  await room.keeper().run();
  expect((await room.wallet()) - before).toBe(40_000_000);
  expect(await wallet()).toEqual({ pending: null, method: room.methodId });
  await topUp(wanted);
  expect(await listPayments(room.db, { limit: 9 })).toMatchObject([
    { cause: 'auto_top_up', state: 'succeeded' },
  ]);
});

test('one at a time, also of those that ask at the same time', async () => {
  const wishes = await Promise.all(Array.from({ length: 6 }, () => due()));
  const asked = await lineUp(
    room.own,
    'payments',
    wishes.map((wanted) => () => topUp(wanted)),
  );
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(asked.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { code: 'top_up_under_way' },
  });
  await room.keeper().run();
  expect(room.stripe.charged).toHaveLength(1);
});

test('the third failure in a row is the last, until its owner sets it up again', async () => {
  room.stripe.fates.push(...Array.from({ length: 3 }, () => 'decline:insufficient_funds' as const));
  const told: unknown[] = [];
  for (let n = 1; n <= 3; n++) {
    await topUp(await due());
    await room.keeper().run();
    // After a failure the card is left in peace for a while.
    room.ahead += HOUR;
    await room.keeper().run();
    const [payment] = await listPayments(room.db, { limit: 1 });
    told.push(...(await room.events(payment?.id ?? '')).map(([type, { autoTopUp }]) => [type, autoTopUp]));
    expect(await wallet()).toEqual({ pending: null, method: n < 3 ? room.methodId : null });
  }
  expect(told).toEqual([
    ['payment.failed', { failures: 1, switchedOff: false }],
    ['payment.failed', { failures: 2, switchedOff: false }],
    ['payment.failed', { failures: 3, switchedOff: true }],
  ]);

  await openWallet();
  room.stripe.fates.push('decline:insufficient_funds');
  await topUp(await due());
  await room.keeper().run();
  expect(await wallet()).toEqual({ pending: null, method: room.methodId });
});

test('after a failure the next one waits, and one that works forgives those before it', async () => {
  room.stripe.fates.push('decline:do_not_honor', 'decline:do_not_honor');
  for (let n = 0; n < 2; n++) {
    await topUp(await due());
    const asked = room.stripe.requests.length;
    await room.keeper().run();
    expect(room.stripe.requests).toHaveLength(asked + (n === 0 ? 1 : 0));
    room.ahead += HOUR;
    await room.keeper().run();
  }
  room.ahead += HOUR;
  await topUp(await due());
  room.ahead += HOUR;
  await room.keeper().run();
  room.stripe.fates.push('decline:do_not_honor');
  await topUp(await due());
  await room.keeper().run();
  expect(await wallet()).toEqual({ pending: null, method: room.methodId });
});

test.each<[string, Partial<TopUpDue>]>([
  ['a card that is gone', { paymentMethod: 'gone' }],
  ['a fraction of a cent', { amount: micros(40_000_001) }],
])('what cannot be charged is a failure at once: %s', async (_what, more) => {
  await topUp(await due(more));
  expect(await listPayments(room.db, { limit: 9 })).toMatchObject([
    { state: 'failed', failure: { code: 'not_chargeable', retryable: false }, methodId: null },
  ]);
  expect(await wallet()).toEqual({ pending: null, method: room.methodId });
  await room.keeper().run();
  expect(room.stripe.requests).toEqual([]);
});
