import type { Dispute, DisputeState, NewDispute } from '../../../../src/billing';
import {
  addEvidence,
  contestedPayable,
  DISPUTE_STATES,
  disputedPayable,
  getDispute,
  listDisputeEvents,
  listEvidence,
  MAX_EVIDENCE,
  moneyOfCall,
  openDispute,
  recordSignal,
  refundCall,
  ReratingJob,
  resolveDispute,
  reviewDispute,
  revisionsOfCall,
  setDisputeWindow,
  STORED_SOURCES,
  trialBalance,
  withdrawDispute,
} from '../../../../src/billing';
import { mayBecome } from '../../../../src/billing/disputes/dispute';
import { micros } from '../../../../src/domain';
import { BooksRoom, signalled, SOON, WINDOW } from '../support/settled-calls';

const OPERATOR = { keyId: 'k-operator', accountId: 'operator' };
const BUYER = { keyId: 'k-buyer', accountId: 'buyer-account' };
const SELLER = { keyId: 'k-seller', accountId: 'seller-account' };

let room: BooksRoom;
let rules: { days: number; now: number };
beforeAll(async () => {
  room = await BooksRoom.open(['partner', 'stranger']);
  // Calls are settled by the clock of the database.
  rules = { days: 14, now: Date.now() };
});
afterAll(() => room.close());

function open(callId: string, claimed: number, more: Partial<NewDispute> = {}): Promise<Dispute> {
  const wish = {
    callId,
    claimed: micros(claimed),
    reason: 'not_qualified',
    text: 'Wrong state',
    by: BUYER,
  } as const;
  return openDispute(room.db, { ...wish, ...more }, rules);
}
async function reviewed(callId: string, claimed: number, more: Partial<NewDispute> = {}): Promise<Dispute> {
  const { id } = await open(callId, claimed, more);
  return reviewDispute(room.db, { disputeId: id, by: OPERATOR });
}
const withheld = async (): Promise<[string, number][]> =>
  (await disputedPayable(room.db, ['seller-account', 'partner'])).map((one) => [one.accountId, one.amount]);
const refusal = (code: string) => expect.objectContaining({ code }) as Error;

test('a dispute that is accepted gives back in full, and takes from the seller and its partner what matches', async () => {
  const sale = signalled({ splits: [{ accountId: 'partner', shareBp: 2_500 }] });
  await room.settled('whole', { sale });
  const { id } = await open('whole', 25_000_000);
  expect(await withheld()).toEqual([
    ['partner', 2_000_000],
    ['seller-account', 6_000_000],
  ]);
  expect(await contestedPayable(room.db, 'USD', ['partner'])).toEqual(new Map([['partner', 2_000_000]]));
  expect(await contestedPayable(room.db, 'EUR', ['partner'])).toEqual(new Map());
  await reviewDispute(room.db, { disputeId: id, by: OPERATOR });
  const closed = await resolveDispute(
    room.db,
    { disputeId: id, by: OPERATOR, note: 'heard the recording' },
    { state: 'accepted', bearer: 'seller' },
  );
  expect(closed).toMatchObject({ state: 'accepted', given: 25_000_000, bearer: 'seller', revision: 1 });
  expect(await room.booked('whole')).toEqual({});
  expect(await withheld()).toEqual([]);
  expect((await listDisputeEvents(room.db, id)).map(({ was, state, by }) => [was, state, by])).toEqual([
    [null, 'open', 'buyer-account'],
    ['open', 'under_review', 'operator'],
    ['under_review', 'accepted', 'operator'],
  ]);
  expect(await room.events('dispute.opened')).toMatchObject([
    { subject: id, payload: { disputeId: id, callId: 'whole', amountMicros: 25_000_000, state: 'open' } },
  ]);
  expect(await room.events('dispute.resolved')).toMatchObject([
    {
      subject: id,
      payload: { outcome: 'accepted', amountMicros: 25_000_000, buyerAccountId: 'buyer-account' },
    },
  ]);
});

