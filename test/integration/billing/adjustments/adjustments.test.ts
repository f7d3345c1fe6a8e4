import type { NewAdjustment } from '../../../../src/billing';
import {
  adjust,
  approveAdjustment,
  approvePayouts,
  getAdjustment,
  listAdjustments,
  openDispute,
  payItems,
  postTransaction,
  preparePayouts,
  putPayoutTerms,
  refundCall,
  rejectAdjustment,
  resolveDispute,
  reviewDispute,
  trialBalance,
} from '../../../../src/billing';
import { micros } from '../../../../src/domain';
import { BooksRoom } from '../support/settled-calls';

const ONE = { keyId: 'k1', accountId: 'operator' };
const TWO = { keyId: 'k2', accountId: 'operator' };
const RULES = { mostAlone: micros(50_000_000) };

let room: BooksRoom;
beforeEach(async () => {
  room = await BooksRoom.open(['other-buyer', 'other-seller']);
  await room.db.query(`update accounts set type = 'seller' where id = 'other-seller'`);
});
afterEach(() => room.close());

const basics = { currency: 'USD', reason: 'we agreed on it', by: ONE } as const;
const refusal = (code: string) => expect.objectContaining({ code }) as Error;
const goodwill = (reference: string, amount: number): NewAdjustment => ({
  ...basics,
  kind: 'goodwill',
  reference,
  accountId: 'buyer-account',
  amount: micros(amount),
});
const clawback = (reference: string, amount: number): NewAdjustment =>
  ({
    ...goodwill(reference, amount),
    kind: 'clawback',
    accountId: 'seller-account',
  }) as NewAdjustment;
const topUp = async (amount: number): Promise<number> =>
  (await room.db.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: `top_up:${amount}`,
      kind: 'top_up',
      postings: [
        { accountId: 'operator', purpose: 'cash', currency: 'USD', amount: micros(amount) },
        { accountId: 'buyer-account', purpose: 'wallet', currency: 'USD', amount: micros(-amount) },
      ],
    }),
  )) as number;

test('goodwill goes to the wallet at the expense of the exchange, once for each reference', async () => {
  const first = await adjust(room.db, goodwill('g-1', 5_000_000), RULES);
  expect(first).toMatchObject({ isNew: true, adjustment: { state: 'posted', resolvedBy: null } });
  expect(await adjust(room.db, goodwill('g-1', 5_000_000), RULES)).toMatchObject({
    isNew: false,
    adjustment: { id: first.adjustment.id },
  });
  await expect(adjust(room.db, goodwill('g-1', 5_000_001), RULES)).rejects.toThrow(
    refusal('reference_taken'),
  );
  expect(await room.balance('buyer-account', 'wallet')).toBe(-5_000_000);
  expect(await room.balance('operator', 'adjustments')).toBe(5_000_000);
});

test('the same reference at the same time is one adjustment', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => adjust(room.db, goodwill('same', 1), RULES)));
  expect(all.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(await room.balance('buyer-account', 'wallet')).toBe(-1);
});

