import fc from 'fast-check';
import type { DisputeSide } from '../../../../src/billing';
import {
  adjust,
  disputedPayable,
  moneyOfCall,
  openDispute,
  recordSignal,
  refundCall,
  ReratingJob,
  resolveDispute,
  reviewDispute,
  revisionsOfCall,
  trialBalance,
} from '../../../../src/billing';
import { AppError, micros } from '../../../../src/domain';
import { BooksRoom, signalled, SOON, WINDOW } from '../support/settled-calls';

const OPERATOR = { keyId: 'k-operator', accountId: 'operator' };

let room: BooksRoom;
beforeAll(async () => {
  room = await BooksRoom.open(['partner']);
});
afterAll(() => room.close());

const bearer = fc.constantFrom('seller' as const, 'exchange' as const);
const part = fc.integer({ min: 1, max: 45_000_000 });
const step = fc.oneof(
  fc.record({ what: fc.constant('settle' as const) }),
  fc.record({ what: fc.constant('rerate' as const) }),
  fc.record({ what: fc.constant('signal' as const), value: fc.constantFrom('sale', 'junk', 'other') }),
  fc.record({
    what: fc.constant('refund' as const),
    amount: part,
    bearer,
    reference: fc.constantFrom('a', 'b'),
  }),
  fc.record({ what: fc.constant('refund-all' as const), bearer }),
  fc.record({
    what: fc.constant('open' as const),
    side: fc.constantFrom<DisputeSide>('buyer', 'seller', 'exchange'),
    amount: part,
  }),
  fc.record({ what: fc.constant('resolve' as const), bearer, amount: fc.option(part) }),
  fc.record({ what: fc.constant('clawback' as const), amount: part, reference: fc.constantFrom('c', 'd') }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Refusals are answers; anything else is a bug. */
async function orRefused(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof AppError) || error.kind === 'internal') throw error;
  });
}

async function take(callId: string, one: Step): Promise<void> {
  const by = OPERATOR;
  switch (one.what) {
    case 'settle':
      await room.settle(callId);
      return;
    case 'rerate':
      return new ReratingJob(room.db).run();
    case 'signal':
      await recordSignal(
        room.db,
        { callId, kind: 'postback', value: one.value, at: SOON, source: 'key:k' },
        WINDOW,
      );
      return;
    case 'refund': {
      const { amount, reference } = one;
      const wish = { callId, reference, amount: micros(amount), bearer: one.bearer, reason: 'x', by };
      return orRefused(refundCall(room.db, wish));
    }
    case 'refund-all':
      return orRefused(
        refundCall(room.db, { callId, reference: 'all', bearer: one.bearer, reason: 'x', by }),
      );
    case 'open': {
      const { side, amount } = one;
      const wish = { callId, side, claimed: micros(amount), reason: 'other', text: 'x', by } as const;
      return orRefused(openDispute(room.db, wish, { days: 14, now: Date.now() }));
    }
    case 'resolve':
      return resolveAll(callId, one.bearer, one.amount);
    case 'clawback': {
      const wish = { accountId: 'seller-account', currency: 'USD', reason: 'x', by } as const;
      const reference = `${callId}:${one.reference}`;
      return orRefused(
        adjust(
          room.db,
          { kind: 'clawback', reference, amount: micros(one.amount), ...wish },
          { mostAlone: micros(1e12) },
        ),
      );
    }
  }
}

async function resolveAll(callId: string, who: 'seller' | 'exchange', amount: number | null): Promise<void> {
  const rows = await room.own.query<{ id: string }>(
    `select id from disputes where call_id = $1 and closed_at is null order by seq`,
    [callId],
  );
  for (const { id } of rows) {
    const move = { disputeId: id, by: OPERATOR };
    await orRefused(reviewDispute(room.db, move));
    const verdict =
      amount === null
        ? ({ state: 'accepted', bearer: who } as const)
        : ({ state: 'partly_accepted', amount: micros(amount), bearer: who } as const);
    await orRefused(resolveDispute(room.db, move, verdict));
  }
}