test('a part can be given at the expense of the exchange: the seller keeps what it earned', async () => {
  await room.settled('part');
  const { id } = await reviewed('part', 20_000_000);
  const verdict = { state: 'partly_accepted', amount: micros(5_000_000), bearer: 'exchange' } as const;
  await resolveDispute(room.db, { disputeId: id, by: OPERATOR }, verdict);
  expect(await room.booked('part')).toEqual({
    'buyer-account wallet': 20_000_000,
    'operator revenue': -20_000_000,
    'operator payout': 8_000_000,
    'seller-account payable': -8_000_000,
  });
  const [revision] = await revisionsOfCall(room.db, 'part');
  expect(revision).toMatchObject({
    kind: 'reversal',
    cause: `dispute:${id}`,
    revenue: -5_000_000,
    payout: 0,
  });
  const named = await room.own.query(
    `select r.kind, s.idempotency_key as of from ledger_transactions r join ledger_transactions s on s.id = r.reverses_id
     where r.idempotency_key = $1`,
    [`dispute:${id}`],
  );
  expect(named).toEqual([{ kind: 'reversal', of: 'call:part' }]);
});

test('fees and taxes go back with the price, to the micro-unit, and are rated again with it', async () => {
  const fee = {
    code: 'platform',
    name: 'Platform',
    basis: 'share',
    amount: micros(0),
    shareBp: 333,
    on: 'converted',
  } as const;
  const tax = { code: 'vat', name: 'VAT', ratePpm: 88_750, on: ['revenue', 'fees'] } as const;
  const network = { ...fee, code: 'network', shareBp: 1_001 };
  const terms = (accountId: string, fees: (typeof fee)[], taxes: (typeof tax)[]) => ({
    accountId,
    effectiveFrom: 0,
    fees,
    taxes,
  });
  const sources = {
    ...STORED_SOURCES,
    termsOf: () =>
      Promise.resolve(
        new Map([
          [
            'taxed',
            {
              buyerTerms: terms('buyer-account', [fee], [tax]),
              sellerTerms: terms('seller-account', [network as never], []),
              carrierLegs: [],
            },
          ],
        ]),
      ),
  };
  await room.end('taxed', { sale: signalled() });
  await room.settle('taxed', sources);
  const before = await moneyOfCall(room.db, 'taxed');
  expect(before).toMatchObject({ revenue: 25_000_000, fees: 832_500 + 800_800, taxes: 2_292_634 });

  const { id } = await reviewed('taxed', 9_999_999);
  await resolveDispute(room.db, { disputeId: id, by: OPERATOR }, { state: 'accepted', bearer: 'seller' });
  const [back] = await revisionsOfCall(room.db, 'taxed');
  const buyers = back?.lines.filter(({ accountId }) => accountId === 'buyer-account') ?? [];
  expect(buyers.map(({ code }) => code)).toEqual(['plan', 'platform', 'vat']);
  expect(buyers.reduce((sum, { amount }) => sum + amount, 0)).toBe(-9_999_999);
  expect(await room.booked('taxed')).toMatchObject({
    'buyer-account wallet': 25_000_000 + 832_500 + 2_292_634 - 9_999_999,
  });

  await recordSignal(
    room.db,
    { callId: 'taxed', kind: 'postback', value: 'sale', at: SOON, source: 'switch' },
    WINDOW,
  );
  await new ReratingJob(room.db, { sources }).run();
  const whole = 40_000_000 + 1_332_000 + 3_668_215;
  expect(await room.booked('taxed')).toMatchObject({ 'buyer-account wallet': whole - 9_999_999 });
  await refundCall(room.db, {
    callId: 'taxed',
    reference: 'rest',
    bearer: 'seller',
    reason: 'all of it',
    by: OPERATOR,
  });
  expect(await room.booked('taxed')).toEqual({});
});

test('a dispute that is rejected or withdrawn moves nothing', async () => {
  await room.settled('kept');
  const first = await reviewed('kept', 25_000_000);
  await resolveDispute(room.db, { disputeId: first.id, by: OPERATOR }, { state: 'rejected' });
  const second = await open('kept', 25_000_000);
  await expect(
    withdrawDispute(room.db, { disputeId: second.id, by: SELLER }, SELLER.accountId),
  ).rejects.toThrow(refusal('dispute_not_found'));
  await withdrawDispute(room.db, { disputeId: second.id, by: BUYER }, BUYER.accountId);
  expect(await revisionsOfCall(room.db, 'kept')).toEqual([]);
  expect(await withheld()).toEqual([]);
});

