import { getPayoutTerms, itemsOfBatch, listPayoutTerms, putPayoutTerms } from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { lineUp } from '../../../support/line-up';
import { DAY, PayoutRoom } from './support/payout-room';

let room: PayoutRoom;

beforeAll(async () => {
  room = await PayoutRoom.open();
});
afterAll(() => room.close());
afterEach(() => room.reset());

/** What each account is paid when a batch is prepared. */
async function paid(...of: Parameters<PayoutRoom['prepare']>): Promise<Record<string, number>> {
  const { batch } = await room.prepare(...of);
  const items = batch ? await itemsOfBatch(room.db, batch.id) : [];
  return Object.fromEntries(items.map(({ accountId, amount }) => [accountId, amount]));
}

test('everything that is owed to sellers and carriers with terms, in whole cents', async () => {
  const [seller, carrier] = [await room.seller(), await room.seller({ type: 'carrier' })];
  await room.earn(seller, 12_345_678);
  await room.earn(carrier, 50_000_000);
  await room.own.query(`insert into accounts (id, name, type) values ('no-terms', 'No terms', 'seller')`);
  await room.earn('no-terms', 9_000_000);
  const { batch, leftOut } = await room.prepare();
  expect(batch).toMatchObject({
    state: 'draft',
    currency: 'USD',
    total: 62_340_000,
    paid: 0,
    items: 2,
    openItems: 2,
    preparedKey: 'key-one',
    approvedKey: null,
  });
  expect(leftOut).toEqual([]);
  const items = await itemsOfBatch(room.db, batch?.id ?? '');
  expect(items.find(({ accountId }) => accountId === seller)).toMatchObject({
    amount: 12_340_000,
    method: `IBAN of ${seller}`,
    state: 'open',
  });
  // What is set aside is not due again; the fraction waits for more.
  await room.earn(seller, 4_322);
  expect(await paid()).toEqual({ [seller]: 10_000 });
});

test('yen have no decimals', async () => {
  const seller = await room.seller({ currency: 'JPY' });
  await room.earn(seller, 1_500_999_999, { currency: 'JPY' });
  await room.earn(seller, 7_000_000);
  expect(await paid({ currency: 'JPY' })).toEqual({ [seller]: 1_500_000_000 });
});

test('who is left out, and why', async () => {
  const [poor, debtor, suspended, other] = [
    await room.seller({ minimum: 20_000_000 }),
    await room.seller(),
    await room.seller(),
    await room.seller(),
  ];
  await room.earn(poor, 19_999_999);
  await room.earn(debtor, -5_000_000);
  await room.earn(suspended, 5_000_000);
  await room.own.query(`update accounts set status = 'suspended' where id = $1`, [suspended]);
  await room.earn(other, 5_000_000);
  const { batch, leftOut } = await room.prepare({ accountIds: [poor, debtor, suspended] });
  expect(batch).toBeUndefined();
  expect(new Map(leftOut.map(({ accountId, ...rest }) => [accountId, rest]))).toEqual(
    new Map([
      [poor, { reason: 'below_minimum', owed: 19_999_999, due: 19_999_999 }],
      [debtor, { reason: 'nothing_due', owed: -5_000_000, due: -5_000_000 }],
      [suspended, { reason: 'account_suspended', owed: 5_000_000, due: 5_000_000 }],
    ]),
  );
  await room.earn(poor, 1);
  await room.earn(debtor, 6_000_000);
  expect(await paid()).toEqual({ [poor]: 20_000_000, [debtor]: 1_000_000, [other]: 5_000_000 });
});

test('money of the last days is held back, and what was taken back counts at once', async () => {
  const now = Date.now();
  const seller = await room.seller({ holdBackDays: 7 });
  await room.earn(seller, 30_000_000, { at: new Date(now - 8 * DAY) });
  await room.earn(seller, 5_000_000, { at: new Date(now - 6 * DAY) });
  await room.earn(seller, 2_000_000);
  expect(await paid()).toEqual({ [seller]: 30_000_000 });
  await room.own.query('truncate payout_items, payout_batches');
  await room.earn(seller, -4_000_000);
  expect(await paid()).toEqual({ [seller]: 26_000_000 });
  await room.own.query('truncate payout_items, payout_batches');
  // What a reversal gives back had been earned before.
  await room.earn(seller, 4_000_000, { kind: 'reversal' });
  expect(await paid()).toEqual({ [seller]: 30_000_000 });
});