/** Everything that was posted of a call, in order: what each party paid and got, step by step. */
async function history(callId: string): Promise<{ key: string; account: string; amount: number }[]> {
  const rows = await room.own.query<{ key: string; account: string; amount: string }>(
    `select t.idempotency_key as key, a.account_id || ' ' || a.purpose as account, sum(e.amount)::text as amount
     from ledger_transactions t join ledger_entries e on e.transaction_id = t.id
     join ledger_accounts a on a.id = e.ledger_account_id
     where t.call_id = $1 group by t.id, 1, 2 order by t.id`,
    [callId],
  );
  return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
}

async function check(callId: string): Promise<void> {
  await room.settle(callId);
  await room.own.query(`update outbox set due_at = now() where type = 'call.signal' and done_at is null`);
  await new ReratingJob(room.db).run();

  const money = await moneyOfCall(room.db, callId);
  const booked = await room.booked(callId);
  // What is said of the call is what the ledger has.
  expect(booked['buyer-account wallet'] ?? 0).toBe(money?.revenue);
  expect(0 - (booked['operator revenue'] ?? 0)).toBe(money?.revenue);
  expect(booked['operator payout'] ?? 0).toBe(money?.payout);
  expect(0 - (booked['seller-account payable'] ?? 0) - (booked['partner payable'] ?? 0)).toBe(money?.payout);

  // At no time had the buyer got back more than it had paid, or a seller lost more of the call than it got.
  const sums = new Map<string, number>();
  const keys = new Set<string>();
  for (const { key, account, amount } of await history(callId)) {
    keys.add(key);
    sums.set(account, (sums.get(account) ?? 0) + amount);
    expect(sums.get('buyer-account wallet') ?? 0).toBeGreaterThanOrEqual(0);
    expect(0 - (sums.get('seller-account payable') ?? 0)).toBeGreaterThanOrEqual(0);
    expect(0 - (sums.get('partner payable') ?? 0)).toBeGreaterThanOrEqual(0);
  }

  // Each thing once: one revision for each transaction, one transaction for each dispute and refund.
  const revisions = await revisionsOfCall(room.db, callId);
  expect(revisions.map(({ n }) => n)).toEqual(revisions.map((_, n) => n + 1));
  expect(new Set(revisions.map(({ transactionId }) => transactionId)).size).toBe(revisions.length);
  expect(keys.size).toBe(revisions.length + (keys.has(`call:${callId}`) ? 1 : 0));
  const causes = revisions.flatMap(({ kind, cause }) => (kind === 'rerating' ? [] : [cause]));
  expect(new Set(causes).size).toBe(causes.length);

  // What was conceded aside, the call stands as all its signals rate it.
  const signals = await room.own.query<{ value: string }>(
    'select value from call_signals where call_id = $1',
    [callId],
  );
  const told = new Set(signals.map(({ value }) => value));
  const [revenue, payout] = told.has('junk') ? [0, 0] : told.has('sale') ? [40e6, 15e6] : [25e6, 8e6];
  const conceded = revisions
    .filter(({ kind }) => kind !== 'rerating')
    .reduce((sum, one) => sum + one.revenue, 0);
  expect(money?.revenue).toBe(Math.max(0, revenue + conceded));
  if (causes.length === 0) expect(money?.payout).toBe(payout);

  // Of closed disputes nothing is withheld any more; of open ones no more than stands.
  for (const { accountId, amount } of await disputedPayable(room.db, ['seller-account', 'partner'])) {
    expect(amount).toBeLessThanOrEqual(0 - (booked[`${accountId} payable`] ?? 0));
  }
  await resolveAll(callId, 'exchange', null);
  expect(await disputedPayable(room.db, ['seller-account', 'partner'])).toEqual([]);
}

test('whatever happens to a call at once and in whatever order, nobody gets back more than it gave', async () => {
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 6, size: 'max' }), {
        minLength: 1,
        maxLength: 5,
        size: 'max',
      }),
      async (rounds) => {
        const callId = `any-${calls++}`;
        await room.end(callId, {
          sale: signalled({ splits: [{ accountId: 'partner', shareBp: 1_234 }] }),
        });
        for (const round of rounds) await Promise.all(round.map((one) => take(callId, one)));
        await check(callId);
      },
    ),
    { numRuns: 40 },
  );
  expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  const [dead] = await room.own.query<{ dead: number }>(
    `select count(*)::integer as dead from outbox where dead_at is not null`,
  );
  expect(dead?.dead).toBe(0);
});