test('more than one person may move alone waits for another key', async () => {
  const { adjustment } = await adjust(room.db, goodwill('large', 50_000_001), RULES);
  expect(adjustment).toMatchObject({ state: 'prepared', transactionId: null });
  expect(await room.balance('buyer-account', 'wallet')).toBe(0);
  await expect(approveAdjustment(room.db, adjustment.id, ONE)).rejects.toThrow(
    refusal('second_person_needed'),
  );
  const approvals = await Promise.allSettled([
    approveAdjustment(room.db, adjustment.id, TWO, 'seen'),
    approveAdjustment(room.db, adjustment.id, TWO),
    rejectAdjustment(room.db, adjustment.id, TWO),
  ]);
  expect(approvals.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const after = await getAdjustment(room.db, adjustment.id);
  expect(await room.balance('buyer-account', 'wallet')).toBe(after.state === 'posted' ? -50_000_001 : 0);
  await expect(approveAdjustment(room.db, adjustment.id, TWO)).rejects.toThrow(
    refusal('adjustment_resolved'),
  );
  expect(await listAdjustments(room.db, { accountId: 'buyer-account', limit: 10 })).toHaveLength(1);
});

test('an adjustment that is rejected moves nothing', async () => {
  const { adjustment } = await adjust(room.db, goodwill('no', 60_000_000), RULES);
  expect(await rejectAdjustment(room.db, adjustment.id, ONE, 'not agreed')).toMatchObject({
    state: 'rejected',
    note: 'not agreed',
  });
  expect(await room.balance('buyer-account', 'wallet')).toBe(0);
});

test('no more is taken back from a seller than it has earned, paid out or not', async () => {
  await room.settled('earned');
  await expect(adjust(room.db, clawback('c-1', 8_000_001), RULES)).rejects.toThrow(
    refusal('clawback_exceeds_earnings'),
  );
  await room.own.query(
    `insert into payout_batches (id, currency, up_to, prepared_key, prepared_by) values ('b', 'USD', now(), 'k', 'o')`,
  );
  const paid = await room.db.transaction((tx) =>
    postTransaction(tx, {
      idempotencyKey: 'paid',
      kind: 'publisher_payout',
      postings: [
        { accountId: 'seller-account', purpose: 'payable', currency: 'USD', amount: micros(6_000_000) },
        { accountId: 'operator', purpose: 'cash', currency: 'USD', amount: micros(-6_000_000) },
      ],
    }),
  );
  await room.own.query(
    `insert into payout_items (id, batch_id, account_id, currency, amount, method, state, reference, transaction_id, closed_at)
     values ('i', 'b', 'seller-account', 'USD', 6000000, 'bank', 'paid', 'ref', $1, now())`,
    [paid],
  );
  await adjust(room.db, clawback('c-2', 3_000_000), RULES);
  expect(await room.balance('seller-account', 'payable')).toBe(1_000_000);
  await expect(adjust(room.db, clawback('c-3', 5_000_001), RULES)).rejects.toThrow(
    refusal('clawback_exceeds_earnings'),
  );
  // The call could be given back at the seller's expense in whole, had it not been taken back before.
  const wish = { callId: 'earned', reference: 'r', reason: 'bad call', by: ONE } as const;
  await expect(refundCall(room.db, { ...wish, bearer: 'seller' })).rejects.toThrow(
    refusal('clawback_exceeds_earnings'),
  );
  const dispute = await openDispute(
    room.db,
    { callId: 'earned', claimed: micros(1_000_000), reason: 'other', text: 'x', by: ONE },
    { days: 14, now: Date.now() },
  );
  await reviewDispute(room.db, { disputeId: dispute.id, by: ONE });
  await resolveDispute(room.db, { disputeId: dispute.id, by: ONE }, { state: 'accepted', bearer: 'seller' });
  await refundCall(room.db, { ...wish, bearer: 'exchange' });
  expect(await room.balance('buyer-account', 'wallet')).toBe(0);
  expect(await room.balance('seller-account', 'payable')).toBe(1_320_000);
});

test('money under way to a seller counts once, whether it is booked or not', async () => {
  await room.settled('under-way');
  await putPayoutTerms(room.db, {
    accountId: 'seller-account',
    currency: 'USD',
    period: 'manual',
    minimumAmount: micros(0),
    holdBackDays: 0,
    method: 'bank',
    updatedBy: 'operator',
  });
  const now = Date.now() + 1_000;
  const { batch } = await preparePayouts(room.db, { currency: 'USD', upTo: now, by: ONE }, now);
  await approvePayouts(room.db, batch?.id ?? '', TWO);
  await expect(adjust(room.db, clawback('u-1', 8_000_001), RULES)).rejects.toThrow(
    refusal('clawback_exceeds_earnings'),
  );
  await adjust(room.db, clawback('u-2', 5_000_000), RULES);
  await payItems(room.db, { batchId: batch?.id ?? '', reference: 'sent', by: TWO });
  expect(await room.balance('seller-account', 'payable')).toBe(5_000_000);
  await expect(adjust(room.db, clawback('u-3', 3_000_001), RULES)).rejects.toThrow(
    refusal('clawback_exceeds_earnings'),
  );
  await adjust(room.db, clawback('u-4', 3_000_000), RULES);
  expect(await room.balance('seller-account', 'payable')).toBe(8_000_000);
});

test('a correction moves money between accounts of the right kinds', async () => {
  await topUp(9_000_000);
  const wish = {
    ...basics,
    kind: 'correction',
    reference: 'wrong-wallet',
    amount: micros(9_000_000),
    from: { accountId: 'buyer-account', purpose: 'wallet' },
    to: { accountId: 'other-buyer', purpose: 'wallet' },
  } as const;
  await adjust(room.db, wish, RULES);
  expect(await room.balance('buyer-account', 'wallet')).toBe(0);
  expect(await room.balance('other-buyer', 'wallet')).toBe(-9_000_000);
  await expect(
    adjust(room.db, { ...wish, reference: 'x', to: { accountId: 'other-seller', purpose: 'wallet' } }, RULES),
  ).rejects.toMatchObject({ details: { errors: [{ pointer: '/to/accountId' }] } });
  await expect(adjust(room.db, { ...wish, reference: 'y', to: wish.from }, RULES)).rejects.toThrow(
    refusal('not_adjustable'),
  );
  await expect(
    adjust(room.db, { ...goodwill('z', 1), accountId: 'nobody' } as NewAdjustment, RULES),
  ).rejects.toMatchObject({ details: { errors: [{ pointer: '/accountId' }] } });
});

test('a transaction made by mistake is taken back whole, once', async () => {
  const transactionId = await topUp(7_000_000);
  const wish = (reference: string): NewAdjustment => ({
    kind: 'reversal',
    reference,
    transactionId,
    reason: 'booked twice by the bank',
    by: ONE,
  });
  const tries = await Promise.allSettled(['a', 'b', 'c'].map((name) => adjust(room.db, wish(name), RULES)));
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(
    tries
      .filter(({ status }) => status === 'rejected')
      .map((one) => (one as PromiseRejectedResult).reason as unknown),
  ).toEqual([refusal('already_reversed'), refusal('already_reversed')]);
  expect(await room.balance('buyer-account', 'wallet')).toBe(0);
  expect(await room.balance('operator', 'cash')).toBe(0);
  await expect(adjust(room.db, wish('later'), RULES)).rejects.toThrow(refusal('already_reversed'));
});

test('money of calls, of payouts and of nothing is not taken back as a whole', async () => {
  await room.settled('call');
  const [settlement] = await room.own.query<{ id: number }>(
    `select id::integer from ledger_transactions where idempotency_key = 'call:call'`,
  );
  const reverse = (transactionId: number): Promise<unknown> =>
    adjust(
      room.db,
      { kind: 'reversal', reference: `r${transactionId}`, transactionId, reason: 'x', by: ONE },
      RULES,
    );
  await expect(reverse(settlement?.id ?? 0)).rejects.toThrow('give the call back');
  await expect(reverse(1_000_000)).rejects.toThrow('there is no ledger transaction');
  const { adjustment } = await adjust(room.db, goodwill('g', 3), RULES);
  await reverse(adjustment.transactionId ?? 0);
  expect(await room.balance('operator', 'adjustments')).toBe(0);
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
});