test('a seller is awarded what was kept from it, and no more than the buyer pays', async () => {
  await room.settled('award', { sale: signalled() });
  await expect(open('award', 25_000_001, { by: SELLER })).rejects.toThrow(refusal('amount_exceeds_charge'));
  const { id } = await reviewed('award', 7_000_000, { by: SELLER });
  expect(await withheld()).toEqual([]);
  await resolveDispute(room.db, { disputeId: id, by: OPERATOR }, { state: 'accepted', bearer: 'seller' });
  expect(await moneyOfCall(room.db, 'award')).toMatchObject({ revenue: 25_000_000, payout: 15_000_000 });
  await expect(open('award', 19_000_000, { by: SELLER })).rejects.toThrow(refusal('amount_exceeds_charge'));
  // An award stays on top of whatever the call is rated at.
  await recordSignal(
    room.db,
    { callId: 'award', kind: 'postback', value: 'sale', at: SOON, source: 'switch' },
    WINDOW,
  );
  await new ReratingJob(room.db).run();
  expect(await moneyOfCall(room.db, 'award')).toMatchObject({ revenue: 40_000_000, payout: 22_000_000 });
});

test('an open dispute hears that its call was rated again, and claims no more than is left', async () => {
  await room.settled('moved', { sale: signalled() });
  const { id } = await open('moved', 25_000_000);
  await recordSignal(
    room.db,
    { callId: 'moved', kind: 'postback', value: 'junk', at: SOON, source: 'switch' },
    WINDOW,
  );
  await new ReratingJob(room.db).run();
  expect((await listDisputeEvents(room.db, id)).at(-1)).toMatchObject({
    event: 'revised',
    state: 'open',
    amount: 0,
    revision: 1,
  });
  expect(await withheld()).toEqual([]);
  await reviewDispute(room.db, { disputeId: id, by: OPERATOR });
  const closed = await resolveDispute(
    room.db,
    { disputeId: id, by: OPERATOR },
    { state: 'accepted', bearer: 'seller' },
  );
  expect(closed).toMatchObject({ given: 0, revision: null });
  expect(await room.booked('moved')).toEqual({});
});

test('of two disputes about a call no more is withheld and given than there is', async () => {
  await room.settled('both');
  const buyers = await reviewed('both', 20_000_000);
  const ours = await reviewed('both', 25_000_000, { by: OPERATOR });
  expect(ours.side).toBe('exchange');
  expect(await withheld()).toEqual([['seller-account', 8_000_000]]);
  await resolveDispute(
    room.db,
    { disputeId: buyers.id, by: OPERATOR },
    { state: 'accepted', bearer: 'seller' },
  );
  const second = await resolveDispute(
    room.db,
    { disputeId: ours.id, by: OPERATOR },
    { state: 'accepted', bearer: 'seller' },
  );
  expect(second.given).toBe(5_000_000);
  expect(await room.booked('both')).toEqual({});
});

test('what cannot be disputed is refused, and leaves nothing', async () => {
  await room.settled('refused');
  await expect(open('unknown', 1)).rejects.toThrow(refusal('settled_call_not_found'));
  await expect(open('refused', 1, { by: { keyId: 'k', accountId: 'stranger' } })).rejects.toThrow(
    refusal('settled_call_not_found'),
  );
  await expect(open('refused', 1, { side: 'seller' })).rejects.toThrow(refusal('settled_call_not_found'));
  await expect(open('refused', 25_000_001)).rejects.toThrow(refusal('amount_exceeds_charge'));
  const late = { ...rules, now: rules.now + 15 * 86_400_000 };
  const wish = { callId: 'refused', claimed: micros(1), reason: 'other', text: 'Late', by: BUYER } as const;
  await expect(openDispute(room.db, wish, late)).rejects.toThrow(refusal('dispute_window_over'));
  await setDisputeWindow(room.db, BUYER.accountId, 30, 'operator');
  const { id } = await openDispute(room.db, wish, late);
  await expect(open('refused', 1)).rejects.toThrow(refusal('dispute_open'));
  await setDisputeWindow(room.db, BUYER.accountId, 14, 'operator');
  const move = { disputeId: id, by: OPERATOR };
  await expect(resolveDispute(room.db, move, { state: 'rejected' })).rejects.toThrow(
    refusal('dispute_state'),
  );
  await reviewDispute(room.db, move);
  await expect(reviewDispute(room.db, move)).rejects.toThrow(refusal('dispute_state'));
  const all = { state: 'partly_accepted', amount: micros(1), bearer: 'seller' } as const;
  await expect(resolveDispute(room.db, move, all)).rejects.toThrow(refusal('amount_out_of_range'));
  expect((await getDispute(room.db, id))?.state).toBe('under_review');
  expect(await revisionsOfCall(room.db, 'refused')).toEqual([]);
});

