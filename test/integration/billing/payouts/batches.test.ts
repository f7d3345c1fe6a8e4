import {
  approvePayouts,
  cancelPayouts,
  exportPayouts,
  failItems,
  itemsOfBatch,
  listPayoutBatches,
  listPayoutItems,
  postTransaction,
  trialBalance,
} from '../../../../src/billing';
import type { AppError } from '../../../../src/domain';
import { micros } from '../../../../src/domain';
import { until } from '../../../support/until';
import { ONE, OTHER, PayoutRoom, REFERENCE } from './support/payout-room';
import { listed } from '../../../support/listed';

let room: PayoutRoom;

beforeAll(async () => {
  room = await PayoutRoom.open();
});
afterAll(() => room.close());
afterEach(async () => {
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  await room.reset();
});

test('prepared by one, approved by another, paid: out of what is owed, and told', async () => {
  const [a, b] = [await room.seller(), await room.seller()];
  await room.earn(a, 10_000_000);
  await room.earn(b, 20_005_000);
  const { batch, items } = await room.approved();
  expect(batch).toMatchObject({ state: 'approved', approvedKey: 'key-other', preparedKey: 'key-one' });
  expect(await room.owed(a)).toBe(10_000_000);

  expect(await room.pay(batch.id)).toMatchObject({ state: 'paid', paid: 30_000_000, openItems: 0 });
  expect([await room.owed(a), await room.owed(b)]).toEqual([0, 5_000]);
  const after = await itemsOfBatch(room.db, batch.id);
  expect(after.map(({ state, reference }) => [state, reference])).toEqual([
    ['paid', REFERENCE],
    ['paid', REFERENCE],
  ]);
  const keys = await room.own.query<{ key: string; kind: string }>(
    `select idempotency_key as key, kind from ledger_transactions where idempotency_key like 'payout:%'`,
  );
  expect(keys.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(
    items.map(({ id }) => `publisher_payout payout:${id}`).sort(),
  );
  const told = await room.own.query<{ subject: string; payload: Record<string, unknown> }>(
    `select subject, payload from outbox where type = 'payout.paid'`,
  );
  expect(told).toHaveLength(2);
  const item = items.find(({ accountId }) => accountId === a);
  expect(told.find(({ subject }) => subject === item?.id)?.payload).toEqual({
    itemId: item?.id,
    batchId: batch.id,
    accountId: a,
    currency: 'USD',
    amountMicros: 10_000_000,
    reference: REFERENCE,
  });
  await expect(room.pay(batch.id)).rejects.toMatchObject({ code: 'payout_state' });
  expect(await listed(listPayoutBatches(room.db, { where: { state: 'paid' }, limit: 9 }))).toMatchObject([
    { id: batch.id },
  ]);
  expect(await listed(listPayoutItems(room.db, { where: { accountId: a }, limit: 9 }))).toMatchObject([
    { id: item?.id },
  ]);
});

test('who prepared a batch does not approve it', async () => {
  await room.earn(await room.seller(), 10_000_000);
  const { batch } = await room.batch();
  await expect(approvePayouts(room.db, batch.id, ONE)).rejects.toMatchObject({
    kind: 'forbidden',
    code: 'four_eyes',
  });
  await expect(room.pay(batch.id)).rejects.toMatchObject({ code: 'payout_state' });
  await approvePayouts(room.db, batch.id, OTHER);
  await expect(approvePayouts(room.db, batch.id, OTHER)).rejects.toMatchObject({ code: 'payout_state' });
  await expect(approvePayouts(room.db, 'none', OTHER)).rejects.toMatchObject({ code: 'payout_not_found' });
  // Nor does anybody who writes to the database.
  await expect(room.own.query(`update payout_batches set approved_key = prepared_key`)).rejects.toThrow(
    /four_eyes/,
  );
});

test('what was taken back since is neither approved nor exported', async () => {
  const [a, b] = [await room.seller(), await room.seller()];
  await room.earn(a, 10_000_000);
  await room.earn(b, 10_000_000);
  const draft = await room.batch();
  const ofA = draft.items.find(({ accountId }) => accountId === a);
  await room.earn(a, -1_000_000);
  const uncovered = {
    kind: 'conflict',
    code: 'payout_not_covered',
    details: { errors: [{ pointer: `/items/${ofA?.id}`, message: `less is owed to account ${a}` }] },
  };
  await expect(approvePayouts(room.db, draft.batch.id, OTHER)).rejects.toMatchObject(uncovered);
  await room.earn(a, 1_000_000);
  const disputed = (): Promise<Map<string, never>> => Promise.resolve(new Map([[b, micros(1) as never]]));
  await expect(approvePayouts(room.db, draft.batch.id, OTHER, disputed)).rejects.toMatchObject({
    code: 'payout_not_covered',
  });

  await approvePayouts(room.db, draft.batch.id, OTHER);
  await room.earn(a, -1_000_000);
  await expect(exportPayouts(room.db, draft.batch.id)).rejects.toMatchObject(uncovered);
  await failItems(room.db, {
    batchId: draft.batch.id,
    itemIds: [ofA?.id ?? ''],
    reason: 'taken back',
    by: OTHER,
  });
  await exportPayouts(room.db, draft.batch.id);
  expect(await room.pay(draft.batch.id)).toMatchObject({ state: 'paid', paid: 10_000_000 });
  expect([await room.owed(a), await room.owed(b)]).toEqual([9_000_000, 0]);
});

test('what the bank sent is booked although money was taken back meanwhile, and is earned first', async () => {
  const a = await room.seller();
  await room.earn(a, 10_000_000);
  const { batch } = await room.approved();
  await exportPayouts(room.db, batch.id);
  await room.earn(a, -4_000_000);
  expect(await room.pay(batch.id)).toMatchObject({ state: 'paid', paid: 10_000_000 });
  expect([await room.owed(a), await room.received(a)]).toEqual([-4_000_000, 10_000_000]);
  await room.earn(a, 3_000_000);
  expect(await room.prepare()).toMatchObject({
    batch: undefined,
    leftOut: [{ accountId: a, reason: 'nothing_due', owed: -1_000_000 }],
  });
  await room.earn(a, 3_000_000);
  expect((await room.batch()).items).toMatchObject([{ accountId: a, amount: 2_000_000 }]);
});

test('of two batches what was set aside first goes first', async () => {
  const a = await room.seller();
  await room.earn(a, 10_000_000);
  const first = await room.batch();
  await room.earn(a, 5_000_000);
  const second = await room.batch();
  await room.earn(a, -3_000_000);
  await expect(approvePayouts(room.db, second.batch.id, OTHER)).rejects.toMatchObject({
    code: 'payout_not_covered',
  });
  await approvePayouts(room.db, first.batch.id, OTHER);
  await room.pay(first.batch.id);
  expect(await room.owed(a)).toBe(2_000_000);
  expect(await cancelPayouts(room.db, second.batch.id, ONE)).toMatchObject({ state: 'canceled' });
  expect((await room.batch()).items).toMatchObject([{ amount: 2_000_000 }]);
});

test('but what was approved goes before what was not', async () => {
  const a = await room.seller();
  await room.earn(a, 10_000_000);
  const first = await room.batch();
  await room.earn(a, 5_000_000);
  const second = await room.approved();
  await room.earn(a, -3_000_000);
  // The bank may be sending the second already.
  await expect(approvePayouts(room.db, first.batch.id, OTHER)).rejects.toMatchObject({
    code: 'payout_not_covered',
  });
  await exportPayouts(room.db, second.batch.id);
  await room.pay(second.batch.id);
  expect(await room.owed(a)).toBe(7_000_000);
});

test('money that is being taken back when a batch is approved is looked at', async () => {
  const a = await room.seller();
  await room.earn(a, 10_000_000);
  const { batch } = await room.batch();
  let approval: Promise<unknown> = Promise.resolve();
  await room.db.transaction(async (tx) => {
    await postTransaction(tx, {
      idempotencyKey: `clawback of ${a}`,
      kind: 'adjustment',
      postings: [
        { accountId: a, purpose: 'payable', currency: 'USD', amount: micros(1) },
        { accountId: 'operator', purpose: 'adjustments', currency: 'USD', amount: micros(-1) },
      ],
    });
    approval = approvePayouts(room.db, batch.id, OTHER).then(
      () => 'approved',
      (error: AppError) => error.code,
    );
    await until('the approval waits', async () => {
      const waiting = await room.own.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return waiting.length === 1;
    });
  });
  expect(await approval).toBe('payout_not_covered');
});

test('a transfer that the bank refuses is due again, also when it was booked', async () => {
  const [a, b] = [await room.seller({ holdBackDays: 7 }), await room.seller()];
  await room.earn(a, 10_000_000, { at: new Date(Date.now() - 8 * 86_400_000) });
  await room.earn(b, 20_000_000);
  const { batch, items } = await room.approved();
  const [ofA, ofB] = [a, b].map((account) => items.find(({ accountId }) => accountId === account)?.id ?? '');
  const fail = (itemIds: readonly (string | undefined)[]): Promise<unknown> =>
    failItems(room.db, {
      batchId: batch.id,
      itemIds: itemIds as string[],
      reason: 'account closed',
      by: ONE,
    });
  await fail([ofB]);
  expect(await room.pay(batch.id, [ofA ?? ''])).toMatchObject({ state: 'paid', paid: 10_000_000 });
  expect(await room.owed(a)).toBe(0);
  await fail([ofA]);
  expect([await room.owed(a), await room.owed(b)]).toEqual([10_000_000, 20_000_000]);
  await expect(fail([ofA])).rejects.toMatchObject({ code: 'payout_item_state' });
  const [reversal] = await room.own.query<{ key: string; reverses: string | null }>(
    'select idempotency_key as key, reverses_id as reverses from ledger_transactions order by id desc limit 1',
  );
  expect(reversal).toEqual({ key: `payout:${ofA}:returned`, reverses: expect.any(String) as unknown });
  // What comes back was earned long ago: it is not held back.
  expect((await room.batch()).batch).toMatchObject({ total: 30_000_000 });
});

test('a batch of which everything failed is canceled', async () => {
  await room.earn(await room.seller(), 10_000_000);
  const { batch, items } = await room.batch();
  const failed = { batchId: batch.id, itemIds: items.map(({ id }) => id), reason: 'not yet', by: ONE };
  expect(await failItems(room.db, failed)).toMatchObject({ state: 'canceled', openItems: 0 });
});

test('a batch that is partly paid is canceled for the rest', async () => {
  const [a, b] = [await room.seller(), await room.seller()];
  for (const seller of [a, b]) await room.earn(seller, 10_000_000);
  const { batch, items } = await room.approved();
  await room.pay(batch.id, [items[0]?.id ?? '']);
  expect(await cancelPayouts(room.db, batch.id, ONE)).toMatchObject({ state: 'paid', paid: 10_000_000 });
  await expect(cancelPayouts(room.db, batch.id, ONE)).rejects.toMatchObject({ code: 'payout_state' });
  expect((await room.batch()).items).toMatchObject([{ accountId: items[1]?.accountId }]);
});

test('items of another batch', async () => {
  const seller = await room.seller();
  await room.earn(seller, 10_000_000);
  const first = await room.approved();
  await room.earn(seller, 10_000_000);
  const second = await room.approved();
  await expect(room.pay(first.batch.id, ['x', second.items[0]?.id ?? ''])).rejects.toMatchObject({
    code: 'payout_item_unknown',
    details: { errors: [{ pointer: '/items/0' }, { pointer: '/items/1' }] },
  });
  expect(await room.received(seller)).toBe(0);
});

test('a table for the bank, with no formulas in it', async () => {
  const seller = await room.seller({
    name: '=HYPERLINK("http://evil.example")',
    method: '+49, "Konto"\n@A1',
  });
  await room.earn(seller, 12_340_000);
  const draft = await room.batch();
  await expect(exportPayouts(room.db, draft.batch.id)).rejects.toMatchObject({ code: 'payout_state' });
  await approvePayouts(room.db, draft.batch.id, OTHER);
  const [item] = draft.items;
  expect(await exportPayouts(room.db, draft.batch.id)).toBe(
    'batch,item,account,name,method,amount,currency,state,reference,failure\r\n' +
      `${draft.batch.id},${item?.id},${seller},"'=HYPERLINK(""http://evil.example"")","'+49, ""Konto""\n@A1",12.34,USD,open,,\r\n`,
  );
});