test.each([
  // 2026-11-18 is a Wednesday.
  ['weekly', 'UTC', '2026-11-18T12:00:00Z', '2026-11-15T23:59:59Z', '2026-11-16T00:00:00Z'],
  ['weekly', 'America/New_York', '2026-11-18T12:00:00Z', '2026-11-16T04:59:59Z', '2026-11-16T05:00:00Z'],
  ['monthly', 'UTC', '2026-11-18T12:00:00Z', '2026-10-31T23:59:59Z', '2026-11-01T00:00:00Z'],
  // Summer time is over on the 1st of November 2026: the month begins before that.
  ['monthly', 'America/New_York', '2026-11-18T12:00:00Z', '2026-11-01T03:59:59Z', '2026-11-01T04:00:00Z'],
  ['manual', 'UTC', '2026-11-18T12:00:00Z', '2026-11-18T11:59:59Z', '2026-11-18T12:00:00Z'],
] as const)('%s in %s: up to the end of the last period', async (period, timezone, upTo, before, after) => {
  const seller = await room.seller({ period, timezone });
  // The books of this test are of the past: 52 weeks, and whole months, before.
  const year = (text: string): Date => new Date(text.replace('2026', '2020'));
  const shift = (text: string): Date =>
    period === 'weekly' ? new Date(Date.parse(text) - 364 * DAY) : year(text);
  await room.earn(seller, 10_000_000, { at: shift(before) });
  await room.earn(seller, 1_000_000, { at: shift(after) });
  expect(await paid({ upTo: shift(upTo).getTime() })).toEqual({ [seller]: 10_000_000 });
});

test('what is disputed is not paid while it is', async () => {
  const seller = await room.seller();
  await room.earn(seller, 30_000_000);
  expect(await paid({}, new Map([[seller, micros(12_000_000)]]))).toEqual({ [seller]: 18_000_000 });
});

test('nothing is due of the future', async () => {
  await expect(room.prepare({ upTo: Date.now() + DAY })).rejects.toMatchObject({
    code: 'not_over_yet',
    details: { errors: [{ pointer: '/upTo' }] },
  });
});

test('however many prepare at once, money is set aside once', async () => {
  const sellers = [await room.seller(), await room.seller()];
  for (const seller of sellers) await room.earn(seller, 10_000_000);
  const prepared = await lineUp(
    room.own,
    'payout_batches',
    Array.from({ length: 6 }, () => () => room.prepare()),
  );
  const batches = prepared.filter((one) => one.status === 'fulfilled' && one.value.batch !== undefined);
  expect(batches).toHaveLength(1);
  expect(await room.own.query('select 1 from payout_items')).toHaveLength(2);
});

test('terms are of sellers and carriers, in each currency', async () => {
  const seller = await room.seller({ minimum: 5 });
  const terms = {
    accountId: seller,
    period: 'weekly' as const,
    minimumAmount: micros(7),
    holdBackDays: 3,
    method: 'IBAN',
    updatedBy: 'operator',
  };
  expect(await putPayoutTerms(room.db, terms)).toMatchObject({
    currency: 'USD',
    version: 2,
    minimumAmount: 7,
  });
  expect(await putPayoutTerms(room.db, { ...terms, currency: 'EUR' })).toMatchObject({ version: 1 });
  expect(await getPayoutTerms(room.db, seller)).toMatchObject({
    currency: 'USD',
    period: 'weekly',
    holdBackDays: 3,
  });
  expect(await getPayoutTerms(room.db, seller, 'EUR')).toMatchObject({ currency: 'EUR' });
  expect((await listPayoutTerms(room.db, { limit: 9 })).map(({ currency }) => currency)).toEqual([
    'EUR',
    'USD',
  ]);
  await expect(putPayoutTerms(room.db, { ...terms, accountId: 'operator' })).rejects.toMatchObject({
    code: 'account_not_paid',
  });
  await expect(putPayoutTerms(room.db, { ...terms, accountId: 'nobody' })).rejects.toMatchObject({
    code: 'account_not_found',
  });
});