test('evidence is added to the end, bounded, with what the exchange knew at first', async () => {
  await room.settled('shown');
  const { id } = await open('shown', 1_000_000);
  await addEvidence(room.db, { id }, { kind: 'recording', reference: 'rec-1', text: 'from 0:40' }, BUYER);
  await addEvidence(room.db, { id }, { kind: 'file', fileName: 'chat.txt', sha256: 'ab'.repeat(32) }, BUYER);
  const [snapshot, ...brought] = await listEvidence(room.db, id);
  expect(snapshot).toMatchObject({
    n: 0,
    kind: 'snapshot',
    content: {
      call: { state: 'completed', connectedMs: 60_000 },
      money: {
        lines: [
          { kind: 'revenue', amount: 25_000_000 },
          { kind: 'payout', amount: 8_000_000 },
        ],
      },
    },
  });
  expect(JSON.stringify(snapshot)).not.toContain('2125550123');
  expect(brought).toMatchObject([
    { n: 1, reference: 'rec-1', by: 'buyer-account' },
    { n: 2, fileName: 'chat.txt', sha256: 'ab'.repeat(32) },
  ]);
  const all = Array.from({ length: MAX_EVIDENCE }, () =>
    addEvidence(room.db, { id }, { kind: 'text', text: 'again' }, BUYER),
  );
  const added = await Promise.allSettled(all);
  expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(MAX_EVIDENCE - 2);
  await expect(room.own.query(`delete from dispute_evidence where dispute_id = $1`, [id])).rejects.toThrow(
    'append-only',
  );
  await withdrawDispute(room.db, { disputeId: id, by: BUYER });
  await expect(addEvidence(room.db, { id }, { kind: 'text', text: 'late' }, BUYER)).rejects.toThrow(
    refusal('dispute_over'),
  );
});

test('the database knows the same transitions', async () => {
  const rows = await room.own.query<{ was: DisputeState; becomes: DisputeState; may: boolean }>(
    `select was, becomes, dispute_may_become(was, becomes) as may
     from unnest($1::text[]) as was cross join unnest($1::text[]) as becomes`,
    [DISPUTE_STATES],
  );
  expect(rows).toHaveLength(DISPUTE_STATES.length ** 2);
  for (const { was, becomes, may } of rows)
    expect([was, becomes, may]).toEqual([was, becomes, mayBecome(was, becomes)]);
  await room.settled('guarded');
  const { id } = await open('guarded', 1);
  await expect(
    room.own.query(`update disputes set state = 'accepted', given = 1, closed_at = now() where id = $1`, [
      id,
    ]),
  ).rejects.toThrow('does not become');
  await expect(room.own.query(`update disputes set claimed = 2 where id = $1`, [id])).rejects.toThrow(
    'stays as it was',
  );
  await expect(room.own.query(`delete from disputes where id = $1`, [id])).rejects.toThrow('disputes stay');
});

test('a refund without a dispute is booked once, in part or whole', async () => {
  await room.settled('refund');
  const wish = { callId: 'refund', bearer: 'exchange', reason: 'goodwill', by: OPERATOR } as const;
  const first = await refundCall(room.db, { ...wish, reference: 'r-1', amount: micros(10_000_000) });
  const again = await refundCall(room.db, { ...wish, reference: 'r-1', amount: micros(10_000_000) });
  expect([first.isNew, again.isNew, again.refund.id]).toEqual([true, false, first.refund.id]);
  await expect(
    refundCall(room.db, { ...wish, reference: 'r-1', amount: micros(11_000_000) }),
  ).rejects.toThrow(refusal('reference_taken'));
  const rest = await refundCall(room.db, { ...wish, reference: 'r-2', bearer: 'seller' });
  expect(rest.refund.amount).toBe(15_000_000);
  expect(await room.booked('refund')).toEqual({
    'operator payout': 3_200_000,
    'seller-account payable': -3_200_000,
  });
  await expect(refundCall(room.db, { ...wish, reference: 'r-3' })).rejects.toThrow(
    refusal('amount_exceeds_charge'),
  );
  await expect(refundCall(room.db, { ...wish, callId: 'nobody', reference: 'r' })).rejects.toThrow(
    refusal('settled_call_not_found'),
  );
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
});

test('the database refuses a revision that takes more than there is', async () => {
  await room.settled('too-much');
  await expect(
    room.own.query(
      `insert into settlement_revisions (call_id, n, kind, cause, lines, revenue, payout, fees, taxes, carrier_cost)
       values ('too-much', 1, 'reversal', 'by hand', '[]', -25000001, 0, 0, 0, 0)`,
    ),
  ).rejects.toThrow('more of call too-much was taken back than there was');
});
